/** The verdict of the rules on what an application asks of the dictionary. */

import { acquire, bequeath, denyAcquire, release, renew } from '../machines/rules/holding.ts'
import { publicKey } from '../machines/rules/key.ts'
import type { Reading } from '../machines/rules/lease.ts'
import { update } from '../machines/rules/update.ts'
import { type Receipt, remove, removeAny, set, type Verdict } from '../machines/rules/write.ts'
import { isHeldUp } from './attention.ts'
import { refusalError } from './refusal.ts'
import type { WriteEvent } from './storeEvent.ts'
import type { Switchboard } from './switchboard.ts'

/** Decides what an event asks for, and tells the asker. */
export function answer(board: Switchboard, event: WriteEvent): void {
  if (event.type === 'entry.set') return answerSet(board, event)
  if (event.isWithdrawn) return
  // In majority mode the voters are asked, and the answer comes later.
  const { isMajority } = board.replica
  if (isMajority && event.type === 'lease.acquire') {
    const denied = denyAcquire(board.replica, event.key, event)
    if (denied) return tell(board, event, { refused: denied, key: publicKey(event.key) })
    return board.ballot.send({ type: 'ballot.wish', wish: event })
  }
  const verdict = judge(board, event)
  tell(board, event, verdict)
  if (isMajority && event.type === 'lease.renew' && 'done' in verdict) {
    const { leaseMs } = verdict.done as Receipt
    const lease = { key: event.key, leaseMs: event.leaseMs ?? leaseMs }
    board.ballot.send({ type: 'ballot.renew', leases: [lease] })
  }
}

/** Decides over a value to be written, as most of what is asked is. */
export function answerSet(
  board: Switchboard,
  event: Extract<WriteEvent, { type: 'entry.set' }>,
): void {
  if (event.isWithdrawn) return
  const reading = board.readLately()
  noteStall(board, reading)
  tell(board, event, set(board.replica, event, reading))
}

/**
 * After SIGCONT an application may write before anything that came meanwhile was read. Whoever was
 * held up asks first and takes nothing over until it was answered.
 */
export function noteStall(board: Switchboard, reading: Reading): void {
  const { replica } = board
  if (board.lines.count === 0 || !isHeldUp(board, reading)) return
  replica.isCurrent = false
  board.clock.defer(() => board.reconcile.send({ type: 'stall.noticed' }))
}

/** The verdict of the rules on one write. */
function judge(
  board: Switchboard,
  event: Exclude<WriteEvent, { type: 'entry.set' }>,
): Verdict<unknown> {
  const reading = event.type === 'entry.update' ? board.readLately() : board.read()
  noteStall(board, reading)
  const { replica } = board
  const { leaseMs, token, kind } = event
  const options = { reading, leaseMs, token, kind }
  switch (event.type) {
    case 'entry.update':
      return update(replica, event.assignments, options)
    case 'entry.delete':
      return remove(replica, event.key, options)
    case 'entry.popItem':
      return removeAny(replica, options)
    case 'lease.acquire':
      return acquire(replica, event.key, { ...options, ...placeOf(event) })
    case 'lease.renew':
      return renew(replica, event.key, options)
    case 'lease.release':
      return release(replica, event.key, options)
    case 'lease.transfer':
      return bequeath(replica, event, options)
  }
}

function placeOf({ waiter, isTurn = false }: Extract<WriteEvent, { type: 'lease.acquire' }>) {
  return { waiter, isTurn }
}

/** Tells the asker, or everybody who listens for refusals. */
export function tell(board: Switchboard, event: WriteEvent, verdict: Verdict<unknown>): void {
  if (event.reply !== undefined) event.reply(verdict as never)
  else if ('refused' in verdict) {
    const error = refusalError(verdict.refused, verdict.key)
    board.clock.defer(() => board.announce({ type: 'entry.refused', error }))
  }
}
