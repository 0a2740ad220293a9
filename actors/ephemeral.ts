/**
 * When ephemeral values are looked at: by one alarm for all of them, and since an alarm can be
 * late, by whoever reads.
 */

import { dueAt, isLapseDue, lapseDue, type Moment } from '../machines/rules/ephemeral.ts'
import type { Reading } from '../machines/rules/lease.ts'
import { isHeldUp } from './attention.ts'
import type { Switchboard } from './switchboard.ts'

/**
 * How long the end of another peer's ephemeral value is left to its owner to write down, in
 * milliseconds; up to twice as long, so that not all peers do it at once.
 */
const TRACE_MS = 60_000
/** The shortest time between two looks, in milliseconds. */
const LOOK_MS_MIN = 5

/** Finds what is gone by now. True if something was due. */
export function sweep(board: Switchboard): boolean {
  const { replica } = board
  if (replica.table.lapsing.size === 0) return false
  const reading = board.read()
  if (!isLapseDue(replica.table, reading)) return false
  lapseDue(replica, momentOf(board, reading))
  return true
}

/** Before something is read: what is gone by now is not shown, and is told. */
export function sweepToRead(board: Switchboard): void {
  const { replica, store } = board
  const known = replica.facts.length
  if (!sweep(board) || replica.facts.length === known) return
  if (store.getSnapshot().status === 'active') store.send({ type: 'deadline.passed' })
}

export function momentOf(board: Switchboard, reading: Reading): Moment {
  const { lines, replica } = board
  // Whoever was held up has not read yet what came meanwhile, and that may be a renewal.
  const wasHeldUp = lines.count > 0 && isHeldUp(board)
  return {
    reading,
    traceMs: TRACE_MS * (1 + board.random()),
    isCurrent: replica.isCurrent && !wasHeldUp,
  }
}

/** The earliest moment at which something is due, if that is earlier than what was told last. */
export function planLook(board: Switchboard, toldAt: number): number {
  const { table } = board.replica
  if (table.lapsing.size === 0 && table.gone.size === 0) return toldAt
  const at = dueAt(table)
  if (at >= toldAt) return toldAt
  const soonest = board.clock.now() + LOOK_MS_MIN
  board.ephemeral.send({ type: 'alarm.set', at: Math.max(at, soonest) })
  return at
}
