/**
 * `npm run chaos -- --rounds N [--seed S] [--seconds T]`: storms over eight real processes, one
 * after another. Exit code 1 if a promise was broken, with the seeds that show it.
 */

import { parseArgs } from 'node:util'
import { Fleet } from './fleet.ts'
import { NAMES, playStorm, type StormResult } from './storm.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seconds: { type: 'string', default: '15' },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)
const stormMs = Number(values.seconds) * 1000
console.log(`seed ${seed}`)

const fleet = new Fleet()
let pool: StormResult['pool'] = await fleet.startMany(NAMES.length)
const results: StormResult[] = []
for (let round = 0; round < rounds; round += 1) {
  const result = await playStorm({ seed: seed + round, fleet, pool, stormMs })
  pool = result.pool
  results.push(result)
  const { writes, takeovers, healMs, violations, journals } = result
  const told = `${writes} writes, ${takeovers} takeovers, equal after ${Math.round(healMs)} ms`
  console.log(`seed ${result.seed}: ${told}, ${violations.length} violations`)
  for (const { invariant, what } of violations) console.log(`  ${invariant} ${what}`)
  if (journals !== undefined) console.log(`  journals in ${journals}`)
}
printSummary()
fleet.killAll()
process.exitCode = results.some(({ violations }) => violations.length > 0) ? 1 : 0

function printSummary(): void {
  const sum = (pick: (result: StormResult) => number) =>
    results.reduce((total, result) => total + pick(result), 0)
  const faults: Record<string, number> = {}
  for (const [kind, count] of results.flatMap((result) => Object.entries(result.faults))) {
    faults[kind] = (faults[kind] ?? 0) + count
  }
  const heal = results.map(({ healMs }) => healMs).sort((one, other) => one - other)
  const at = (share: number) => Math.round(heal[Math.floor(share * (heal.length - 1))] ?? 0)
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`)
  console.log(
    `storms            ${results.length} of ${values.seconds} s, ${NAMES.length} processes`,
  )
  console.log(
    `faults            ${Object.values(faults).reduce((total, count) => total + count, 0)}`,
  )
  console.log(`                  ${kinds.join(', ')}`)
  console.log(`writes            ${sum(({ writes }) => writes)}`)
  console.log(`takeovers         ${sum(({ takeovers }) => takeovers)}`)
  console.log(`heal to equal     median ${at(0.5)} ms, longest ${at(1)} ms`)
  console.log(`violations        ${sum(({ violations }) => violations.length)}`)
}
