/**
 * The stage of a simulation: peers that start and fall, their clocks, the network between them, and
 * what goes wrong with all of it.
 */

import { createActor } from 'xstate'
import { HoldfastError } from '../../machines/rules/errors.ts'
import { type PeerClock, peerClock } from '../../transport/peerClock.ts'
import { seededRandom } from '../../transport/random.ts'
import { createSimulatedNetwork, type SimulatedNetwork } from '../../transport/simulated.ts'
import type { Slowness } from '../../transport/simulatedWeather.ts'
import { SteppingClock } from '../../transport/stepping.ts'
import type { Dictionary } from '../dictionary.ts'
import type { DictionaryOptions } from '../settings.ts'
import { syncLogic } from '../sync.ts'
import { History } from './history.ts'
import { latenciesOf, requireOptions, type SimulationOptions } from './options.ts'
import { RecordedDictionary } from './recordedDictionary.ts'

/**
 * How many turns promises get to settle before time goes on: more than stand between a grant and
 * who waits for it.
 */
const SETTLING_TURNS = 16

/** Known to all peers of all simulations: nobody else is there. */
const SECRET = 'the secret of every simulation'

interface Place {
  readonly clock: PeerClock
  readonly dictionary: Dictionary
}

/** What `Simulation` is built upon: everything but its checks. */
export class Stage {
  /** The seed, to be printed when something fails. */
  readonly seed: number
  /** The simulation's own time; `clockOf` gives a peer's. */
  readonly clock = new SteppingClock()
  /** The network, with what it carried and what it disturbed. */
  readonly network: SimulatedNetwork
  /** What the peers were asked to do, and what came of it. */
  readonly history = new History(() => this.clock.now())
  readonly #options: SimulationOptions
  readonly #random: () => number
  readonly #places = new Map<string, Place>()
  /** With which options each peer was started last, so that it can be restarted. */
  readonly #starts = new Map<string, Partial<DictionaryOptions>>()
  #ids = 0

  constructor(options: SimulationOptions) {
    requireOptions(options)
    this.seed = options.seed ?? 1
    this.#options = options
    this.#random = seededRandom(this.seed)
    const { loss, duplicate, reorder, record } = options
    this.network = createSimulatedNetwork({
      clock: this.clock,
      random: this.#random,
      latencyMs: latenciesOf(options),
      lossShare: loss ?? 0,
      duplicateShare: duplicate ?? 0,
      reorderShare: reorder ?? 0,
      ...(record && { record }),
    })
    const { peers = 2 } = options
    const names = typeof peers === 'number' ? nameAll(peers) : peers
    const join = names.map((name) => `sim://${name}`)
    for (const name of names) {
      this.start(name, { join: join.filter((address) => address !== `sim://${name}`) })
    }
  }

  /** False if the dictionaries were opened without leases. */
  get isLeasing(): boolean {
    return this.#options.options?.leasing !== false
  }

