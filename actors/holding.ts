/** A lease that was acquired, in the hands of its holder. */

import { type Actor, createActor, toPromise } from 'xstate'
import type { LeaseOutput } from '../machines/lease.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import type { LeaseEnd } from '../machines/rules/fact.ts'
import { type Key, requireKey, type StoredKey, storedKey } from '../machines/rules/key.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import { ask } from './ask.ts'
import { requireNeighbour } from './command.ts'
import { type LeaseInput, type LeaseLogic, leaseLogic, remainingOf } from './lease.ts'
import type { Switchboard } from './switchboard.ts'

/** How long a transfer may take when nothing else is asked for, in milliseconds. */
const TRANSFER_MS = 10_000

/** How to acquire a lease. */
export interface AcquireOptions {
  /** The term, in milliseconds. Default the dictionary's. */
  readonly leaseMs?: number
  /** How long to wait for the key, in milliseconds. Default 0: once or not at all. */
  readonly waitMs?: number
  /** Resolve with undefined, at once, if the key is not free. Default false. */
  readonly ifAvailable?: boolean
  /**
   * Take the key even from a holder in force. That one hears of it as `superseded`, later than this
   * one has it, and every peer hears `lease.stolen`. For an operator, not for a program. Default
   * false.
   */
  readonly steal?: boolean
  /** Gives up waiting. */
  readonly signal?: AbortSignal
  /** A grant with less than this left is not taken, in milliseconds. Default 0. */
  readonly minRemainingMs?: number
  /** The lease warns with `expiring` when less than this is left. Default a fifth of the term. */
  readonly expiringMs?: number
}

type Acquisition = AcquireOptions & Pick<LeaseInput, 'sync' | 'key' | 'isRenewing'>

export class Lease implements AsyncDisposable {
  readonly key: Key
  /** The fencing token: pass it to whatever the lease protects, which refuses lower ones. */
  readonly token: number
  readonly #actor: Actor<LeaseLogic>
  readonly #board: Switchboard
  readonly #stored: StoredKey
  readonly #abort = new AbortController()

  constructor(key: Key, options: { token: number; actor: Actor<LeaseLogic>; board: Switchboard }) {
    this.key = key
    this.token = options.token
    this.#actor = options.actor
    this.#board = options.board
    this.#stored = requireKey(key)
    this.#actor.on('lost', ({ reason }) => this.#abort.abort(reason))
  }

  /**
   * True if the lease is held at this very moment. Read from the clocks, so no timer can be late.
   */
  get valid(): boolean {
    return this.remainingMs > 0
  }

