/**
 * One random run about leases: peers take, keep, pass on and lose a few keys while their processes
 * stop and die and their clocks are wrong; in some runs the network is cut as well. All of it
 * follows from the seed. Then everything heals, whoever waits must be served, and every promise
 * about leases is judged.
 */

import { createSimulation, type Simulation, seededRandom } from 'holdfast/simulation'
import type { Lease } from '../../actors/holding.ts'
import { HoldfastError } from '../../machines/rules/errors.ts'
import { HANDOVER_MS } from '../../machines/rules/queue.ts'
import type { RunResult } from './random.ts'
import { Tenures } from './tenures.ts'

export interface LeaseRunOptions {
  readonly seed: number
  /** How long it goes on, in milliseconds of simulated time. Default 12,000. */
  readonly forMs?: number
}

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin']
const KEYS = ['door', 'lift', 'stage']
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000
const TERMS_MS = [20, 300, 2_000, 10_000, 30_000]
const HEAL_MS_MAX = 180_000
/** How long a lost packet is late at most, beside its latency, in milliseconds. */
const LATE_MS = 1_500
/** A process looks at its clocks at least that often, in milliseconds. */
const LOOK_MS = 300

/** Plays one seed to its end. */
export async function playLeases(options: LeaseRunOptions): Promise<RunResult> {
  const run = new LeaseRun(options)
  await run.play()
  return run.result()
}

class LeaseRun {
  #broadcasts = 0
  readonly #options: LeaseRunOptions
  readonly #random: () => number
  readonly #simulation: Simulation
  readonly #names: string[]
  readonly #tenures: Tenures
  readonly #isCut: boolean
  readonly #mayCrash: boolean
  readonly #termsMs: readonly number[]
  readonly #pausedAt = new Map<string, number>()
  /** Whose machine sleeps, since when and until when. */
  readonly #asleep = new Map<string, { since: number; until: number }>()
  readonly #steppedAt = new Map<string, number>()
  readonly #dead = new Set<string>()
  readonly #ends = new Map<Lease, () => void>()
  readonly #faults: Record<string, number> = {}
  /** Calls that wait for a lease without a limit, by peer and run. */
  readonly #waiting = new Map<number, string>()
  #calls = 0
  #healMs = 0

