/**
 * What a peer does while a storm goes on: it writes, deletes, holds leases and sends, all drawn
 * from its seed, and keeps a journal of it.
 */

import { type Dictionary, HoldfastError, type Lease } from 'holdfast'
import { seededRandom } from '../../transport/random.ts'
import { Journal, sharedNow } from './journal.ts'

export const KEYS = ['door', 'window', 'printer', 'robot', 'stage', 'lift', 'gate', 'pump']

/** The longest pause between two acts, in milliseconds. */
const PAUSE_MS_MAX = 120
/** How often it looks what it holds, in milliseconds. */
const LOOK_MS = 15
/** How long it may wait for a lease, in milliseconds. */
const WAIT_MS_MAX = 2_000
/** How long it may hold a lease that it took on purpose, in milliseconds. */
const HOLD_MS_MAX = 1_500
/** How many leases it waits for or holds on purpose at a time. */
const ACQUISITIONS_MAX = 3
const TERMS_MS = [200, 400, 1_000, 3_000]
const EVENTS = ['update', 'delete', 'conflict', 'lease.lost', 'message', 'error'] as const
const REFUSALS = new Set([
  'LEASE_HELD',
  'LEASE_LOST',
  'LEASE_NOT_HELD',
  'NO_MAJORITY',
  'TIMEOUT',
  'ABORTED',
])

export interface Play {
  readonly seed: number
  /** What makes its values its own: its name and run. */
  readonly name: string
  readonly journal: string
}

export class Player {
  readonly #dictionary: Dictionary
  readonly #journal: Journal
  readonly #random: () => number
  readonly #name: string
  readonly #acting = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  readonly #looking: NodeJS.Timeout
  /** Leases that were taken on purpose. */
  readonly #leases: Lease[] = []
  /** Keys whose lease is renewed by itself, and how often. */
  readonly #renewing = new Map<string, number>()
  #writes = 0

  constructor(dictionary: Dictionary, { seed, name, journal }: Play) {
    this.#dictionary = dictionary
    this.#journal = new Journal(journal)
    this.#random = seededRandom(seed)
    this.#name = name
    for (const event of EVENTS) {
      dictionary.on(event, (fact: object) => {
        this.#journal.note({ type: 'heard', event, fact: { ...fact } })
      })
    }
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
    this.#begin(this.#play())
  }

  /** Does nothing more; resolves when all that it holds on purpose is given back. */
  async rest(): Promise<void> {
    this.#stop.abort()
    while (this.#acting.size > 0) await Promise.all(this.#acting)
  }

  end(): void {
    clearInterval(this.#looking)
  }

  /** How many of its leases are over without its having been told. */
  countUntold(): number {
    return this.#leases.filter((lease) => !lease.valid && !lease.signal.aborted).length
  }

  async #play(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#try(() => this.#act())
      await this.#pause(this.#random() * PAUSE_MS_MAX)
    }
  }

  #act(): void {
    const key = KEYS[this.#pick(KEYS.length)] as string
    const drawn = this.#pick(100)
    if (drawn < 45) this.#set(key, { leaseMs: TERMS_MS[this.#pick(TERMS_MS.length)] as number })
    else if (drawn < 57) this.#delete(key)
    else if (drawn < 67) this.#dictionary.release(key)
    else if (drawn < 72) this.#renew(key)
    else if (drawn < 80) this.#dictionary.send(`${this.#name}-note${++this.#writes}`)
    else if (this.#acting.size <= ACQUISITIONS_MAX) {
      this.#begin(drawn < 92 ? this.#hold(key) : this.#work(key))
    }
  }

  #set(key: string, options: { leaseMs?: number; token?: number }): void {
    const isRenewing = (this.#renewing.get(key) ?? 0) > 0
    const write = ++this.#writes
    const value = `${this.#name}-${write}`
    const previous = this.#dictionary.get(key) as string | undefined
    this.#write(
      { write, key, value, isRenewing, ...(previous !== undefined && { previous }) },
      () => this.#dictionary.set(key, value, options),
    )
  }

  #delete(key: string): void {
    const previous = this.#dictionary.get(key) as string | undefined
    if (previous === undefined) return
    this.#write({ write: ++this.#writes, key, previous }, () => {
      this.#dictionary.delete(key)
      return {}
    })
  }

  #write(
    intent: { write: number; key: string; value?: string; previous?: string; isRenewing?: boolean },
    run: () => { token?: number },
  ): void {
    const { write } = intent
    this.#journal.note({ type: 'intent', ...intent, at: sharedNow() })
    try {
      const { token } = run()
      const at = sharedNow()
      this.#journal.note({ type: 'accepted', write, at, ...(token !== undefined && { token }) })
    } catch (error) {
      this.#journal.note({ type: 'refused', write })
      throw error
    }
  }

  #renew(key: string): void {
    const { token } = this.#dictionary.renew(key)
    this.#journal.note({ type: 'renewed', key, token })
  }

  /** Takes a lease on purpose, works under its token, and gives it back or lets it lapse. */
  async #hold(key: string): Promise<void> {
    const lease = await this.#dictionary.acquire(key, this.#acquisition())
    this.#leases.push(lease)
    this.#set(key, { token: lease.token })
    await this.#pause(this.#random() * HOLD_MS_MAX)
    if (this.#pick(2) === 0) this.#set(key, { token: lease.token })
    if (this.#pick(3) > 0) lease.release()
  }

  /** Works under a lease that is renewed meanwhile. */
  async #work(key: string): Promise<void> {
    await this.#dictionary.withLease(key, this.#acquisition(), async (lease) => {
      this.#leases.push(lease)
      this.#renewing.set(key, (this.#renewing.get(key) ?? 0) + 1)
      try {
        this.#set(key, { token: lease.token })
        await this.#pause(this.#random() * HOLD_MS_MAX)
        this.#set(key, { token: lease.token })
      } finally {
        this.#renewing.set(key, (this.#renewing.get(key) ?? 0) - 1)
      }
    })
  }

  #acquisition() {
    return {
      leaseMs: TERMS_MS[this.#pick(TERMS_MS.length)] as number,
      waitMs: this.#pick(WAIT_MS_MAX),
      signal: this.#stop.signal,
    }
  }

  #look(): void {
    for (const key of KEYS) {
      const at = sharedNow()
      const lease = this.#dictionary.lease(key)
      if (lease?.mine) this.#journal.note({ type: 'held', key, token: lease.token, at })
    }
  }

  #begin(act: Promise<void>): void {
    const done = act
      .catch((error) => this.#judge(error))
      .finally(() => {
        this.#acting.delete(done)
      })
    this.#acting.add(done)
  }

  #try(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#judge(error)
    }
  }

  #judge(error: unknown): void {
    if (error instanceof HoldfastError && REFUSALS.has(error.code)) return
    this.#journal.note({ type: 'unexpected', what: String((error as Error).stack ?? error) })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count)
  }
}
