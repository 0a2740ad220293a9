/** Plays random runs, in a broken copy of the project, until one breaks a promise. */

import { playLeases } from './leaseRun.ts'
import { playSeed } from './random.ts'

const seeds = Number(process.argv[2])
const play = process.argv[3] === 'leases' ? playLeases : playSeed
let isCaught = false
for (let seed = 1; seed <= seeds && !isCaught; seed++) {
  // A rule may be broken so badly that a run does not come to its end.
  const problem = await play({ seed }).then(
    ({ violations: [first] }) => first && `${first.invariant} ${first.what}`,
    (error: Error) => `crash ${error.message}`,
  )
  isCaught = problem !== undefined
  if (isCaught) console.log(`seed ${seed}: ${problem?.split('\n')[0]}`)
}
if (!isCaught) console.log(`${seeds} seeds, and no promise was broken`)
// An actor of a run that crashed may still have work.
process.exit()
