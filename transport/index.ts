/**
 * The doorway of the transport room: carriers, framing, clocks, and the checks that every carrier
 * passes.
 */

export { type TransportCheck, type TransportScene, transportChecks } from './acceptance.ts'
export * from './portable.ts'
export {
  DIAL_MS_MAX,
  FLUSH_MS_MAX,
  LINGER_MS,
  PREAMBLE_MS_MAX,
  QUEUE_BYTES_HIGH,
  type TcpOptions,
  tcpTransport,
} from './tcp.ts'
export { type TlsOptions, tlsTransport } from './tls.ts'
export type { TlsCertificates } from './tlsCertificates.ts'
