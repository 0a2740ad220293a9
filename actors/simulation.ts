/**
 * The simulation kit: dictionaries as they run in production, on a simulated network with a
 * stepping clock. Everything follows from the seed: the same seed and the same calls give the same
 * run.
 *
 * @example
 * const simulation = createSimulation({ seed: 7, peers: ['alice', 'bob', 'carol'] })
 * await simulation.untilQuiet()
 * simulation.peer('alice').set('door', 'open')
 * simulation.partition(['alice'], ['bob', 'carol'])
 * await simulation.advance(60_000)
 * simulation.heal()
 * await simulation.untilQuiet()
 * simulation.check()
 */

import { createActor, type InspectionEvent } from 'xstate'
import { type PeerClock, peerClock } from '../transport/peerClock.ts'
import { seededRandom } from '../transport/random.ts'
import { createSimulatedNetwork, type SimulatedNetwork } from '../transport/simulated.ts'
import { SteppingClock } from '../transport/stepping.ts'
import { Dictionary } from './dictionary.ts'
import type { DictionaryOptions } from './settings.ts'
import { boards, syncLogic } from './sync.ts'

export { seededRandom } from '../transport/random.ts'
export { SteppingClock } from '../transport/stepping.ts'

/** How long `untilQuiet` goes on at most, in milliseconds of simulated time. */
const QUIET_MS_MAX = 300_000
/** How long nothing must change for the simulation to count as quiet, in milliseconds. */
const QUIET_MS = 1_000

export interface SimulationOptions {
  /** Where all chance comes from. Default 1. */
  readonly seed?: number
  /**
   * The peers' names, or how many there are. Each listens at `sim://name` and joins all others.
   * Default 2.
   */
  readonly peers?: readonly string[] | number
  /** The shortest and longest latency of a packet, in milliseconds. Default 1 to 10. */
  readonly latencyMs?: readonly [number, number]
  /** Which share of packets is lost, and so delayed. 0 (the default) to 1. */
  readonly lossShare?: number
  /** Options of every dictionary, such as `leaseMs`. */
  readonly options?: Partial<DictionaryOptions>
  /** Gets a line for each frame that is read and each fault, to compare runs. */
  readonly record?: (line: string) => void
  /** Passed to every actor system. */
  readonly inspect?: (event: InspectionEvent) => void
}

interface Place {
  readonly clock: PeerClock
  readonly dictionary: Dictionary
}

export class Simulation {
  /** The seed, to be printed when something fails. */
  readonly seed: number
  readonly clock = new SteppingClock()
  readonly network: SimulatedNetwork
  readonly #options: SimulationOptions
  readonly #random: () => number
  readonly #places = new Map<string, Place>()
  /** With which options each peer was started last, so that it can be restarted. */
  readonly #starts = new Map<string, Partial<DictionaryOptions>>()
  #ids = 0

  constructor(options: SimulationOptions) {
    this.seed = options.seed ?? 1
    this.#options = options
    this.#random = seededRandom(this.seed)
    const { latencyMs, lossShare, record } = options
    this.network = createSimulatedNetwork({
      clock: this.clock,
      random: this.#random,
      ...(latencyMs && { latencyMs }),
      ...(lossShare === undefined ? {} : { lossShare }),
      ...(record && { record }),
    })
    const { peers = 2 } = options
    const names = typeof peers === 'number' ? nameAll(peers) : peers
    const join = names.map((name) => `sim://${name}`)
    for (const name of names) {
      this.start(name, { join: join.filter((address) => address !== `sim://${name}`) })
    }
  }

