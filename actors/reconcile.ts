/**
 * The reconciliation actor: asks neighbours what this peer lacks, one at a time, and answers what
 * they ask. What is owed is decided in `rules/reconcile.ts`.
 *
 * It asks each neighbour as it comes into use, a random one from time to time so that a lost
 * broadcast heals, and one that says it has news. A peer that learnt something this way tells its
 * other neighbours to ask. Only after its first answer does a peer send what it wrote while it was
 * alone.
 */

import { fromCallback } from 'xstate'
import { collectedList } from '../machines/rules/collect.ts'
import type { CoverageList } from '../machines/rules/coverage.ts'
import { cuts, gather } from '../machines/rules/gather.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import type { Handle } from '../machines/rules/peer.ts'
import { digestToTell, slotsOwed } from '../machines/rules/reconcile.ts'
import { coverageList } from '../machines/rules/replica.ts'
import { GRANT_UNSENT } from '../machines/rules/table.ts'
import { encode } from '../transport/codec.ts'
import type { Timer } from '../transport/ports.ts'
import type { Line } from './line.ts'
import type { Parcel, Switchboard } from './switchboard.ts'

/** How long an answer may pause before another neighbour is asked, in milliseconds. */
export const ANSWER_MS_MAX = 10_000
/**
 * How often a random neighbour is asked, in milliseconds; each time is drawn from half to one and a
 * half.
 */
export const ASK_MS = 30_000
/** How long a gap may be filled by what is still under way, in milliseconds. */
const GAP_MS = 200
/** An answer waits while more than this many bytes wait on the line. */
const ANSWER_QUEUE_BYTES_MAX = 1024 * 1024
/** How often an answer that waits looks whether the line takes more, in milliseconds. */
const LOOK_MS = 1

export type ReconcileEvent =
  | { readonly type: 'line.used'; readonly handle: Handle }
  | { readonly type: 'line.left'; readonly handle: Handle }
  | { readonly type: 'gap.found'; readonly handle: Handle }
  | { readonly type: 'sync.received'; readonly parcel: Parcel }

type SyncMessage = Extract<DataMessage, { kind: `sync.${string}` }>

export const reconcileLogic = fromCallback<ReconcileEvent, { readonly shared: Shared }>(
  ({ input, receive }) => {
    const board = input.shared as Switchboard
    const asking = new Asking(board)
    receive((event) => {
      if (event.type === 'line.used') asking.enqueue(event.handle)
      else if (event.type === 'line.left') asking.leave(event.handle)
      else if (event.type === 'gap.found') asking.enqueueSoon(event.handle)
      else asking.hear(event.parcel)
    })
    return () => asking.stop()
  },
)

/** The question that is under way. */
interface Question {
  readonly ask: number
  readonly handle: Handle
  readonly isAll: boolean
  readonly told: CoverageList
  entries: number
  timer: Timer
}

class Asking {
  readonly #board: Switchboard
  /** Whom to ask, in order; a Set, so that nobody waits twice. */
  readonly #queue = new Set<Handle>()
  /** Lines in use whose other side has been asked. */
  readonly #settled = new Set<Handle>()
  readonly #soon = new Map<Handle, Timer>()
  /** What is on its way, one answer to each line: who asks again wants the new one only. */
  readonly #answers = new Map<Handle, Answer>()
  #question: Question | undefined
  #asked = 0
  #routine: Timer

  constructor(board: Switchboard) {
    this.#board = board
    this.#routine = this.#scheduleRoutine()
  }

