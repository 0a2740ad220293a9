/**
 * A participant of a network: whom it is connected to, what it hears and says, and its end. The map
 * on top of it is the dictionary.
 */

import type { Actor } from 'xstate'
import { type ErrorCode, HoldfastError } from '../machines/rules/errors.ts'
import type { Guests } from '../machines/rules/guests.ts'
import type { Announcement, MessageFact } from './announcement.ts'
import { admitPeers, dialPeer, hangUp } from './dial.ts'
import { type Handler, Inbox } from './inbox.ts'
import { sendMessage } from './message.ts'
import type { MemberView, PeerView, Reader } from './reader.ts'
import { readStats, type Stats } from './stats.ts'
import type { Switchboard } from './switchboard.ts'
import { boards, type SyncLogic } from './sync.ts'

/** How many problems `status` remembers. */
const PROBLEMS_MAX = 100

/** What `on` returns: ends the subscription. */
export interface Subscription {
  unsubscribe(): void
}

export abstract class Participant<V> implements AsyncDisposable {
  /** The sync actor behind it: for `leaseLogic`, inspection and its snapshot. */
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

  /**
   * Dials an address once, and resolves with the peer's id when data flows. Rejects with
   * `NETWORK_MISMATCH`, `CONNECT_FAILED` and the other reasons of a connection; the dictionary
   * works on. What is to be dialled again whenever it fails or breaks belongs into the option
   * `join`.
   */
  async connect(address: string, options: { peerId?: string } = {}): Promise<string> {
    this.requireOpen()
    return dialPeer(this.#board, { address, peerId: options.peerId })
  }

  /** Ends the connection to a peer. Throws `PEER_UNKNOWN`. Either side may connect again later. */
  disconnect(peerId: string): void {
    this.requireOpen()
    hangUp(this.#board, peerId)
  }

  /**
   * Says anew who may be connected to this peer: both lists take the place of those before, and one
   * that is left out is gone. Connections to whoever may not be connected any more end at once.
   * Throws `OPTION_INVALID`, `OPTION_UNKNOWN`, `CLOSED`, and `ADDRESS_EXPOSED` if this peer may
   * listen where it does only for the list that it had; then nothing has changed.
   *
   * @example dictionary.admit({ deny: ['mallory'] })
   */
  admit(lists: Guests): void {
    this.requireOpen()
    admitPeers(this.#board, lists)
  }

  /** The connected peers, with address, direction, state and round-trip time. */
  get peers(): PeerView[] {
    return this.#reader.peers()
  }

  /**
   * The peers of the network that this one has heard of, connected or not. A new peer knows them
   * all after a second or two; they tell of themselves every half a minute.
   */
  get members(): MemberView[] {
    return this.#reader.members()
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
    this.requireOpen()
    this.actor.send({ type: 'peers.request' })
  }

  /**
   * Sends a message to everybody, or to one peer, also if it is not a neighbour. Returns how many
   * neighbours it was handed to. Throws `VALUE_INVALID`, `VALUE_TOO_LARGE`, `CLOSED`.
   */
  send(payload: V, options: { to?: string } = {}): number {
    this.requireOpen()
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

  /**
   * What waits for the slowest neighbour to take it, in bytes. One that reads nothing does not
   * count: it asks for what it missed when it reads again.
   */
  get backlogBytes(): number {
    return this.#board.congestion.backlogBytes
  }

  /**
   * Resolves when the network has taken what was written so far, but for a little. Whoever writes
   * in a loop awaits it now and then; nothing is lost without it, but neighbours that fall behind
   * are passed over then, and have to ask. Waits a second for who takes nothing. Throws `CLOSED`.
   *
   * @example for (const pairs of batches) { dictionary.update(pairs); await dictionary.drained() }
   */
  async drained(): Promise<void> {
    this.requireOpen()
    await this.#board.congestion.drained()
  }

  /** Calls the handler with each message before it waits for recv; true stops the chain. */
  registerHandler(handler: Handler<V>): Subscription {
    return this.#inbox.register(handler)
  }

  /**
   * Hears of changes, peers, messages, conflicts and problems. A listener that throws harms nobody.
   */
  on<Type extends Announcement['type']>(
    type: Type,
    listener: (fact: Extract<Announcement<V>, { type: Type }>) => void,
  ): Subscription {
    return this.actor.on(type, (fact) => {
      try {
        listener(fact as never)
      } catch (cause) {
        const message = `A listener for '${type}' threw.`
        const error = new HoldfastError('HANDLER_FAILED', message, { cause })
        // Telling those who hear of errors that one of them failed would never end.
        if (type === 'error') this.#remember(error)
        else this.#board.announce({ type: 'error', error })
      }
    })
  }

  /** `'nominal'`, or the problems that nobody was there to be thrown at, oldest first. */
  get status(): 'nominal' | readonly HoldfastError[] {
    return this.#problems.length === 0 ? 'nominal' : [...this.#problems]
  }

  /**
   * How this dictionary is doing, as plain numbers: keys, bytes, peers, leases, and what was sent,
   * received, merged and lost since it was opened. `STATS` says what each is. Cheap, and also there
   * when it is closed.
   *
   * @example const { keys, peers, conflicts } = dictionary.stats()
   */
  stats(): Stats {
    return readStats(this.#board)
  }

  /**
   * Leaves in good order: others are told, and have this peer's keys at once. With `keepLeases`
   * (default false) they have them when the leases lapse. Idempotent.
   */
  close(options: { readonly keepLeases?: boolean } = {}): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.actor.getSnapshot().status !== 'active') return resolve()
      this.actor.subscribe({ complete: resolve, error: () => resolve() })
      this.actor.send({ type: 'sync.close', ...options })
    })
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #idsOf(direction: 'incoming' | 'outgoing'): string[] {
    return this.peers.filter((peer) => peer.direction === direction).map(({ peerId }) => peerId)
  }

  /** Throws `CLOSED` unless the dictionary is open. */
  protected requireOpen(): void {
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
