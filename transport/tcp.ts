/**
 * The carrier `tcp`: frames over a plain TCP connection, one socket for one wire.
 *
 * The dialler sends the preamble (see `framing.ts`) as soon as the connection stands, and the
 * acceptor answers with its own when it was right; then both wires are open. Who sends something
 * else, or nothing for five seconds, is cut off without having been sent a byte.
 */

import { Socket } from 'node:net'
import type { Transport, Wire, WireEvents } from './ports.ts'
import { formatTcpAddress, parseTcpAddress } from './tcpAddress.ts'
import { listenTcp } from './tcpListener.ts'
import { within } from './tcpLookup.ts'
import { TcpWire } from './tcpWire.ts'

/** How long a dial may take, from `dial` to `opened`, in milliseconds. */
export const DIAL_MS_MAX = 5_000

/** How long an accepted connection may take to send the preamble, in milliseconds. */
export const PREAMBLE_MS_MAX = 5_000

/** A send queue that grows past this many bytes reports when it is empty again. */
export const QUEUE_BYTES_HIGH = 4 * 1024 * 1024

/** How long `close` waits for the network to take what is queued, in milliseconds. */
export const FLUSH_MS_MAX = 10_000

/** How much a socket that dialled reads at once, into memory that it uses again, in bytes. */
const READ_BYTES = 64 * 1024

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
  /**
   * Whether what peers prove covers the addresses of their connection, so that nobody can pass it
   * on. Not where a port is forwarded: each end sees other addresses then. Default true.
   */
  readonly isBound?: boolean
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
  const { isBound = true } = options
  const limits = tcpLimits(options)
  const begin = (wire: TcpWire, socket: Socket) => {
    wire.use(socket, isBound ? bindingOf(socket, 'acceptor') : undefined)
  }
  return {
    scheme: 'tcp',
    medium: 'plain',
    dial: (address, events, mayReach) => dial({ address, limits, isBound, mayReach }, events),
    listen: (address, events) => listenTcp({ address, scheme: 'tcp', limits, begin }, events),
  }
}

/** The limits of one wire. Each has a default, see `TcpOptions`. */
export interface TcpLimits {
  readonly dialMsMax: number
  readonly preambleMsMax: number
  readonly queueBytesHigh: number
  readonly flushMsMax: number
  readonly lingerMs: number
}

/** The limits when all are decided. */
export function tcpLimits(options: TcpOptions): TcpLimits {
  return {
    dialMsMax: options.dialMsMax ?? DIAL_MS_MAX,
    preambleMsMax: options.preambleMsMax ?? PREAMBLE_MS_MAX,
    queueBytesHigh: options.queueBytesHigh ?? QUEUE_BYTES_HIGH,
    flushMsMax: options.flushMsMax ?? FLUSH_MS_MAX,
    lingerMs: options.lingerMs ?? LINGER_MS,
  }
}

interface Place {
  readonly address: string
  readonly limits: TcpLimits
  readonly isBound: boolean
  readonly mayReach: ((host: string) => boolean) | undefined
}

function dial({ address, limits, isBound, mayReach }: Place, events: WireEvents): Wire {
  const memory = new Uint8Array(READ_BYTES)
  const read = (bytes: number) => {
    wire.read(memory.subarray(0, bytes))
    return true
  }
  const reading = { allowHalfOpen: true, onread: { buffer: memory, callback: read } }
  const socket = new Socket(reading)
  const ends = { role: 'dialler', remoteAddress: address } as const
  const wire = new TcpWire({ socket, isLent: true, ...ends, limits })
  wire.attend(events)
  const target = parseTcpAddress(address)
  if (target === undefined || target.port === 0) {
    wire.abort({ code: 'unsupported', detail: `${address} is no TCP address to dial` })
  } else {
    const begin = () => wire.use(socket, isBound ? bindingOf(socket, 'dialler') : undefined)
    socket.once('connect', begin).connect({ ...target, ...within(mayReach) })
  }
  return wire
}

/** Both addresses, the dialler's first. What somebody in between passes on comes from others. */
function bindingOf(socket: Socket, role: 'dialler' | 'acceptor'): Uint8Array {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  const near = formatTcpAddress({ host: localAddress, port: localPort })
  const far = formatTcpAddress({ host: remoteAddress, port: remotePort })
  const ends = role === 'dialler' ? [near, far] : [far, near]
  return new TextEncoder().encode(`plain:${ends.join(' ')}`)
}
