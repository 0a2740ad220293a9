/**
 * How much time has passed, by whichever of the two clocks went further.
 *
 * The monotonic clock may stand still while a machine sleeps, and the wall clock may be set back.
 * So each reading compares the two: what the wall clock gained counts as passed, what it lost does
 * not count as anything. A clock that is set back and a sleep are told apart as long as a reading
 * falls between them.
 */

import type { Reading } from './lease.ts'

/**
 * Differences up to this are the grain of the clocks and the time that reading them takes, in
 * milliseconds.
 */
const GRAIN_MS = 3

export interface Passage {
  /** How far the wall clock was ahead of the monotonic one at the last reading. */
  ahead: number | undefined
  /** What it gained on it since the beginning, its losses left out. */
  gained: number
}

export function createPassage(): Passage {
  return { ahead: undefined, gained: 0 }
}

/**
 * One look at the clocks: the monotonic before and after the wall clock was read. The reading's
 * `wall` never goes back, and never falls behind `now`.
 */
export function readPassage(
  passage: Passage,
  { before, wall, after }: { before: number; wall: number; after: number },
): Reading {
  // A process that is held up between two of them knows the difference only so well.
  const [least, most] = [wall - after, wall - before]
  if (passage.ahead === undefined) passage.ahead = least
  if (least > passage.ahead + GRAIN_MS) {
    passage.gained += least - passage.ahead
    passage.ahead = least
  } else if (most < passage.ahead - GRAIN_MS) passage.ahead = most
  return { now: after, wall: after + passage.gained }
}
