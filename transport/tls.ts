/**
 * The carrier `tls`: the frames of `tcp.ts` under TLS 1.3, and nothing older.
 *
 * Both ends prove themselves before a frame is read, in one of two ways: by a key that comes from
 * the network's secret, without any certificate (see `tlsSecret.ts`), or by certificates of the
 * user's own authority, shown and checked at both ends. Either way the keys of a connection come
 * from a fresh exchange of X25519 or P-256, so who learns the secret later cannot read what was
 * recorded.
 *
 * A stream cannot be resumed: no ticket is accepted, so whoever was let in once proves himself
 * again, and nothing is ever read before the proof (no early data). TLS 1.3 knows no renegotiation.
 * One deadline covers TCP, TLS and the preamble. Long silence is noticed above, by heartbeats.
 */

import { constants } from 'node:crypto'
import { Socket } from 'node:net'
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  createServer,
  type Server,
  type TlsOptions as ServerOptions,
  type TLSSocket,
} from 'node:tls'
import { HoldfastError } from '../machines/rules/errors.ts'
import type { Transport, Wire, WireEnd, WireEvents } from './ports.ts'
import { type TcpLimits, type TcpOptions, tcpLimits } from './tcp.ts'
import { parseTcpAddress } from './tcpAddress.ts'
import { listenTcp } from './tcpListener.ts'
import { within } from './tcpLookup.ts'
import { TcpWire } from './tcpWire.ts'
import {
  type CertificateTexts,
  readable,
  readCertificates,
  type TlsCertificates,
} from './tlsCertificates.ts'
import { certificateEnd, tlsEndOf } from './tlsError.ts'
import { tlsSecrets } from './tlsSecret.ts'

/** What the two sides agree to speak inside TLS. */
const PROTOCOL = 'holdfast/1'
/** A key that was agreed upon beforehand goes with SHA-256 only. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384'
const CURVES = 'X25519:prime256v1'
/** RFC 9266: what names the one stream between these two ends. */
const BINDING_LABEL = 'EXPORTER-Channel-Binding'
const BINDING_BYTES = 32

/** How a TLS transport knows friends, and the limits of its wires. */
export interface TlsOptions extends Omit<TcpOptions, 'isBound'> {
  /** The network's name, which takes part in the keys that come from a secret. */
  readonly network?: string
  /**
   * The network's secret, 16 bytes or more. With several the first is used to dial and all are
   * accepted, so that a network can change its secret peer by peer.
   */
  readonly secrets?: readonly Uint8Array[]
  /** Certificates instead of the secret. */
  readonly certificates?: TlsCertificates
}

/** One way to know friends, ready for both ends. */
interface Trust {
  readonly mode: 'secret' | 'certificates'
  readonly client: (host: string) => ConnectionOptions
  readonly server: ServerOptions
  /** Why a dialler with whom TLS was agreed upon is refused nevertheless. */
  readonly refusal: (socket: TLSSocket) => WireEnd | undefined
}

/**
 * Makes the transport for `tls://host:port`. It behaves as `tcpTransport` does, and a wire that TLS
 * ends says why in its code: `tls-secret`, `certificate-expired` and so on.
 *
 * Throws `OPTION_INVALID` when there is neither a secret nor a certificate, or when the
 * certificates cannot be read.
 *
 * @example
 * const tls = tlsTransport({ network: 'lab', secrets: [secret] })
 * const wire = tls.dial('tls://127.0.0.1:4444', wireEvents)
 */
export function tlsTransport(options: TlsOptions): Transport {
  const limits = tcpLimits(options)
  const { certificates, network = '', secrets = [] } = options
  if (certificates === undefined && secrets.length === 0) {
    const message = 'TLS needs a secret that all peers share, or certificates.'
    throw new HoldfastError('OPTION_INVALID', message, { option: 'tls' })
  }
  const trust = certificates
    ? byCertificates(readCertificates(certificates))
    : bySecret({ network, secrets })
  const acceptor = new Acceptor(trust)
  return {
    scheme: 'tls',
    medium: 'encrypted',
    dial: (address, events, mayReach) => dial({ address, limits, trust, mayReach }, events),
    listen: (address, events) => {
      const begin = (wire: TcpWire, socket: Socket) => acceptor.begin(wire, socket)
      return listenTcp({ address, scheme: 'tls', limits, begin }, events)
    },
  }
}

