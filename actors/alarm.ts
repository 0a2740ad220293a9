/**
 * An alarm: one timer for all that an actor has to be told later. A long wait is split, so that a
 * clock which stands still while the machine sleeps is noticed soon after.
 */

import { fromCallback } from 'xstate'
import { LOOK_MS_MAX } from '../machines/lease.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { Timer } from '../transport/ports.ts'
import type { Switchboard } from './switchboard.ts'

/** The shortest wait, in milliseconds: what is due again and again must not fill a tick. */
const ALARM_MS_MIN = 1

export interface AlarmEvent {
  readonly type: 'alarm.set'
  /** By the monotonic clock, in milliseconds; infinite if there is nothing to tell. */
  readonly at: number
}

/** The logic of an alarm; `ring` tells whom it concerns. */
export function alarmLogic(ring: (board: Switchboard) => void) {
  return fromCallback<AlarmEvent, { readonly shared: Shared }>(({ input, receive }) => {
    const board = input.shared as Switchboard
    const { clock } = board
    let dueAt = Number.POSITIVE_INFINITY
    let timer: Timer
    const schedule = () => {
      clock.clearTimeout(timer)
      if (dueAt === Number.POSITIVE_INFINITY) return
      const waitMs = Math.max(ALARM_MS_MIN, Math.ceil(dueAt - clock.now()))
      timer = clock.setTimeout(look, Math.min(LOOK_MS_MAX, waitMs))
    }
    const look = () => {
      if (clock.now() < dueAt) return schedule()
      dueAt = Number.POSITIVE_INFINITY
      ring(board)
    }
    receive(({ at }) => {
      dueAt = at
      schedule()
    })
    return () => clock.clearTimeout(timer)
  })
}
