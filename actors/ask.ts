/** Asks the store for a verdict and throws if it is a refusal. */

import { HoldfastError } from '../machines/rules/errors.ts'
import type { Verdict } from '../machines/rules/write.ts'
import { refusalError } from './refusal.ts'
import type { WriteEvent } from './storeEvent.ts'
import type { Switchboard } from './switchboard.ts'

type DoneOf<Event extends WriteEvent> =
  NonNullable<Event['reply']> extends (verdict: Verdict<infer Done>) => void ? Done : never

type Question = WriteEvent extends infer Event
  ? Event extends WriteEvent
    ? Omit<Event, 'reply'>
    : never
  : never

/** A function that asks one question of this dictionary's store and returns what was done. */
export function ask(board: Switchboard) {
  return <Asked extends Question>(
    question: Asked,
  ): DoneOf<Extract<WriteEvent, { type: Asked['type'] }>> => {
    let verdict: Verdict<unknown> | undefined
    const reply = (given: Verdict<unknown>) => {
      verdict = given
    }
    const asked = { ...question, reply, isWithdrawn: false }
    board.store.send(asked)
    if (verdict === undefined) {
      // The store is busy with an event, so this call comes from inside one: from an inspection
      // listener. The question waits in the store's mailbox and must not be answered later.
      asked.isWithdrawn = true
      const message = 'A write from inside an inspection listener cannot be decided at once.'
      throw new HoldfastError('ACTOR_FAILED', message)
    }
    if ('refused' in verdict) throw refusalError(verdict.refused, verdict.key)
    return verdict.done as never
  }
}
