/** The dictionary: the face of a sync actor for those who want a map, not an actor. */

import type { Actor } from 'xstate'
import { HoldfastError } from '../machines/rules/errors.ts'
import { type Key, requireKey } from '../machines/rules/key.ts'
import type { LeaseView } from '../machines/rules/replica.ts'
import { admitValue } from '../machines/rules/value.ts'
import type { Receipt } from '../machines/rules/write.ts'
import { type DeliveryOptions, type UntilOptions, untilCurrent, untilDelivered } from './arrival.ts'
import { ask, UNANSWERED, verdictOn } from './ask.ts'
import { assignmentsOf, type Entries } from './command.ts'
import { type ElectOptions, elect, type Term } from './election.ts'
import {
  type AcquireOptions,
  acquireIfAvailable,
  acquireLease,
  type Lease,
  transferLease,
  withLease,
} from './holding.ts'
import { Locks } from './locks.ts'
import { Participant } from './participant.ts'
import type { Reader } from './reader.ts'
import { requireLeases } from './settings.ts'
import type { Switchboard } from './switchboard.ts'
import { boards, type SyncLogic } from './sync.ts'
import { checkedWrite, PLAIN, type WriteOptions } from './writing.ts'

/**
 * A map that processes share, where every key has one owner until its lease lapses.
 *
 * @example
 * const dictionary = await openDictionary({ network: 'lab', join: ['tcp://127.0.0.1:4444'] })
 * dictionary.set('door', 'open')
 */
export class Dictionary<V = unknown> extends Participant<V> {
  /** Locks by name, in the shape of the Web Locks API. */
  readonly locks: Locks
  readonly #board: Switchboard
  readonly #reader: Reader

