/** The broken variants of the rules about leases, at least one for each promise. */

import type { Mutant } from './mutantList.ts'

const RULES = 'machines/rules'
const TESTS = 'test/rules'

export const LEASE_MUTANTS: readonly Mutant[] = [
  {
    name: 'no margin: the owner believes in its lease to the last moment',
    invariant: 'L1',
    scenario: `${TESTS}/lease.test.ts`,
    file: `${RULES}/lease.ts`,
    sound: '  return termMs * (1 - DRIFT) - marginMs(termMs)\n',
    broken: '  return termMs * (1 + 2 * DRIFT) + marginMs(termMs)\n',
  },
  {
    name: 'who was held up takes what it knew of for free',
    invariant: 'L1',
    scenario: 'test/scenarios/stall.test.ts',
    file: 'actors/attention.ts',
    sound: '  return reading.wall - board.attentiveAt > STALL_MS\n',
    broken: '  return reading.wall - board.attentiveAt > 1e12\n',
  },
  {
    name: 'who is met does not have to be heard before anything is acquired',
    invariant: 'L1',
    scenario: 'test/scenarios/leases.test.ts',
    file: 'actors/reconcile.ts',
    sound: '    this.#awaited.add(handle)\n',
    broken: '',
  },
  {
    name: 'a renewal brings back what had lapsed',
    invariant: 'L2',
    scenario: `${TESTS}/renewal.test.ts`,
    file: `${RULES}/renewal.ts`,
    sound: '    if (ownRemainingMs(table, slot, reading) <= 0) {\n',
    broken: '    if (ownRemainingMs(table, slot, reading) < -1e12) {\n',
  },
  {
    name: 'a clock that was set back hides a sleep',
    invariant: 'L2',
    scenario: `${TESTS}/passage.test.ts`,
    file: `${RULES}/passage.ts`,
    sound: '  } else if (most < passage.ahead - GRAIN_MS) passage.ahead = most\n',
    broken: '  }\n',
  },
  {
    name: 'hearsay extends a lease',
    invariant: 'L3',
    scenario: `${TESTS}/merge.test.ts`,
    file: `${RULES}/merge.ts`,
    sound: ' : Math.min(known, lapseOf(claim, reading))',
    broken: ' : Math.max(known, lapseOf(claim, reading))',
  },
  {
    name: 'a renewal that comes twice extends twice',
    invariant: 'L3',
    scenario: `${TESTS}/renewal.test.ts`,
    file: `${RULES}/renewal.ts`,
    sound: ' || renewal.number <= known) return\n',
    broken: ' || renewal.number < 0) return\n',
  },
  {
    name: 'the owner counts by the monotonic clock alone, which a sleep stops',
    invariant: 'L4',
    seeds: 'leases',
    file: `${RULES}/passage.ts`,
    sound: '  return { now: after, wall: after + passage.gained }\n',
    broken: '  return { now: after, wall: after }\n',
  },
  {
    name: 'a key that is released is granted under the token that it had',
    invariant: 'L5',
    seeds: 'leases',
    file: `${RULES}/grant.ts`,
    sound:
      '  return tokenAbove(Math.max(table.epoch[slot] as number, floor) + (isEphemeral ? 1 : 0))\n',
    broken: '  return Math.max(table.epoch[slot] as number, floor, isEphemeral ? 1 : 1)\n',
  },
  {
    name: 'who loses its lease to another grant hears nothing',
    invariant: 'L6',
    seeds: 'leases',
    file: `${RULES}/loss.ts`,
    sound: "  if (table.writer[slot] === SELF) loseLease(replica, slot, 'conflict')\n",
    broken: '  if (table.writer[slot] === SELF) replica.held.delete(slot)\n',
  },
  {
    name: 'a write is not asked for its token',
    invariant: 'L7',
    seeds: 'leases',
    file: `${RULES}/write.ts`,
    sound: '  if (token === undefined) return epoch\n',
    broken: '  if (token !== -1) return epoch\n',
  },
  {
    name: 'whoever sees that a lease is over writes it down',
    invariant: 'L8',
    scenario: `${TESTS}/lease.test.ts`,
    file: `${RULES}/replica.ts`,
    sound: '  if (remainingMs <= 0) return undefined\n',
    broken:
      '  if (remainingMs <= 0) {\n' +
      '    table.put(slot, { value: null, bytes: 0, flags: 3 })\n' +
      '    return undefined\n' +
      '  }\n',
  },
  {
    name: 'the margin of a short term is that of a long one',
    invariant: 'L9',
    scenario: `${TESTS}/lease.test.ts`,
    file: `${RULES}/lease.ts`,
    sound: '  return Math.min(termMs / 4, Math.max(MARGIN_MS, termMs / 100))\n',
    broken: '  return Math.max(MARGIN_MS, termMs / 100)\n',
  },
  {
    name: 'a grant is handed out whatever is left of it',
    invariant: 'L10',
    scenario: 'test/actors/holding.test.ts',
    file: 'actors/lease.ts',
    sound: '    if (remainingMs >= minRemainingMs) {\n',
    broken: '    if (remainingMs >= minRemainingMs - 1e12) {\n',
  },
  {
    name: 'a release wakes nobody',
    invariant: 'L11',
    scenario: 'test/scenarios/queue.test.ts',
    file: `${RULES}/change.ts`,
    sound: '  if (replica.watched.size === 0) return\n',
    broken: '  if (replica.watched.size < 1e9) return\n',
  },
  {
    name: 'release without hand-over: whoever waits takes it at once',
    invariant: 'L11',
    scenario: 'test/scenarios/queue.test.ts',
    file: `${RULES}/write.ts`,
    sound: '  const heir = isHanded ? firstInLine(',
    broken: '  const heir = isHanded && epoch < 0 ? firstInLine(',
  },
  {
    name: 'anybody may release',
    invariant: 'L12',
    scenario: `${TESTS}/holding.test.ts`,
    file: `${RULES}/holding.ts`,
    sound: '  if (slot === NOWHERE || !isMine(replica, slot)) return',
    broken: '  if (slot === NOWHERE) return',
  },
]
