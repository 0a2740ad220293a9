/**
 * `npm run simulate -- --seeds N [--seed S] [--peers P] [--minutes M]`: random runs on the
 * simulated network, one after another. Exit code 1 if a promise was broken, with the seeds that
 * show it.
 */

import { parseArgs } from 'node:util'
import { playSeed, type RunResult } from './random.ts'

const HELP = 'npm run simulate -- --seeds N [--seed FIRST] [--peers P] [--minutes M] [--first]'

interface Options {
  readonly seeds: number
  readonly seed: number
  readonly peers: number | undefined
  readonly minutes: number | undefined
  /** Stop at the first seed that breaks a promise. */
  readonly first: boolean
}

async function simulate(options: Options): Promise<number> {
  const results: RunResult[] = []
  const startedAt = performance.now()
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    const { peers, minutes } = options
    const result = await playSeed({
      seed,
      ...(peers === undefined ? {} : { peers }),
      ...(minutes === undefined ? {} : { minutes }),
    })
    results.push(result)
    for (const { invariant, what } of result.violations) {
      console.log(`seed ${seed}: ${invariant} ${what}`)
    }
    if (options.first && result.violations.length > 0) break
    if (results.length % 100 === 0) progress(results.length, options.seeds)
  }
  printSummary(results, (performance.now() - startedAt) / 1000)
  return results.some(({ violations }) => violations.length > 0) ? 1 : 0
}

function progress(done: number, all: number): void {
  process.stderr.write(`${done} of ${all} seeds\n`)
}

function printSummary(results: readonly RunResult[], seconds: number): void {
  const sum = (pick: (result: RunResult) => number) =>
    results.reduce((total, result) => total + pick(result), 0)
  const faults = tally(results.flatMap((result) => Object.entries(result.faults)))
  const broken = tally(
    results.flatMap((result) => result.violations.map(({ invariant }) => [invariant, 1] as const)),
  )
  const heal = results.map(({ healMs }) => healMs).sort((one, other) => one - other)
  const rows: [string, string][] = [
    ['scenarios', String(results.length)],
    ['faults injected', `${sum((r) => total(r.faults))} (${list(faults)})`],
    ['accepted writes', String(sum((result) => result.writes))],
    ['virtual hours', (sum((result) => result.virtualMs) / 3_600_000).toFixed(1)],
    ['real seconds', seconds.toFixed(0)],
    ['heal to equal, p50', `${percentile(heal, 0.5)} ms`],
    ['heal to equal, p99', `${percentile(heal, 0.99)} ms`],
    ['violations', broken.size === 0 ? '0' : list(broken)],
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(20)} ${value}`)
}

function tally(pairs: readonly (readonly [string, number])[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [name, count] of pairs) counts.set(name, (counts.get(name) ?? 0) + count)
  return counts
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0)
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    peers: { type: 'string' },
    minutes: { type: 'string' },
    first: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
} else {
  process.exitCode = await simulate({
    seeds: Number(values.seeds),
    seed: Number(values.seed),
    peers: values.peers === undefined ? undefined : Number(values.peers),
    minutes: values.minutes === undefined ? undefined : Number(values.minutes),
    first: values.first,
  })
}
