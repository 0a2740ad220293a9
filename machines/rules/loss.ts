/** What a peer hears when something of its own is lost to another: a write, or a lease. */

import { ABSENT, EPHEMERAL, KEPT } from './batch.ts'
import { isSameValue } from './change.ts'
import type { Claim } from './claim.ts'
import type { LeaseEnd } from './fact.ts'
import { judgeSeen } from './lineage.ts'
import type { Origin } from './peer.ts'
import { keyAt, type Replica, readValue, SELF } from './replica.ts'
import { exposeValue, type Kept } from './value.ts'

/**
 * An entry is about to be replaced: tells a lost lease, and a lost write if this peer's own is what
 * is lost. A value that others took over with its key is still its writer's to lose.
 */
export function noteLoss(replica: Replica, slot: number, claim: Claim): void {
  const { table, lent } = replica
  const isOwn = table.writer[slot] === SELF
  const sequence = isOwn ? (table.sequence[slot] as number) : lent.get(slot)
  if (sequence === undefined) return
  const isSeen = hasSeen(replica, claim, sequence)
  if (!isSeen) tellConflict(replica, slot, { claim, reason: 'concurrent' })
  else if (isOwn) loseLease(replica, slot, 'superseded')
  // The word of the other may be later than the value that it once kept.
  const isKept = isSeen && (claim.flags & (KEPT | ABSENT)) === KEPT && table.hasValue(slot)
  const goesOn = isKept && isSameValue(claim.value, table.values[slot] as Kept)
  if (goesOn && !replica.borrowed.has(slot)) lent.set(slot, sequence)
  else lent.delete(slot)
  replica.borrowed.delete(slot)
}

/** True if the successor had that write of this peer, or built upon somebody who had. */
function hasSeen(replica: Replica, claim: Claim, sequence: number): boolean {
  const seen = judgeSeen(claim.lineage, { writer: SELF, sequence })
  // A lineage that was cut does not say; but what every member had heard of was seen by whoever
  // wrote after that.
  return seen === 'seen' || (seen === 'unknown' && sequence <= replica.settledSequence)
}

/** This peer grants itself a key with the value that it has: whose is that now? */
export function noteBorrowed(replica: Replica, slot: number): void {
  const { table, lent, borrowed } = replica
  // What it had lent comes home.
  if (lent.delete(slot) || table.writer[slot] === SELF || !table.hasValue(slot)) return
  borrowed.add(slot)
}

/** This peer writes a value of its own, or none. */
export function noteAuthored(replica: Replica, slot: number): void {
  if (replica.lent.size > 0) replica.lent.delete(slot)
  if (replica.borrowed.size > 0) replica.borrowed.delete(slot)
}

export function tellConflict(
  replica: Replica,
  slot: number,
  told: { claim: Claim; reason: 'unwitnessed' | 'concurrent' | 'equivocation' },
): void {
  const { table, facts, origins } = replica
  const { claim, reason } = told
  if (table.writer[slot] === SELF && isOver(replica, slot))
    return loseLease(replica, slot, 'conflict')
  facts.push({
    type: 'conflict',
    key: keyAt(replica, slot),
    // What is another's value is told to that one.
    lost: replica.borrowed.has(slot) ? undefined : readValue(replica, slot),
    kept: (claim.flags & ABSENT) === 0 ? exposeValue(claim.value) : undefined,
    winner: (origins[claim.writer] as Origin).peer,
    token: claim.epoch,
    reason,
  })
  if (table.writer[slot] === SELF) loseLease(replica, slot, 'conflict')
}

/** An ephemeral value that came to its end was not lost to anybody, and neither is its trace. */
function isOver({ table }: Replica, slot: number): boolean {
  return ((table.flags[slot] as number) & EPHEMERAL) !== 0 && !table.shows(slot)
}

/** Tells that a lease which was acquired on purpose is over. */
export function loseLease(replica: Replica, slot: number, reason: LeaseEnd): void {
  const token = replica.held.get(slot)
  if (token === undefined) return
  replica.held.delete(slot)
  replica.facts.push({ type: 'lease.lost', key: keyAt(replica, slot), token, reason })
}