  constructor(options: LeaseRunOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed * 6_007 + 5)
    this.#names = NAMES.slice(0, 3 + this.#pick(3))
    this.#isCut = this.#pick(3) === 0
    this.#mayCrash = this.#pick(2) === 0
    const latencyMs = [2, 10, 80][this.#pick(3)] as number
    const loss = this.#pick(3) * 0.02
    this.#simulation = createSimulation({
      seed: options.seed,
      peers: this.#names,
      latency: [1, latencyMs],
      loss,
      options: { leaseMs: 10_000 },
    })
    const wordMs = 4 * latencyMs + (loss > 0 ? LATE_MS : 0)
    // A lease whose renewals may be under way for longer than it lasts protects nothing.
    this.#termsMs = TERMS_MS.filter((termMs) => this.#isCut || termMs > 2 * wordMs)
    this.#tenures = new Tenures(this.#simulation, this.#isCut ? undefined : wordMs)
  }

  async play(): Promise<void> {
    const { forMs = 12_000 } = this.#options
    await this.#simulation.untilQuiet(HEAL_MS_MAX)
    const endAt = this.#simulation.clock.now() + forMs
    while (this.#simulation.clock.now() < endAt) {
      await this.#simulation.advance(this.#pick(1_200))
      this.#wake()
      this.#tenures.look()
      if (this.#pick(8) === 0) this.#fault()
      else this.#act()
    }
    await this.#heal()
    await this.#serve()
    this.#tenures.judge()
    await this.#rest()
    for (const name of this.#names) this.#count(name)
    await this.#simulation.close()
  }

  result(): RunResult {
    return {
      seed: this.#options.seed,
      peers: this.#names.length,
      violations: this.#tenures.violations,
      operations: this.#tenures.all.length,
      broadcasts: this.#broadcasts,
      healMs: this.#healMs,
      faults: this.#faults,
      virtualMs: this.#simulation.clock.now(),
    }
  }

  #act(): void {
    const awake = this.#names.filter((name) => this.#isAwake(name))
    const name = awake[this.#pick(awake.length)]
    if (name === undefined) return
    const key = KEYS[this.#pick(KEYS.length)] as string
    const mine = this.#tenures.all.filter((tenure) => tenure.name === name && !tenure.isDead)
    const tenure = mine[this.#pick(mine.length)]
    const dictionary = this.#simulation.peer(name)
    switch (this.#pick(10)) {
      case 0:
      case 1:
        return this.#release(tenure?.lease)
      case 2:
        if (tenure?.lease.valid) tenure.lease.renew()
        return
      case 3:
        if (tenure?.endedAt !== undefined) this.#tenures.poison(tenure)
        return
      case 4:
        if (dictionary.lease(key)?.mine !== true && dictionary.release(key)) {
          this.#tenures.violate('L12', `${name} released ${key}, which it did not hold`)
        }
        return
      case 5:
        if (tenure?.lease.valid) this.#transfer(name, tenure.key)
        return
      default:
        return this.#take(name, key)
    }
  }

  /** Twice does no harm. */
  #release(lease: Lease | undefined): void {
    if (lease === undefined) return
    this.#ends.get(lease)?.()
    lease.release()
    lease.release()
  }

  #take(name: string, key: string): void {
    const isLong = !this.#mayCrash && this.#pick(12) === 0
    const leaseMs = isLong
      ? TEN_YEARS_MS
      : (this.#termsMs[this.#pick(this.#termsMs.length)] as number)
    const isStolen = this.#pick(40) === 0
    const minRemainingMs = this.#pick(2) * (leaseMs / 2)
    const waitMs = this.#pick(3) > 0 && !isStolen ? 10 * HEAL_MS_MAX : 0
    const call = ++this.#calls
    const options = { leaseMs, waitMs, minRemainingMs, steal: isStolen }
    const note = (lease: Lease) => {
      this.#waiting.delete(call)
      const others = this.#names.some((other) => other !== name && this.#isAwake(other))
      const isAlone = !others || this.#simulation.peer(name).peers.length === 0
      const grant = { name, key, lease, minRemainingMs, leaseMs, isStolen }
      // Who restarts among those who are dead or asleep can know nothing.
      this.#tenures.granted(grant, { isAlone })
    }
    if (waitMs > 0) this.#waiting.set(call, `${name} for ${key}`)
    const dictionary = this.#simulation.peer(name)
    const taken =
      this.#pick(2) === 0
        ? dictionary.acquire(key, options).then(note)
        : dictionary.withLease(key, options, (lease) => {
            note(lease)
            return new Promise<void>((resolve) => {
              this.#ends.set(lease, resolve)
              lease.signal.addEventListener('abort', () => resolve())
            })
          })
    taken.catch((error: unknown) => {
      this.#waiting.delete(call)
      if (!(error instanceof HoldfastError)) this.#tenures.violate('error', String(error))
    })
  }

  #transfer(name: string, key: string): void {
    const other = this.#names[this.#pick(this.#names.length)] as string
    if (other === name) return
    this.#simulation
      .peer(name)
      .transfer(key, other)
      .catch(() => {})
  }

  #fault(): void {
    const name = this.#names[this.#pick(this.#names.length)] as string
    const clock = this.#dead.has(name) ? undefined : this.#simulation.clockOf(name)
    const faults: Record<string, () => void> = {
      pause: () => this.#pause(name),
      resume: () => this.#resume(name),
      crash: () => this.#crash(name),
      restart: () => this.#restart(name),
      drift: () => clock && this.#simulation.drift(name, 0.995 + this.#random() / 100),
      step: () => this.#step(name),
      suspend: () => this.#suspend(name),
      ...(this.#isCut && { cut: () => this.#cut(), heal: () => this.#simulation.heal() }),
    }
    const kinds = Object.keys(faults)
    const kind = kinds[this.#pick(kinds.length)] as string
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
    faults[kind]?.()
  }

  #cut(): void {
    const side = this.#names.filter(() => this.#pick(2) === 0)
    const rest = this.#names.filter((name) => !side.includes(name))
    this.#simulation.partition(side, rest, { oneWay: this.#pick(4) === 0 })
  }

  /** A step back at the moment of falling asleep hides the sleep, so there is a look between. */
  #step(name: string): void {
    if (!this.#isAwake(name)) return
    this.#steppedAt.set(name, this.#simulation.clock.now())
    this.#simulation.stepClock(name, this.#pick(172_800_000) - 86_400_000)
  }

  #isAwake(name: string): boolean {
    return !this.#dead.has(name) && !this.#pausedAt.has(name) && !this.#asleep.has(name)
  }

  #suspend(name: string): void {
    const steppedAt = this.#steppedAt.get(name) ?? Number.NEGATIVE_INFINITY
    if (!this.#isAwake(name) || this.#simulation.clock.now() - steppedAt < LOOK_MS) return
    const [since, ms] = [this.#simulation.clock.now(), this.#pick(20_000)]
    this.#asleep.set(name, { since, until: since + ms })
    this.#tenures.paused(name)
    this.#simulation.suspend(name, ms)
  }

  #wake(): void {
    for (const [name, { since, until }] of this.#asleep) {
      if (this.#simulation.clock.now() <= until) continue
      this.#asleep.delete(name)
      this.#tenures.resumed(name, until - since)
    }
  }

  #pause(name: string): void {
    if (!this.#isAwake(name)) return
    this.#pausedAt.set(name, this.#simulation.clock.now())
    this.#tenures.paused(name)
    this.#simulation.pause(name)
  }

  #resume(name: string): void {
    const pausedAt = this.#pausedAt.get(name)
    if (pausedAt === undefined) return
    this.#pausedAt.delete(name)
    this.#simulation.resume(name)
    this.#tenures.resumed(name, this.#simulation.clock.now() - pausedAt)
  }

  #crash(name: string): void {
    if (this.#dead.has(name) || !this.#mayCrash) return
    this.#pausedAt.delete(name)
    this.#asleep.delete(name)
    this.#dead.add(name)
    this.#tenures.crashed(name)
    for (const [call, who] of this.#waiting) {
      if (who.startsWith(`${name} `)) this.#waiting.delete(call)
    }
    this.#count(name)
    this.#simulation.crash(name)
  }

  /** A run of this peer is over. */
  #count(name: string): void {
    this.#broadcasts += this.#simulation.peer(name).stats().broadcastsMade
  }

  #restart(name: string): void {
    if (this.#dead.delete(name)) this.#simulation.restart(name)
  }

  async #heal(): Promise<void> {
    const awakeAt = Math.max(0, ...[...this.#asleep.values()].map(({ until }) => until + 1))
    await this.#simulation.advance(Math.max(0, awakeAt - this.#simulation.clock.now()))
    this.#wake()
    const from = this.#simulation.clock.now()
    this.#simulation.heal()
    for (const name of this.#names) {
      this.#resume(name)
      this.#restart(name)
      this.#simulation.drift(name, 1)
    }
    try {
      await this.#simulation.untilQuiet(HEAL_MS_MAX)
    } catch (error) {
      this.#tenures.violate('C2', (error as Error).message)
    }
    this.#healMs = this.#simulation.clock.now() - from
  }

  /** Nobody takes anything new; who holds gives back, and each that waits must have its turn. */
  async #serve(): Promise<void> {
    const termMs = Math.max(...TERMS_MS)
    const endAt = this.#simulation.clock.now() + 2 * termMs + (this.#calls + 1) * 2 * HANDOVER_MS
    while (this.#simulation.clock.now() < endAt) {
      for (const { lease } of this.#tenures.valid()) this.#release(lease)
      // What was handed over by name has an owner and no lease in its hands.
      for (const name of this.#names)
        for (const key of KEYS) this.#simulation.peer(name).release(key)
      await this.#simulation.advance(500)
      this.#tenures.look()
      if (this.#waiting.size === 0 && this.#tenures.valid().length === 0) return
    }
    const who = [...this.#waiting.values()].join(', ')
    if (who !== '') this.#tenures.violate('L11', `${who}: not served`)
  }

  /** Passing time changes nothing that is kept. */
  async #rest(): Promise<void> {
    try {
      await this.#simulation.untilQuiet(HEAL_MS_MAX)
    } catch (error) {
      return this.#tenures.violate('C2', (error as Error).message)
    }
    const digests = () => this.#names.map((name) => this.#simulation.peer(name).digest()).join()
    const before = digests()
    await this.#simulation.advance(5_000)
    if (digests() !== before) this.#tenures.violate('L8', 'A digest changed while nobody did.')
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count)
  }
}
