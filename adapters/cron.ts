/**
 * node-cron: a task that is scheduled at many machines, and runs at one of them each time.
 *
 * Each planned run has a key of its own, made of the task's name and the planned second. Who
 * acquires it leaves a mark there and runs; everybody else finds the mark, or the lease, and does
 * not. The mark outlives the run, for the timer of another machine may be late.
 *
 * Two that acquire in the same moment learn of each other by message, so the winner waits a moment
 * before it runs. During a split of the network each side may run once; with `safety: 'majority'`
 * one side does at most.
 */

import { type Dictionary, HoldfastError, type Key, type Lease } from 'holdfast'

/** How long a mark is kept after its run was planned, in milliseconds: clocks differ by less. */
const MARK_MS = 3_600_000
/** How many runs may be under way here at the same time; one more is refused. */
const RUNS_MAX = 10_000
const SETTLE_MS_DEFAULT = 250
const SETTLE_MS_MAX = 60_000

export interface CronOptions {
  /**
   * How long to wait for word of somebody who acquired the run in the same moment, in milliseconds:
   * more than a message takes. Default 250; 0 is enough with `safety: 'majority'`.
   */
  readonly settleMs?: number
  /** Where the marks are kept: a prefix of their keys. Default `cron/`. */
  readonly prefix?: string
}

/**
 * A `RunCoordinator` for node-cron 4: for one task, or for all by `setRunCoordinator`. Tasks need a
 * `name` and `distributed: true`; `distributedLease` is the term of a run, in milliseconds.
 *
 * Where it cannot decide (`NO_MAJORITY`, `CLOSED`), `shouldRun` rejects, and node-cron skips the
 * run. Throws `OPTION_INVALID`.
 *
 * @example cron.setRunCoordinator(new CronCoordinator(dictionary))
 */
export class CronCoordinator {
  readonly #dictionary: Dictionary
  readonly #settleMs: number
  readonly #prefix: string
  readonly #running = new Map<string, Lease>()
  /** Marks that this peer made, oldest first: when each may be removed. */
  readonly #marks = new Map<string, number>()
  #hasSwept = false

  constructor(dictionary: Dictionary, options: CronOptions = {}) {
    const { settleMs = SETTLE_MS_DEFAULT, prefix = 'cron/' } = options
    if (!(settleMs >= 0 && settleMs <= SETTLE_MS_MAX)) {
      const message = `settleMs must be 0 to ${SETTLE_MS_MAX} milliseconds.`
      throw new HoldfastError('OPTION_INVALID', message, { option: 'settleMs' })
    }
    this.#dictionary = dictionary
    this.#settleMs = settleMs
    this.#prefix = prefix
  }

  /** Whether this machine is the one that does this run. Called by node-cron. */
  async shouldRun(run: string, leaseMs: number): Promise<boolean> {
    this.#sweep()
    const key = this.#prefix + run
    if (this.#dictionary.has(key) || this.#running.size >= RUNS_MAX) return false
    const lease = await this.#dictionary.acquire(key, { leaseMs, ifAvailable: true })
    if (lease === undefined) return false
    // Somebody may have done it while this one was on its way to the lease.
    if (this.#dictionary.has(key)) {
      lease.release()
      return false
    }
    this.#dictionary.set(key, this.#dictionary.peerId, { leaseMs, token: lease.token })
    this.#marks.set(key, Date.now() + MARK_MS)
    if (this.#settleMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#settleMs))
    if (!lease.valid) return false
    this.#running.set(run, lease)
    return true
  }

  /** The run is over, whatever came of it. Called by node-cron. */
  onComplete(run: string): void {
    this.#running.get(run)?.release()
    this.#running.delete(run)
  }

  /** Removes marks that are old: its own, and the first time those of anybody who is gone. */
  #sweep(): void {
    const now = Date.now()
    for (const [key, at] of this.#marks) {
      if (at > now) break
      this.#marks.delete(key)
      this.#remove(key)
    }
    if (this.#hasSwept) return
    this.#hasSwept = true
    for (const key of [...this.#dictionary.keys()]) {
      if (this.#plannedAt(key) < now - MARK_MS) this.#remove(key)
    }
  }

  /** When the run of this mark was planned, in milliseconds since 1970; infinity if it is none. */
  #plannedAt(key: Key): number {
    if (typeof key !== 'string' || !key.startsWith(this.#prefix)) return Number.POSITIVE_INFINITY
    const [, date] = /:(\d{4}-\d\d-\d\dT[\d:.]+Z)$/.exec(key) ?? []
    return date === undefined ? Number.POSITIVE_INFINITY : Date.parse(date)
  }

  #remove(key: Key): void {
    try {
      this.#dictionary.delete(key)
    } catch (error) {
      // Somebody still holds it; the mark is theirs to remove.
      if (!(error instanceof HoldfastError)) throw error
    }
  }
}
