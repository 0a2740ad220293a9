/** What a peer hears when something of its own is lost to another: a write, or a lease. */

import { ABSENT, EPHEMERAL } from './batch.ts'
import type { Claim } from './claim.ts'
import type { LeaseEnd } from './fact.ts'
import { judgeSeen } from './lineage.ts'
import type { Origin } from './peer.ts'
import { keyAt, type Replica, readValue, SELF } from './replica.ts'
import { exposeValue } from './value.ts'

/**
 * This peer's own entry is about to be replaced: tells a lost lease, and a lost write if it was
 * one.
 */
export function noteLoss(replica: Replica, slot: number, claim: Claim): void {
  const { table } = replica
  if (table.writer[slot] !== SELF) return
  const sequence = table.sequence[slot] as number
  const seen = judgeSeen(claim.lineage, { writer: SELF, sequence })
  // A lineage that was cut does not say; but what every member had heard of was seen by whoever
  // wrote after that.
  const isSeen = seen === 'seen' || (seen === 'unknown' && sequence <= replica.settledSequence)
  if (!isSeen) tellConflict(replica, slot, { claim, reason: 'concurrent' })
  else loseLease(replica, slot, 'superseded')
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
    lost: readValue(replica, slot),
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
