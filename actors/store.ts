/**
 * The store actor: the one judge of every set, pop and lease, local or remote.
 *
 * A write is decided inside `send` and its verdict given to the event's `reply` before `send`
 * returns: the one function that an event here may carry. What was written in one tick leaves in
 * one broadcast, and what happened is told then too, so a listener never runs inside the judgement
 * it hears of.
 */

import type { ActorLogic, Snapshot } from 'xstate'
import type { Batch } from '../machines/rules/batch.ts'
import { unwatch, watch } from '../machines/rules/change.ts'
import { collectTombstones, noteSettled } from '../machines/rules/collect.ts'
import { conclude as concludeAnswer } from '../machines/rules/conclusion.ts'
import type { Coverage } from '../machines/rules/coverage.ts'
import { reviveRenewed, traceDue, traceOwn } from '../machines/rules/ephemeral.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import { endLeases, inherit, lapse, reclaim, wait, waitNoMore } from '../machines/rules/holding.ts'
import type { Shared } from '../machines/rules/line.ts'
import { mergeBatch, releaseLeft } from '../machines/rules/merge.ts'
import type { Broadcast, DataMessage } from '../machines/rules/message.ts'
import type { Origin } from '../machines/rules/peer.ts'
import { permissionsOf } from '../machines/rules/permission.ts'
import { forgetWaits, hearWaits, tellAllSoon } from '../machines/rules/queue.ts'
import { hearRenewal, renewAll } from '../machines/rules/renewal.ts'
import { createReplica, indexOrigin, type Replica } from '../machines/rules/replica.ts'
import { extend, forfeit, install } from '../machines/rules/tenure.ts'
import { momentOf, sweep } from './ephemeral.ts'
import { flush, plan, type StoreState } from './flush.ts'
import { steadyLogic } from './steadyLogic.ts'
import type { StoreEvent } from './storeEvent.ts'
import type { Parcel, Switchboard } from './switchboard.ts'
import { answer, answerSet, noteStall } from './verdict.ts'

/** How long gaps are not asked for after something did not fit, in milliseconds. */
const FULL_MS = 30_000

/** The logic of the store, as `inspect` meets it. Its context is the data, and is nobody else's. */
export interface StoreLogic
  extends ActorLogic<Snapshot<undefined>, StoreEvent, { readonly shared: Shared }> {}

export const storeLogic: StoreLogic = steadyLogic<StoreState, StoreEvent, { shared: Shared }>(
  ({ shared }) => createState(shared as Switchboard),
  run,
)

function createState(board: Switchboard): StoreState {
  const { leasing, safety, leaseMs, takeover, limits } = board.settings
  const permissions = permissionsOf(board.settings.readOnly, board.settings.permissions)
  const rules = { leasing, isMajority: safety === 'majority', leaseMs, takeover, limits }
  const isSigned = board.notary !== undefined
  const replica = createReplica({ self: board.self, permissions, isSigned, ...rules })
  board.replica = replica
  const never = Number.POSITIVE_INFINITY
  const times = { followsGapsAt: 0, remindAt: never, lookAt: never }
  return { board, replica, isReached: false, isFlushDue: false, ...times }
}

function run(state: StoreState, event: StoreEvent): void {
  const { board, replica } = state
  replica.areChangesHeard = board.areChangesHeard
  if (event.type === 'entry.set' && isLasting(replica, event)) {
    const { renewDueAt } = replica
    answerSet(board, event)
    const isPlanned = state.isFlushDue || !(state.isReached || replica.facts.length > 0)
    if (!isPlanned || replica.renewDueAt !== renewDueAt) plan(state)
    return
  }
  sweep(board)
  decide(state, event)
  sweep(board)
  if (event.type === 'store.flush') flush(state)
  else plan(state)
}

/** No value ends with its lease, neither here by now nor the one that is to be written. */
function isLasting({ table }: Replica, { kind }: { readonly kind?: number | undefined }): boolean {
  return table.lapsing.size === 0 && !kind
}

function decide(state: StoreState, event: StoreEvent): void {
  const { replica, board } = state
  switch (event.type) {
    case 'batch.received':
      return receive(state, event)
    case 'batch.given':
      return take(state, event.parcel)
    case 'sync.settled':
      event.reply(concludeAnswer(replica, event, board.read()))
      return reviveRenewed(replica, board.read())
    case 'comparison.ended':
      replica.comparison = null
      return
    case 'tombstones.collect':
      noteSettled(replica, event.members)
      collectTombstones(replica, event.members)
      return
    case 'origin.left':
      forgetWaits(replica.queue, event.origin.peer)
      releaseLeft(replica, event.origin)
      return reclaim(replica, event.origin.peer, board.read())
    case 'peers.counted':
      replica.peers = { known: event.known, connected: event.connected }
      return
    case 'network.reached':
      return reach(state, event)
    case 'deadline.passed':
      return trace(state)
    case 'store.close':
      endLeases(replica)
      return event.keepsLeases ? undefined : traceOwn(replica, board.read())
    case 'store.flush':
      return
    default:
      decideLease(state, event)
  }
}

