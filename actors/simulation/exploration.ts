/** Plays many random schedules, and shows the first that breaks something as short as it can. */

import { seededRandom } from '../../transport/random.ts'
import {
  type Outcome,
  type PlayOptions,
  playSchedule,
  printSchedule,
  type Schedule,
} from './schedule.ts'
import { type ShrinkOptions, shrink } from './shrinking.ts'

/** How many seeds are played unless said otherwise. */
const SEED_COUNT = 100

export interface ExploreOptions extends Omit<PlayOptions, 'seed'>, ShrinkOptions {
  /** How many seeds, from 1 on, or which ones. Default 100. */
  readonly seeds?: number | Iterable<number>
  /**
   * Draws what happens in the run of one seed. It must take all chance from `random`, so that a
   * seed always gives the same schedule.
   */
  readonly schedule: (random: () => number, seed: number) => Schedule
  /** Told after each run, for instance to show progress. */
  readonly onOutcome?: (outcome: Outcome) => void
}

/** A schedule that broke something, and the shortest part of it that still does. */
export interface Breakage {
  readonly seed: number
  readonly outcome: Outcome
  readonly schedule: Schedule
  readonly shortest: Schedule
  /** All of it for people, with a call that repeats it. */
  readonly report: string
}

/**
 * Plays random schedules, seed by seed. Rejects with a `ScheduleError` at the first seed that
 * breaks something: its message has the seed, what broke, and the shortest schedule that was found
 * to break the same, as a call that can be pasted into a test.
 *
 * @example
 * await explore({
 *   seeds: 50,
 *   peers: ['alice', 'bob', 'carol'],
 *   schedule: (random) => [
 *     { atMs: 1000, act: 'partition', with: [['alice'], ['bob', 'carol']] },
 *     { atMs: 1000 + random() * 9000, peer: 'alice', act: 'set', with: ['door', 'open'] },
 *   ],
 * })
 */
export async function explore(options: ExploreOptions): Promise<void> {
  const { seeds = SEED_COUNT, schedule: draw, onOutcome, triesMax, ...rest } = options
  const list = typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => i + 1) : seeds
  for (const seed of list) {
    const schedule = draw(seededRandom(seed), seed)
    const playing = { ...rest, seed }
    const outcome = await playSchedule(schedule, playing)
    onOutcome?.(outcome)
    if (outcome.problems.length === 0) continue
    const shrinking = triesMax === undefined ? {} : { triesMax }
    throw new ScheduleError(await shorten({ schedule, outcome, playing, shrinking }))
  }
}

/** Looks for the shortest part of a schedule that breaks the same check. */
export async function shorten(given: {
  schedule: Schedule
  outcome: Outcome
  playing: PlayOptions
  shrinking?: ShrinkOptions
}): Promise<Breakage> {
  const { schedule, outcome, playing, shrinking } = given
  const broken = new Set(outcome.problems.map(({ check }) => check))
  const fails = async (steps: Schedule) => {
    const { problems } = await playSchedule(steps, playing)
    return problems.some(({ check }) => broken.has(check))
  }
  const shortest = await shrink(schedule, fails, shrinking)
  const { seed } = outcome
  return { seed, outcome, schedule, shortest, report: describe({ ...given, shortest }) }
}

/** Thrown by `explore`: the seed, what broke, and the shortest schedule that shows it. */
export class ScheduleError extends Error {
  readonly breakage: Breakage

  constructor(breakage: Breakage) {
    super(breakage.report)
    this.name = 'ScheduleError'
    this.breakage = breakage
  }
}

function describe(found: {
  schedule: Schedule
  outcome: Outcome
  playing: PlayOptions
  shortest: Schedule
}): string {
  const { schedule, outcome, playing, shortest } = found
  const problems = outcome.problems.map(({ check, what }) => `  ${check}: ${what}`)
  const { record, inspect, ...options } = playing
  return [
    `Seed ${outcome.seed} breaks:`,
    ...problems,
    `${shortest.length} of its ${schedule.length} steps still do:`,
    printSchedule(shortest, { ...options }),
  ].join('\n')
}
