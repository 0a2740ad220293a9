/**
 * The waterfall: every broadcast falls over it once.
 *
 * A broadcast is told by its origin, the origin's run and a number that counts up in that run. Per
 * run the waterfall keeps the highest contiguous number and the ranges above it. It never forgets a
 * run that still speaks, and nothing is forgotten by age: forgetting after a minute is how a storm
 * begins.
 */

import { Coverage, ORIGINS_MAX, originKey } from './coverage.ts'
import type { LimitName } from './limit.ts'
import type { Origin } from './peer.ts'

export interface Waterfall {
  /** What fell so far, by origin; the least recently heard origin first. */
  readonly seen: Map<string, Coverage>
  /** What fell of the origin that was heard most recently. */
  latest: Coverage | undefined
  /** The number of this peer's own last broadcast. */
  sent: number
  /** The limit that the last fresh broadcast reached, if it did. */
  reached: LimitName | null
}

export function createWaterfall(): Waterfall {
  return { seen: new Map(), latest: undefined, sent: 0, reached: null }
}

/** True if this broadcast came before. */
export function hasFallen({ seen }: Waterfall, origin: Origin, number: number): boolean {
  return seen.get(originKey(origin))?.covers(number) ?? false
}

/** True the first time this broadcast comes, and never again. */
export function fallsFresh(waterfall: Waterfall, origin: Origin, number: number): boolean {
  const key = originKey(origin)
  let coverage = waterfall.seen.get(key)
  if (coverage?.covers(number)) return false
  if (coverage === undefined) coverage = new Coverage()
  if (coverage !== waterfall.latest) {
    // Deleting first moves the origin to the end of the Map, so the first is the longest silent.
    waterfall.seen.delete(key)
    waterfall.seen.set(key, coverage)
    waterfall.latest = coverage
  }
  coverage.add(number)
  const isGapClosed = coverage.hasGaps && coverage.closeOldestGap()
  const isRunForgotten = waterfall.seen.size > ORIGINS_MAX && forgetSilent(waterfall)
  waterfall.reached = isRunForgotten ? 'window.runs' : isGapClosed ? 'window.gaps' : null
  return true
}

function forgetSilent(waterfall: Waterfall): boolean {
  const [oldest] = waterfall.seen.keys()
  return oldest !== undefined && waterfall.seen.delete(oldest)
}
