/**
 * `npm run chaos -- --rounds N [--seed S] [--seconds T]`: storms over eight real processes, one
 * after another. `npm run chaos -- --stops N [--seed S]`: so many times the holder of a lease is
 * stopped past its term while it writes to a fenced resource.
 * `npm run chaos -- --dials N [--seed S] [--scheme tls]`: so many rounds in which up to eight
 * processes all dial all at one moment. Exit code 1 if a promise was broken, with the seeds that
 * show it.
 */

import { parseArgs } from 'node:util'
import { playDialling, tellSettled } from './dialling.ts'
import { Fleet } from './fleet.ts'
import { playStops } from './stops.ts'
import { NAMES, playStorm, type StormResult } from './storm.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    stops: { type: 'string' },
    dials: { type: 'string' },
    scheme: { type: 'string', default: 'tcp' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seconds: { type: 'string', default: '15' },
  },
})
const seed = Number(values.seed)
const fleet = new Fleet()
console.log(`seed ${seed}`)
let isBroken = false
const isOther = values.stops !== undefined || values.dials !== undefined
if (values.rounds !== undefined || !isOther) isBroken = await rage(Number(values.rounds ?? 10))
if (values.dials !== undefined) isBroken = (await dial(Number(values.dials))) || isBroken
if (values.stops !== undefined) isBroken = (await stop(Number(values.stops))) || isBroken
fleet.killAll()
process.exitCode = isBroken ? 1 : 0

/** Storms, one after another. True if a promise was broken. */
async function rage(rounds: number): Promise<boolean> {
  let pool: StormResult['pool'] = await fleet.startMany(NAMES.length)
  const results: StormResult[] = []
  const stormMs = Number(values.seconds) * 1000
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
  printSummary(results)
  return results.some(({ violations }) => violations.length > 0)
}

/** Rounds of simultaneous dialling. True if a pair did not end with exactly one connection. */
async function dial(rounds: number): Promise<boolean> {
  const scheme = values.scheme === 'tls' ? 'tls' : 'tcp'
  const pool = await fleet.startMany(NAMES.length)
  try {
    const settled = await playDialling({ pool, rounds, seed, scheme })
    console.log(`${settled.length} rounds over ${scheme} settled: ${tellSettled(settled)}`)
    return false
  } catch (error) {
    console.log(String(error))
    return true
  }
}

function printSummary(results: readonly StormResult[]): void {
  const sum = (pick: (result: StormResult) => number) =>
    results.reduce((total, result) => total + pick(result), 0)
  const faults: Record<string, number> = {}
  for (const [kind, count] of results.flatMap((result) => Object.entries(result.faults))) {
    faults[kind] = (faults[kind] ?? 0) + count
  }
  const heal = results.map(({ healMs }) => healMs).sort((one, other) => one - other)
  const at = (share: number) => Math.round(heal[Math.floor(share * (heal.length - 1))] ?? 0)
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`)
  printRows([
    ['storms', `${results.length} of ${values.seconds} s, ${NAMES.length} processes`],
    ['faults', String(Object.values(faults).reduce((total, count) => total + count, 0))],
    ['', kinds.join(', ')],
    ['writes', String(sum(({ writes }) => writes))],
    ['takeovers', String(sum(({ takeovers }) => takeovers))],
    ['heal to equal', `median ${at(0.5)} ms, longest ${at(1)} ms`],
    ['violations', String(sum(({ violations }) => violations.length))],
  ])
}

/** Stops holders. True if a promise was broken. */
async function stop(rounds: number): Promise<boolean> {
  const result = await playStops({ seed, rounds, fleet })
  for (const violation of result.violations) console.log(violation)
  printRows([
    ['rounds', `${result.rounds}, ${result.spoiled} more were begun anew`],
    ['writes accepted', String(result.accepted)],
    ['writes refused', `${result.refused} of holders that had looked before they were stopped`],
    ['', `${result.rounds} of holders that did not look`],
    ['stale accepted', String(result.stale)],
    ['violations', String(result.violations.length)],
  ])
  return result.violations.length + result.stale > 0
}

function printRows(rows: readonly (readonly [string, string])[]): void {
  for (const [name, text] of rows) console.log(`${name.padEnd(18)}${text}`)
}
