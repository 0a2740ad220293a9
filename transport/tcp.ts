/**
 * The carrier `tcp`: frames over a plain TCP connection, one socket for one wire.
 *
 * The dialler sends the preamble (see `framing.ts`) as soon as the connection stands, and the
 * acceptor answers with its own when it was right; then both wires are open. Who sends something
 * else, or nothing for five seconds, is cut off without having been sent a byte.
 */

import { createServer, type Server, Socket } from 'node:net'
import type {
  Listener,
  ListenerEvents,
  ListenFailure,
  Transport,
  Wire,
  WireEvents,
} from './ports.ts'
import { formatTcpAddress, parseTcpAddress, type TcpAddress } from './tcpAddress.ts'
import { listenFailureOf } from './tcpError.ts'
import { type TcpLimits, TcpWire } from './tcpWire.ts'

/** How long a dial may take, from `dial` to `opened`, in milliseconds. */
export const DIAL_MS_MAX = 5_000

/** How long an accepted connection may take to send the preamble, in milliseconds. */
export const PREAMBLE_MS_MAX = 5_000

/** A send queue that grows past this many bytes reports when it is empty again. */
export const QUEUE_BYTES_HIGH = 4 * 1024 * 1024

/** How long `close` waits for the network to take what is queued, in milliseconds. */
export const FLUSH_MS_MAX = 10_000

/** How long `close` then goes on to read what the other side had under way, in milliseconds. */
export const LINGER_MS = 2_000

/** Changes the limits of a TCP transport. Every one has a default. */
export interface TcpOptions {
  /**
   * How long a dial may take until the wire is open. Milliseconds, default 5,000. Then `timeout`.
   */
  readonly dialMsMax?: number
  /** How long an accepted connection may take to send the preamble. Milliseconds, default 5,000. */
  readonly preambleMsMax?: number
  /** A send queue that grew past this reports `drained` when it is empty. Bytes, default 4 MiB. */
  readonly queueBytesHigh?: number
  /** How long `close` waits for the queue to leave. Milliseconds, default 10,000. */
  readonly flushMsMax?: number
  /** How long `close` then goes on reading. Milliseconds, default 2,000. */
  readonly lingerMs?: number
}

/**
 * Makes the transport for `tcp://host:port` and `tcp://[::1]:port`. Port 0 listens on a port that
 * the system chooses. It never throws: an address that makes no sense ends the wire with
 * `unsupported`, or fails the listener with `address-invalid`. What was closed leaves nothing
 * behind that would keep the process alive.
 *
 * @example
 * const tcp = tcpTransport()
 * const listener = tcp.listen('tcp://127.0.0.1:0', listenerEvents)
 * const wire = tcp.dial('tcp://127.0.0.1:4444', wireEvents)
 */
export function tcpTransport(options: TcpOptions = {}): Transport {
  const limits: TcpLimits = {
    dialMsMax: options.dialMsMax ?? DIAL_MS_MAX,
    preambleMsMax: options.preambleMsMax ?? PREAMBLE_MS_MAX,
    queueBytesHigh: options.queueBytesHigh ?? QUEUE_BYTES_HIGH,
    flushMsMax: options.flushMsMax ?? FLUSH_MS_MAX,
    lingerMs: options.lingerMs ?? LINGER_MS,
  }
  return {
    scheme: 'tcp',
    dial: (address, events) => dial({ address, limits }, events),
    listen: (address, events) => listen({ address, limits }, events),
  }
}

interface Place {
  readonly address: string
  readonly limits: TcpLimits
}

function dial({ address, limits }: Place, events: WireEvents): Wire {
  const socket = new Socket({ allowHalfOpen: true })
  const wire = new TcpWire({ socket, role: 'dialler', remoteAddress: address, limits })
  wire.attend(events)
  const target = parseTcpAddress(address)
  if (target === undefined || target.port === 0) {
    wire.abort({ code: 'unsupported', detail: `${address} is no TCP address to dial` })
  } else {
    socket.connect(target)
  }
  return wire
}

function listen({ address, limits }: Place, events: ListenerEvents): Listener {
  const server = createServer({ allowHalfOpen: true })
  const listener = new TcpListener(server, events)
  server.on('connection', (socket: Socket) => accept(socket, limits, events))
  const place = parseTcpAddress(address)
  if (place === undefined) listener.refuse(`${address} is no TCP address`)
  else listener.bind(place)
  return listener
}

function accept(socket: Socket, limits: TcpLimits, events: ListenerEvents): void {
  const { remoteAddress: host, remotePort: port } = socket
  if (host === undefined || port === undefined) {
    // The dialler was gone before we looked.
    socket.on('error', () => socket.destroy())
    socket.destroy()
    return
  }
  const remoteAddress = formatTcpAddress({ host, port })
  const wire = new TcpWire({ socket, role: 'acceptor', remoteAddress, limits })
  const wireEvents = events.accepted(wire)
  wire.attend(wireEvents ?? NOBODY)
  if (wireEvents === undefined) wire.destroy()
}

/** Hears of a wire that was turned away. */
const NOBODY: WireEvents = { opened() {}, frames() {}, drained() {}, closed() {} }

class TcpListener implements Listener {
  readonly #server: Server
  readonly #events: ListenerEvents
  #isClosed = false
  /** Whether the attempt to bind is over, for better or worse. */
  #isSettled = false
  /** Who waits for the address to be free. */
  #waiting: (() => void)[] = []

  constructor(server: Server, events: ListenerEvents) {
    this.#server = server
    this.#events = events
  }

  bind(place: TcpAddress): void {
    const server = this.#server
    server.on('error', (error) => this.#fail(listenFailureOf(error)))
    server.once('listening', () => {
      this.#isSettled = true
      if (this.#isClosed) {
        this.#release()
        return
      }
      const bound = server.address()
      const port = bound !== null && typeof bound === 'object' ? bound.port : place.port
      this.#events.listening(formatTcpAddress({ host: place.host, port }))
    })
    // Workers of a cluster would share the port otherwise, and with it the wires of one peer.
    server.listen({ host: place.host, port: place.port, exclusive: true })
  }

  /** Fails without having tried. */
  refuse(detail: string): void {
    process.nextTick(() => this.#fail({ code: 'address-invalid', detail }))
  }

  close(done?: () => void): void {
    this.#isClosed = true
    if (done !== undefined) this.#waiting.push(done)
    // Binding cannot be called off, so a listener that is closed meanwhile lets go as soon as it is
    // bound.
    if (this.#isSettled) this.#release()
  }

  #fail(failure: ListenFailure): void {
    const wasClosed = this.#isClosed
    this.#isClosed = true
    this.#isSettled = true
    this.#release()
    if (!wasClosed) this.#events.failed(failure)
  }

  /**
   * The server lets go of the address at once; its own `close` event would wait for every wire to
   * end.
   */
  #release(): void {
    this.#server.close()
    const waiting = this.#waiting
    this.#waiting = []
    for (const done of waiting) setImmediate(done)
  }
}
