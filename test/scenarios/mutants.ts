/**
 * `npm run mutants [-- NAME … --seeds N]`: breaks one rule at a time and shows what catches it: a
 * scenario by its name, or the first of N random runs that breaks a promise. The broken variant is
 * a copy of the project in a temporary folder with one text replaced, so nothing in production
 * knows of mutants. Exit code 1 if one survives.
 */

import { parseArgs } from 'node:util'
import { BURST_MUTANTS } from '../rules/burstMutants.ts'
import { EPHEMERAL_MUTANTS } from './ephemeralMutants.ts'
import { LEASE_MUTANTS } from './leaseMutants.ts'
import { hunt } from './mutantHunt.ts'
import { MUTANTS } from './mutantList.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '300' } },
})

const chosen = [...MUTANTS, ...LEASE_MUTANTS, ...EPHEMERAL_MUTANTS, ...BURST_MUTANTS].filter(
  ({ name, invariant }) => {
    return (
      positionals.length === 0 || positionals.some((word) => `${invariant} ${name}`.includes(word))
    )
  },
)
let survivors = 0
console.log('breaks  mutant, and what caught it')
for (const mutant of chosen) {
  const { by, how } = hunt(mutant, Number(values.seeds))
  if (by === undefined) survivors += 1
  console.log(`${mutant.invariant.padEnd(6)}  ${mutant.name}`)
  console.log(`        ${by === undefined ? 'SURVIVED' : `${by}: ${how}`}`)
}
console.log(`${chosen.length - survivors} of ${chosen.length} caught`)
process.exitCode = survivors === 0 ? 0 : 1
