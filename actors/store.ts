/**
 * The store actor: the one judge of every set, pop and lease, local or remote.
 *
 * A write is decided inside `send` and its verdict given to the event's `reply` before `send`
 * returns: the one function that an event here may carry. What was written in one tick leaves in
 * one broadcast, and what happened is told then too, so a listener never runs inside the judgement
 * it hears of.
 */

import { type ActorLogic, type AnyActorRef, fromTransition, type Snapshot } from 'xstate'
import { collectTombstones, noteSettled } from '../machines/rules/collect.ts'
import { conclude as concludeAnswer } from '../machines/rules/conclusion.ts'
import type { Coverage } from '../machines/rules/coverage.ts'
import { reviveRenewed, traceDue, traceOwn } from '../machines/rules/ephemeral.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import { gatherUnsent } from '../machines/rules/gather.ts'
import {
  acquire,
  bequeath,
  endLeases,
  inherit,
  lapse,
  release,
  renew,
} from '../machines/rules/holding.ts'
import type { StoredKey } from '../machines/rules/key.ts'
import type { Reading } from '../machines/rules/lease.ts'
import type { Shared } from '../machines/rules/line.ts'
import { mergeBatch, releaseLeft } from '../machines/rules/merge.ts'
import type { Broadcast, DataMessage } from '../machines/rules/message.ts'
import type { Origin } from '../machines/rules/peer.ts'
import { hearRenewal, renewAll, renewalToSend } from '../machines/rules/renewal.ts'
import { createReplica, indexOrigin, type Replica } from '../machines/rules/replica.ts'
import { remove, removeAny, set, update, type Verdict } from '../machines/rules/write.ts'
import { momentOf, planLook, sweep } from './ephemeral.ts'
import { STALL_MS } from './reconcile.ts'
import { refusalError } from './refusal.ts'
import type { StoreEvent, WriteEvent } from './storeEvent.ts'
import type { Parcel, Switchboard } from './switchboard.ts'

export interface StoreState {
  readonly board: Switchboard
  readonly replica: Replica
  isReached: boolean
  isFlushDue: boolean
  /** When the renewal actor is to say that leases are due. */
  renewalAt: number
  /** When the ephemeral actor is to look. */
  lookAt: number
}

/** The logic of the store, as `inspect` meets it. Its context is the data, and is nobody else's. */
export interface StoreLogic
  extends ActorLogic<Snapshot<undefined>, StoreEvent, { readonly shared: Shared }> {}

export const storeLogic = fromTransition<
  StoreState,
  StoreEvent,
  AnyActorRef['system'],
  { readonly shared: Shared }
>(
  (state, event) => {
    sweep(state.board)
    decide(state, event)
    sweep(state.board)
    if (event.type === 'store.flush') flush(state)
    else plan(state)
    return state
  },
  ({ input }) => {
    const board = input.shared as Switchboard
    const { leasing, leaseMs, takeover, limits } = board.settings
    const replica = createReplica({ self: board.self, leasing, leaseMs, takeover, limits })
    board.replica = replica
    const never = { renewalAt: Number.POSITIVE_INFINITY, lookAt: Number.POSITIVE_INFINITY }
    return { board, replica, isReached: false, isFlushDue: false, ...never }
  },
) as unknown as StoreLogic

function decide(state: StoreState, event: StoreEvent): void {
  const { replica, board } = state
  switch (event.type) {
    case 'batch.received':
      return receive(state, event)
    case 'batch.given':
      return take(state, event.parcel)
    case 'sync.settled':
      event.reply(concludeAnswer(replica, event, reading(board)))
      return reviveRenewed(replica, reading(board))
    case 'comparison.ended':
      replica.comparison = null
      return
    case 'tombstones.collect':
      noteSettled(replica, event.members)
      collectTombstones(replica, event.members)
      return
    case 'origin.left':
      return releaseLeft(replica, event.origin)
    case 'peers.counted':
      replica.peers = { known: event.known, connected: event.connected }
      return
    case 'network.reached':
      // Whoever was out of reach may have missed renewals.
      if (event.isReached && !state.isReached && replica.renewing.size > 0) {
        replica.renewDueAt = board.clock.now()
      }
      state.isReached = event.isReached
      replica.isCurrent = event.isCurrent
      return
    case 'leases.renew':
      return renewAll(replica, reading(board))
    case 'renewal.heard':
      hearRenewal(replica, event, reading(board))
      return reviveRenewed(replica, reading(board))
    case 'deadline.passed':
      return trace(state)
    case 'lease.lapse':
      return lapse(replica, event.key, event.token)
    case 'lease.watch':
      replica.watched.set(event.key, (replica.watched.get(event.key) ?? 0) + 1)
      return
    case 'lease.unwatch':
      return unwatch(replica, event.key)
    case 'store.close':
      endLeases(replica)
      return traceOwn(replica, reading(board))
    case 'store.flush':
      return
    default:
      if (!event.isWithdrawn) answer(board, event, judge(state, event))
  }
}

/**
 * After SIGCONT an application may write before anything that came meanwhile was read. Whoever was
 * held up asks first and takes nothing over until it was answered.
 */
