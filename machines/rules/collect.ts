/**
 * Collecting tombstones, and the return of a peer that was forgotten meanwhile.
 *
 * The trace of a deletion may go when every member is known to have heard of it, however old or
 * young it is. What is left of it is a number per writer: how far deletions were collected. A peer
 * that has not heard as far may still hold what was deleted; it compares everything with one that
 * has, and drops whatever the other had heard of and holds no more. A key that was deleted so
 * starts again above the floor, the highest epoch that was ever collected: tokens never fall.
 */

import { ABSENT, EPHEMERAL, RELEASED } from './batch.ts'
import { formerOf, tellExpired } from './change.ts'
import { type CoverageList, fitting, LIST_BYTES_MAX, originKey } from './coverage.ts'
import { entryAt, writeOwn } from './grant.ts'
import type { StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { loseLease, noteAuthored } from './loss.ts'
import type { Origin } from './peer.ts'
import { REACH_WORD_BYTES } from './reach.ts'
import { coverageByWriter, type Question } from './reconcile.ts'
import { keyAt, type Replica, readValue, SELF } from './replica.ts'
import { SENT } from './table.ts'

/** How far deletions were collected, as it travels: peer, run, highest sequence. */
export type CollectedList = CoverageList

/**
 * The highest token that raises the floor. A member that writes under one as high as numbers go,
 * and deletes that, would leave no token for any new key; such a trace stays. No network of ours
 * grants a key a million million times.
 */
export const FLOOR_MAX: number = 2 ** 40

/**
 * The highest floor that is believed to another peer. One that a single message could raise to the
 * highest of all would leave new keys no token whose trace may go.
 */
export const FLOOR_TOLD_MAX: number = 2 ** 32

const TOMBSTONE = ABSENT | RELEASED

/** Drops the tombstones that every member has heard of. Returns how many. */
export function collectTombstones(replica: Replica, members: readonly CoverageList[]): number {
  const { table } = replica
  const heard = members.map((list) => coverageByWriter(replica, list))
  let collected = 0
  for (const slot of table.slotsInUse()) {
    if (((table.flags[slot] as number) & TOMBSTONE) !== TOMBSTONE || table.unsent[slot] !== SENT)
      continue
    const writer = table.writer[slot] as number
    const sequence = table.sequence[slot] as number
    if ((table.epoch[slot] as number) > FLOOR_MAX) continue
    if (!heard.every((coverage) => coverage[writer]?.covers(sequence))) continue
    replica.collected.set(writer, Math.max(sequence, replica.collected.get(writer) ?? 0))
    drop(replica, slot)
    collected++
  }
  return collected
}

/** Notes how many of this peer's own writes every member has heard of. */
export function noteSettled(replica: Replica, members: readonly CoverageList[]): void {
  const self = replica.origins[SELF]
  const heard = members.map((list) => {
    const mine = list.find(([peer, run]) => peer === self?.peer && run === self.run)
    return (mine?.[2] as number | undefined) ?? 0
  })
  if (heard.length === 0) return
  replica.settledSequence = Math.max(replica.settledSequence, Math.min(...heard))
}

/**
 * For the end of an answer: which deletions this replica does not hold any more, and the asker may
 * not have heard of. Whoever heard of one has it, or a newer entry, or was told so in its turn.
 */
export function collectedBeyond(replica: Replica, { coverage, all }: Question): CollectedList {
  const heard = upToByOrigin(coverage)
  const list: CollectedList[number][] = []
  for (const [writer, sequence] of replica.collected) {
    const origin = replica.origins[writer] as Origin
    if (!all && (heard.get(originKey(origin)) ?? 0) >= sequence) continue
    list.push([origin.peer, origin.run, sequence])
  }
  return fitting(list, LIST_BYTES_MAX, replica.provenance === null ? 0 : REACH_WORD_BYTES)
}

/** True if this replica has nothing of others: then it can have missed no deletion. */
export function holdsNothing({ table }: Replica): boolean {
  for (const slot of table.slotsInUse()) if (table.unsent[slot] === SENT) return false
  return true
}

/**
 * True if this replica, which had heard as far as `told`, may hold something whose deletion it
 * missed and can hear of no more.
 */
export function isStale(
  replica: Replica,
  { told, collected }: { told: CoverageList; collected: CollectedList },
): boolean {
  const heard = upToByOrigin(told)
  const self = originKey(replica.origins[SELF] as Origin)
  return collected.some(([peer, run, sequence]) => {
    const key = originKey({ peer, run })
    return key !== self && (heard.get(key) ?? 0) < (sequence as number)
  })
}

function upToByOrigin(coverage: CoverageList): Map<string, number> {
  return new Map(coverage.map(([peer, run, upTo]) => [originKey({ peer, run }), upTo as number]))
}

/** Takes over how far another replica has collected, and its floor. */
export function noteCollected(
  replica: Replica,
  { collected, floor }: { collected: CollectedList; floor: number },
): void {
  replica.floor = Math.max(replica.floor, Math.min(floor, FLOOR_TOLD_MAX))
  for (const [peer, run, sequence] of collected) {
    const writer = replica.originIndex.get(originKey({ peer, run }))
    if (writer === undefined) continue
    const known = replica.collected.get(writer) ?? 0
    replica.collected.set(writer, Math.max(known, sequence as number))
  }
}

/**
 * After everything was compared: drops what the other side had heard of and does not hold.
 */
export function purge(replica: Replica, coverage: CoverageList): number {
  const { table, comparison } = replica
  const heard = coverageByWriter(replica, coverage)
  let dropped = 0
  for (const slot of table.slotsInUse()) {
    if (comparison?.seen.has(slot) || table.unsent[slot] !== SENT) continue
    const writer = table.writer[slot] as number
    if (!heard[writer]?.covers(table.sequence[slot] as number)) continue
    tellDropped(replica, slot)
    drop(replica, slot)
    dropped++
  }
  return dropped
}

/**
 * Own keys that the rest does not know, at or below the floor, may have been deleted under a higher
 * token long ago: they are granted anew above it. A lease that was acquired is over then.
 */
export function raiseOwn(replica: Replica, reading: Reading): void {
  const { table } = replica
  for (const slot of [...table.slotsInUse()]) {
    if (table.writer[slot] !== SELF || (table.epoch[slot] as number) > replica.floor) continue
    if (replica.comparison?.seen.has(slot) || table.gone.has(slot)) continue
    loseLease(replica, slot, 'superseded')
    const entry = { ...entryAt(table, slot), epoch: replica.floor + 1 }
    writeOwn(replica, table.keys[slot] as StoredKey, entry, reading)
  }
}

function tellDropped(replica: Replica, slot: number): void {
  const { table } = replica
  if (!table.shows(slot)) return
  if (((table.flags[slot] as number) & EPHEMERAL) !== 0) {
    return tellExpired(replica, slot, formerOf(replica, slot))
  }
  const origin = replica.origins[table.writer[slot] as number]
  replica.facts.push({
    type: 'delete',
    key: keyAt(replica, slot),
    previous: readValue(replica, slot),
    owner: origin?.peer as never,
    token: table.epoch[slot] as number,
    local: false,
  })
}

function drop(replica: Replica, slot: number): void {
  const { table } = replica
  const token = Math.max(table.epoch[slot] as number, replica.floors.get(slot) ?? 0)
  replica.floor = Math.max(replica.floor, Math.min(token, FLOOR_MAX))
  replica.floors.delete(slot)
  replica.lineages.delete(slot)
  noteAuthored(replica, slot)
  replica.heirs.delete(slot)
  loseLease(replica, slot, 'superseded')
  table.remove(slot)
}