  constructor(actor: Actor<SyncLogic>) {
    super(actor)
    this.#board = boards.get(actor) as Switchboard
    this.#reader = actor.getSnapshot().context.reader
    this.locks = new Locks(this.#board, actor)
  }

  /** The value of a key, or the fallback if it has none. Throws `KEY_INVALID`. */
  get(key: Key): V | undefined
  get<F>(key: Key, fallback: F): V | F
  get<F>(key: Key, fallback?: F): V | F | undefined {
    const value = this.#reader.get(key) as V | undefined
    return value === undefined ? fallback : value
  }

  has(key: Key): boolean {
    return this.#reader.has(key)
  }

  /**
   * Writes a key and makes it this peer's for the term. Decided at once.
   *
   * Throws `LEASE_HELD` if another peer owns it, `LEASE_LOST` under a token that is over,
   * `NO_MAJORITY`, `KEY_INVALID`, `VALUE_INVALID`, `VALUE_TOO_LARGE`, `STORE_FULL`, `CLOSED`, and
   * `LEASES_OFF` if it is to be ephemeral or renewed without leases. Nothing has changed then.
   *
   * @example const { token } = dictionary.set('door', 'open', { leaseMs: 60_000 })
   */
  set(key: Key, value: V, options?: WriteOptions): Receipt {
    const stored = requireKey(key)
    const admitted = admitValue(value)
    const { leaseMs, token, kind } =
      options === undefined ? PLAIN : checkedWrite(this.#board.settings, options)
    this.requireOpen()
    const { reply, verdict, isWithdrawn } = UNANSWERED
    const type = 'entry.set' as const
    // Written out, since a spread costs as much as the rest of the call.
    const event = {
      type,
      key: stored,
      value: admitted,
      reply,
      verdict,
      isWithdrawn,
      leaseMs,
      token,
      kind,
    }
    return verdictOn(this.#board, event) as Receipt
  }

  /**
   * Writes several keys, all or none. Takes an object, a Map or any iterable of pairs. Throws what
   * `set` throws, for the first key that is refused.
   */
  update(entries: Entries<V>, options: WriteOptions = {}): Receipt[] {
    const assignments = assignmentsOf(entries)
    const how = checkedWrite(this.#board.settings, options)
    return this.#ask({ type: 'entry.update', assignments, ...how })
  }

  /** Removes a key and gives it up. True if it had a value. Throws `LEASE_HELD` and the like. */
  delete(key: Key, options: Pick<WriteOptions, 'token'> = {}): boolean {
    const stored = requireKey(key)
    return this.#ask({ type: 'entry.delete', key: stored, ...options }).removed
  }

  /**
   * Removes a key and returns its value. Throws `KEY_MISSING` if it has none and no fallback is
   * given.
   */
  pop(key: Key): V
  pop<F>(key: Key, fallback: F): V | F
  pop<F>(key: Key, ...fallback: [F?]): V | F | undefined {
    const { removed, value } = this.#ask({ type: 'entry.delete', key: requireKey(key) })
    if (removed) return value as V
    if (fallback.length > 0) return fallback[0]
    throw new HoldfastError('KEY_MISSING', `'${String(key)}' has no value.`, { key })
  }

  /**
   * Removes and returns the oldest pair that this peer may remove. Throws `KEY_MISSING` if there is
   * none.
   */
  popItem(): [Key, V] {
    const { key, value } = this.#ask({ type: 'entry.popItem' })
    return [key, value as V]
  }

  /** Keys in the order in which they were first written here. Safe while the dictionary changes. */
  keys(): IterableIterator<Key> {
    return this.#reader.keys()
  }

  values(): IterableIterator<V> {
    return this.#reader.values() as IterableIterator<V>
  }

  entries(): IterableIterator<[Key, V]> {
    return this.#reader.entries() as IterableIterator<[Key, V]>
  }

  [Symbol.iterator](): IterableIterator<[Key, V]> {
    return this.entries()
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#reader.size
  }

  /** A plain Map of what is there now. */
  copy(): Map<Key, V> {
    return new Map(this.entries())
  }

  /** 16 hexadecimal digits, equal at all peers that hold the same data. */
  digest(): string {
    return this.#reader.digest()
  }

  /** The lease of a key that is in force, or undefined if the key is free. */
  lease(key: Key): LeaseView | undefined {
    return this.#reader.lease(key)
  }

  /** All leases that are in force. */
  leases(): (LeaseView & { readonly key: Key })[] {
    return [...this.#reader.leases()]
  }

  /**
   * Takes the lease of a key on purpose, with or without a value. It is not renewed by itself.
   *
   * Rejects with `LEASE_HELD` (or `TIMEOUT`, after `waitMs`), `NO_MAJORITY`, `ABORTED`,
   * `LEASES_OFF`, `CLOSED`.
   *
   * @example await using lease = await dictionary.acquire('printer', { waitMs: 60_000 })
   */
  async acquire(
    key: Key,
    options: AcquireOptions & { readonly ifAvailable: true },
  ): Promise<Lease | undefined>
  async acquire(key: Key, options?: AcquireOptions): Promise<Lease>
  async acquire(key: Key, options: AcquireOptions = {}): Promise<Lease | undefined> {
    this.requireOpen()
    const acquisition = { ...options, sync: this.actor, key }
    if (options.ifAvailable) return acquireIfAvailable(this.#board, acquisition)
    return acquireLease(this.#board, acquisition)
  }

  /**
   * Runs a function while the lease is held and renewed, then gives it back. Its signal tells of a
   * loss.
   */
  async withLease<R>(
    key: Key,
    options: AcquireOptions,
    run: (lease: Lease) => R | Promise<R>,
  ): Promise<R> {
    this.requireOpen()
    return withLease(this.#board, { ...options, sync: this.actor, key }, run)
  }

  /** Extends the own lease of a key. Throws `LEASE_NOT_HELD`, `LEASE_LOST` or `LEASES_OFF`. */
  renew(key: Key, options: WriteOptions = {}): Receipt {
    this.requireOpen()
    requireLeases(this.#board.settings)
    const how = checkedWrite(this.#board.settings, options)
    // Without a word about it the lease stays what it is.
    const kind = how.kind || undefined
    return this.#ask({ type: 'lease.renew', key: requireKey(key), ...how, kind })
  }

  /** Gives a key up; its value stays. False if this peer does not hold it. */
  release(key: Key): boolean {
    try {
      return this.#ask({ type: 'lease.release', key: requireKey(key) })
    } catch (error) {
      if (error instanceof HoldfastError && error.code.startsWith('LEASE_')) return false
      throw error
    }
  }

  /**
   * Hands a key over to another peer, so that at no moment two hold it. Resolves when the other has
   * it. Rejects with `LEASE_NOT_HELD`, `LEASE_LOST`, `PEER_UNKNOWN`, `TIMEOUT`, `LEASES_OFF` or
   * `CLOSED`.
   */
  async transfer(key: Key, peerId: string, options: { waitMs?: number } = {}): Promise<void> {
    this.requireOpen()
    requireLeases(this.#board.settings)
    await transferLease(this.#board, { key: requireKey(key), peerId, ...options })
  }

  /**
   * Stands for election: the terms in which this peer leads, one after the other, for ever. The
   * name is the key whose lease makes the leader, so `lease(name)?.owner` tells who leads now.
   *
   * A term goes on until it is lost, or until the loop is left, which gives it back. When the body
   * comes round early, the next term is waited for while the first goes on. When it goes on after
   * `term.signal` aborted, this peer does not stand again before the body has come round.
   *
   * @example for await (const term of dictionary.elect('nightly')) await run(term.signal)
   */
  elect(name: Key, options: ElectOptions = {}): AsyncIterableIterator<Term> {
    this.requireOpen()
    return elect(this.#board, { ...options, sync: this.actor, name })
  }

  /**
   * Resolves when this peer knows what its network knows: it has neighbours, and all of them have
   * told what they have. Rejects with `TIMEOUT` after `waitMs`, `ABORTED` or `CLOSED`.
   *
   * @example
   * await dictionary.untilCurrent({ waitMs: 5_000 })
   * if (!dictionary.has('door')) dictionary.set('door', 'open')
   */
  async untilCurrent(options: UntilOptions = {}): Promise<void> {
    this.requireOpen()
    await untilCurrent(this.#board, options)
  }

  /**
   * Resolves when neighbours have confirmed everything that this peer wrote until now, with how
   * many; they pass it on. Rejects with `TIMEOUT` after `waitMs` if they are fewer than `peers`,
   * `ABORTED` or `CLOSED`.
   *
   * @example
   * dictionary.set('door', 'open')
   * await dictionary.untilDelivered({ peers: 1 }) // Whatever happens here now, one peer has it.
   */
  async untilDelivered(options: DeliveryOptions = {}): Promise<number> {
    this.requireOpen()
    return untilDelivered(this.#board, options)
  }

  get #ask() {
    this.requireOpen()
    return ask(this.#board)
  }
}