type DataEvent =
  | `batch.${string}`
  | `comparison.${string}`
  | `network.${string}`
  | `store.${string}`
  | 'sync.settled'
  | 'tombstones.collect'
  | 'origin.left'
  | 'peers.counted'
  | 'deadline.passed'

/** What is about leases alone: who waits, what goes on, what lapsed. Others ask for a verdict. */
function decideLease(
  { board, replica }: StoreState,
  event: Exclude<StoreEvent, { type: DataEvent }>,
) {
  const { queue } = replica
  const now = board.clock.now()
  switch (event.type) {
    case 'reminder.due':
      if (queue.tellDueAt <= now) tellAllSoon(queue)
      if (replica.renewDueAt <= now) renewDue(board)
      return
    case 'tenure.install':
      return event.reply(install(replica, event.key, { ...event.tenure, kind: event.kind }))
    case 'tenure.extend':
      return extend(replica, event.key, event.tenure)
    case 'tenure.forfeit':
      return forfeit(replica, event, board.read())
    case 'renewal.heard':
      hearRenewal(replica, event, board.read())
      return reviveRenewed(replica, board.read())
    case 'lease.lapse':
      return lapse(replica, event.key, event.token)
    case 'lease.watch':
      return watch(replica, event.key)
    case 'lease.unwatch':
      return unwatch(replica, event.key)
    case 'lease.wait':
      return wait(replica, event, now)
    case 'lease.unwait':
      return waitNoMore(replica, event, board.read())
    case 'waits.heard':
      return hearWaits(queue, event.peer, event.waits, now)
    case 'member.lost':
      return forgetWaits(queue, event.peer)
    default:
      answer(board, event)
  }
}

/** In majority mode the voters renew; else this peer does. */
function renewDue(board: Switchboard): void {
  const leases = renewAll(board.replica, board.read())
  if (leases.length > 0) board.ballot.send({ type: 'ballot.renew', leases })
}

function reach(state: StoreState, event: { isReached: boolean; isCurrent: boolean }): void {
  const { board, replica } = state
  // Whoever was out of reach may have missed renewals, and who waits.
  if (event.isReached && !state.isReached) {
    tellAllSoon(replica.queue)
    if (replica.renewing.size > 0) replica.renewDueAt = board.clock.now()
  }
  state.isReached = event.isReached
  board.isInformed ||= event.isReached
  replica.isCurrent = event.isCurrent
  if (replica.inherited.length > 0) inherit(replica, board.read())
}

/** Writes down which ephemeral values are gone. It takes keys over, so it is careful as a write. */
function trace(state: StoreState): void {
  const reading = state.board.read()
  noteStall(state.board, reading)
  traceDue(state.replica, momentOf(state.board, reading))
  state.lookAt = Number.POSITIVE_INFINITY
}

function receive(state: StoreState, event: { origin: Origin; parcel: Parcel }): void {
  const { replica, board } = state
  const { body } = event.parcel.message as Broadcast
  if (body.kind !== 'entries') return
  const fits = merge(board, event.parcel, body.batch)
  if (replica.inherited.length > 0) inherit(replica, board.read())
  if (!fits) return reportFull(state)
  const coverage = replica.coverage[indexOrigin(replica, event.origin)] as Coverage
  coverage.add(body.from, body.to)
  // A gap means that something was lost on the way; the neighbour that is ahead can tell.
  if (coverage.hasGaps && board.clock.now() >= state.followsGapsAt)
    board.reconcile.send({ type: 'gap.found', handle: event.parcel.line.handle })
}

function take(state: StoreState, parcel: Parcel): void {
  const message = parcel.message as Extract<DataMessage, { kind: 'sync.give' }>
  const fits = merge(state.board, parcel, message.batch)
  if (state.replica.inherited.length > 0) inherit(state.replica, state.board.read())
  if (fits) return
  state.replica.isAnswerCut = true
  reportFull(state)
}

function merge(board: Switchboard, parcel: Parcel, batch: Batch): boolean {
  const { replica, counts } = board
  counts.batchesMerged += 1
  counts.entriesMerged += batch.keys.length
  const { message, line } = parcel
  // A broadcast is its origin's own word, whoever passed it on.
  const teller = message.kind === 'sync.give' ? line.peerId : null
  const fits = mergeBatch(replica, batch, board.read(), teller)
  board.notary?.file(batch, parcel)
  return fits
}

/** What did not fit leaves a gap; to ask for it at each later write would bring it all again. */
function reportFull(state: StoreState): void {
  const { limits, lacks } = state.replica
  state.followsGapsAt = state.board.clock.now() + FULL_MS
  for (const [peerId, limit] of lacks) state.board.reach(limit, { peerId })
  state.board.census.send({ type: 'room.lacked', lacks: [...lacks] })
  lacks.clear()
  const message = 'Another peer wrote more than this one may hold.'
  const error = new HoldfastError('STORE_FULL', message, { limit: limits.entriesMax })
  state.replica.facts.push({ type: 'error', error })
}
