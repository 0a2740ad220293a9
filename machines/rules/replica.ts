/**
 * What one peer knows of the dictionary: the table, who wrote what, and how far it has heard each
 * writer. The functions that read it are here; those that change it are in `grant.ts` and
 * `merge.ts`.
 */

import { RELEASED, RENEWING } from './batch.ts'
import { Burst } from './burst.ts'
import { Coverage, originKey } from './coverage.ts'
import type { Fact } from './fact.ts'
import type { Key, StoredKey } from './key.ts'
import { publicKey } from './key.ts'
import type { RoomLimit } from './lacking.ts'
import { type Reading, type TakeoverPolicy, takeoverAt } from './lease.ts'
import type { Lineage } from './lineage.ts'
import type { Origin, PeerId } from './peer.ts'
import { type Permissions, permissionsOf } from './permission.ts'
import { Provenance } from './provenance.ts'
import { createQueue, type Queue } from './queue.ts'
import type { HeardRenewal } from './renewal.ts'
import { openShare, SHARE_MAX, shareOf } from './share.ts'
import { type Share, Table } from './table.ts'
import { exposeValue } from './value.ts'
import type { Version } from './version.ts'

/** How much one replica may hold. */
export interface ReplicaLimits {
  /** Entries, deleted ones included. */
  readonly entriesMax: number
  /** Bytes, each entry charged 300 beside its key and value. */
  readonly bytesMax: number
  /** Which part of that the writes of one peer may take: see `share.ts`. Default 0.25. */
  readonly shareMax?: number
}

export const REPLICA_LIMITS: ReplicaLimits = {
  entriesMax: 1_000_000,
  bytesMax: 256 * 1024 * 1024,
  shareMax: SHARE_MAX,
}

/** This peer's own index among the origins. */
export const SELF = 0
/** Up to so many origins none is forgotten (see `origins.ts`). */
export const ORIGINS_EASY = 16_384
/** The most origins that are kept, those included that wrote what is here. */
export const ORIGINS_KEPT_MAX = 262_144
/** In place of an origin that was forgotten. */
export const NO_ORIGIN: Origin = { peer: '' as PeerId, run: '' as Origin['run'] }

