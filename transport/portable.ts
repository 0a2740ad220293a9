/** What of the transport room runs anywhere. In a browser this is its doorway. */

export { FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_HELLO } from '../machines/rules/message.ts'
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
