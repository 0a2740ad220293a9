/**
 * Local writes: may this peer change that key now, and what happens if so.
 *
 * A key is free if it has no entry, if its lease was released, or if it lapsed. Writing a free key
 * makes the writer its owner under a new epoch; the owner's further writes keep the epoch and renew
 * the lease. Nobody else may write meanwhile.
 */

import { ABSENT, EPHEMERAL, RELEASED } from './batch.ts'
import { formerOf, isUnheard, tellChange } from './change.ts'
import type { Coverage } from './coverage.ts'
import type { StoredKey } from './key.ts'
import { mayTakeOver, ownerTermMs, type Reading } from './lease.ts'
import { descend, NO_LINEAGE } from './lineage.ts'
import type { Origin, PeerId } from './peer.ts'
import { type Denial, type Intent, judgeIntent } from './permission.ts'
import { holdFor, ownRemainingMs, type Replica, SELF, selfOf, waitMs } from './replica.ts'
import { shareBroken } from './share.ts'
import {
  ENTRY_OVERHEAD_BYTES,
  GRANT_UNSENT,
  NOWHERE,
  SENT,
  type Share,
  type Table,
  WRITE_UNSENT,
} from './table.ts'
import type { Kept } from './value.ts'

/** When to ask again after this process was held up, in milliseconds. */
const HELD_UP_MS = 250

/** Why a local write was refused. */
export type Refusal =
  | { readonly verdict: 'held'; readonly owner: PeerId; readonly remainingMs: number }
  | { readonly verdict: 'minority'; readonly owner: PeerId }
  /** In majority mode: nobody holds the key, and neither does this peer. */
  | { readonly verdict: 'unleased' }
  | { readonly verdict: 'full'; readonly limit: number }
  /** The rules of the network do not permit it. */
  | { readonly verdict: 'denied'; readonly reason: Denial }

/** Why the rules of the network forbid this peer to do that, if they do. */
export function deny(replica: Replica, intent: Omit<Intent, 'peer'>): Refusal | undefined {
  const { readOnly, rules } = replica.permissions
  if (readOnly.size === 0 && rules.length === 0) return undefined
  const reason = judgeIntent(replica.permissions, { ...intent, peer: selfOf(replica) })
  return reason && { verdict: 'denied', reason }
}

/** The epoch under which this peer may write the slot now, or why it may not. */
export function judgeWrite(replica: Replica, slot: number, reading: Reading): number | Refusal {
  if (replica.isMajority) return judgeTenure(replica, slot, reading)
  if (slot === NOWHERE) return tokenAbove(replica.floor)
  const { table } = replica
  const epoch = table.epoch[slot] as number
  if (!replica.leasing || ((table.flags[slot] as number) & RELEASED) !== 0) {
    return nextEpoch(replica, slot)
  }
  const heir = replica.heirs.get(slot)
  const self = selfOf(replica)
  if (heir === self && heirsMs(replica, slot, reading) > 0) {
    return replica.isCurrent ? nextEpoch(replica, slot) : heldUp(self)
  }
  const writer = table.writer[slot] as number
  if (writer === SELF && heir === undefined) {
    // A grant that lapsed at its owner is over, even if nobody took the key: the next one is a new
    // grant.
    if (ownRemainingMs(table, slot, reading) > 0) return epoch
    return replica.isCurrent ? nextEpoch(replica, slot) : heldUp(self)
  }
  return judgeForeign(replica, slot, { reading, heir })
}

/** In majority mode only a lease that was won by a ballot lets anybody write. */
function judgeTenure(replica: Replica, slot: number, reading: Reading): number | Refusal {
  const { table, held, origins } = replica
  if (slot === NOWHERE || ((table.flags[slot] as number) & RELEASED) !== 0) {
    return { verdict: 'unleased' }
  }
  const epoch = table.epoch[slot] as number
  const writer = table.writer[slot] as number
  if (writer === SELF) {
    const isHeld = held.get(slot) === epoch && ownRemainingMs(table, slot, reading) > 0
    return isHeld ? epoch : { verdict: 'unleased' }
  }
  const remainingMs = waitMs(replica, slot, reading)
  const owner = (origins[writer] as Origin).peer
  return remainingMs > 0 ? { verdict: 'held', owner, remainingMs } : { verdict: 'unleased' }
}

