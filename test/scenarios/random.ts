/**
 * One random run on the simulated network: some minutes of writes and faults, then everything
 * heals, and the ledger is judged. All of it follows from the seed.
 */

import { createSimulation, type Simulation, seededRandom } from '../../actors/simulation.ts'
import type { Dictionary } from '../../index.ts'
import { HoldfastError } from '../../machines/rules/errors.ts'
import { Ledger, type Violation } from './ledger.ts'

export interface RunOptions {
  readonly seed: number
  /** How many peers; default 2 to 6, drawn. */
  readonly peers?: number
  /** How long writes and faults go on, in minutes of simulated time. Default 3. */
  readonly minutes?: number
}

export interface RunResult {
  readonly seed: number
  readonly peers: number
  readonly violations: readonly Violation[]
  readonly faults: Readonly<Record<string, number>>
  readonly writes: number
  /** Simulated time in all, in milliseconds. */
  readonly virtualMs: number
  /** Simulated time from the last healing until all peers were equal, in milliseconds. */
  readonly healMs: number
}

const KEYS = ['door', 'window', 'printer', 'robot', 'stage', 'lift', 'gate', 'pump']
const REFUSALS = new Set([
  'LEASE_HELD',
  'LEASE_LOST',
  'NO_MAJORITY',
  'KEY_MISSING',
  'LEASE_NOT_HELD',
])
/**
 * The longest that healing may take, in milliseconds: silence, back-off and two rounds of asking.
 */
const HEAL_MS_MAX = 180_000

/** Plays one seed to its end. */
export async function playSeed(options: RunOptions): Promise<RunResult> {
  const run = new RandomRun(options)
  await run.play()
  return run.result()
}

class RandomRun {
  readonly #options: RunOptions
  readonly #random: () => number
  readonly #simulation: Simulation
  readonly #names: string[]
  readonly #runs = new Map<string, number>()
  readonly #dead = new Set<string>()
  readonly #paused = new Set<string>()
  readonly #ledger = new Ledger()
  readonly #faults: Record<string, number> = {}
  #values = 0
  #healMs = 0

