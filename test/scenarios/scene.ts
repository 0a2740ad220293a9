/**
 * The stage of the scenarios: people with names, the production actors, a simulated network.
 *
 * A statechart drops an event that no transition takes, in silence. So every scenario listens to
 * all actors, and fails if one of them was told something that it does not know in its state. What
 * is meant to be ignored says so in its machine, by a transition without actions.
 */
import { createSimulation, type Simulation, type SimulationOptions } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { InspectionEvent } from 'xstate'
import type { Dictionary } from '../../actors/dictionary.ts'
import type { ErrorCode, HoldfastError } from '../../machines/rules/errors.ts'

/** Events that a machine may be told and not take, each with its reason. */
const UNTAKEN_ALLOWED: readonly { machine: string; event: RegExp; reason: string }[] = []

/** How long `during` waits at most, in milliseconds of simulated time. */
const DURING_MS_MAX = 120_000
/** How often `during` looks, in milliseconds of simulated time. */
const DURING_STEP_MS = 10

/** One scenario's world. */
export interface Scene {
  /** Where all chance of this scenario comes from. */
  readonly seed: number
  /** A simulation that is watched, and closed after the scenario. */
  simulate(options?: SimulationOptions): Simulation
  /** The same, when everybody is connected to everybody. */
  gather(...names: readonly string[]): Promise<Simulation>
  gather(options: SimulationOptions): Promise<Simulation>
  /** From now on an actor may crash with an error that says this. */
  expectCrash(words: string): void
}

type Declare = (title: string, run: (scene: Scene) => Promise<void> | void) => void

/**
 * A suite of scenarios. It runs by itself, and prints the seed that repeats it: `SEED=… npx tsx …`.
 *
 * @example
 * scenarios('leases', (scenario) => {
 *   scenario('bob is refused while alice holds the lease', async (scene) => {
 *     const simulation = await scene.gather('alice', 'bob')
 *   })
 * })
 */
export function scenarios(title: string, declare: (scenario: Declare) => void): void {
  const tests = suite(title)
  const seed = chooseSeed()
  console.log(`SEED=${seed}`)
  declare((name, run) => {
    tests(name, () => play(seed, run))
  })
  tests.run()
}

/** The seed of this run: what the environment says, or a new one. */
export function chooseSeed(): number {
  return Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
}

/** Runs one scenario. Rejects if an actor was told something that it does not know. */
export async function play(
  seed: number,
  run: (scene: Scene) => Promise<void> | void,
): Promise<void> {
  const watch = new Watch()
  const simulations: Simulation[] = []
  const simulate = (options: SimulationOptions = {}) => {
    const { inspect } = watch
    const simulation = createSimulation({ seed: seed + simulations.length, ...options, inspect })
    simulations.push(simulation)
    return simulation
  }
  const gather = async (...given: readonly (string | SimulationOptions)[]) => {
    const [first] = given
    const options = typeof first === 'object' ? first : { peers: given as readonly string[] }
    const simulation = simulate(options)
    await simulation.untilQuiet()
    return simulation
  }
  await run({ seed, simulate, gather, expectCrash: (words) => watch.expectCrash(words) })
  for (const simulation of simulations) await simulation.close()
  assert.equal(watch.complaints, [], `seed ${seed}: events that nobody took, or crashes`)
}

/** Hears of every actor what it was told and did not take, and which of them crashed. */
export class Watch {
  readonly complaints: string[] = []
  readonly #expected: string[] = []

  readonly inspect = (event: InspectionEvent): void => {
    // Judged when it is processed: when it is queued, events before it may still change the state.
    if (event.type === '@xstate.microstep') {
      const { actorRef, event: told, _transitions: taken } = event
      if (told.type.startsWith('xstate.error.')) return this.#crashed(told)
      if (taken.length > 0 || told.type === 'xstate.stop') return
      const { id } = (actorRef as unknown as { logic: { id: string } }).logic
      if (UNTAKEN_ALLOWED.some((each) => each.machine === id && each.event.test(told.type))) return
      const { value } = event.snapshot as unknown as { value: unknown }
      this.complaints.push(`${id} in ${JSON.stringify(value)} did not take ${told.type}`)
    }
  }

  /** From now on a crash with these words is part of the scenario. */
  expectCrash(words: string): void {
    this.#expected.push(words)
  }

  #crashed(told: { type: string; error?: unknown }): void {
    const text = `${told.type.replace('xstate.error.', '')} crashed: ${told.error}`
    if (!this.#expected.some((words) => text.includes(words))) this.complaints.push(text)
  }
}

/** What a promise gives, while simulated time goes on. */
export async function during<Result>(
  simulation: Simulation,
  promise: Promise<Result>,
): Promise<Result> {
  let isSettled = false
  const note = () => {
    isSettled = true
  }
  promise.then(note, note)
  await simulation.advance(0)
  for (let waitedMs = 0; !isSettled; waitedMs += DURING_STEP_MS) {
    if (waitedMs >= DURING_MS_MAX) throw new Error(`Nothing came within ${DURING_MS_MAX} ms.`)
    await simulation.advance(DURING_STEP_MS)
  }
  return promise
}

/** All facts of one type that a dictionary tells from now on. */
export function hear<Type extends Parameters<Dictionary['on']>[0]>(
  dictionary: Dictionary,
  type: Type,
): Parameters<Parameters<typeof dictionary.on<Type>>[1]>[0][] {
  const facts: Parameters<Parameters<typeof dictionary.on<Type>>[1]>[0][] = []
  dictionary.on(type, (fact) => facts.push(fact))
  return facts
}

/** The error that a call throws, which must be of this code. */
export function refuses(code: ErrorCode, call: () => unknown): HoldfastError {
  try {
    call()
  } catch (error) {
    assert.is((error as HoldfastError).code, code)
    return error as HoldfastError
  }
  throw new Error(`Nothing was thrown; ${code} was expected.`)
}

/** The error that a promise rejects with, which must be of this code. */
export async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await promise.then(
    () => undefined,
    (cause) => cause as HoldfastError,
  )
  assert.ok(error, `Nothing was rejected; ${code} was expected.`)
  assert.is(error.code, code)
  return error
}

/** The value of a key at each peer, in the order of the names. */
export function seen(simulation: Simulation, key: string): unknown[] {
  return simulation.names.map((name) => simulation.peer(name).get(key))
}
