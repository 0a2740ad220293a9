/**
 * Remote writes: the greater version is kept, whatever the order of arrival.
 *
 * Two things happen here besides. A grant that nobody was sent yet gives way to a live lease that
 * others have seen, before it is sent, so that a peer started offline cannot snatch a key that the
 * network has held for an hour. And a write of this peer that loses without its successor having
 * seen it is told, once.
 */

import { ABSENT, at, atRising, type Batch, OVER_MS, RELEASED } from './batch.ts'
import { formerOf, isUnheard, tellChange, tellLeaseChange } from './change.ts'
import { type Claim, compareContent, lapseOf, legaciesOf } from './claim.ts'
import { isOverOnArrival } from './ephemeral.ts'
import { isFull } from './grant.ts'
import type { StoredKey } from './key.ts'
import type { RoomLimit } from './lacking.ts'
import type { Reading } from './lease.ts'
import { NO_LINEAGE } from './lineage.ts'
import { noteAuthored, noteLoss, tellConflict } from './loss.ts'
import { enterNewcomers } from './newcomers.ts'
import { admitsOrigins, noteLack } from './origins.ts'
import { overwrite } from './overwrite.ts'
import type { Origin, PeerId } from './peer.ts'
import { indexOrigin, type Replica, SELF, selfOf } from './replica.ts'
import { shareBroken } from './share.ts'
import { stretchOf, takeRow } from './stretch.ts'
import { GRANT_UNSENT, NOWHERE, SENT } from './table.ts'
import { compareVersions } from './version.ts'

/** All fields from the start, so that the shape of a claim never changes. */
const BLANK: Claim = {
  writer: 0,
  isHearsay: false,
  epoch: 0,
  sequence: 0,
  termMs: 0,
  remainingMs: 0,
  flags: 0,
  value: null,
  bytes: 0,
  heir: undefined,
  lineage: NO_LINEAGE,
}

/**
 * Takes a batch in. False if the replica was too full for one of its entries: then nothing may be
 * counted as covered, and the rest of the batch has been taken in all the same.
 */
export function mergeBatch(
  replica: Replica,
  batch: Batch,
  reading: Reading,
  teller?: PeerId | null,
): boolean {
  if (!admitsOrigins(replica, batch.origins)) return false
  replica.burst.spoil()
  if (batch.keys.length === 1 && overwrite(replica, batch, reading)) return true
  const writers = batch.origins.map((origin) => indexOrigin(replica, origin))
  const { heirs, lineages } = legaciesOf(batch, writers)
  const claim: Claim = { ...BLANK }
  const stretch = stretchOf(replica, batch, { writers, reading })
  let fits = true
  const entered = stretch === undefined ? 0 : enterNewcomers(replica, stretch)
  for (let row = entered; row < batch.keys.length; row++) {
    const key = batch.keys[row] as StoredKey
    const slot = replica.table.find(key)
    if (stretch !== undefined && takeRow(replica, stretch, slot, row)) continue
    claim.writer = writers[at(batch.writer, row)] as number
    if (claim.writer === SELF) {
      // This peer knows best what it wrote.
      replica.comparison?.seen.add(slot)
      continue
    }
    claim.isHearsay = isHearsay(replica, batch.origins[at(batch.writer, row)] as Origin, teller)
    claim.epoch = at(batch.epoch, row)
    claim.sequence = atRising(batch.sequence, row)
    claim.termMs = at(batch.termMs, row)
    claim.remainingMs = batch.remainingMs === null ? claim.termMs : at(batch.remainingMs, row)
    claim.flags = at(batch.flags, row)
    claim.value = batch.values[row]
    claim.bytes = batch.sizes[row] as number
    claim.heir = heirs.size === 0 ? undefined : heirs.get(row)
    claim.lineage = lineages.size === 0 ? NO_LINEAGE : (lineages.get(row) ?? NO_LINEAGE)
    if (!mergeClaim(replica, { key, slot }, claim, reading)) fits = false
    if (replica.comparison !== null) replica.comparison.seen.add(replica.table.find(key))
  }
  return fits
}

/**
 * True if somebody else than its writer tells an entry, where peers do not trust each other. Then
 * the entry is proven, but nobody can prove how long ago it was written.
 */
function isHearsay(replica: Replica, { peer }: Origin, teller?: PeerId | null): boolean {
  return replica.provenance !== null && teller != null && teller !== peer
}

