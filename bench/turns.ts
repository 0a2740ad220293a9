/** Measures one system after the other, again and again, so that other work falls on both. */

import { SYSTEMS, type SystemName } from './crew.ts'
import { median } from './report.ts'

/** What each system measured, run by run. */
export type Turns<Measured> = Readonly<Record<SystemName, Measured[]>>

export async function inTurns<Measured>(
  runs: number,
  measure: (system: SystemName, run: number) => Promise<Measured>,
): Promise<Turns<Measured>> {
  const turns: Turns<Measured> = { raw: [], holdfast: [] }
  for (let run = 0; run < runs; run++) {
    for (const system of SYSTEMS) turns[system].push(await measure(system, run))
  }
  return turns
}

/** The middle one of a figure of each run. */
export function medianOf<Measured>(
  measured: readonly Measured[],
  figure: (each: Measured) => number,
): number {
  return median(measured.map(figure))
}

/** The middle one of the ratios to the raw limit's run of the same turn. */
export function ratioOf<Measured>(
  turns: Turns<Measured>,
  system: SystemName,
  figure: (each: Measured) => number,
): number {
  const raw = turns.raw.map(figure)
  return median(turns[system].map((each, run) => figure(each) / (raw[run] as number)))
}
