/** The front door of holdfast. */

export type {
  Announcement,
  CongestedFact,
  ConnectFact,
  ConnectionClosedFact,
  DialSettledFact,
  DisconnectFact,
  DrainedFact,
  EntryRefusedFact,
  MessageFact,
  OffenceFact,
  RefusedFact,
} from './actors/announcement.ts'
export type { DeliveryOptions, UntilOptions } from './actors/arrival.ts'
export type { LimitCounts } from './actors/bounds.ts'
export type { Entries } from './actors/command.ts'
export {
  type ConnectionLogic,
  type ConnectionSnapshot,
  connectionLogic,
} from './actors/connection.ts'
export type { Diagnostic, Trace } from './actors/diagnostics.ts'
export { Dictionary } from './actors/dictionary.ts'
export type { ElectOptions, Term } from './actors/election.ts'
export { Fence, type FenceOptions, fence, type Pass } from './actors/fence.ts'
export { type AcquireOptions, Lease } from './actors/holding.ts'
export type { Handler } from './actors/inbox.ts'
export {
  type LeaseActorEvent,
  type LeaseEmitted,
  type LeaseInput,
  type LeaseLogic,
  type LeaseSnapshot,
  leaseLogic,
  type SyncRef,
} from './actors/lease.ts'
export type { Lock, LockCallback, LockInfo, LockOptions, Locks } from './actors/locks.ts'
export { type MeshLogic, type MeshSnapshot, meshLogic } from './actors/mesh.ts'
export { type OpenOptions, openDictionary } from './actors/open.ts'
export type { Subscription } from './actors/participant.ts'
export type { MemberView, PeerView, Reader } from './actors/reader.ts'
export { type DictionaryOptions, type Integrity, LIMITS, type Limits } from './actors/settings.ts'
export { STATS, type Stats } from './actors/stats.ts'
export { type StoreLogic, storeLogic } from './actors/store.ts'
export type { StoreEvent } from './actors/storeEvent.ts'
export {
  type SyncEmitted,
  type SyncEvent,
  type SyncInput,
  type SyncLogic,
  type SyncSnapshot,
  syncLogic,
} from './actors/sync.ts'
export { type WaterfallEvent, type WaterfallLogic, waterfallLogic } from './actors/waterfall.ts'
export type { WriteOptions } from './actors/writing.ts'
export type { LeaseOutput } from './machines/lease.ts'
export type { ListenerFailed } from './machines/mesh.ts'
export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  HoldfastError,
} from './machines/rules/errors.ts'
export type {
  ConflictFact,
  DeleteFact,
  ErrorFact,
  ExpiredFact,
  LeaseChangedFact,
  LeaseEnd,
  LeaseLostFact,
  LeaseStolenFact,
  UpdateFact,
} from './machines/rules/fact.ts'
export type { Guests } from './machines/rules/guests.ts'
export type { Offence } from './machines/rules/ingress.ts'
export type { Key } from './machines/rules/key.ts'
export type { TakeoverPolicy } from './machines/rules/lease.ts'
export { LIMITS_REACHED, type LimitFact, type LimitName } from './machines/rules/limit.ts'
export type { RefusalReason } from './machines/rules/message.ts'
export type { PeerId } from './machines/rules/peer.ts'
export type { Operation, Permission } from './machines/rules/permission.ts'
export type { LeaseView } from './machines/rules/replica.ts'
export type { Receipt } from './machines/rules/write.ts'
export type { TlsCertificates } from './transport/tlsCertificates.ts'
