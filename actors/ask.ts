/** Asks the store for a verdict and throws if it is a refusal. */

import { HoldfastError } from '../machines/rules/errors.ts'
import type { Verdict } from '../machines/rules/write.ts'
import { refusalError } from './refusal.ts'
import type { WriteEvent } from './storeEvent.ts'
import type { Switchboard } from './switchboard.ts'

type DoneOf<Event extends WriteEvent> =
  NonNullable<Event['reply']> extends (verdict: Verdict<infer Done>) => void ? Done : never

type Questions = WriteEvent extends infer Event
  ? Event extends WriteEvent
    ? Omit<Event, 'reply'>
    : never
  : never

/** A question on its way, and the verdict on it. */
interface Asked {
  reply: typeof keepVerdict
  verdict: Verdict<unknown> | undefined
  isWithdrawn: boolean
}

/** What every question takes along. Its verdict is kept in the event itself. */
export const UNANSWERED: Readonly<Asked> = {
  reply: keepVerdict,
  verdict: undefined,
  isWithdrawn: false,
}

/** A function that asks one question of this dictionary's store and returns what was done. */
export function ask(board: Switchboard) {
  return <Question extends Questions>(
    question: Question,
  ): DoneOf<Extract<WriteEvent, { type: Question['type'] }>> =>
    verdictOn(board, { ...question, ...UNANSWERED } as never) as never
}

/** Asks by an event that has the fields of `UNANSWERED`, and throws if it is refused. */
export function verdictOn(board: Switchboard, asked: WriteEvent & Asked): unknown {
  board.store.send(asked)
  const { verdict } = asked
  if (verdict === undefined) {
    // The store is busy with an event, so this call comes from inside one: from an inspection
    // listener. The question waits in the store's mailbox and must not be answered later.
    asked.isWithdrawn = true
    const message = 'A write from inside an inspection listener cannot be decided at once.'
    throw new HoldfastError('ACTOR_FAILED', message)
  }
  if ('refused' in verdict) throw refusalError(verdict.refused, verdict.key)
  return verdict.done
}

function keepVerdict(this: unknown, verdict: Verdict<unknown>): void {
  ;(this as Asked).verdict = verdict
}
