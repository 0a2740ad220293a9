/**
 * A tenure: the time of one command under one lease. It is confirmed by others before it begins,
 * renewed at a third of the term, and over when that fails for too long; see `witness.ts`.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError, type Lease } from 'holdfast'
import { type Deadline, deadlineIn, earlier, readMoment, remainingMs } from './deadline.ts'
import type { Leash } from './leash.ts'
import type { Claim, Testimony, Witness } from './witness.ts'

/** The longest wait for the answers of others. */
const ASK_MS_MAX = 1_000
/** Between two questions when the answer was no. */
const ASK_AGAIN_MS = 50
/** What a kill may take at most: so much earlier than the lease ends the command is killed. */
const KILL_MS_MIN = 25
const KILL_MS_MAX = 250

/** What to do when others cannot be reached any more. */
export type WhenCut = 'stop' | 'continue'

export interface TenureOptions {
  readonly key: string
  readonly termMs: number
  readonly whenCut: WhenCut
  /** Who had the key before, if anybody had. */
  readonly former: string | undefined
}

export class Tenure {
  readonly #lease: Lease
  readonly #witness: Witness
  readonly #options: TenureOptions
  readonly #claim: Claim
  /** Who confirmed last time. */
  #company: ReadonlySet<string> = new Set()

  constructor(lease: Lease, witness: Witness, options: TenureOptions) {
    this.#lease = lease
    this.#witness = witness
    this.#options = options
    this.#claim = { key: options.key, token: lease.token }
    witness.work(this.#claim)
  }

  /** Until when the command may run, once others confirm it; undefined if they do not in time. */
  async begin(waitUntil: Deadline, signal: AbortSignal): Promise<Deadline | undefined> {
    while (this.#lease.valid && !signal.aborted) {
      const own = this.#renew()
      const testimony = await this.#witness.ask(this.#claim, { waitMs: this.#askMs })
      const until = this.#first(own, testimony)
      this.#company = new Set(testimony.heard.keys())
      if (until !== undefined) return until
      if (remainingMs(waitUntil) <= 0) return undefined
      await sleep(ASK_AGAIN_MS)
    }
    return undefined
  }

  /** Renews and extends the leash until the command has ended or the lease is lost. */
  async keep(leash: Leash): Promise<void> {
    let isOver = false
    const over = new AbortController()
    void leash.ended.then(() => {
      isOver = true
      over.abort()
    })
    const loss = this.#lease.on('lost', () => leash.lose())
    let next = deadlineIn(this.#options.termMs / 3)
    while (!isOver && this.#lease.valid) {
      const pauseMs = Math.max(ASK_AGAIN_MS, remainingMs(next))
      await sleep(pauseMs, undefined, { signal: over.signal }).catch(() => {})
      if (isOver || !this.#lease.valid) break
      const renewed = readMoment()
      const isConfirmed = await this.#extend(leash)
      next = deadlineIn(isConfirmed ? this.#options.termMs / 3 : 0, renewed)
    }
    if (!isOver) leash.lose()
    await leash.ended
    loss.unsubscribe()
  }

  /** Nobody works under the lease any more: gives it back. */
  end(): void {
    this.#witness.done()
    this.#lease.release()
  }

  async #extend(leash: Leash): Promise<boolean> {
    const own = this.#renew()
    const isNeedless = this.#options.whenCut === 'continue'
    const until = isNeedless ? own : await this.#confirm(own)
    if (until === undefined || !this.#lease.valid) return false
    leash.extend(until)
    return true
  }

  /** Until when most of those confirm it who did last time, or who came since. */
  async #confirm(own: Deadline): Promise<Deadline | undefined> {
    const until = (testimony: Testimony) => {
      const left = this.#witness.left
      const stayed = [...this.#company].filter((peerId) => !left.has(peerId))
      return this.#until(own, testimony, new Set([...stayed, ...this.#counted(testimony)]))
    }
    // Those who are slow are not waited for when there are enough of the others.
    const isEnough = (testimony: Testimony) => until(testimony) !== undefined
    const testimony = await this.#witness.ask(this.#claim, { waitMs: this.#askMs, isEnough })
    const end = until(testimony)
    if (end !== undefined) this.#company = new Set(testimony.heard.keys())
    return end
  }

  /** Renews the lease. The end of its new term, less what a kill takes. */
  #renew(): Deadline {
    const now = readMoment()
    if (this.#lease.valid) attempt(() => this.#lease.renew())
    return deadlineIn(this.#lease.remainingMs - this.#killMs, now)
  }

  /** None may refuse at first, not even the former owner: its command may be about to end. */
  #first(own: Deadline, testimony: Testimony): Deadline | undefined {
    if (testimony.refused.size > 0) return undefined
    return this.#until(own, testimony, this.#counted(testimony))
  }

  /** Who was asked; but the time of a former owner that does not answer is over all the same. */
  #counted({ asked, heard }: Testimony): Set<string> {
    const { former } = this.#options
    return new Set([...asked].filter((peerId) => peerId !== former || heard.has(peerId)))
  }

  /** The moment until which most of these members confirm the lease. */
  #until(own: Deadline, { heard }: Testimony, members: ReadonlySet<string>): Deadline | undefined {
    const needed = Math.ceil(members.size / 2)
    const longest = [...heard.values()].sort((one, other) => remainingMs(other) - remainingMs(one))
    if (longest.length < needed) return undefined
    const last = longest[needed - 1]
    return last === undefined ? own : earlier(own, deadlineIn(-this.#killMs, last))
  }

  get #askMs(): number {
    return Math.min(ASK_MS_MAX, this.#options.termMs / 6)
  }

  get #killMs(): number {
    return Math.min(KILL_MS_MAX, Math.max(KILL_MS_MIN, this.#options.termMs / 20))
  }
}

/** A lease that is lost just now cannot be renewed; what is left of it then tells. */
function attempt(renew: () => void): void {
  try {
    renew()
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
  }
}
