/** Answers to the questions of neighbours: everything that they have not heard of. */

import { BATCH_ENTRIES_MAX } from '../machines/rules/batch.ts'
import { collectedBeyond } from '../machines/rules/collect.ts'
import { gather } from '../machines/rules/gather.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import { Owed } from '../machines/rules/owed.ts'
import type { Handle } from '../machines/rules/peer.ts'
import { reachWords } from '../machines/rules/reach.ts'
import { coverageBeyond, digestToTell, renewedDigest } from '../machines/rules/reconcile.ts'
import { renewalWords } from '../machines/rules/renewal.ts'
import type { Timer } from '../transport/ports.ts'
import { isProvable } from './evidence.ts'
import type { Line } from './line.ts'
import type { Switchboard } from './switchboard.ts'
import { Turns } from './turns.ts'

/** An answer waits while more than this many bytes wait on the line. */
const ANSWER_QUEUE_BYTES_MAX = 1024 * 1024
/** How many entries are given first, so that who asked has work soon; then twice as many. */
const FIRST_ENTRIES = 250
/** An answer gives so many bytes, then it is the turn of others. */
const TURN_BYTES_MAX = 512 * 1024
/** How often an answer that waits looks whether the line takes more, in milliseconds. */
const LOOK_MS = 1

/** A message of that kind. */
export type Told<Kind extends DataMessage['kind']> = Extract<DataMessage, { kind: Kind }>

/** What this peer answers its neighbours. */
export class Answers {
  readonly #board: Switchboard
  /** What is on its way, one answer to each line: who asks again wants the new one only. */
  readonly #answers = new Map<Handle, Answer>()
  readonly #turns: Turns

  constructor(board: Switchboard) {
    this.#board = board
    this.#turns = new Turns(board)
  }

  /** Answers when it is the turn of who asks. */
  hear(line: Line, question: Told<'sync.compare' | 'sync.ask'>): void {
    this.#turns.take(line, () => {
      if (question.kind === 'sync.ask') this.#give(line, question)
      else this.#compare(line, question)
    })
  }

  /** Says whether the asker has heard the same. */
  #compare(line: Line, { ask, heard, renewed }: Told<'sync.compare'>): void {
    const { replica } = this.#board
    const digest = digestToTell(replica, heard)
    if (digest === undefined) return line.say({ kind: 'sync.differs', ask })
    const isInformed = renewed === renewedDigest(replica)
    const reading = this.#board.read()
    const renewals = isInformed ? [] : renewalWords(replica, reading)
    line.madeGood = line.leftOut
    line.say({ kind: 'sync.same', ask, digest, renewals })
  }

  /** Begins to give everything that the asker has not heard of. */
  #give(line: Line, question: Told<'sync.ask'>): void {
    this.#answers.get(line.handle)?.stop()
    const answer = new Answer(this.#board, line, question)
    this.#answers.set(line.handle, answer)
    answer.pour()
  }

  leave(handle: Handle): void {
    this.#turns.leave(handle)
    this.#answers.get(handle)?.stop()
    this.#answers.delete(handle)
  }

  stop(): void {
    this.#turns.stop()
    for (const answer of this.#answers.values()) answer.stop()
  }
}

/** One answer on its way: batch after batch, as fast as the line takes them. */
class Answer {
  readonly #board: Switchboard
  readonly #line: Line
  readonly #question: Told<'sync.ask'>
  readonly #owed: Owed
  #entries = FIRST_ENTRIES
  readonly #heard: Pick<Told<'sync.done'>, 'coverage' | 'isPending'>
  readonly #queueBytesMax: number
  /** What is left out while the answer is on its way takes another one. */
  readonly #leftOut: number
  #timer: Timer

  constructor(board: Switchboard, line: Line, question: Told<'sync.ask'>) {
    const { replica } = board
    const { sendQueueBytesMax } = board.settings.limits
    this.#queueBytesMax = Math.min(ANSWER_QUEUE_BYTES_MAX, sendQueueBytesMax)
    this.#board = board
    this.#line = line
    this.#leftOut = line.leftOut
    this.#question = question
    // No list of what is owed is kept, so an answer takes no more memory than what waits.
    this.#owed = new Owed(replica, question)
    // What changes while the answer is on its way is broadcast, so the coverage of this moment
    // holds.
    this.#heard = {
      coverage: coverageBeyond(replica, question),
      isPending: replica.unsent.length > 0,
    }
  }

  pour(): void {
    const until = this.#board.counts.bytesOut + TURN_BYTES_MAX
    while (this.#line.queuedBytes <= this.#queueBytesMax) {
      const slots = this.#owed.next(this.#entries)
      if (slots.length === 0) return this.#end()
      this.#entries = Math.min(2 * this.#entries, BATCH_ENTRIES_MAX)
      this.#give(slots)
      // A network that takes all there is leaves nothing in the queue.
      if (this.#board.counts.bytesOut >= until) break
    }
    this.#timer = this.#board.clock.setTimeout(() => this.pour(), LOOK_MS)
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
  }

  #give(slots: readonly number[]): void {
    const { replica } = this.#board
    const isSigned = replica.provenance !== null
    const told = isSigned ? slots.filter((slot) => isProvable(replica, slot)) : slots
    const batch = gather(replica, told, this.#board.read())
    const { ask } = this.#question
    const proofs = this.#board.notary?.prove(batch)
    this.#line.say({ kind: 'sync.give', ask, batch, ...(proofs && { proofs }) })
  }

  /** Deletions may have been collected meanwhile, before their turn to be given came. */
  #end(): void {
    const { replica } = this.#board
    const { ask } = this.#question
    const collected = collectedBeyond(replica, this.#question)
    // What goes on is told as of now: it is about time, not about entries.
    const renewals = renewalWords(replica, this.#board.read())
    const { floor } = replica
    const told = [this.#heard.coverage, collected]
    const reaches = reachWords(replica, { asked: this.#question.coverage, told })
    const end = { ask, ...this.#heard, collected, floor, renewals, ...(reaches && { reaches }) }
    this.#line.say({ kind: 'sync.done', ...end })
    this.#line.madeGood = this.#leftOut
  }
}
