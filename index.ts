/** The front door of holdfast. */

export type { Announcement } from './actors/announcement.ts'
export { connectionLogic } from './actors/connection.ts'
export { Dictionary, type WriteOptions } from './actors/dictionary.ts'
export { type AcquireOptions, Lease } from './actors/holding.ts'
export type { Handler } from './actors/inbox.ts'
export {
  type LeaseEmitted,
  type LeaseInput,
  type LeaseLogic,
  type LeaseSnapshot,
  leaseLogic,
  type SyncRef,
} from './actors/lease.ts'
export { meshLogic } from './actors/mesh.ts'
export { type OpenOptions, openDictionary } from './actors/open.ts'
export type { Subscription } from './actors/participant.ts'
export type { PeerView, Reader } from './actors/reader.ts'
export { type DictionaryOptions, LIMITS, type Limits } from './actors/settings.ts'
export { storeLogic } from './actors/store.ts'
export {
  type SyncEmitted,
  type SyncEvent,
  type SyncInput,
  type SyncLogic,
  type SyncSnapshot,
  syncLogic,
} from './actors/sync.ts'
export { waterfallLogic } from './actors/waterfall.ts'
export type { LeaseOutput } from './machines/lease.ts'
export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  HoldfastError,
} from './machines/rules/errors.ts'
export type {
  ConflictFact,
  DeleteFact,
  LeaseEnd,
  LeaseLostFact,
  UpdateFact,
} from './machines/rules/fact.ts'
export type { Key } from './machines/rules/key.ts'
export type { TakeoverPolicy } from './machines/rules/lease.ts'
export type { LeaseView } from './machines/rules/replica.ts'
export type { Receipt } from './machines/rules/write.ts'