export interface Replica {
  readonly table: Table
  readonly leasing: boolean
  /** True if voters decide who holds a key: then nothing here is granted without them. */
  readonly isMajority: boolean
  readonly leaseMs: number
  readonly takeover: TakeoverPolicy
  readonly limits: ReplicaLimits
  /** What one peer may take of that. */
  readonly most: Share
  /** Who may write what, by the rules of the network. */
  readonly permissions: Permissions
  /** True if leases alone decide who may write: there are neither voters nor such rules. */
  readonly isUnruled: boolean
  /** What proves each entry, in a network whose peers sign; else null. */
  readonly provenance: Provenance | null
  /** Everybody who ever wrote; the first one is this peer in this run. */
  readonly origins: Origin[]
  readonly originIndex: Map<string, number>
  /** What the writes of each peer take. */
  readonly shares: Map<PeerId, Share>
  /** Whose entries did not fit lately, until that is told. */
  readonly lacks: Map<PeerId, RoomLimit>
  /** Indexes of origins that were forgotten, to be given to others. */
  readonly freeOrigins: number[]
  /** How many may be kept before some are forgotten. */
  originsEasy: number
  /** How far each origin's writes are incorporated; its own up to `sequence`, sent or not. */
  readonly coverage: Coverage[]
  /** Slots reserved for an heir. */
  readonly heirs: Map<number, PeerId>
  /** Of slots that changed owners: whom the grant descends from. */
  readonly lineages: Map<number, Lineage>
  /** Slots with an own value that another's grant has kept, and the number of that write. */
  readonly lent: Map<number, number>
  /** Slots of own grants with a value that another wrote. */
  readonly borrowed: Set<number>
  /** What an own grant replaced that nobody was sent yet: the version that others still have. */
  readonly replaced: Map<number, Version>
  /** Slots whose own grant gave way, with its token: it is not given out a second time. */
  readonly floors: Map<number, number>
  /**
   * Slots of own entries that no other peer was sent yet; `table.unsent` tells them apart from sent
   * ones.
   */
  readonly unsent: number[]
  /** The same as a batch, as long as they are nothing but plain writes of one tick. */
  readonly burst: Burst
  /** Slots whose lease was acquired on purpose, with its token: their loss is told. */
  readonly held: Map<number, number>
  /** Slots of own leases that go on with each renewal. */
  readonly renewing: Set<number>
  /** When they must be renewed next, by the monotonic clock. */
  renewDueAt: number
  /** True if they were renewed and others were not told yet. */
  isRenewalUnsent: boolean
  /** The last renewal of each writer, and when it was heard. */
  readonly renewals: Map<number, HeardRenewal>
  /** Who waits for which key, here and elsewhere. */
  readonly queue: Queue
  /** Keys that somebody watches, and how many do: each change of their lease is told. */
  readonly watched: Map<StoredKey, number>
  /** The number of this peer's last write. */
  sequence: number
  /** The number of its last write that was handed to the network. */
  sentSequence: number
  /** The highest own number that every member of the network is known to have. */
  settledSequence: number
  /** The highest epoch of a tombstone that was collected: new keys start above it. */
  floor: number
  /** How far deletions were collected, by writer: the highest sequence. */
  readonly collected: Map<number, number>
  /**
   * False after this process was held up, and while a neighbour that is new or back has not told
   * what it knows: what seems to have lapsed may have been renewed.
   */
  isCurrent: boolean
  /** Something of the answer under way did not fit: its end must not be taken for heard. */
  isAnswerCut: boolean
  /** While everything is compared with another peer: the slots that came, and what for. */
  comparison: { readonly seen: Set<number>; readonly isStale: boolean } | null
  /** Writers that said goodbye in their run. */
  readonly left: Set<number>
  /** Slots that another peer reserved for this one, to be taken over. */
  inherited: number[]
  /** How many other peers are known, and how many of them are connected. */
  peers: { readonly known: number; readonly connected: number }
  /** False while nobody would hear of changed values, so that none need be told. */
  areChangesHeard: boolean
  /** What happened since it was last told; the store hands it on. */
  facts: Fact[]
}

export interface ReplicaOptions {
  readonly self: Origin
  readonly leasing: boolean
  /** Default false. */
  readonly isMajority?: boolean
  readonly leaseMs: number
  readonly takeover: TakeoverPolicy
  readonly limits: ReplicaLimits
  /** Default: everybody may write everything. */
  readonly permissions?: Permissions
  /** Whether peers sign what they write. Default false. */
  readonly isSigned?: boolean
}

const NO_NUMBERS = {
  ...{ sequence: 0, sentSequence: 0, settledSequence: 0, floor: 0 },
  originsEasy: ORIGINS_EASY,
} as const

export function createReplica(options: ReplicaOptions): Replica {
  const { self, isMajority = false, isSigned = false, ...settings } = options
  const permissions = options.permissions ?? permissionsOf([], [])
  const replica: Replica = {
    ...settings,
    most: shareOf(settings.limits),
    isMajority,
    permissions,
    isUnruled: !isMajority && permissions.rules.length === 0 && permissions.readOnly.size === 0,
    provenance: isSigned ? new Provenance() : null,
    table: new Table(),
    ...{ origins: [], originIndex: new Map(), freeOrigins: [], shares: new Map() },
    lacks: new Map(),
    ...{ coverage: [], heirs: new Map(), lineages: new Map(), lent: new Map() },
    ...{ borrowed: new Set(), replaced: new Map(), floors: new Map() },
    ...{ unsent: [], burst: new Burst() },
    held: new Map(),
    renewing: new Set(),
    renewDueAt: Number.POSITIVE_INFINITY,
    isRenewalUnsent: false,
    renewals: new Map(),
    queue: createQueue(),
    watched: new Map(),
    ...NO_NUMBERS,
    collected: new Map(),
    isCurrent: true,
    isAnswerCut: false,
    comparison: null,
    left: new Set(),
    inherited: [],
    peers: { known: 0, connected: 0 },
    areChangesHeard: true,
    facts: [],
  }
  indexOrigin(replica, self)
  return replica
}

