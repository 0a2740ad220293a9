/**
 * The end of a tick: what the store has to say to the network and to the application leaves then,
 * all at once.
 */

import { gatherUnsent } from '../machines/rules/gather.ts'
import type { BroadcastBody } from '../machines/rules/message.ts'
import { hasWaitsToTell, waitsToTell } from '../machines/rules/queue.ts'
import { renewalToSend } from '../machines/rules/renewal.ts'
import type { Replica } from '../machines/rules/replica.ts'
import { planLook } from './ephemeral.ts'
import type { Switchboard } from './switchboard.ts'

/** What the store knows beside the data. */
export interface StoreState {
  readonly board: Switchboard
  readonly replica: Replica
  isReached: boolean
  isFlushDue: boolean
  /** When the reminder actor is to speak up. */
  remindAt: number
  /** Gaps are not asked for before; the routine question is asked all the same. */
  followsGapsAt: number
  /** When the ephemeral actor is to look. */
  lookAt: number
}

/** Everything that happens in one tick goes out together, in one frame and one announcement. */
export function plan(state: StoreState): void {
  const { board, replica } = state
  const remindAt = Math.min(replica.renewDueAt, replica.queue.tellDueAt)
  if (remindAt !== state.remindAt) {
    state.remindAt = remindAt
    board.reminder.send({ type: 'alarm.set', at: remindAt })
  }
  state.lookAt = planLook(board, state.lookAt)
  const hasUnsent = replica.unsent.length > 0 || hasWaitsToTell(replica.queue)
  // What goes on concerns only what others have, so it is told even to who was not heard yet.
  const isRenewalDue = replica.isRenewalUnsent && board.lines.count > 0
  const hasNews = replica.facts.length > 0 || isRenewalDue || (state.isReached && hasUnsent)
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
  board.announceAll(facts)
  board.congestion.look()
}

/** What was written, who waits and what goes on is told to the network. */
export function flush(state: StoreState): void {
  const { board, replica } = state
  state.isFlushDue = false
  const tell = (body: BroadcastBody) => board.waterfall.send({ type: 'broadcast.made', body })
  const now = board.read()
  if (state.isReached) {
    // Whoever reads of a release has heard before who waits.
    if (hasWaitsToTell(replica.queue)) {
      const waits = waitsToTell(replica.queue, { now: now.now, chance: board.random() })
      if (waits !== undefined) tell({ kind: 'waits', ...waits })
    }
    for (const { from, to, batch } of gatherUnsent(replica, now)) {
      tell({ kind: 'entries', from, to, batch })
    }
  }
  const renewal = board.lines.count > 0 ? renewalToSend(replica, now) : undefined
  if (renewal !== undefined) tell({ kind: 'renewal', ...renewal })
}
