/**
 * The lease actor: waits for one key, holds it, and is done when it is lost or released. An
 * application invokes it, so that a state of its own machine is active only while the lease is
 * held.
 */

import { type ActorLogic, type ActorRef, type AnyActorRef, emit, type Snapshot } from 'xstate'
import {
  type LeaseContext,
  type LeaseEvent,
  type LeaseMachineInput,
  type LeaseOutput,
  leaseMachine,
} from '../machines/lease.ts'
import { RENEWING, STOLEN } from '../machines/rules/batch.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import type { LeaseEnd } from '../machines/rules/fact.ts'
import { turnMs } from '../machines/rules/holding.ts'
import { type Key, requireKey, type StoredKey } from '../machines/rules/key.ts'
import { ownRemainingMs, SELF } from '../machines/rules/replica.ts'
import type { Receipt, Verdict } from '../machines/rules/write.ts'
import { withHands } from './hands.ts'
import { giveBack, type Holding, watchLogicFor } from './leaseWatch.ts'
import { ANSWER_MS_MAX } from './reconcile.ts'
import { refusalError } from './refusal.ts'
import { requireLeaseMs, requireLeases } from './settings.ts'
import type { Switchboard } from './switchboard.ts'
import { boards, type SyncEmitted, type SyncEvent, type SyncSnapshot } from './sync.ts'

/** Refusals without a time of their own are tried again after this, in milliseconds. */
const RETRY_MS = 250

/** How soon to ask again while a neighbour has not told yet what it knows, in milliseconds. */
const BEHIND_MS = 50

/** A running sync actor. */
export type SyncRef = ActorRef<SyncSnapshot, SyncEvent, SyncEmitted>

export interface LeaseInput {
  /** The sync actor of the dictionary. */
  readonly sync: SyncRef
  readonly key: Key
  /** The term, in milliseconds. Default the dictionary's. */
  readonly leaseMs?: number | undefined
  /** How long to wait for the key, in milliseconds. Default for ever. */
  readonly waitMs?: number | undefined
  /** A grant with less than this left is not taken, in milliseconds. Default 0. */
  readonly minRemainingMs?: number | undefined
  /** Renew at a third of the term for as long as it is held. Default true. */
  readonly isRenewing?: boolean | undefined
  /** Take the key even from a holder in force, which loses it. Default false. */
  readonly steal?: boolean | undefined
  /**
   * Warn when less than this is left, in milliseconds. Default a fifth of the term when it is not
   * renewed.
   */
  readonly expiringMs?: number | undefined
}

export type LeaseActorEvent = { readonly type: 'lease.renew' } | { readonly type: 'lease.release' }

export type LeaseEmitted =
  | { readonly type: 'held'; readonly token: number }
  | { readonly type: 'expiring'; readonly remainingMs: number }
  | { readonly type: 'lost'; readonly reason: LeaseEnd }

export type LeaseSnapshot = Snapshot<LeaseOutput> & {
  readonly value:
    | { readonly waiting: 'trying' | 'blocked' }
    | { readonly held: 'resting' }
    | 'lost'
    | 'released'
  /** The fencing token; null until the lease is held. */
  readonly context: { readonly token: number | null }
}

/** The logic of one lease, for `invoke`, `spawn` and `createActor`. */
export interface LeaseLogic
  extends ActorLogic<
    LeaseSnapshot,
    LeaseActorEvent,
    LeaseInput,
    AnyActorRef['system'],
    LeaseEmitted
  > {}

interface Prepared extends LeaseMachineInput {
  readonly sync: SyncRef
  readonly board: Switchboard
}

/**
 * One lease as an actor: `waiting`, then `held`, then done with how it ended.
 *
 * @example
 * invoke: { src: leaseLogic, input: { sync, key: 'leader' }, onDone: 'follower' }
 */
export const leaseLogic = withHands(leaseMachine, {
  input: prepare,
  hands: (input) => {
    const { board } = input
    const holding: Holding = { token: null }
    const waiter = board.nextWaiter()
    return {
      actors: { watch: watchLogicFor(input, { holding, waiter }) },
      actions: {
        attempt: ({ context, event, self }) => {
          // Only who was blocked and waited to the end of it has had its turn.
          const isTurn = event.type.startsWith('xstate.after')
          attempt(board, { ...context, waiter, isTurn }, self)
        },
        standInLine: ({ context: { key } }) =>
          board.store.send({ type: 'lease.wait', key, waiter }),
        leaveLine: ({ context: { key } }) =>
          board.store.send({ type: 'lease.unwait', key, waiter }),
        look: ({ context, self }) => look(board, context, self),
        renew: ({ context }) => renew(board, context),
        giveBack: ({ context: { key, token } }) => giveBack(board, { key, token }),
        tellHeld: emit(({ context: { token } }) => {
          holding.token = token
          return { type: 'held', token } as never
        }),
        tellExpiring: emit(({ event }) => {
          const { remainingMs } = event as Extract<LeaseEvent, { type: 'lease.expiring' }>
          return { type: 'expiring', remainingMs } as never
        }),
        tellEnd: emit(({ context: { end } }) => {
          holding.token = null
          return { type: 'lost', reason: end.reason } as never
        }),
      },
    }
  },
}) as unknown as LeaseLogic