  /** The names of the peers that run. */
  get names(): string[] {
    return [...this.#places.keys()]
  }

  /** The dictionary of a peer that runs. What it is asked to do becomes part of the history. */
  peer(name: string): Dictionary {
    return this.#place(name).dictionary
  }

  /** The clock of a peer that runs, for timers of one's own program on it. */
  clockOf(name: string): PeerClock {
    return this.#place(name).clock
  }

  /** Starts a peer. It opens within the next moments of simulated time. */
  start(name: string, options: Partial<DictionaryOptions> = {}): Dictionary {
    const clock = peerClock({ clock: this.clock })
    const input: DictionaryOptions = {
      peerId: name,
      secret: SECRET,
      integrity: 'channel',
      listen: [`sim://${name}`],
      ...this.#options.options,
      ...options,
      clock,
      random: this.#random,
      makeId: () => `${name}-${++this.#ids}`,
      transports: [this.network.host(name, clock)],
    }
    const { inspect, onStart } = this.#options
    const actor = createActor(syncLogic, { input, clock, ...(inspect && { inspect }) })
    const by = this.history.begin(name)
    const dictionary = new RecordedDictionary(actor, { by, history: this.history })
    this.#places.set(name, { clock, dictionary })
    this.#starts.set(name, options)
    actor.start()
    onStart?.(dictionary, name, clock)
    return dictionary
  }

  /** Kills a peer: it says no goodbye and runs nothing any more. */
  crash(name: string): void {
    const { clock, dictionary } = this.#place(name)
    clock.stop()
    this.network.crash(name)
    dictionary.actor.stop()
    this.#places.delete(name)
  }

  /** Kills a peer if it runs, and starts it again as a new run with nothing in memory. */
  restart(name: string): Dictionary {
    if (this.#places.has(this.#known(name))) this.crash(name)
    return this.start(name, this.#starts.get(name))
  }

  /** Stops a peer's process, as SIGSTOP does; it notices nothing until `resume`. */
  pause(name: string): void {
    this.clockOf(name).pause()
  }

  /** Lets a process that was stopped go on. */
  resume(name: string): void {
    this.clockOf(name).resume()
  }

  /** Puts a peer's machine to sleep for so many milliseconds: its monotonic clock stands still. */
  suspend(name: string, ms: number): void {
    this.clockOf(name).suspend(ms)
  }

  /** Lets a peer's clock run fast or slow: at 1.005 it gains five milliseconds a second. */
  drift(name: string, rate: number): void {
    this.clockOf(name).rate = rate
  }

  /** Sets a peer's wall clock ahead by so many milliseconds, or back if that is less than 0. */
  stepClock(name: string, ms: number): void {
    this.clockOf(name).wallOffsetMs += ms
  }

  /** Makes all that goes to and from a peer slow, ten times unless said otherwise. */
  slow(name: string, slowness: Slowness = {}): void {
    this.network.slow(this.#known(name), slowness)
  }

  unslow(name: string): void {
    this.network.slow(this.#known(name))
  }

  /** Has a peer read nothing any more; its timers go on, and it may write. */
  stall(name: string): void {
    this.network.stall(this.#known(name))
  }

  unstall(name: string): void {
    this.network.unstall(this.#known(name))
  }

  /** Breaks all connections between two peers at both ends, at once. */
  reset(name: string, other: string): void {
    this.network.reset(this.#known(name), this.#known(other))
  }

  /** Blocks all bytes between two groups, or only those from the first to the second. */
  partition(
    groupA: readonly string[],
    groupB: readonly string[],
    options: { oneWay?: boolean } = {},
  ): void {
    for (const name of [...groupA, ...groupB]) this.#known(name)
    this.network.partition(groupA, groupB, options)
  }

  /** Ends all partitions. */
  heal(): void {
    this.network.heal()
  }

  /**
   * Ends every fault: partitions, slowness, stalls and pauses, and restarts who crashed. Clocks
   * stay as they are.
   */
  recover(): void {
    this.heal()
    for (const name of this.#starts.keys()) {
      this.unslow(name)
      this.unstall(name)
      if (!this.#places.has(name)) this.restart(name)
      else if (this.clockOf(name).isPaused) this.resume(name)
    }
  }

  /** Lets time go on, step by step; promises settle between the steps. */
  async advance(ms: number): Promise<void> {
    const end = this.clock.now() + ms
    this.clock.advance(0)
    for (;;) {
      for (let turn = 0; turn < SETTLING_TURNS; turn++) await null
      const due = this.clock.nextDueMs
      if (due === undefined || due > end) break
      this.clock.runNext()
    }
    this.clock.advance(end - this.clock.now())
    await new Promise((resolve) => setImmediate(resolve))
    this.clock.advance(0)
  }

  /** The dictionaries of the peers that run, by name. */
  protected get running(): ReadonlyMap<string, Dictionary> {
    return new Map([...this.#places].map(([name, { dictionary }]) => [name, dictionary]))
  }

  /** Empties the stage; everybody has closed. */
  protected clear(): void {
    this.#places.clear()
  }

  #place(name: string): Place {
    const place = this.#places.get(name)
    if (place !== undefined) return place
    const what = this.#starts.has(name) ? 'does not run' : 'was never started'
    throw new HoldfastError('PEER_UNKNOWN', `The peer '${name}' ${what} (seed ${this.seed}).`)
  }

  /** The name of a peer that was started at some time. */
  #known(name: string): string {
    if (!this.#starts.has(name)) this.#place(name)
    return name
  }
}

function nameAll(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `peer${index + 1}`)
}