  /** The names of the peers that run. */
  get names(): string[] {
    return [...this.#places.keys()]
  }

  /** The dictionary of a peer that runs. */
  peer(name: string): Dictionary {
    return this.#place(name).dictionary
  }

  /** The clock of one peer: `rate`, `wallOffsetMs` and `suspend(ms)` make it wrong. */
  clockOf(name: string): PeerClock {
    return this.#place(name).clock
  }

  /** Starts a peer. It opens within the next moments of simulated time. */
  start(name: string, options: Partial<DictionaryOptions> = {}): Dictionary {
    const clock = peerClock({ clock: this.clock })
    const input: DictionaryOptions = {
      peerId: name,
      listen: [`sim://${name}`],
      ...this.#options.options,
      ...options,
      clock,
      random: this.#random,
      makeId: () => `${name}-${++this.#ids}`,
      transports: [this.network.host(name, clock)],
    }
    const { inspect } = this.#options
    const actor = createActor(syncLogic, { input, clock, ...(inspect && { inspect }) })
    const dictionary = new Dictionary(actor)
    this.#places.set(name, { clock, dictionary })
    this.#starts.set(name, options)
    actor.start()
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
    if (this.#places.has(name)) this.crash(name)
    return this.start(name, this.#starts.get(name))
  }

  /** Stops a peer's process; it notices nothing until it goes on. */
  pause(name: string): void {
    this.clockOf(name).pause()
  }

  resume(name: string): void {
    this.clockOf(name).resume()
  }

  /** Blocks all bytes between two groups, or only those from the first to the second. */
  partition(
    groupA: readonly string[],
    groupB: readonly string[],
    options: { oneWay?: boolean } = {},
  ): void {
    this.network.partition(groupA, groupB, options)
  }

  /** Ends all partitions. */
  heal(): void {
    this.network.heal()
  }

  /** Lets time go on, step by step; promises settle between the steps. */
  async advance(ms: number): Promise<void> {
    const end = this.clock.now() + ms
    this.clock.advance(0)
    for (;;) {
      await Promise.resolve()
      const due = this.clock.nextDueMs
      if (due === undefined || due > end) break
      this.clock.runNext()
    }
    this.clock.advance(end - this.clock.now())
    await new Promise((resolve) => setImmediate(resolve))
    this.clock.advance(0)
  }

  /**
   * Lets time go on until all peers agree, each pair has one connection, and nothing has changed
   * for a second. Throws with the seed and what is wrong if that takes longer than `limitMs`
   * (300,000).
   */
  async untilQuiet(limitMs: number = QUIET_MS_MAX): Promise<void> {
    const end = this.clock.now() + limitMs
    let before = ''
    while (this.clock.now() < end) {
      await this.advance(QUIET_MS)
      const now = this.#state()
      if (now === before && this.#problems().length === 0) return
      before = now
    }
    throw new Error(`Not quiet after ${limitMs} ms. ${this.#report(this.#problems())}`)
  }

  /**
   * Throws with the seed and what is wrong unless all peers agree and each pair has one connection.
   */
  check(): void {
    const problems = this.#problems()
    if (problems.length > 0) throw new Error(this.#report(problems))
  }

  /** True if all peers hold the same data. */
  converged(): boolean {
    const digests = new Set([...this.#places.values()].map(({ dictionary }) => dictionary.digest()))
    return digests.size <= 1
  }

  /**
   * True if each two peers have exactly one connection, the same at both ends, and nobody another
   * one.
   */
  oneConnectionPerPair(): boolean {
    return this.#unpaired().length === 0
  }

  /** True if not more than one peer believes to hold the lease of the key. */
  oneHolder(key: string | Uint8Array): boolean {
    const holders = [...this.#places.values()].filter(
      ({ dictionary }) => dictionary.lease(key)?.mine,
    )
    return holders.length <= 1
  }

  /** Closes every peer in good order. A clock that stands still is waited for. */
  async close(): Promise<void> {
    let isDone = false
    const closing = [...this.#places.values()].map(({ dictionary }) => dictionary.close())
    void Promise.all(closing).then(() => {
      isDone = true
    })
    const end = this.clock.now() + QUIET_MS_MAX
    while (!isDone && this.clock.now() < end) await this.advance(QUIET_MS)
    if (!isDone) throw new Error(this.#report(['A peer did not close.']))
    this.#places.clear()
  }

  #place(name: string): Place {
    const place = this.#places.get(name)
    if (place === undefined) throw new Error(`There is no peer '${name}' (seed ${this.seed}).`)
    return place
  }

  #state(): string {
    return this.names
      .map((name) => `${this.peer(name).digest()} ${this.peer(name).peers.map((p) => p.peerId)}`)
      .join('\n')
  }

  #problems(): string[] {
    const problems = this.#unpaired()
    if (!this.converged()) {
      const digests = this.names.map((name) => `${name} ${this.peer(name).digest()}`)
      problems.push(`The digests differ: ${digests.join(', ')}.`)
    }
    return problems
  }

  #unpaired(): string[] {
    const problems: string[] = []
    for (const [name, place] of this.#places) {
      for (const [other, otherPlace] of this.#places) {
        if (name >= other) continue
        const there = linesBetween(place.dictionary, other)
        const back = linesBetween(otherPlace.dictionary, name)
        // The arbiter, the greater of the two, is the last to use the one that it has chosen.
        const isUsed = otherPlace.dictionary.peers.some(({ peerId }) => peerId === name)
        if (isUsed && there.length === 1 && there.join() === back.join()) continue
        problems.push(`${name} and ${other} have connections [${there}] and [${back}].`)
      }
    }
    return problems
  }

  #report(problems: readonly string[]): string {
    return `Seed ${this.seed} at ${this.clock.now()} ms: ${problems.join(' ')}`
  }
}

/** A simulation of these peers. They open within the first moments of simulated time. */
export function createSimulation(options: SimulationOptions = {}): Simulation {
  return new Simulation(options)
}

/** The agreed ids of all authenticated connections between a dictionary and another peer. */
function linesBetween(dictionary: Dictionary, other: string): string[] {
  const board = boards.get(dictionary.actor)
  const pairs = board?.mesh.getSnapshot().context.roster.pairs as ReadonlyMap<
    string,
    { connections: readonly { connection: string }[] }
  >
  return [...(pairs?.get(other)?.connections ?? [])].map(({ connection }) => connection).sort()
}

function nameAll(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `peer${index + 1}`)
}
