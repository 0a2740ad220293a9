/** Broken variants of the burst, which sends on what the table does not say any more. */
import type { Mutant } from '../scenarios/mutantList.ts'

const RULES = 'machines/rules'
const caught = { invariant: 'C1', scenario: 'test/rules/burst.test.ts' } as const

export const BURST_MUTANTS: readonly Mutant[] = [
  {
    ...caught,
    name: 'a burst goes on after a key of it was written again',
    file: `${RULES}/plainWrite.ts`,
    sound: '  } else replica.burst.spoil()\n',
    broken: '  } else replica.burst.add(row)\n',
  },
  {
    ...caught,
    name: 'a burst keeps values that were deleted since',
    file: `${RULES}/grant.ts`,
    sound: '  replica.burst.spoil()\n',
    broken: '',
  },
  {
    ...caught,
    name: 'a burst goes on after something came from others',
    file: `${RULES}/merge.ts`,
    sound: '  replica.burst.spoil()\n',
    broken: '',
  },
  {
    ...caught,
    name: 'a burst tells whole terms, however long ago it was begun',
    file: `${RULES}/gather.ts`,
    sound: '  if (!isWholeTerm(replica, unsent.slice(0, 1), reading)) return undefined\n',
    broken: '',
  },
  {
    ...caught,
    name: 'a burst takes in other terms',
    file: `${RULES}/burst.ts`,
    sound: ' && termMs === this.#termMs',
    broken: '',
  },
  {
    ...caught,
    name: 'a burst takes in other tokens',
    file: `${RULES}/burst.ts`,
    sound: 'epoch === this.#epoch && ',
    broken: '',
  },
  {
    ...caught,
    name: 'a burst may be longer than a batch',
    file: `${RULES}/burst.ts`,
    sound: ' && bytesOf(keys, sizes) <= BATCH_BYTES',
    broken: '',
  },
  {
    ...caught,
    name: 'a burst that was spoilt begins again at once',
    file: `${RULES}/burst.ts`,
    sound: '    this.#isSpoilt = true\n',
    broken: '    this.#isSpoilt = false\n',
  },
]
