/** The dictionary: the face of a sync actor for those who want a map, not an actor. */

import type { Actor } from 'xstate'
import { type ErrorCode, HoldfastError } from '../machines/rules/errors.ts'
import { type Key, requireKey } from '../machines/rules/key.ts'
import type { LeaseView } from '../machines/rules/replica.ts'
import { admitValue } from '../machines/rules/value.ts'
import type { Receipt } from '../machines/rules/write.ts'
import type { Announcement, MessageFact } from './announcement.ts'
import { ask } from './ask.ts'
import { dialPeer, hangUp } from './dial.ts'
import {
  type AcquireOptions,
  acquireLease,
  type Lease,
  transferLease,
  withLease,
} from './holding.ts'
import { type Handler, Inbox } from './inbox.ts'
import { sendMessage } from './message.ts'
import type { PeerView, Reader } from './reader.ts'
import { type DictionaryOptions, requireLeaseMs } from './settings.ts'
import type { Switchboard } from './switchboard.ts'
import { boards, type SyncLogic } from './sync.ts'

/** How many problems `status` remembers. */
const PROBLEMS_MAX = 100

/** How a write is to be made. */
export interface WriteOptions {
  /** How long the key stays this peer's. Milliseconds, 20 to ten years; default the lease's or dictionary's. */
  readonly leaseMs?: number
  /** The token of a lease: the write is refused with `LEASE_LOST` unless it is still in force. */
  readonly token?: number
}

/** What `on` returns: ends the subscription. */
export interface Subscription {
  unsubscribe(): void
}

export class Dictionary<V = unknown> implements AsyncDisposable {
  /** The sync actor behind this dictionary: for `leaseLogic`, inspection and its snapshot. */
  readonly actor: Actor<SyncLogic>
  readonly #board: Switchboard
  readonly #reader: Reader
  readonly #inbox: Inbox<V>
  readonly #problems: HoldfastError[] = []
  #closing: Promise<void> | undefined