  constructor(options: RunOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed * 7919 + 13)
    const count = options.peers ?? 2 + this.#pick(5)
    const leaseMs = [500, 5_000, 60_000, 3_600_000][this.#pick(4)] as number
    this.#simulation = createSimulation({
      seed: options.seed,
      peers: count,
      latency: [1, 1 + this.#pick(200)],
      loss: this.#pick(3) * 0.05,
      options: { leaseMs, leasing: this.#pick(6) > 0 },
    })
    this.#names = this.#simulation.names
    for (const name of this.#names) this.#follow(name)
  }

  async play(): Promise<void> {
    const endMs = (this.#options.minutes ?? 3) * 60_000
    while (this.#simulation.clock.now() < endMs) {
      await this.#simulation.advance(this.#pick(20) === 0 ? this.#pick(40_000) : this.#pick(1_500))
      if (this.#pick(12) === 0) this.#fault()
      else this.#write()
    }
    await this.#heal()
  }

  result(): RunResult {
    return {
      seed: this.#options.seed,
      peers: this.#names.length,
      violations: this.#ledger.violations,
      faults: this.#faults,
      writes: this.#ledger.broadcasts,
      virtualMs: this.#simulation.clock.now(),
      healMs: this.#healMs,
    }
  }

  async #heal(): Promise<void> {
    const simulation = this.#simulation
    simulation.heal()
    for (const name of this.#names) simulation.network.unstall(name)
    for (const name of this.#paused) simulation.resume(name)
    for (const name of this.#dead) this.#revive(name)
    const from = simulation.clock.now()
    try {
      await simulation.untilQuiet(HEAL_MS_MAX)
    } catch (error) {
      return this.#ledger.violate('C2', (error as Error).message)
    }
    this.#healMs = simulation.clock.now() - from
    const held = new Map(
      [...simulation.peer(this.#names[0] as string)].map(([key, value]) => [String(key), value]),
    )
    this.#ledger.judge(held)
    for (const key of KEYS) {
      if (!simulation.oneHolder(key)) this.#ledger.violate('L6', `${key} has two holders`)
    }
    await simulation.close()
  }

  #write(): void {
    const alive = this.#names.filter((name) => !this.#dead.has(name) && !this.#paused.has(name))
    const name = alive[this.#pick(alive.length)]
    if (name === undefined) return
    const dictionary = this.#simulation.peer(name)
    const key = KEYS[this.#pick(KEYS.length)] as string
    try {
      this.#act(dictionary, { name, key })
    } catch (error) {
      if (error instanceof HoldfastError && REFUSALS.has(error.code)) return
      this.#ledger.violate('error', `${name}: ${(error as Error).stack}`)
    }
  }

  #act(dictionary: Dictionary, { name, key }: { name: string; key: string }): void {
    const previous = dictionary.get(key) as string | undefined
    const by = { writer: name, run: this.#runs.get(name) as number, key, previous }
    switch (this.#pick(8)) {
      case 0:
        if (dictionary.delete(key)) this.#ledger.accepted({ ...by, value: undefined })
        break
      case 1:
        dictionary.release(key)
        break
      case 2:
        dictionary.send(`note ${++this.#values}`)
        break
      default: {
        const value = `${name}-${++this.#values}`
        const holder = this.#holderOf(key, previous)
        dictionary.set(key, value)
        // Whoever knows of a lease may take the key only after its holder has given it up, whatever
        // the network and the clocks did meanwhile.
        if (holder !== undefined && holder !== name) {
          this.#ledger.violate('L1', `${name} took ${key} while ${holder} held it`)
        }
        this.#ledger.accepted({ ...by, value })
      }
    }
  }

  /** Who believes to hold the key under the very write that this value is. */
  #holderOf(key: string, value: string | undefined): string | undefined {
    if (value === undefined) return undefined
    return this.#names.find((name) => {
      if (this.#dead.has(name)) return false
      const dictionary = this.#simulation.peer(name)
      return dictionary.lease(key)?.mine === true && dictionary.get(key) === value
    })
  }

  #fault(): void {
    const simulation = this.#simulation
    const name = this.#names[this.#pick(this.#names.length)] as string
    const other = this.#names[this.#pick(this.#names.length)] as string
    const faults: Record<string, () => void> = {
      partition: () => this.#partition(),
      heal: () => simulation.heal(),
      crash: () => this.#crash(name),
      revive: () => this.#revive(name),
      pause: () => this.#pause(name),
      resume: () => this.#resume(name),
      reset: () => simulation.network.reset(name, other),
      stall: () => simulation.network.stall(name),
      unstall: () => simulation.network.unstall(name),
      drift: () => this.#withClock(name, (clock) => (clock.rate = 0.995 + this.#random() * 0.01)),
      step: () =>
        this.#withClock(
          name,
          (clock) => (clock.wallOffsetMs += this.#pick(172_800_000) - 86_400_000),
        ),
      suspend: () => this.#withClock(name, (clock) => clock.suspend(this.#pick(20_000))),
    }
    const kinds = Object.keys(faults)
    const kind = kinds[this.#pick(kinds.length)] as string
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
    faults[kind]?.()
  }

  #partition(): void {
    const side = this.#names.filter(() => this.#pick(2) === 0)
    const rest = this.#names.filter((name) => !side.includes(name))
    this.#simulation.partition(side, rest, { oneWay: this.#pick(4) === 0 })
  }

  #crash(name: string): void {
    if (this.#dead.has(name)) return
    this.#paused.delete(name)
    this.#simulation.crash(name)
    this.#ledger.died(name, this.#runs.get(name) as number)
    this.#dead.add(name)
  }

  #revive(name: string): void {
    if (!this.#dead.delete(name)) return
    this.#simulation.restart(name)
    this.#follow(name)
  }

  #pause(name: string): void {
    if (this.#dead.has(name) || this.#paused.has(name)) return
    this.#paused.add(name)
    this.#simulation.pause(name)
  }

  #resume(name: string): void {
    if (this.#paused.delete(name)) this.#simulation.resume(name)
  }

  #withClock(name: string, change: (clock: ReturnType<Simulation['clockOf']>) => void): void {
    if (!this.#dead.has(name)) change(this.#simulation.clockOf(name))
  }

  #follow(name: string): void {
    const run = (this.#runs.get(name) ?? 0) + 1
    this.#runs.set(name, run)
    this.#ledger.follow(this.#simulation.peer(name), { name, run })
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count)
  }
}
