/**
 * An election: whoever holds the lease of a name leads under it, and its terms come one after the
 * other from an iterator.
 *
 * A candidate waits in line, leads, and stands in line again when its term is lost, but only when
 * the body of its loop has come round: no new term begins while work for the old one may still be
 * under way. Nothing stops that work except the body itself, which hears of the loss by
 * `term.signal`.
 */

import { HoldfastError } from '../machines/rules/errors.ts'
import { type Key, requireKey } from '../machines/rules/key.ts'
import { acquireLease, type Lease } from './holding.ts'
import type { SyncRef } from './lease.ts'
import { requireLeaseMs, requireLeases } from './settings.ts'
import type { Switchboard } from './switchboard.ts'

/** How to stand for election. */
export interface ElectOptions {
  /** Ends the candidacy; a term under way is given back at once. */
  readonly signal?: AbortSignal
  /**
   * How soon after a leader that died another one may lead, in milliseconds, 20 to ten years.
   * Default the dictionary's `leaseMs`. A living leader goes on for as long as it likes.
   */
  readonly leaseMs?: number
}

/** A time in which this peer leads. */
export interface Term {
  readonly name: Key
  /** The fencing token: greater than that of every term before, at any peer. */
  readonly token: number
  /** Aborts when the term is over; its reason is the `LeaseEnd`. */
  readonly signal: AbortSignal
  /** What makes it the leader: renewed by itself; `lease.valid` is read from the clocks. */
  readonly lease: Lease
}

type Candidacy = ElectOptions & { readonly sync: SyncRef; readonly name: Key }

/**
 * The terms in which this peer leads. Throws `KEY_INVALID`, `OPTION_INVALID` or `LEASES_OFF`; the
 * iterator ends when the signal aborts, the dictionary closes or the consumer leaves its loop.
 */
export function elect(board: Switchboard, candidacy: Candidacy): AsyncIterableIterator<Term> {
  requireKey(candidacy.name)
  requireLeaseMs(candidacy.leaseMs)
  requireLeases(board.settings)
  const end = new AbortController()
  const { signal } = candidacy
  const stop = () => {
    signal?.removeEventListener('abort', stop)
    end.abort()
  }
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop)
  const terms = campaign(board, { ...candidacy, signal: end.signal }, stop)
  return {
    next: () => terms.next(),
    // Gives a term back, and tells a candidate that still waits.
    return: () => {
      stop()
      return terms.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* campaign(
  board: Switchboard,
  candidacy: Candidacy & { readonly signal: AbortSignal },
  stop: () => void,
): AsyncGenerator<Term, undefined> {
  const { name, signal } = candidacy
  try {
    for (;;) {
      const lease = await leadership(board, candidacy)
      if (lease === undefined) return
      const resign = () => lease.release()
      signal.addEventListener('abort', resign, { once: true })
      if (lease.valid) yield { name, token: lease.token, signal: lease.signal, lease }
      await over(lease)
      signal.removeEventListener('abort', resign)
    }
  } finally {
    stop()
  }
}

/** The lease that makes the leader; undefined if it is not waited for any more. */
async function leadership(
  board: Switchboard,
  { name, signal, ...candidacy }: Candidacy & { readonly signal: AbortSignal },
): Promise<Lease | undefined> {
  const waitMs = Number.POSITIVE_INFINITY
  try {
    const how = { ...candidacy, key: name, signal, waitMs, isRenewing: true }
    const lease = await acquireLease(board, how)
    if (!signal.aborted) return lease
    lease.release()
  } catch (error) {
    const isEnd = error instanceof HoldfastError && /^(ABORTED|CLOSED)$/.test(error.code)
    if (!isEnd) throw error
  }
  return undefined
}

async function over({ signal }: Lease): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