  /** How long the holder may still count on it, in milliseconds; 0 when it is lost. */
  get remainingMs(): number {
    if (this.#abort.signal.aborted) return 0
    const lease = { key: this.#stored, token: this.token }
    const remainingMs = remainingOf(this.#board, lease)
    if (remainingMs > 0) return remainingMs
    // What was found to be over is over, even if no timer has run yet.
    this.#board.store.send({ type: 'lease.lapse', ...lease })
    return 0
  }

  /** Aborts when the lease ends; its reason is the `LeaseEnd`. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** `expiring` when little is left, `lost` when it is over. */
  on(
    event: 'expiring',
    listener: (warning: { remainingMs: number }) => void,
  ): { unsubscribe(): void }
  on(event: 'lost', listener: (loss: { reason: LeaseEnd }) => void): { unsubscribe(): void }
  on(event: 'expiring' | 'lost', listener: (fact: never) => void): { unsubscribe(): void } {
    return this.#actor.on(event, listener as (fact: unknown) => void)
  }

  /** Extends the lease by its term from now. Throws `LEASE_LOST` if it is over. */
  renew(): void {
    this.#require()
    this.#actor.send({ type: 'lease.renew' })
    this.#require()
  }

  /** Gives the lease back; others may have it at once. The second time it does nothing. */
  release(): void {
    if (!this.#abort.signal.aborted) this.#actor.send({ type: 'lease.release' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }

  #require(): void {
    if (this.valid) return
    const reason = String(this.#abort.signal.reason ?? 'expired')
    const message = `The lease of '${String(this.key)}' is lost: ${reason}.`
    throw new HoldfastError('LEASE_LOST', message, { key: this.key, reason })
  }
}

/** Waits for a lease. Rejects with `LEASE_HELD`, `TIMEOUT`, `ABORTED` or `CLOSED`. */
export async function acquireLease(board: Switchboard, input: Acquisition): Promise<Lease> {
  const { signal, ifAvailable: _, ...rest } = { waitMs: 0, isRenewing: false, ...input }
  if (signal?.aborted) throw aborted(input.key, signal)
  const actor = createActor(leaseLogic, {
    input: rest,
    clock: board.clock,
    ...(board.inspect && { inspect: board.inspect }),
  })
  let giveUp = () => {}
  const lease = new Promise<Lease>((resolve, reject) => {
    actor.on('held', ({ token }) => resolve(new Lease(input.key, { token, actor, board })))
    toPromise(actor).then(
      (output) => reject(failure(input, output as LeaseOutput)),
      (error) => reject(error),
    )
    giveUp = () => {
      if (signal) reject(aborted(input.key, signal))
      actor.send({ type: 'lease.release' })
    }
  })
  signal?.addEventListener('abort', giveUp, { once: true })
  actor.start()
  try {
    return await lease
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

/** The lease, or undefined if somebody has the key. */
export async function acquireIfAvailable(
  board: Switchboard,
  input: Acquisition,
): Promise<Lease | undefined> {
  try {
    return await acquireLease(board, { ...input, waitMs: 0 })
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'LEASE_HELD') return undefined
    throw error
  }
}

/** Runs a function while the lease is held and renewed. */
export async function withLease<R>(
  board: Switchboard,
  input: Acquisition,
  run: (lease: Lease) => R | Promise<R>,
): Promise<R> {
  const lease = await acquireLease(board, { ...input, isRenewing: true })
  try {
    return await run(lease)
  } finally {
    lease.release()
  }
}

/** Reserves the key for the heir and waits until it has taken it. */
export function transferLease(
  board: Switchboard,
  options: { key: StoredKey; peerId: string; waitMs?: number },
): Promise<void> {
  const { key, peerId, waitMs = TRANSFER_MS } = options
  requireNeighbour(board, peerId)
  const heir = peerId as PeerId
  ask(board)({ type: 'lease.transfer', key, heir })
  board.store.send({ type: 'lease.watch', key })
  return new Promise((resolve, reject) => {
    const end = (error?: HoldfastError) => {
      changed.unsubscribe()
      closed.unsubscribe()
      board.clock.clearTimeout(timer)
      board.store.send({ type: 'lease.unwatch', key })
      if (error) reject(error)
      else resolve()
    }
    const changed = board.sync.on('lease.changed', (fact) => {
      if (storedKey(fact.key) === key && fact.owner === heir) end()
    })
    const gone = () => end(new HoldfastError('CLOSED', 'The dictionary closed.'))
    const closed = board.sync.subscribe({ complete: gone, error: gone })
    const timer = board.clock.setTimeout(() => {
      end(new HoldfastError('TIMEOUT', `${peerId} has not taken the key over yet.`))
    }, waitMs)
  })
}

function failure({ key, waitMs }: Acquisition, output: LeaseOutput): HoldfastError {
  if (output.held || output.reason === 'aborted') {
    return new HoldfastError('CLOSED', 'The dictionary closed before the lease was granted.', {
      key,
    })
  }
  const cause = output.error
  if (!(cause instanceof HoldfastError)) {
    return new HoldfastError('ACTOR_FAILED', 'The lease actor failed.', { key, cause })
  }
  if (output.reason === 'refused' || !waitMs) return cause
  const { owner, remainingMs } = cause
  const message = `The lease of '${String(key)}' was not free within ${waitMs} ms.`
  return new HoldfastError('TIMEOUT', message, { key, cause, ...held(owner, remainingMs) })
}

function held(owner: string | undefined, remainingMs: number | undefined) {
  return owner === undefined || remainingMs === undefined ? {} : { owner, remainingMs }
}

function aborted(key: Key, signal: AbortSignal): HoldfastError {
  const message = `Waiting for the lease of '${String(key)}' was aborted.`
  return new HoldfastError('ABORTED', message, { key, cause: signal.reason })
}
