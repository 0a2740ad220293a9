/**
 * A listener for whatever travels over TCP. It binds, tells what became of that, and hands each
 * socket on before a byte of it was read.
 */

import { createServer, type Server, type Socket } from 'node:net'
import type { Listener, ListenerEvents, ListenFailure, WireEvents } from './ports.ts'
import type { TcpLimits } from './tcp.ts'
import { formatTcpAddress, parseTcpAddress, type TcpAddress, type TcpScheme } from './tcpAddress.ts'
import { listenFailureOf } from './tcpError.ts'
import { TcpWire } from './tcpWire.ts'

export interface Listening {
  readonly address: string
  readonly scheme: TcpScheme
  readonly limits: TcpLimits
  /** Turns a socket that somebody wants into what carries the frames. */
  readonly begin: (wire: TcpWire, socket: Socket) => void
}

/** Listens; each socket becomes a wire that is opened by `begin`. */
export function listenTcp(listening: Listening, events: ListenerEvents): Listener {
  const { address, scheme } = listening
  const server = createServer({ allowHalfOpen: true })
  const listener = new TcpListener({ server, scheme, events })
  server.on('connection', (socket: Socket) => accept(socket, listening, events))
  const place = parseTcpAddress(address, scheme)
  if (place === undefined) listener.refuse(`${address} is no ${scheme.toUpperCase()} address`)
  else listener.bind(place)
  return listener
}

function accept(
  socket: Socket,
  { scheme, limits, begin }: Listening,
  events: ListenerEvents,
): void {
  const { remoteAddress: host, remotePort: port } = socket
  if (host === undefined || port === undefined) {
    // The dialler was gone before we looked.
    socket.on('error', () => socket.destroy())
    socket.destroy()
    return
  }
  const remoteAddress = formatTcpAddress({ host, port }, scheme)
  const wire = new TcpWire({ socket, role: 'acceptor', remoteAddress, limits })
  const wireEvents = events.accepted(wire)
  wire.attend(wireEvents ?? NOBODY)
  // Whoever is turned away costs no more than this.
  if (wireEvents === undefined) wire.destroy()
  else begin(wire, socket)
}

/** Hears of a wire that was turned away. */
const NOBODY: WireEvents = { opened() {}, frames() {}, drained() {}, closed() {} }

class TcpListener implements Listener {
  readonly #server: Server
  readonly #scheme: TcpScheme
  readonly #events: ListenerEvents
  #isClosed = false
  /** Whether the attempt to bind is over, for better or worse. */
  #isSettled = false
  /** Who waits for the address to be free. */
  #waiting: (() => void)[] = []

  constructor(options: { server: Server; scheme: TcpScheme; events: ListenerEvents }) {
    this.#server = options.server
    this.#scheme = options.scheme
    this.#events = options.events
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
      this.#events.listening(formatTcpAddress({ host: place.host, port }, this.#scheme))
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