/** What holds at both ends, whoever they are. */
const COMMON = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: CIPHERS,
  ecdhCurve: CURVES,
  ALPNProtocols: [PROTOCOL],
  secureOptions: constants.SSL_OP_NO_TICKET,
} satisfies ServerOptions

function bySecret(options: { network: string; secrets: readonly Uint8Array[] }): Trust {
  const { offer, find } = tlsSecrets(options)
  // No authority at all, in place of those that come with Node.
  const common = { ...COMMON, ca: [] }
  const context = once(() => createSecureContext(common))
  const checkServerIdentity = () => new Error('A certificate is no answer to a secret.')
  const client = { ALPNProtocols: [PROTOCOL], checkServerIdentity, pskCallback: offer }
  return {
    mode: 'secret',
    client: () => ({ ...client, secureContext: context() }),
    server: { ...common, pskCallback: (_socket, identity) => find(identity) },
    refusal: () => undefined,
  }
}

function byCertificates({ servername, ...certificates }: CertificateTexts): Trust {
  const common = { ...COMMON, ...certificates }
  const secureContext = readable(() => createSecureContext(common))
  const client = { ALPNProtocols: [PROTOCOL], secureContext }
  return {
    mode: 'certificates',
    client: (host) => ({ ...client, host, ...(servername && { servername }) }),
    // Node would drop a socket without telling why, so `refusal` asks for the verdict.
    server: { ...common, requestCert: true, rejectUnauthorized: false },
    refusal: certificateEnd,
  }
}

interface Call {
  readonly address: string
  readonly limits: TcpLimits
  readonly trust: Trust
  readonly mayReach: ((host: string) => boolean) | undefined
}

function dial({ address, limits, trust, mayReach }: Call, events: WireEvents): Wire {
  const socket = new Socket()
  const wire = new TcpWire({ socket, role: 'dialler', remoteAddress: address, limits })
  wire.attend(events)
  const target = parseTcpAddress(address, 'tls')
  if (target === undefined || target.port === 0) {
    wire.abort({ code: 'unsupported', detail: `${address} is no TLS address to dial` })
    return wire
  }
  socket.once('connect', () => {
    const secured = connectTls({ ...trust.client(target.host), socket })
    // Only the first error is why; what comes later is of a wire that is ending.
    secured.on('error', (error) => !wire.isOpening || wire.abort(tlsEndOf(error, trust.mode)))
    secured.once('secureConnect', () => open(wire, secured))
  })
  socket.connect({ ...target, ...within(mayReach) })
  return wire
}

/** Shakes hands with those who dial. Each of them is known to TLS only by its four numbers. */
class Acceptor {
  readonly #trust: Trust
  readonly #wires = new Map<string, TcpWire>()
  readonly #server: () => Server

  constructor(trust: Trust) {
    this.#trust = trust
    this.#server = once(() => this.#serve())
  }

  begin(wire: TcpWire, socket: Socket): void {
    // Until TLS stands, somebody who has ended has gone.
    socket.allowHalfOpen = false
    const name = nameOf(socket)
    this.#wires.set(name, wire)
    socket.once('close', () => this.#wires.get(name) === wire && this.#wires.delete(name))
    this.#server().emit('connection', socket)
  }

  #serve(): Server {
    const { server, mode, refusal } = this.#trust
    return createServer(server)
      .on('secureConnection', (socket) => {
        socket.on('error', () => {})
        const wire = this.#wires.get(nameOf(socket))
        const end = refusal(socket)
        if (wire === undefined) socket.destroy()
        else if (end !== undefined) wire.abort(end)
        else open(wire, socket)
      })
      .on('tlsClientError', (error, socket) => {
        this.#wires.get(nameOf(socket))?.abort(tlsEndOf(error, mode))
      })
  }
}

/** TLS stands, and the other side has proved itself. */
function open(wire: TcpWire, socket: TLSSocket): void {
  if (socket.alpnProtocol !== PROTOCOL) {
    wire.abort({ code: 'tls-protocol', detail: `the other side is not there for ${PROTOCOL}` })
    return
  }
  socket.allowHalfOpen = true
  wire.use(socket, socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0)))
}

function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}
