/** An answer to a neighbour's question: everything that it has not heard of. */

import { collectedList } from '../machines/rules/collect.ts'
import { cuts, gather } from '../machines/rules/gather.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import { digestToTell, slotsOwed } from '../machines/rules/reconcile.ts'
import { renewalWords } from '../machines/rules/renewal.ts'
import { coverageList } from '../machines/rules/replica.ts'
import { GRANT_UNSENT } from '../machines/rules/table.ts'
import type { Timer } from '../transport/ports.ts'
import type { Line } from './line.ts'
import type { Switchboard } from './switchboard.ts'

/** An answer waits while more than this many bytes wait on the line. */
const ANSWER_QUEUE_BYTES_MAX = 1024 * 1024
/** How often an answer that waits looks whether the line takes more, in milliseconds. */
const LOOK_MS = 1

type Told<Kind extends DataMessage['kind']> = Extract<DataMessage, { kind: Kind }>

/** One answer on its way: batch after batch, as fast as the line takes them. */
export class Answer {
  readonly #board: Switchboard
  readonly #line: Line
  readonly #ask: number
  readonly #batches: Iterator<[number, number]>
  readonly #slots: readonly number[]
  readonly #done: Omit<Told<'sync.done'>, 'renewals'>
  readonly #queueBytesMax: number
  #timer: Timer

  constructor(board: Switchboard, line: Line, question: Told<'sync.ask'>) {
    const { replica } = board
    const { sendQueueBytesMax } = board.settings.limits
    this.#queueBytesMax = Math.min(ANSWER_QUEUE_BYTES_MAX, sendQueueBytesMax)
    this.#board = board
    this.#line = line
    this.#ask = question.ask
    this.#slots = slotsOwed(replica, question)
    this.#batches = cuts(replica, this.#slots)
    // What changes while the answer is on its way is broadcast, so the coverage of this moment
    // holds.
    this.#done = {
      kind: 'sync.done',
      ask: question.ask,
      coverage: coverageList(replica),
      digest: digestToTell(replica),
      collected: collectedList(replica),
      floor: replica.floor,
    }
  }

  /** What goes on is told as of now: it is about time, not about entries. */
  #end(): void {
    const { replica, clock } = this.#board
    const renewals = renewalWords(replica, { now: clock.now(), wall: clock.wall() })
    this.#line.say({ ...this.#done, renewals })
  }

  pour(): void {
    while (this.#line.queuedBytes <= this.#queueBytesMax) {
      const next = this.#batches.next()
      if (next.done) return this.#end()
      this.#give(...next.value)
    }
    this.#timer = this.#board.clock.setTimeout(() => this.pour(), LOOK_MS)
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
  }

  #give(first: number, end: number): void {
    const { replica, clock } = this.#board
    const isTellable = (slot: number) => replica.table.unsent[slot] !== GRANT_UNSENT
    const slots = this.#slots.slice(first, end).filter(isTellable)
    const reading = { now: clock.now(), wall: clock.wall() }
    const batch = gather(replica, slots, reading)
    this.#line.say({ kind: 'sync.give', ask: this.#ask, batch })
  }
}