function prepare(input: LeaseInput): Prepared {
  const { sync, leaseMs, minRemainingMs = 0, isRenewing = true } = input
  const board = boards.get(sync)
  if (board === undefined) {
    throw new HoldfastError('OPTION_INVALID', "'sync' is no sync actor.", { option: 'sync' })
  }
  requireLeaseMs(leaseMs, board.settings.leaseMsMax)
  requireLeases(board.settings)
  const termMs = leaseMs ?? board.settings.leaseMs
  const expiringMs = input.expiringMs ?? (isRenewing ? 0 : termMs / 5)
  const waitUntil = board.clock.now() + (input.waitMs ?? Number.POSITIVE_INFINITY)
  const key = requireKey(input.key)
  const isStealing = input.steal === true
  const terms = { leaseMs, minRemainingMs, waitUntil, isRenewing, isStealing, expiringMs }
  return { key, ...terms, sync, board }
}

type Self = { send(event: LeaseEvent): void; getSnapshot(): { readonly status: string } }

interface Attempt extends LeaseContext {
  /** The number under which it stands in line. */
  readonly waiter: number
  readonly isTurn: boolean
}

function attempt(board: Switchboard, context: Attempt, self: Self): void {
  const { key, leaseMs, minRemainingMs, isRenewing, isStealing, waiter, isTurn } = context
  const { status, value } = board.sync.getSnapshot()
  if (status !== 'active' || value === 'closing') {
    const error = new HoldfastError('CLOSED', 'The dictionary is closed.')
    // Not at once: a machine that asks again whenever it is refused would never come to an end.
    const refuse = () => self.send({ type: 'lease.failed', reason: 'refused', error })
    board.clock.setTimeout(refuse, RETRY_MS)
    return
  }
  const reply = (verdict: Verdict<Receipt>) => {
    if ('refused' in verdict) return refused(board, { ...context, verdict }, self)
    const { token, remainingMs } = verdict.done
    // The voters take their time, and nobody may want the lease any more.
    if (self.getSnapshot().status !== 'active') return giveBack(board, { key, token })
    if (remainingMs >= minRemainingMs) {
      return self.send({ type: 'lease.granted', token, lookMs: firstLookMs(context, remainingMs) })
    }
    giveBack(board, { key, token })
    const message = `The term leaves ${Math.floor(remainingMs)} ms, less than minRemainingMs.`
    const error = new HoldfastError('OPTION_INVALID', message, { option: 'minRemainingMs' })
    self.send({ type: 'lease.failed', reason: 'refused', error })
  }
  // A lease that goes on is renewed with all others of this peer, in one frame.
  const kind = (isRenewing ? RENEWING : 0) | (isStealing ? STOLEN : 0)
  // Whoever does not wait stands in no line.
  const place = context.waitUntil > board.clock.now() ? { waiter, isTurn } : {}
  board.store.send({ type: 'lease.acquire', key, leaseMs, kind, ...place, reply })
}

function refused(
  board: Switchboard,
  attempt: Attempt & { verdict: Extract<Verdict<never>, { refused: unknown }> },
  self: Self,
): void {
  const { verdict, waitUntil, key, waiter } = attempt
  const now = board.clock.now()
  const leftMs = waitUntil - now
  const { refused } = verdict
  const { replica } = board
  // Whoever may not have heard of the last owner asks first; that takes no longer than an answer.
  const mayBeBehind = refused.verdict === 'held' && !replica.isMajority
  const isBehind = mayBeBehind && !replica.isCurrent && leftMs > -ANSWER_MS_MAX
  if (isBehind) return self.send({ type: 'lease.refused', lookMs: BEHIND_MS })
  if (leftMs <= 0) {
    const error = refusalError(refused, verdict.key)
    return self.send({ type: 'lease.failed', reason: 'timeout', error })
  }
  const blockedMs = refused.verdict === 'held' ? Math.ceil(refused.remainingMs) : RETRY_MS
  // Nobody hands over what lapses: waiters take turns. In majority mode they ask again and again.
  const lookMs = replica.isMajority
    ? RETRY_MS * (0.5 + board.random())
    : blockedMs + turnMs(replica, key, { waiter, now })
  self.send({ type: 'lease.refused', lookMs: Math.min(lookMs, leftMs) })
}

function firstLookMs({ expiringMs }: LeaseContext, remainingMs: number): number {
  return expiringMs > 0 && expiringMs < remainingMs ? remainingMs - expiringMs : remainingMs
}

/** Reads the clock while the lease is held: finds that it goes on, warns, or that it is over. */
function look(board: Switchboard, context: LeaseContext, self: Self): void {
  const { key, token, expiringMs } = context
  const remainingMs = remainingOf(board, { key, token })
  if (remainingMs <= 0) {
    board.store.send({ type: 'lease.lapse', key, token: token as number })
    // The store tells the loss to everybody, this actor included; until then there is nothing to
    // do.
    return self.send({ type: 'lease.looked', lookMs: RETRY_MS })
  }
  if (expiringMs <= 0 || remainingMs > expiringMs) {
    return self.send({ type: 'lease.looked', lookMs: firstLookMs(context, remainingMs) })
  }
  self.send({ type: 'lease.expiring', lookMs: remainingMs, remainingMs })
}

/** How long the lease under this token is valid at this moment; zero or less if it is not. */
export function remainingOf(
  board: Switchboard,
  { key, token }: { key: StoredKey; token: number | null },
): number {
  const { replica } = board
  const slot = replica.table.find(key)
  if (slot < 0 || replica.held.get(slot) !== token || replica.table.writer[slot] !== SELF) return 0
  return ownRemainingMs(replica.table, slot, board.read())
}

function renew(board: Switchboard, { key, leaseMs, token }: LeaseContext): void {
  board.store.send({
    type: 'lease.renew',
    key,
    leaseMs,
    token: token ?? undefined,
    reply: () => {},
  })
}