/** An heir takes what is reserved for it in good time or not at all: others wait longer. */
function heirsMs({ table }: Replica, slot: number, { now }: Reading): number {
  const termMs = table.termMs[slot] as number
  return (table.lapseAt[slot] as number) - (termMs - ownerTermMs(termMs)) - now
}

function judgeForeign(
  replica: Replica,
  slot: number,
  { reading, heir }: { reading: Reading; heir: PeerId | undefined },
): number | Refusal {
  const { table } = replica
  const writer = replica.origins[table.writer[slot] as number] as Origin
  const isSelf = writer.peer === selfOf(replica)
  // What this peer owned in an earlier run is still its own, under a new token.
  if (heir === undefined && isSelf) return nextEpoch(replica, slot)
  const owner = heir ?? writer.peer
  const remainingMs = waitMs(replica, slot, reading)
  if (remainingMs > 0) return { verdict: 'held', owner, remainingMs }
  if (!replica.isCurrent) return heldUp(owner)
  // An owner that left in good order freed its keys itself; nothing is taken from anybody.
  const left = table.lapseAt[slot] === Number.NEGATIVE_INFINITY
  if (left || mayTakeOver(replica.takeover, replica.peers)) return nextEpoch(replica, slot)
  return { verdict: 'minority', owner }
}

/** As far as this peer knows, and it was not listening: in a moment it knows more. */
export function heldUp(owner: PeerId): Refusal {
  return { verdict: 'held', owner, remainingMs: HELD_UP_MS }
}

/** The token of a new grant: above all that were given out here, also those that gave way. */
export function nextEpoch(replica: Replica, slot: number): number | Refusal {
  const { table } = replica
  const floor = replica.floors.get(slot) ?? 0
  const isEphemeral = ((table.flags[slot] as number) & (EPHEMERAL | ABSENT)) === EPHEMERAL
  // The one between is for the trace of the value, which must not win over what is written now.
  return tokenAbove(Math.max(table.epoch[slot] as number, floor) + (isEphemeral ? 1 : 0))
}

function tokenAbove(epoch: number): number | Refusal {
  // Only a stranger's claim gets a key here; a greater token would be refused by every peer.
  const limit = Number.MAX_SAFE_INTEGER
  return epoch < limit ? epoch + 1 : { verdict: 'full', limit }
}

/** What a local write puts into its slot. */
export interface OwnEntry {
  readonly value: Kept
  readonly bytes: number
  readonly flags: number
  readonly termMs: number
  readonly epoch: number
  readonly heir?: PeerId
}

/** The entry that is in a slot, for one that says the same but for a part. */
export function entryAt(table: Table, slot: number): OwnEntry {
  return {
    value: table.values[slot] as Kept,
    bytes: table.chargeOf(slot),
    flags: table.flags[slot] as number,
    termMs: table.termMs[slot] as number,
    epoch: table.epoch[slot] as number,
  }
}

/** Writes an entry that `judgeWrite` granted. Returns its slot. */
export function writeOwn(
  replica: Replica,
  key: StoredKey,
  entry: OwnEntry,
  reading: Reading,
): number {
  return writeOwnAt(replica, { ...entry, key, found: replica.table.find(key) }, reading)
}

/** The same where it is known which slot the key has, or that it has none. */
export function writeOwnAt(
  replica: Replica,
  entry: OwnEntry & { readonly key: StoredKey; readonly found: number },
  reading: Reading,
): number {
  const { table } = replica
  const { key, found } = entry
  const slot = found === NOWHERE ? table.insert(key) : found
  const isNewGrant = table.epoch[slot] !== entry.epoch
  if (found !== NOWHERE && isNewGrant) noteTakeover(replica, slot)
  const former = isUnheard(replica, slot, entry.flags) ? undefined : formerOf(replica, slot)
  replica.burst.spoil()
  replica.sequence++
  ;(replica.coverage[SELF] as Coverage).add(replica.sequence)
  table.writer[slot] = SELF
  table.epoch[slot] = entry.epoch
  table.sequence[slot] = replica.sequence
  // In majority mode a write renews nothing: only the voters do.
  if (isNewGrant || !replica.isMajority || entry.termMs === 0) {
    setOwnTerm(replica, slot, entry, reading)
  }
  table.put(slot, entry)
  if (table.unsent[slot] === SENT) replica.unsent.push(slot)
  if (isNewGrant) table.unsent[slot] = GRANT_UNSENT
  else if (table.unsent[slot] === SENT) table.unsent[slot] = WRITE_UNSENT
  if (former !== undefined) tellChange(replica, slot, { former, local: true })
  return slot
}

