import { HoldfastError } from '../../machines/rules/errors.ts'
import type { Key } from '../../machines/rules/key.ts'
import { checkConverged, checkHolders, checkPairs, keysOf, type Problem } from './checks.ts'
import { contentOf, nameOf } from './history.ts'
import type { SimulationOptions } from './options.ts'
import { Stage } from './stage.ts'
import {
  checkOrder,
  checkRevivals,
  checkTokens,
  checkWrites,
  type Evidence,
  type LossTreatment,
} from './verdict.ts'

/** How long `untilQuiet` goes on at most, in milliseconds of simulated time. */
const QUIET_MS_MAX = 300_000
/** How long nothing must change for the simulation to count as quiet, in milliseconds. */
const QUIET_MS = 1_000

/**
 * Dictionaries as they run in production, on a simulated network with a stepping clock. Methods
 * that take a peer's name throw `PEER_UNKNOWN` if there is none, or if it must run and does not.
 */
export class Simulation extends Stage {
  /**
   * Lets time go on until all peers agree, each pair has one connection, and nothing has changed
   * for a second. Throws with the seed and what is wrong if that takes longer than `limitMs`
   * (300,000).
   */
  async untilQuiet(limitMs: number = QUIET_MS_MAX): Promise<void> {
    const end = this.clock.now() + limitMs
    let before = ''
    const problems = () => [...checkPairs(this.running), ...checkConverged(this.running)]
    while (this.clock.now() < end) {
      await this.advance(QUIET_MS)
      const now = this.#state()
      if (now === before && problems().length === 0) return
      before = now
    }
    throw new Error(`Not quiet after ${limitMs} ms. ${this.#report(problems())}`)
  }

  /** Throws with the seed and all `problems()`, if there are any. */
  check(options: { readonly linearizable?: readonly Key[] } = {}): void {
    const problems = this.problems(options)
    if (problems.length > 0) throw new Error(this.#report(problems))
  }

  /**
   * What is wrong now, by all checks below, `oneHolder` for every key; `linearizable` only for the
   * keys that are named.
   */
  problems({ linearizable = [] }: { readonly linearizable?: readonly Key[] } = {}): Problem[] {
    const running = this.running
    const evidence = this.#evidence
    return [
      ...checkPairs(running),
      ...checkConverged(running),
      ...[...keysOf(running)].flatMap((key) => checkHolders(running, key)),
      ...checkWrites(evidence),
      ...checkRevivals(evidence),
      ...checkTokens(evidence),
      ...linearizable.flatMap((key) => this.#order(key, 'forgiven')),
    ]
  }

  /** True if all peers hold the same data. */
  converged(): boolean {
    return checkConverged(this.running).length === 0
  }

  /**
   * True if each two peers have exactly one connection, the same at both ends, and nobody another
   * one.
   */
  oneConnectionPerPair(): boolean {
    return checkPairs(this.running).length === 0
  }

  /** True if not more than one peer believes to hold the lease of the key. */
  oneHolder(key: Key): boolean {
    return checkHolders(this.running, key).length === 0
  }

  /**
   * True if each accepted write is kept by all, or was overwritten by a peer that had it, or its
   * writer was told exactly once that it lost; of a value that another peer's grant had taken over,
   * that peer was told. What a crashed run alone knew may be gone. False
   * while the peers disagree. Exact where each value is written once.
   */
  noLostWrites(): boolean {
    return checkWrites(this.#evidence).length === 0
  }

  /** True if no value is back that was deleted. False while the peers disagree. */
  noRevivals(): boolean {
    return checkRevivals(this.#evidence).length === 0
  }

  /** True if no peer was ever told of a smaller token of a key after a greater one. */
  noTokenFalls(): boolean {
    return checkTokens(this.#evidence).length === 0
  }

  /**
   * True if one order explains all that was done with a key by who could: each `set` and `delete`,
   * each `acquire`, and each `get` of a peer that held the lease then. In this order each finds
   * what the last one wrote, tokens only rise, one token is of one peer, and what had returned
   * before another was called comes before it. Reads elsewhere may be stale and are left out.
   *
   * `losses` – `'forgiven'` (the default): a write counts as failed if its writer was told that it
   * lost, or if it died with its writer; what was read of it is left out, and so is what was read
   * or acquired under a lease whose holder was told that it lost, or while another peer already had
   * as great a token. `'counted'`: nothing is left out, not even what two did that took a free
   * key at the same moment.
   *
   * Demand it of runs in which all stay connected and messages are fast against the leases. While
   * the network is split each side may have an owner, and what one side wrote and overwrote itself
   * is told to nobody.
   *
   * Throws `LEASES_OFF`: without leases nobody reads as a holder.
   */
  linearizable(key: Key, { losses = 'forgiven' }: { losses?: LossTreatment } = {}): boolean {
    return this.#order(key, losses).length === 0
  }

  /** Closes every peer in good order. A clock that stands still is waited for. */
  async close(): Promise<void> {
    let isDone = false
    const closing = [...this.running.values()].map((dictionary) => dictionary.close())
    void Promise.all(closing).then(() => {
      isDone = true
    })
    const end = this.clock.now() + QUIET_MS_MAX
    while (!isDone && this.clock.now() < end) await this.advance(QUIET_MS)
    if (!isDone) throw new Error(`A peer did not close. ${this.#report([])}`)
    this.clear()
  }

  get #evidence(): Evidence {
    const runs = new Set(this.names.map((name) => this.history.runOf(name)))
    const [first] = this.running.values()
    if (first === undefined || !this.converged()) {
      return { history: this.history, runs, held: undefined }
    }
    const entries = [...first].map(([key, value]) => {
      return [nameOf(key), contentOf(value)] as const
    })
    return { history: this.history, runs, held: new Map(entries) }
  }

  #order(key: Key, losses: LossTreatment): Problem[] {
    if (!this.isLeasing) {
      throw new HoldfastError('LEASES_OFF', 'A history without leases has no holders.')
    }
    return checkOrder(this.#evidence, { key: nameOf(key), losses })
  }

  #state(): string {
    return this.names
      .map((name) => `${this.peer(name).digest()} ${this.peer(name).peers.map((p) => p.peerId)}`)
      .join('\n')
  }

  #report(problems: readonly Problem[]): string {
    const list = problems.map(({ what }) => what).join(' ')
    return `Seed ${this.seed} at ${this.clock.now()} ms: ${list}`
  }
}

/**
 * A simulation of these peers. They open within the first moments of simulated time. Throws
 * `OPTION_UNKNOWN` or `OPTION_INVALID`.
 */
export function createSimulation(options: SimulationOptions = {}): Simulation {
  return new Simulation(options)
}