  constructor(actor: Actor<SyncLogic>) {
    this.actor = actor
    this.#board = boards.get(actor) as Switchboard
    this.#reader = actor.getSnapshot().context.reader
    this.#inbox = new Inbox(this.#board.settings.limits.inboxMax, {
      overflow: () => this.#report('INBOX_OVERFLOW', 'A message was dropped unread.'),
      failed: (cause) => this.#report('HANDLER_FAILED', 'A message handler threw.', cause),
    })
    actor.on('message', (message) => this.#inbox.deliver(message as MessageFact<V>))
    actor.on('error', ({ error }) => this.#remember(error))
    actor.subscribe({ complete: () => this.#inbox.close(), error: () => this.#inbox.close() })
  }

  /** This peer's id. */
  get peerId(): string {
    return this.#reader.peerId
  }

  /** The addresses that are bound, with the ports that the system chose. */
  get listening(): readonly string[] {
    return this.actor.getSnapshot().context.listening
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
   * Throws `LEASE_HELD` if another peer owns it, `LEASE_LOST` under a token that is over, `NO_MAJORITY`,
   * `KEY_INVALID`, `VALUE_INVALID`, `VALUE_TOO_LARGE`, `STORE_FULL`, `CLOSED`. Nothing has changed then.
   *
   * @example const { token } = dictionary.set('door', 'open', { leaseMs: 60_000 })
   */
  set(key: Key, value: V, options: WriteOptions = {}): Receipt {
    const stored = requireKey(key)
    const admitted = admitValue(value)
    return this.#ask({ type: 'entry.set', key: stored, value: admitted, ...checked(options) })
  }

  /**
   * Writes several keys, all or none. Takes an object, a Map or any iterable of pairs. Throws what `set`
   * throws, for the first key that is refused.
   */
  update(
    entries: Readonly<Record<string, V>> | Iterable<readonly [Key, V]>,
    options: WriteOptions = {},
  ): Receipt[] {
    const pairs = Symbol.iterator in entries ? entries : Object.entries(entries)
    const assignments = Array.from(pairs as Iterable<readonly [Key, V]>, ([key, value]) => ({
      key: requireKey(key),
      value: admitValue(value),
    }))
    return this.#ask({ type: 'entry.update', assignments, ...checked(options) })
  }

  /** Removes a key and gives it up. True if it had a value. Throws `LEASE_HELD` and the like. */
  delete(key: Key, options: Pick<WriteOptions, 'token'> = {}): boolean {
    const stored = requireKey(key)
    return this.#ask({ type: 'entry.delete', key: stored, ...options }).removed
  }

  /** Removes a key and returns its value. Throws `KEY_MISSING` if it has none and no fallback is given. */
  pop(key: Key): V
  pop<F>(key: Key, fallback: F): V | F
  pop<F>(key: Key, ...fallback: [F?]): V | F | undefined {
    const { removed, value } = this.#ask({ type: 'entry.delete', key: requireKey(key) })
    if (removed) return value as V
    if (fallback.length > 0) return fallback[0]
    throw new HoldfastError('KEY_MISSING', `'${String(key)}' has no value.`, { key })
  }

  /** Removes and returns the oldest pair that this peer may remove. Throws `KEY_MISSING` if there is none. */
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
   * Rejects with `LEASE_HELD` (or `TIMEOUT`, after `waitMs`), `NO_MAJORITY`, `ABORTED`, `LEASES_OFF`, `CLOSED`.
   *
   * @example await using lease = await dictionary.acquire('printer', { leaseMs: 30_000, waitMs: 60_000 })
   */
  async acquire(key: Key, options: AcquireOptions = {}): Promise<Lease> {
    this.#requireOpen()
    return acquireLease(this.#board, { ...options, sync: this.actor, key })
  }

  /** Runs a function while the lease is held and renewed, then gives it back. Its signal tells of a loss. */
  async withLease<R>(
    key: Key,
    options: AcquireOptions,
    run: (lease: Lease) => R | Promise<R>,
  ): Promise<R> {
    this.#requireOpen()
    return withLease(this.#board, { ...options, sync: this.actor, key }, run)
  }

  /** Extends the own lease of a key. Throws `LEASE_NOT_HELD` or `LEASE_LOST`. */
  renew(key: Key, options: WriteOptions = {}): Receipt {
    return this.#ask({ type: 'lease.renew', key: requireKey(key), ...checked(options) })
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
   * Hands a key over to another peer, so that at no moment two hold it. Resolves when the other has it.
   * Rejects with `LEASE_NOT_HELD`, `LEASE_LOST`, `PEER_UNKNOWN`, `TIMEOUT` or `CLOSED`.
   */
  async transfer(key: Key, peerId: string, options: { waitMs?: number } = {}): Promise<void> {
    this.#requireOpen()
    await transferLease(this.#board, { key: requireKey(key), peerId, ...options })
  }

  /**
   * Dials an address and resolves with the peer's id when data flows. Rejects with `NETWORK_MISMATCH`,
   * `CONNECT_FAILED` and the other reasons of a connection; the dictionary works on.
   */
  async connect(address: string, options: { peerId?: string } = {}): Promise<string> {
    this.#requireOpen()
    return dialPeer(this.#board, { address, peerId: options.peerId })
  }

  /** Ends the connection to a peer. Throws `PEER_UNKNOWN`. Either side may connect again later. */
  disconnect(peerId: string): void {
    this.#requireOpen()
    hangUp(this.#board, peerId)
  }

  /** The connected peers, with address, direction, state and round-trip time. */
  get peers(): PeerView[] {
    return this.#reader.peers()
  }

  /** The ids of the connected peers that dialled this one. */
  get incoming(): string[] {
    return this.#idsOf('incoming')
  }

  /** The ids of the connected peers that this one dialled. */
  get outgoing(): string[] {
    return this.#idsOf('outgoing')
  }

  /** Asks all neighbours whom they know; new ones are dialled up to `maxOutgoing`. */
  requestPeers(): void {
    this.#requireOpen()
    this.actor.send({ type: 'peers.request' })
  }

  /**
   * Sends a message to everybody, or to one peer, also if it is not a neighbour. Returns how many neighbours
   * it was handed to. Throws `VALUE_INVALID`, `VALUE_TOO_LARGE`, `CLOSED`.
   */
  send(payload: V, options: { to?: string } = {}): number {
    this.#requireOpen()
    return sendMessage(this.#board, payload, options.to)
  }

  /** The oldest message that waits, or undefined; with a number, up to so many. */
  recv(): MessageFact<V> | undefined
  recv(count: number): MessageFact<V>[]
  recv(count?: number): MessageFact<V> | MessageFact<V>[] | undefined {
    return count === undefined ? this.#inbox.take() : this.#inbox.takeMany(count)
  }

  /** Messages as they come, until the dictionary closes. */
  messages(): AsyncIterableIterator<MessageFact<V>> {
    return this.#inbox[Symbol.asyncIterator]()
  }

  /** Calls the handler with each message before it waits for recv; true stops the chain. */
  registerHandler(handler: Handler<V>): Subscription {
    return this.#inbox.register(handler)
  }

  /** Hears of changes, peers, messages, conflicts and problems. A listener that throws harms nobody. */
  on<Type extends Announcement['type']>(
    type: Type,
    listener: (fact: Extract<Announcement<V>, { type: Type }>) => void,
  ): Subscription {
    return this.actor.on(type, (fact) => {
      try {
        listener(fact as never)
      } catch (cause) {
        this.#report('HANDLER_FAILED', `A listener for '${type}' threw.`, cause)
      }
    })
  }

  /** `'nominal'`, or the problems that nobody was there to be thrown at, oldest first. */
  get status(): 'nominal' | readonly HoldfastError[] {
    return this.#problems.length === 0 ? 'nominal' : [...this.#problems]
  }

  /** Leaves in good order: others are told, and have this peer's keys at once. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.actor.getSnapshot().status !== 'active') return resolve()
      this.actor.subscribe({ complete: resolve, error: () => resolve() })
      this.actor.send({ type: 'sync.close' })
    })
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #ask() {
    this.#requireOpen()
    return ask(this.#board)
  }

  #idsOf(direction: 'incoming' | 'outgoing'): string[] {
    return this.peers.filter((peer) => peer.direction === direction).map(({ peerId }) => peerId)
  }

  #requireOpen(): void {
    const { status, value } = this.actor.getSnapshot()
    if (status === 'active' && this.#closing === undefined && value !== 'closing') return
    throw new HoldfastError('CLOSED', 'The dictionary is closed.')
  }

  #report(code: ErrorCode, message: string, cause?: unknown): void {
    const error = new HoldfastError(code, message, { cause })
    this.#board.announce({ type: 'error', error })
  }

  #remember(error: HoldfastError): void {
    this.#problems.push(error)
    if (this.#problems.length > PROBLEMS_MAX) this.#problems.shift()
  }
}

function checked({ leaseMs, token }: WriteOptions): WriteOptions {
  requireLeaseMs(leaseMs)
  return {
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(token === undefined ? {} : { token }),
  }
}

export type { DictionaryOptions }