/** The index of an origin, which is entered if it is new. */
export function indexOrigin(replica: Replica, origin: Origin): number {
  const key = originKey(origin)
  const known = replica.originIndex.get(key)
  if (known !== undefined) return known
  const index = replica.freeOrigins.pop() ?? replica.origins.length
  replica.origins[index] = origin
  replica.coverage[index] = new Coverage()
  openShare(replica, index, origin)
  replica.originIndex.set(key, index)
  return index
}

/** This peer's id. */
export function selfOf(replica: Replica): PeerId {
  return (replica.origins[SELF] as Origin).peer
}

/** True if this peer wrote what is in the slot, in this run, and reserved it for nobody. */
export function isMine(replica: Replica, slot: number): boolean {
  return replica.table.writer[slot] === SELF && replica.heirs.get(slot) === undefined
}

/** Who holds a key, as `lease(key)` shows it. */
export interface LeaseView {
  readonly owner: PeerId
  /** The fencing token. */
  readonly token: number
  /**
   * For the own lease: until it must be renewed. For another's: until it can be taken over at the
   * latest.
   */
  readonly remainingMs: number
  readonly mine: boolean
}

/** The lease of a slot that is in force here and now, or undefined if the key is free. */
export function viewLease(replica: Replica, slot: number, reading: Reading): LeaseView | undefined {
  const { table } = replica
  if (!replica.leasing || ((table.flags[slot] as number) & RELEASED) !== 0) return undefined
  const mine = isMine(replica, slot)
  const remainingMs = mine ? ownRemainingMs(table, slot, reading) : waitMs(replica, slot, reading)
  if (remainingMs <= 0) return undefined
  const writer = replica.origins[table.writer[slot] as number] as Origin
  const owner = replica.heirs.get(slot) ?? writer.peer
  return { owner, token: table.epoch[slot] as number, remainingMs, mine }
}

/** The own lease in this slot holds for so long from then on. */
export function holdFor(
  table: Table,
  slot: number,
  { reading, ms }: { reading: Reading; ms: number },
): void {
  table.lapseAt[slot] = reading.now + ms
  table.wallLapseAt[slot] = reading.wall + ms
}

/** How long the own lease in this slot is still valid. The clock that went further counts. */
export function ownRemainingMs(table: Table, slot: number, reading: Reading): number {
  const byMonotonic = (table.lapseAt[slot] as number) - reading.now
  const byWall = (table.wallLapseAt[slot] as number) - reading.wall
  return Math.min(byMonotonic, byWall)
}

/**
 * How long until the foreign lease in this slot can be taken over, but never told as more than its
 * term: the allowances for clocks and messages come on top of the first moments only.
 */
export function waitMs(replica: Replica, slot: number, reading: Reading): number {
  const termMs = replica.table.termMs[slot] as number
  return Math.min(termMs, takeoverAt(foreignLapseAt(replica, slot), termMs) - reading.now)
}

/** When the foreign lease in this slot ends, by what its owner wrote and renewed. */
export function foreignLapseAt(replica: Replica, slot: number): number {
  const { table, heirs, renewals } = replica
  const lapseAt = table.lapseAt[slot] as number
  const goesOn = ((table.flags[slot] as number) & RENEWING) !== 0 && !heirs.has(slot)
  const renewal = goesOn ? renewals.get(table.writer[slot] as number) : undefined
  if (renewal === undefined || (table.sequence[slot] as number) > renewal.through) return lapseAt
  return Math.max(lapseAt, renewal.at + (table.termMs[slot] as number))
}

/** The value in a slot as a reader gets it; undefined if it has none, or none any more. */
export function readValue(replica: Replica, slot: number): unknown {
  if (slot < 0 || !replica.table.shows(slot)) return undefined
  return exposeValue(replica.table.values[slot])
}

/** All keys that have a value, oldest first. Safe while the table changes. */
export function* liveSlots(replica: Replica): Generator<number> {
  for (const slot of replica.table.slots.values()) {
    if (replica.table.shows(slot)) yield slot
  }
}

export function keyAt(replica: Replica, slot: number): Key {
  return publicKey(replica.table.keys[slot] as StoredKey)
}