/** True if a new key of this size does not fit any more. */
export function isFull(replica: Replica, bytes: number): boolean {
  const { table, limits } = replica
  return (
    table.entries >= limits.entriesMax ||
    table.bytes + bytes + ENTRY_OVERHEAD_BYTES > limits.bytesMax
  )
}

/** True if so much fits as new keys, whatever of it is there already. */
export function hasRoom(
  { table, limits, most }: Replica,
  { entries, bytes }: { entries: number; bytes: number },
): boolean {
  const share = table.shares[SELF] as Share
  const ownBytes = share.bytes + bytes + entries * ENTRY_OVERHEAD_BYTES
  if (share.entries + entries > most.entries || ownBytes > most.bytes) return false
  const bytesAfter = table.bytes + bytes + entries * ENTRY_OVERHEAD_BYTES
  return table.entries + entries <= limits.entriesMax && bytesAfter <= limits.bytesMax
}

/** The limit that this key with a value of that size, in bytes, would break, if any. */
export function limitBrokenBy(
  replica: Replica,
  slot: number,
  { key, bytes }: { key: StoredKey; bytes: number },
): number | undefined {
  const { table, limits } = replica
  const broken = shareBroken(replica, slot, { writer: SELF, keyBytes: key.length, bytes })
  if (broken !== undefined) return broken
  if (slot !== NOWHERE) {
    const more = bytes - table.chargeOf(slot)
    return more > 0 && table.bytes + more > limits.bytesMax ? limits.bytesMax : undefined
  }
  if (table.entries >= limits.entriesMax) return limits.entriesMax
  return isFull(replica, key.length + bytes) ? limits.bytesMax : undefined
}

/** The limit that these keys with values of these sizes, in bytes, would break together, if any. */
export function limitBroken(
  replica: Replica,
  sizes: Iterable<readonly [StoredKey, number]>,
): number | undefined {
  const { table, limits } = replica
  let entries = table.entries
  let bytes = table.bytes
  for (const [key, size] of sizes) {
    const slot = table.find(key)
    if (slot === NOWHERE) entries++
    bytes += slot === NOWHERE ? key.length + ENTRY_OVERHEAD_BYTES : -table.chargeOf(slot)
    bytes += size
  }
  if (entries > Math.max(limits.entriesMax, table.entries)) return limits.entriesMax
  if (bytes > Math.max(limits.bytesMax, table.bytes)) return limits.bytesMax
  return sharesBroken(replica, sizes)
}

/** The same of this peer's share: keys that are not in it yet come to it. */
function sharesBroken(
  { table, most }: Replica,
  sizes: Iterable<readonly [StoredKey, number]>,
): number | undefined {
  const share = table.shares[SELF] as Share
  let { entries, bytes } = share
  for (const [key, size] of sizes) {
    const slot = table.find(key)
    const isIn = slot !== NOWHERE && table.shareAt(slot) === share
    if (!isIn) entries++
    bytes += size + (isIn ? -table.chargeOf(slot) : key.length + ENTRY_OVERHEAD_BYTES)
  }
  if (entries > Math.max(most.entries, share.entries)) return most.entries
  return bytes > Math.max(most.bytes, share.bytes) ? most.bytes : undefined
}

/** Notes what a new grant takes over. */
function noteTakeover(replica: Replica, slot: number): void {
  const { table, origins } = replica
  const writer = table.writer[slot] as number
  const epoch = table.epoch[slot] as number
  const sequence = table.sequence[slot] as number
  const lineage = replica.lineages.get(slot) ?? NO_LINEAGE
  replica.lineages.set(slot, descend(lineage, { writer, sequence, heir: SELF }))
  if (table.unsent[slot] === GRANT_UNSENT) return
  replica.replaced.set(slot, { epoch, writer: origins[writer] as Origin, sequence })
}

function setOwnTerm(replica: Replica, slot: number, entry: OwnEntry, reading: Reading): void {
  const { table } = replica
  const believedMs = entry.heir === undefined ? ownerTermMs(entry.termMs) : entry.termMs
  table.termMs[slot] = entry.termMs
  holdFor(table, slot, { reading, ms: believedMs })
  if (entry.heir !== undefined) replica.heirs.set(slot, entry.heir)
  else if (replica.heirs.size > 0) replica.heirs.delete(slot)
}
