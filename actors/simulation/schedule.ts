/**
 * A schedule: what happens in a simulation and when, as data. It can be drawn from a seed, played,
 * made shorter, printed and pasted into a test.
 */

import { HoldfastError } from '../../machines/rules/errors.ts'
import { ACTS, type Act } from './acts.ts'
import type { Problem } from './checks.ts'
import type { SimulationOptions } from './options.ts'
import { createSimulation, type Simulation } from './simulation.ts'

/** How long the end of a run may take, from the last healing to quiet, in milliseconds. */
const QUIET_MS_MAX = 300_000

/** One thing that happens. */
export interface Step {
  /** When, in milliseconds of simulated time since the simulation was made. */
  readonly atMs: number
  /** Which peer does it, or whom it befalls; left out if it concerns all. */
  readonly peer?: string
  /** What: a name of `ACTS`, or of an act of one's own. */
  readonly act: string
  /** With which arguments; plain data, so that a schedule can be printed. */
  readonly with?: readonly unknown[]
}

export type Schedule = readonly Step[]

export interface PlayOptions extends SimulationOptions {
  /** Acts of one's own, or others in place of those of `ACTS`, by name. */
  readonly acts?: Readonly<Record<string, Act>>
  /**
   * Looks at the healed network before it closes. What it throws is a problem of the run. Default:
   * `simulation.check()`.
   */
  readonly check?: (simulation: Simulation) => void | Promise<void>
  /**
   * How long the healed network may take until it is quiet. Milliseconds of simulated time, default
   * 300,000.
   */
  readonly quietMs?: number
}

/** What came of a schedule. */
export interface Outcome {
  readonly seed: number
  readonly problems: readonly Problem[]
  /** Simulated time in all, in milliseconds. */
  readonly virtualMs: number
  /** Simulated time from the last healing until all peers agreed, in milliseconds. */
  readonly healMs: number
}

/**
 * Plays a schedule in a simulation of its own: the steps in the order of their times, then all
 * faults end, and when the network is quiet it is checked and closed.
 *
 * A call that is refused is part of life, and so is a step that does not fit, such as a call of a
 * peer that is down: schedules that were made shorter have such. Rejects with `OPTION_UNKNOWN` for
 * an act that nobody knows, and with what `createSimulation` throws.
 *
 * @example
 * const { problems } = await playSchedule(
 *   [
 *     { atMs: 1000, act: 'partition', with: [['alice'], ['bob', 'carol']] },
 *     { atMs: 2000, peer: 'alice', act: 'set', with: ['door', 'open'] },
 *   ],
 *   { seed: 7, peers: ['alice', 'bob', 'carol'] },
 * )
 */
export async function playSchedule(
  schedule: Schedule,
  options: PlayOptions = {},
): Promise<Outcome> {
  const { acts, check, quietMs = QUIET_MS_MAX, ...rest } = options
  const simulation = createSimulation(rest)
  const problems: Problem[] = []
  const note = (check: Problem['check'], cause: unknown) => {
    problems.push({ check, what: wordsOf(cause) })
  }
  const known = { ...ACTS, ...acts }
  for (const step of schedule.toSorted((one, other) => one.atMs - other.atMs)) {
    await simulation.advance(Math.max(0, step.atMs - simulation.clock.now()))
    const act = Object.hasOwn(known, step.act) ? known[step.act] : undefined
    if (act === undefined) throw unknownAct(step)
    const run = act as (...given: unknown[]) => unknown
    perform(() => run(simulation, step.peer ?? '', ...(step.with ?? [])), note)
  }
  simulation.recover()
  const fromMs = simulation.clock.now()
  const quiet = await simulation.untilQuiet(quietMs).then(
    () => true,
    (cause) => note('converged', cause),
  )
  const healMs = simulation.clock.now() - fromMs
  if (quiet) await judge(simulation, { check, problems, note })
  const virtualMs = simulation.clock.now()
  await simulation.close().catch((cause) => note('own', cause))
  return { seed: simulation.seed, problems, virtualMs, healMs }
}

type Note = (check: Problem['check'], cause: unknown) => void

async function judge(
  simulation: Simulation,
  given: { check: PlayOptions['check']; problems: Problem[]; note: Note },
): Promise<void> {
  const { check, problems, note } = given
  if (check === undefined) {
    problems.push(...simulation.problems())
    return
  }
  try {
    await check(simulation)
  } catch (cause) {
    note('own', cause)
  }
}

/** A schedule and its options as a call that can be pasted into a test. */
export function printSchedule(
  schedule: Schedule,
  options: Readonly<Record<string, unknown>> = {},
): string {
  const steps = schedule.map((step) => `    ${write(step)},\n`).join('')
  return `await playSchedule(\n  [\n${steps}  ],\n  ${write(options)},\n)`
}

/**
 * Runs an act. What it refuses is part of life: steps of a schedule that was made shorter may not
 * fit any more. An error without a code of ours is a problem.
 */
function perform(act: () => unknown, note: Note): void {
  const judge = (cause: unknown) => {
    if (cause instanceof HoldfastError && cause.code !== 'ACTOR_FAILED') return
    note('own', cause)
  }
  try {
    const result = act()
    if (result instanceof Promise) result.catch(judge)
  } catch (cause) {
    judge(cause)
  }
}

function unknownAct({ act, atMs }: Step): HoldfastError {
  const message = `The step at ${atMs} ms has an act '${act}' that nobody knows.`
  return new HoldfastError('OPTION_UNKNOWN', message, { option: act })
}

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause instanceof HoldfastError ? `${cause.code}: ${cause.message}` : cause.message
}

/** Plain data as TypeScript, on one line. */
function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"')}'`
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined && typeof field !== 'function')
    .map(([name, field]) => `${/^[a-z]\w*$/i.test(name) ? name : write(name)}: ${write(field)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}
