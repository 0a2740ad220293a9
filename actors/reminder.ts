/**
 * The reminder actor: says when leases are to be renewed or waits to be told again, with one timer
 * for all of them.
 */

import { fromCallback } from 'xstate'
import { LOOK_MS_MAX } from '../machines/lease.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { Timer } from '../transport/ports.ts'
import type { Switchboard } from './switchboard.ts'

export interface ReminderEvent {
  readonly type: 'reminder.set'
  /** By the monotonic clock, in milliseconds; infinite if there is nothing to remind of. */
  readonly at: number
}

export const reminderLogic = fromCallback<ReminderEvent, { readonly shared: Shared }>(
  ({ input, receive }) => {
    const board = input.shared as Switchboard
    const { clock } = board
    let dueAt = Number.POSITIVE_INFINITY
    let timer: Timer
    const schedule = () => {
      clock.clearTimeout(timer)
      if (dueAt === Number.POSITIVE_INFINITY) return
      const waitMs = Math.min(LOOK_MS_MAX, Math.max(0, dueAt - clock.now()))
      timer = clock.setTimeout(look, waitMs)
    }
    const look = () => {
      if (clock.now() < dueAt) return schedule()
      board.store.send({ type: 'reminder.due' })
    }
    receive(({ at }) => {
      dueAt = at
      schedule()
    })
    return () => clock.clearTimeout(timer)
  },
)
