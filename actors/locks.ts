/**
 * Locks in the shape of the Web Locks API, spanning machines: code that was written for
 * `navigator.locks` takes `dictionary.locks` instead.
 *
 * The name of a lock is the key whose lease it is, without a prefix. So `acquire`, `withLease`,
 * `elect` and `leaseLogic` exclude a lock of the same name, and who holds it may write that key
 * while nobody else can.
 *
 * What differs from a browser: a lock can be lost, when its holder is suspended for longer than its
 * term or a split ends against it. `request` rejects with `LEASE_LOST` then, and `lock.signal`
 * aborts. Only `exclusive` locks are there. Errors are `HoldfastError`.
 */

import { HoldfastError } from '../machines/rules/errors.ts'
import { publicKey, requireKey, type StoredKey } from '../machines/rules/key.ts'
import { acquireLease, type Lease } from './holding.ts'
import type { SyncRef } from './lease.ts'
import { requireLeaseMs, requireLeases } from './settings.ts'
import type { Switchboard } from './switchboard.ts'

/** How to request a lock. */
export interface LockOptions {
  /** Only `exclusive`, the default. */
  readonly mode?: 'exclusive' | 'shared'
  /** Gives the callback null instead of waiting. Default false. */
  readonly ifAvailable?: boolean
  /** Takes the lock from whoever holds it. Default false. */
  readonly steal?: boolean
  /** Gives up waiting. */
  readonly signal?: AbortSignal
  /**
   * How soon after a holder that died another one may have the lock, in milliseconds, 20 to ten
   * years. Default the dictionary's `leaseMs`.
   */
  readonly leaseMs?: number
}

/** A lock that is held. */
export interface Lock {
  readonly name: string
  readonly mode: 'exclusive'
  /** The fencing token. */
  readonly token: number
  /** Aborts when the lock is lost or given back; its reason is the `LeaseEnd`. */
  readonly signal: AbortSignal
}

export interface LockInfo {
  readonly name: string
  readonly mode: 'exclusive'
  /** The peer. */
  readonly clientId: string
}

export type LockCallback<R> = (lock: Lock | null) => R

export class Locks {
  readonly #board: Switchboard
  readonly #sync: SyncRef

  constructor(board: Switchboard, sync: SyncRef) {
    this.#board = board
    this.#sync = sync
  }

  /**
   * Waits for the lock, holds it while the callback runs, and resolves with what that returns.
   *
   * Rejects with what the callback throws; with `LEASE_LOST` if the lock is lost meanwhile; with
   * `ABORTED`, `OPTION_INVALID`, `KEY_INVALID`, `LEASES_OFF` or `CLOSED`.
   *
   * @example await dictionary.locks.request('printer', async () => print(report))
   */
  request<R>(name: string, callback: LockCallback<R>): Promise<Awaited<R>>
  request<R>(name: string, options: LockOptions, callback: LockCallback<R>): Promise<Awaited<R>>
  async request<R>(
    name: string,
    ...given: [LockCallback<R>] | [LockOptions, LockCallback<R>]
  ): Promise<Awaited<R>> {
    const [options, callback] = given.length === 1 ? [{}, given[0]] : given
    requireLocking(this.#board, { name, options, callback })
    const lease = await this.#take(name, options)
    return lease === null ? await callback(null) : await hold(lease, name, callback)
  }

  /**
   * Who holds which lock and who waits for one, as far as this peer knows: of all peers, and of all
   * leases, however they were taken. Names that are bytes are left out.
   */
  async query(): Promise<{ held: LockInfo[]; pending: LockInfo[] }> {
    const { context } = this.#sync.getSnapshot()
    const held = [...context.reader.leases()].flatMap(({ key, owner }) => infoOf(key, owner))
    return { held, pending: [...this.#pending()] }
  }

  *#pending(): Generator<LockInfo> {
    const { replica, self } = this.#board
    const { own, others } = replica.queue
    for (const [key, waiters] of own) {
      for (const _ of waiters) yield* infoOf(publicKey(key), self.peer)
    }
    for (const [peer, { since }] of others) {
      for (const key of since.keys()) yield* infoOf(publicKey(key as StoredKey), peer)
    }
  }

  /** The lease of the lock; null if it is not available and nobody wants to wait. */
  async #take(name: string, options: LockOptions): Promise<Lease | null> {
    const { ifAvailable = false, steal = false, signal, leaseMs } = options
    const waitMs = ifAvailable || steal ? 0 : Number.POSITIVE_INFINITY
    const how = { leaseMs, waitMs, steal, isRenewing: true, ...(signal && { signal }) }
    try {
      return await acquireLease(this.#board, { ...how, sync: this.#sync, key: name })
    } catch (error) {
      if (ifAvailable && isTaken(error)) return null
      throw error
    }
  }
}

function requireLocking(
  board: Switchboard,
  { name, options, callback }: { name: unknown; options: LockOptions; callback: unknown },
): void {
  if (typeof name !== 'string') throw new HoldfastError('KEY_INVALID', 'A lock has a text as name.')
  requireKey(name)
  if (typeof callback !== 'function') throw invalid('callback', 'A lock needs a callback.')
  const { mode = 'exclusive', ifAvailable = false, steal = false, signal, leaseMs } = options
  if (mode !== 'exclusive') throw invalid('mode', `There are no ${String(mode)} locks.`)
  if (steal && ifAvailable) throw invalid('steal', 'Who steals does not ask what is available.')
  if (signal && (steal || ifAvailable)) throw invalid('signal', 'There is no wait to give up.')
  requireLeaseMs(leaseMs)
  requireLeases(board.settings)
}

async function hold<R>(lease: Lease, name: string, callback: LockCallback<R>): Promise<Awaited<R>> {
  const { token, signal } = lease
  const run = async () => await callback({ name, mode: 'exclusive', token, signal })
  try {
    return await Promise.race([run(), lost(lease, name)])
  } finally {
    lease.release()
  }
}

/** Rejects when the lock is lost. That it was given back in the end interests nobody any more. */
function lost({ signal }: Lease, name: string): Promise<never> {
  return new Promise((_, reject) => {
    const tell = () => {
      const reason = String(signal.reason)
      const message = `The lock '${name}' is lost: ${reason}.`
      reject(new HoldfastError('LEASE_LOST', message, { key: name, reason }))
    }
    if (signal.aborted) tell()
    else signal.addEventListener('abort', tell, { once: true })
  })
}

function infoOf(name: unknown, clientId: string): LockInfo[] {
  return typeof name === 'string' ? [{ name, mode: 'exclusive', clientId }] : []
}

function isTaken(error: unknown): boolean {
  return error instanceof HoldfastError && /^(LEASE_HELD|TIMEOUT|NO_MAJORITY)$/.test(error.code)
}

function invalid(option: string, message: string): HoldfastError {
  return new HoldfastError('OPTION_INVALID', message, { option })
}
