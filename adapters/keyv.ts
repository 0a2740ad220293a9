/**
 * Keyv: a dictionary as the store of a `Keyv`, so that whatever takes a Keyv can share its cache
 * with other processes.
 *
 * Keyv knows no owners. What is written here is given up at once, so that any process may write it
 * next; a key that somebody else owns on purpose is refused with `LEASE_HELD`. For a cache alone
 * open the dictionary with `leasing: false`, where the later write wins.
 */

import { type Dictionary, HoldfastError } from 'holdfast'

/** How often what has expired is removed, in milliseconds. */
const SWEEP_MS = 10_000
/** How many keys that will expire are remembered; the oldest are left to Keyv itself. */
const EXPIRING_MAX = 1_000_000

interface Expiring {
  readonly at: number
  /** What was written: nothing else is removed. */
  readonly value: unknown
}

/**
 * A store for one `new Keyv({ store })`; any number of them share a dictionary. It stays the
 * application's, which opens and closes it.
 *
 * The time to live is Keyv's own: it keeps a date with each value and shows nothing that is over.
 * Who wrote such a value also removes it, within ten seconds, so that caches do not fill up.
 *
 * @example const cache = new Keyv({ store: new KeyvHoldfast(dictionary), namespace: 'pages' })
 */
export class KeyvHoldfast {
  /** Keyv reads it; `dialect` and `url` are there for its sake. */
  readonly opts: { readonly dialect: string; readonly url: string }
  /** Set by Keyv, whose keys come with it in front. */
  namespace: string | undefined
  readonly #dictionary: Dictionary
  readonly #expiring = new Map<string, Expiring>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    this.opts = { dialect: 'holdfast', url: `holdfast://${dictionary.peerId}` }
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#dictionary.get(key) as Value | undefined
  }

  async getMany<Value>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    return keys.map((key) => this.#dictionary.get(key) as Value | undefined)
  }

  /** Rejects with what `set` of a dictionary throws. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    this.#dictionary.set(key, value)
    this.#dictionary.release(key)
    this.#expiring.delete(key)
    if (ttl !== undefined) {
      this.#expire(key, { at: Date.now() + ttl, value: this.#dictionary.get(key) })
    }
    return true
  }

  async delete(key: string): Promise<boolean> {
    this.#expiring.delete(key)
    return this.#dictionary.delete(key)
  }

  /** True if any of the keys was there. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const removed = await Promise.all(keys.map((key) => this.delete(key)))
    return removed.includes(true)
  }

  async has(key: string): Promise<boolean> {
    return this.#dictionary.has(key)
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return keys.map((key) => this.#dictionary.has(key))
  }

  /** Removes all keys of the namespace; without one, all keys of text. */
  async clear(): Promise<void> {
    for (const key of this.#keysOf(this.namespace)) await this.delete(key)
  }

  /**
   * All pairs of a namespace. Keyv makes its own `iterator` only for stores that it knows by name;
   * for this one: `keyv.generateIterator(store.iterator.bind(store))`.
   */
  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Value], void> {
    for (const key of this.#keysOf(namespace)) {
      const value = this.#dictionary.get(key) as Value | undefined
      if (value !== undefined) yield [key, value]
    }
  }

  /** Stops the removal of what has expired. The dictionary stays open. */
  async disconnect(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#expiring.clear()
  }

  /** Every failure rejects the call that it belongs to, so there is never an event. */
  on(): this {
    return this
  }

  #expire(key: string, expiring: Expiring): void {
    this.#expiring.set(key, expiring)
    if (this.#expiring.size > EXPIRING_MAX) {
      const [oldest] = this.#expiring.keys()
      if (oldest !== undefined) this.#expiring.delete(oldest)
    }
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#sweep(), SWEEP_MS)
    // A cache is no reason for a process to stay.
    this.#timer.unref?.()
  }

  #sweep(): void {
    this.#timer = undefined
    const now = Date.now()
    for (const [key, { at, value }] of this.#expiring) {
      if (at > now) continue
      this.#expiring.delete(key)
      this.#remove(key, value)
    }
    const [next] = this.#expiring
    if (next !== undefined) this.#expire(...next)
  }

  /** Unless it was written again, or belongs to somebody by now. */
  #remove(key: string, value: unknown): void {
    try {
      if (this.#dictionary.get(key) === value) this.#dictionary.delete(key)
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
    }
  }

  #keysOf(namespace: string | undefined): string[] {
    const prefix = namespace === undefined ? '' : `${namespace}:`
    const isOurs = (key: unknown): key is string =>
      typeof key === 'string' && key.startsWith(prefix)
    return [...this.#dictionary.keys()].filter(isOurs)
  }
}