/** A peer left in good order: its leases are over. Replicas may learn of it at different times. */
export function releaseLeft(replica: Replica, origin: Origin): void {
  if (!admitsOrigins(replica, [origin])) return
  const writer = indexOrigin(replica, origin)
  if (writer === SELF) return
  replica.left.add(writer)
  replica.renewals.delete(writer)
  const { table } = replica
  for (const slot of table.slotsInUse()) {
    // What it reserved for an heir is the heir's to take, and nobody else's, unless that one left.
    const heir = replica.heirs.get(slot)
    const isOver = heir === undefined ? table.writer[slot] === writer : heir === origin.peer
    if (!isOver) continue
    setLapse(replica, slot, Number.NEGATIVE_INFINITY)
    tellLeaseChange(replica, slot)
  }
}

function mergeClaim(
  replica: Replica,
  { key, slot }: { key: StoredKey; slot: number },
  claim: Claim,
  reading: Reading,
): boolean {
  const { table } = replica
  if (slot === NOWHERE) {
    // What was heard of and is not here was deleted, and the trace of that was collected.
    const isHeard = replica.coverage[claim.writer]?.covers(claim.sequence) ?? false
    if (isHeard && replica.comparison === null) return true
    if (isFull(replica, key.length + claim.bytes)) return lacks(replica, claim, fullLimit(replica))
    if (exceeds(replica, key, slot, claim)) return false
    take(replica, table.insert(key), claim, reading)
    return true
  }
  if (table.unsent[slot] === GRANT_UNSENT && givesWay(replica, key, slot, claim)) {
    replica.floors.set(slot, table.epoch[slot] as number)
    tellConflict(replica, slot, { claim, reason: 'unwitnessed' })
    noteAuthored(replica, slot)
    take(replica, slot, claim, reading)
    return true
  }
  const order = compareWith(replica, key, slot, claim)
  if (order > 0 && !mayGrow(replica, slot, claim)) return false
  if (order > 0 && exceeds(replica, key, slot, claim)) return false
  if (order > 0) {
    noteLoss(replica, slot, claim)
    take(replica, slot, claim, reading)
  } else if (order === 0) {
    settleSame(replica, slot, claim, reading)
  } else if (table.unsent[slot] === GRANT_UNSENT) {
    noteRival(replica, key, slot, claim)
  }
  return true
}

/** True if the writer has taken its share of the room already. What it deletes it may delete. */
function exceeds(replica: Replica, key: StoredKey, slot: number, claim: Claim): boolean {
  if (slot !== NOWHERE && (claim.flags & ABSENT) !== 0) return false
  const { writer, bytes } = claim
  if (shareBroken(replica, slot, { writer, keyBytes: key.length, bytes }) === undefined)
    return false
  if (slot !== NOWHERE) noteToken(replica, slot, claim)
  return !lacks(replica, claim, 'share')
}

/** Notes that a claim had no room. Always false. */
function lacks(replica: Replica, claim: Claim, limit: RoomLimit): false {
  noteLack(replica, writerOf(replica, claim), limit)
  return false
}

function fullLimit({ table, limits }: Replica): RoomLimit {
  return table.entries >= limits.entriesMax ? 'entries' : 'bytes'
}

function writerOf({ origins }: Replica, { writer }: Claim): PeerId {
  return (origins[writer] as Origin).peer
}

function noteToken({ floors }: Replica, slot: number, { epoch }: Claim): void {
  floors.set(slot, Math.max(floors.get(slot) ?? 0, epoch))
}

/**
 * False if a known key would outgrow the room. Its token counts as given out all the same, so that
 * a later grant of this peer is above it.
 */
function mayGrow(replica: Replica, slot: number, claim: Claim): boolean {
  const { table, limits } = replica
  const grownBytes = claim.bytes - table.chargeOf(slot)
  if (grownBytes <= 0 || table.bytes + grownBytes <= limits.bytesMax) return true
  noteToken(replica, slot, claim)
  return lacks(replica, claim, 'bytes')
}

/**
 * What others have is more than what was replaced: a claim that is less gives no reason to yield.
 */
function noteRival(replica: Replica, key: StoredKey, slot: number, claim: Claim): void {
  const { epoch, sequence } = claim
  const rival = { epoch, sequence, writer: replica.origins[claim.writer] as Origin }
  const replaced = replica.replaced.get(slot)
  if (replaced !== undefined && compareVersions(key, rival, replaced) <= 0) return
  replica.replaced.set(slot, rival)
}

/**
 * True if the own grant in this slot, which nobody has seen, yields to the claim: a live lease that
 * is newer than what this peer knew when it took the key, however often it has granted the key to
 * itself since. A lease that it did know, and saw lapse, comes too late.
 */
