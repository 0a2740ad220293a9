/** The broken variants of the rules about ephemeral values. */

import type { Mutant } from './mutantList.ts'

const RULES = 'machines/rules'
const TEST = 'test/rules/ephemeral.test.ts'

export const EPHEMERAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'a trace wins over who took the key at the same moment',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/grant.ts`,
    sound: '+ (isEphemeral ? 1 : 0)',
    broken: '+ (isEphemeral ? 0 : 0)',
  },
  {
    name: 'what lapsed while it could not be heard is over at once',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: 'else if (moment.isCurrent || isMine(replica, slot)) end',
    broken: 'else if (moment.isCurrent || slot >= 0) end',
  },
  {
    name: 'another peer writes down the end though it may not take over',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: "return typeof judgeWrite(replica, slot, reading) === 'number' ? epoch + 1 : undefined",
    broken: 'return judgeWrite(replica, slot, reading) ? epoch + 1 : undefined',
  },
  {
    name: 'others do not leave the trace to the owner',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: 'return isMine(replica, slot) ? reading.now : reading.now + traceMs',
    broken: 'return isMine(replica, slot) || traceMs > 0 ? reading.now : 0',
  },
  {
    name: 'the owner writes it down under a new token',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: '  if (isMine(replica, slot)) return epoch\n',
    broken: '',
  },
  {
    name: 'a late joiner is shown what is over',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/merge.ts`,
    sound: '  if (isOverOnArrival(replica, slot, reading)) table',
    broken: '  if (isOverOnArrival(replica, slot, reading) && slot < 0) table',
  },
  {
    name: 'the trace tells a delete besides',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/change.ts`,
    sound: '    hadValue: table.shows(slot),\n',
    broken: '    hadValue: table.hasValue(slot),\n',
  },
  {
    name: 'whoever takes the key over gets the value',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: '  if (!isEphemeral || table.gone.has(slot)) return isEphemeral\n',
    broken: '  if (!isEphemeral || table.gone.has(slot)) return false\n',
  },
  {
    name: 'who steals the lease gets the value',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: '  return table.epoch[slot] !== epoch && !heirs.has(slot)\n',
    broken: '  return table.epoch[slot] !== epoch && heirs.has(slot)\n',
  },
  {
    name: 'it does not go along with a lease that is handed over',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: '  return table.epoch[slot] !== epoch && !heirs.has(slot)\n',
    broken: '  return table.epoch[slot] !== epoch\n',
  },
  {
    name: 'no renewal brings it back',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: 'isMine(replica, slot) || foreignLapseAt(replica, slot) <= now) continue\n',
    broken: 'slot >= 0) continue\n',
  },
  {
    name: 'a goodbye does not end it',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/merge.ts`,
    sound: '  if (table.lapsing.has(slot)) table.lapsing.set(slot, Number.NEGATIVE_INFINITY)\n',
    broken: '',
  },
  {
    name: 'a wall clock that steps is not noticed',
    invariant: 'expired',
    scenario: TEST,
    file: `${RULES}/ephemeral.ts`,
    sound: '  if (stepMs < 0) return\n',
    broken: '  return\n',
  },
]
