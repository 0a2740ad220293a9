/**
 * The doorway of the transport room: carriers, framing, clocks, and the checks that every carrier
 * passes.
 */

export { FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_HELLO } from '../machines/rules/message.ts'
export { type TransportCheck, type TransportScene, transportChecks } from './acceptance.ts'
export { realClock } from './clock.ts'
export { type CredentialsOptions, createCredentials, isDerivedId } from './credentials.ts'
export {
  body,
  FRAME_HEADER_BYTES,
  FrameReader,
  type FramesRead,
  PREAMBLE,
  type PreambleRead,
  PreambleReader,
  seal,
} from './framing.ts'
export { type PeerClock, type PeerClockOptions, peerClock } from './peerClock.ts'
export type * from './ports.ts'
export { seededRandom } from './random.ts'
export {
  createSimulatedNetwork,
  type PartitionOptions,
  type SimulatedNetwork,
  type SimulatedNetworkOptions,
  type Traffic,
} from './simulated.ts'
export type { Disturbances, Slowness } from './simulatedWeather.ts'
export { SteppingClock, type SteppingClockOptions } from './stepping.ts'
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