function givesWay(replica: Replica, key: StoredKey, slot: number, claim: Claim): boolean {
  // What a majority has voted for gives way to nothing but a greater token.
  if (replica.isMajority) return false
  const isLive = replica.leasing && (claim.flags & RELEASED) === 0 && claim.remainingMs > OVER_MS
  if (!isLive) return false
  const replaced = replica.replaced.get(slot)
  if (replaced === undefined) return true
  const writer = replica.origins[claim.writer] as Origin
  return compareVersions(key, { ...claim, writer }, replaced) > 0
}

/** Greater than zero if the claim is the newer one. */
function compareWith(replica: Replica, key: StoredKey, slot: number, claim: Claim): number {
  const { table, origins } = replica
  const epoch = table.epoch[slot] as number
  const sequence = table.sequence[slot] as number
  const writer = table.writer[slot] as number
  if (claim.epoch !== epoch) return claim.epoch - epoch
  if (claim.writer === writer) return claim.sequence - sequence
  return compareVersions(
    key,
    { ...claim, writer: origins[claim.writer] as Origin },
    { epoch, sequence, writer: origins[writer] as Origin },
  )
}

function take(replica: Replica, slot: number, claim: Claim, reading: Reading): void {
  const { table } = replica
  const former = isUnheard(replica, slot, claim.flags) ? undefined : formerOf(replica, slot)
  const atLeast = heldUntil(replica, slot, claim)
  table.writer[slot] = claim.writer
  table.epoch[slot] = claim.epoch
  table.sequence[slot] = claim.sequence
  table.termMs[slot] = claim.termMs
  // An entry may come after the goodbye of its writer.
  const isLeft = replica.left.size > 0 && replica.left.has(claim.writer)
  const hasLeft = isLeft && claim.heir === undefined
  const lapseAt = Math.max(atLeast, lapseOf(claim, reading))
  table.lapseAt[slot] = hasLeft ? Number.NEGATIVE_INFINITY : lapseAt
  table.unsent[slot] = SENT
  if (replica.replaced.size > 0) replica.replaced.delete(slot)
  table.put(slot, claim)
  if (claim.heir !== undefined) inherit(replica, slot, claim.heir)
  else if (replica.heirs.size > 0) replica.heirs.delete(slot)
  if (claim.lineage.length > 0) replica.lineages.set(slot, claim.lineage)
  else if (replica.lineages.size > 0) replica.lineages.delete(slot)
  if (isOverOnArrival(replica, slot, reading)) table.gone.set(slot, Number.POSITIVE_INFINITY)
  if (former !== undefined) tellChange(replica, slot, { former, local: false })
}

/** Hearsay of a later write does not shorten a lease that is known to go on, unless it ends it. */
function heldUntil({ table }: Replica, slot: number, claim: Claim): number {
  const isSameGrant = table.epoch[slot] === claim.epoch && table.writer[slot] === claim.writer
  const isEnd = (claim.flags & RELEASED) !== 0 || claim.termMs === 0 || claim.heir !== undefined
  if (!claim.isHearsay || !isSameGrant || isEnd) return Number.NEGATIVE_INFINITY
  return table.lapseAt[slot] as number
}

function inherit(replica: Replica, slot: number, heir: PeerId): void {
  replica.heirs.set(slot, heir)
  if (heir === selfOf(replica)) replica.inherited.push(slot)
}

/**
 * The same version again: its lease is over at the earlier of the two times, for hearsay extends
 * nothing.
 */
function settleSame(replica: Replica, slot: number, claim: Claim, reading: Reading): void {
  const { table } = replica
  const known = table.lapseAt[slot] as number
  // A liar could end a lease before its time.
  const lapseAt = claim.isHearsay ? known : Math.min(known, lapseOf(claim, reading))
  if (compareContent(replica, slot, claim) <= 0) {
    setLapse(replica, slot, lapseAt)
    return
  }
  tellConflict(replica, slot, { claim, reason: 'equivocation' })
  take(replica, slot, claim, reading)
  setLapse(replica, slot, lapseAt)
}

/** Moves the end of a lease. What is ephemeral ends with it, so it is looked at again. */
function setLapse({ table }: Replica, slot: number, lapseAt: number): void {
  table.lapseAt[slot] = lapseAt
  if (table.lapsing.has(slot)) table.lapsing.set(slot, Number.NEGATIVE_INFINITY)
}
