import type { RunResult } from './random.ts'

/** Prints what came of many random runs, a line for each figure. */
export function printSummary(results: readonly RunResult[], seconds: number): void {
  const sum = (pick: (result: RunResult) => number) => total(results.map(pick))
  const faults = tally(results.flatMap((result) => Object.entries(result.faults)))
  const broken = tally(
    results.flatMap((result) => result.violations.map(({ invariant }) => [invariant, 1] as const)),
  )
  const heal = results.map(({ healMs }) => healMs).sort((one, other) => one - other)
  const rows: [string, string][] = [
    ['scenarios', String(results.length)],
    ['peers', String(sum(({ peers }) => peers))],
    ['faults injected', `${total([...faults.values()])}`],
    ...[...faults].map(([kind, count]): [string, string] => [`  ${kind}`, String(count)]),
    ['accepted operations', String(sum(({ operations }) => operations))],
    ['broadcasts', String(sum(({ broadcasts }) => broadcasts))],
    ['virtual hours', (sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(1)],
    ['real seconds', seconds.toFixed(0)],
    ['heal to equal, p50', `${percentile(heal, 0.5)} ms`],
    ['heal to equal, p99', `${percentile(heal, 0.99)} ms`],
    ['violations', String(total([...broken.values()]))],
    ...[...broken].map(([invariant, count]): [string, string] => [`  ${invariant}`, String(count)]),
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(20)} ${value}`)
}

function tally(pairs: readonly (readonly [string, number])[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [name, count] of pairs) counts.set(name, (counts.get(name) ?? 0) + count)
  return new Map([...counts].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function total(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0)
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