function noteStall({ board, replica }: StoreState): void {
  if (board.lines.count === 0 || board.clock.now() - board.attentiveAt <= STALL_MS) return
  replica.isCurrent = false
  board.clock.defer(() => board.reconcile.send({ type: 'stall.noticed' }))
}

/** Writes down which ephemeral values are gone. It takes keys over, so it is careful as a write. */
function trace(state: StoreState): void {
  noteStall(state)
  traceDue(state.replica, momentOf(state.board, reading(state.board)))
  state.lookAt = Number.POSITIVE_INFINITY
}

/** The verdict of the rules on one write. */
function judge(state: StoreState, event: WriteEvent): Verdict<unknown> {
  noteStall(state)
  const { replica, board } = state
  const { leaseMs, token, kind } = event
  const options = { reading: reading(board), leaseMs, token, kind }
  switch (event.type) {
    case 'entry.set':
      return set(replica, event, options)
    case 'entry.update':
      return update(replica, event.assignments, options)
    case 'entry.delete':
      return remove(replica, event.key, options)
    case 'entry.popItem':
      return removeAny(replica, options)
    case 'lease.acquire':
      return acquire(replica, event.key, options)
    case 'lease.renew':
      return renew(replica, event.key, options)
    case 'lease.release':
      return release(replica, event.key, options)
    case 'lease.transfer':
      return bequeath(replica, event, options)
  }
}

function answer(board: Switchboard, event: WriteEvent, verdict: Verdict<unknown>): void {
  if (event.reply !== undefined) event.reply(verdict as never)
  else if ('refused' in verdict) {
    const error = refusalError(verdict.refused, verdict.key)
    board.clock.defer(() => board.announce({ type: 'entry.refused', error }))
  }
}

function reading(board: Switchboard): Reading {
  return { now: board.clock.now(), wall: board.clock.wall() }
}

function receive(state: StoreState, event: { origin: Origin; parcel: Parcel }): void {
  const { replica, board } = state
  const { body } = event.parcel.message as Broadcast
  if (body.kind !== 'entries') return
  const fits = mergeBatch(replica, body.batch, reading(board))
  if (replica.inherited.length > 0) inherit(replica, reading(board))
  if (!fits) return reportFull(state)
  const coverage = replica.coverage[indexOrigin(replica, event.origin)] as Coverage
  coverage.add(body.from, body.to)
  // A gap means that something was lost on the way; the neighbour that is ahead can tell.
  if (coverage.hasGaps)
    board.reconcile.send({ type: 'gap.found', handle: event.parcel.line.handle })
}

function take(state: StoreState, parcel: Parcel): void {
  const message = parcel.message as Extract<DataMessage, { kind: 'sync.give' }>
  const fits = mergeBatch(state.replica, message.batch, reading(state.board))
  if (state.replica.inherited.length > 0) inherit(state.replica, reading(state.board))
  if (fits) return
  state.replica.isAnswerCut = true
  reportFull(state)
}

function reportFull(state: StoreState): void {
  const { limits } = state.replica
  const message = 'Another peer wrote more than this one may hold.'
  const error = new HoldfastError('STORE_FULL', message, { limit: limits.entriesMax })
  state.replica.facts.push({ type: 'error', error })
}

function unwatch(replica: Replica, key: StoredKey): void {
  const left = (replica.watched.get(key) ?? 0) - 1
  if (left > 0) replica.watched.set(key, left)
  else replica.watched.delete(key)
}

/** Everything that happens in one tick goes out together, in one frame and one announcement. */
function plan(state: StoreState): void {
  const { board, replica } = state
  if (replica.renewDueAt !== state.renewalAt) {
    state.renewalAt = replica.renewDueAt
    board.renewal.send({ type: 'renewal.due', at: state.renewalAt })
  }
  state.lookAt = planLook(board, state.lookAt)
  const hasUnsent = replica.unsent.length > 0 || replica.isRenewalUnsent
  const hasNews = replica.facts.length > 0 || (state.isReached && hasUnsent)
  if (!hasNews || state.isFlushDue) return
  state.isFlushDue = true
  board.clock.defer(() => flushStore(board))
}

/**
 * Sends out what was written, and tells what happened. The telling comes when the store is done, so
 * that a listener may write: its write is judged at once like any other.
 */
export function flushStore(board: Switchboard): void {
  board.store.send({ type: 'store.flush' })
  const { facts } = board.replica
  board.replica.facts = []
  board.announce(...facts)
}

function flush(state: StoreState): void {
  const { board, replica } = state
  state.isFlushDue = false
  if (state.isReached) {
    for (const { from, to, batch } of gatherUnsent(replica, reading(board))) {
      board.waterfall.send({
        type: 'broadcast.made',
        body: { kind: 'entries', from, to, batch },
      })
    }
    const renewal = renewalToSend(replica, reading(board))
    if (renewal !== undefined) {
      board.waterfall.send({ type: 'broadcast.made', body: { kind: 'renewal', ...renewal } })
    }
  }
}
