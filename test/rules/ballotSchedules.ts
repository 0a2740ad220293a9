/**
 * Random schedules of the rules of majority mode: `npm run ballots -- --schedules 100000 --seed 1`.
 * Ends with 1 at the first two holders or token that does not rise, and says which seed repeats it.
 */

import { parseArgs } from 'node:util'
import { PRODUCTION, type Rule } from './ballotRule.ts'
import { type Outcome, World } from './ballotWorld.ts'
import { chanceOf } from './chance.ts'

export interface Findings {
  schedules: number
  wins: number
  changes: number
  restarts: number
  readonly offences: { readonly seed: number; readonly offence: Outcome['offence'] }[]
}

/** Plays so many schedules, each with a seed of its own from this one on. */
export function playSchedules(
  rule: Rule,
  { schedules, seed }: { schedules: number; seed: number },
  isEnough: (findings: Findings) => boolean = () => false,
): Findings {
  const findings: Findings = { schedules: 0, wins: 0, changes: 0, restarts: 0, offences: [] }
  while (findings.schedules < schedules && !isEnough(findings)) {
    const own = seed + findings.schedules
    const { wins, changes, restarts, offence } = new World(rule, chanceOf(own)).play()
    findings.schedules++
    findings.wins += wins
    findings.changes += changes
    findings.restarts += restarts
    if (offence) findings.offences.push({ seed: own, offence })
  }
  return findings
}

if (process.argv[1]?.endsWith('ballotSchedules.ts')) {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [schedules, seed] = [Number(values.schedules), Number(values.seed)]
  console.log(`SEED=${seed}`)
  const startedAt = performance.now()
  const findings = playSchedules(PRODUCTION, { schedules, seed })
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
  const { wins, changes, restarts, offences } = findings
  console.log(`${findings.schedules} schedules in ${seconds} s: ${wins} leases won or renewed, `)
  console.log(`${changes} changes of owner, ${restarts} restarts, ${offences.length} offences`)
  for (const { seed, offence } of offences.slice(0, 10)) console.log(`  seed ${seed}: ${offence}`)
  process.exitCode = offences.length === 0 ? 0 : 1
}