  stop(): void {
    const { clock } = this.#board
    clock.clearTimeout(this.#routine)
    if (this.#question) clock.clearTimeout(this.#question.timer)
    for (const timer of this.#soon.values()) clock.clearTimeout(timer)
    for (const answer of this.#answers.values()) answer.stop()
  }

  enqueue(handle: Handle): void {
    this.#queue.add(handle)
    this.#next()
  }

  enqueueSoon(handle: Handle): void {
    if (this.#soon.has(handle)) return
    const timer = this.#board.clock.setTimeout(() => {
      this.#soon.delete(handle)
      this.enqueue(handle)
    }, GAP_MS)
    this.#soon.set(handle, timer)
  }

  leave(handle: Handle): void {
    this.#queue.delete(handle)
    this.#settled.delete(handle)
    this.#answers.get(handle)?.stop()
    this.#answers.delete(handle)
    if (this.#question?.handle === handle) {
      this.#drop()
      this.#giveUp()
    }
    if (this.#settled.size === 0) this.#reach(false)
    this.#next()
  }

  hear(parcel: Parcel): void {
    const message = parcel.message as SyncMessage
    switch (message.kind) {
      case 'sync.ask':
        return this.#answer(parcel.line, message)
      case 'sync.hint':
        return this.enqueue(parcel.line.handle)
      case 'sync.give':
        return this.#take(parcel, message)
      case 'sync.done':
        return this.#finish(parcel, message)
    }
  }

  #answer(line: Line, question: Extract<SyncMessage, { kind: 'sync.ask' }>): void {
    this.#answers.get(line.handle)?.stop()
    const answer = new Answer(this.#board, line, question)
    this.#answers.set(line.handle, answer)
    answer.pour()
  }

  #next(): void {
    if (this.#question !== undefined) return
    for (const handle of this.#queue) {
      this.#queue.delete(handle)
      const line = this.#board.lines.get(handle)
      if (line === undefined) continue
      this.#ask(line, false)
      return
    }
  }

  #ask(line: Line, isAll: boolean): void {
    const { replica } = this.#board
    const ask = ++this.#asked
    const { handle } = line
    const told = coverageList(replica)
    this.#question = { ask, handle, isAll, told, entries: 0, timer: this.#patience() }
    line.say({ kind: 'sync.ask', ask, coverage: told, all: isAll })
  }

  #take(parcel: Parcel, message: Extract<SyncMessage, { kind: 'sync.give' }>): void {
    const question = this.#current(parcel, message.ask)
    if (question === undefined) return
    question.entries += message.batch.keys.length
    this.#board.clock.clearTimeout(question.timer)
    question.timer = this.#patience()
    this.#board.store.send({ type: 'batch.given', parcel })
  }

  #finish(parcel: Parcel, message: Extract<SyncMessage, { kind: 'sync.done' }>): void {
    const question = this.#current(parcel, message.ask)
    if (question === undefined) return
    this.#drop()
    let isMoreNeeded = false
    const reply = (verdict: boolean) => {
      isMoreNeeded = verdict
    }
    const { told, isAll } = question
    this.#board.store.send({ type: 'sync.settled', done: message, told, isAll, reply })
    if (isMoreNeeded) return this.#ask(parcel.line, true)
    this.#settled.add(question.handle)
    if (question.entries > 0) this.#spread(parcel.line)
    this.#reach(true)
    this.#next()
  }

  /** What came in here did not come as a broadcast, so the other neighbours may not have it. */
  #spread(source: Line): void {
    const hint = encode({ kind: 'sync.hint' })
    for (const line of this.#board.lines.neighbours()) if (line !== source) line.send(hint)
  }

  #current(parcel: Parcel, ask: number): Question | undefined {
    const question = this.#question
    return question?.ask === ask && question.handle === parcel.line.handle ? question : undefined
  }

  #drop(): void {
    if (this.#question) this.#board.clock.clearTimeout(this.#question.timer)
    this.#question = undefined
  }

  #giveUp(): void {
    this.#question = undefined
    this.#board.store.send({ type: 'comparison.ended' })
  }

  /** An answer that stalls is given up; its line is asked again when it is its turn. */
  #patience(): Timer {
    return this.#board.clock.setTimeout(() => {
      const handle = this.#question?.handle
      this.#giveUp()
      if (handle !== undefined && this.#board.lines.get(handle)) this.#queue.add(handle)
      this.#next()
    }, ANSWER_MS_MAX)
  }

  #reach(isReached: boolean): void {
    this.#board.store.send({ type: 'network.reached', isReached })
  }

  #scheduleRoutine(): Timer {
    const { clock, random } = this.#board
    return clock.setTimeout(
      () => {
        const lines = [...this.#board.lines.neighbours()]
        const line = lines[Math.floor(random() * lines.length)]
        if (line) this.enqueue(line.handle)
        this.#routine = this.#scheduleRoutine()
      },
      ASK_MS * (0.5 + random()),
    )
  }
}

/** One answer on its way: batch after batch, as fast as the line takes them. */
class Answer {
  readonly #board: Switchboard
  readonly #line: Line
  readonly #ask: number
  readonly #batches: Iterator<[number, number]>
  readonly #slots: readonly number[]
  readonly #done: SyncMessage
  readonly #queueBytesMax: number
  #timer: Timer

  constructor(
    board: Switchboard,
    line: Line,
    question: Extract<SyncMessage, { kind: 'sync.ask' }>,
  ) {
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

  pour(): void {
    while (this.#line.queuedBytes <= this.#queueBytesMax) {
      const next = this.#batches.next()
      if (next.done) return this.#line.say(this.#done)
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
