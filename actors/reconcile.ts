/**
 * The reconciliation actor: asks neighbours what this peer lacks, one at a time, and answers what
 * they ask. What is owed is decided in `rules/reconcile.ts`. It compares first what was heard, for
 * mostly nothing is owed.
 *
 * It asks each neighbour as it comes into use, a random one from time to time so that a lost
 * broadcast heals, and one that says it has news. A peer that learnt something this way tells its
 * other neighbours to ask. Only after its first answer does a peer send what it wrote while it was
 * alone.
 */

import { fromCallback } from 'xstate'
import { holdsNothing } from '../machines/rules/collect.ts'
import { coverageList } from '../machines/rules/heard.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import type { Handle } from '../machines/rules/peer.ts'
import { type Holding, heardDigest } from '../machines/rules/reconcile.ts'
import { encode } from '../transport/codec.ts'
import type { Timer } from '../transport/ports.ts'
import { Answers, type Told } from './answer.ts'
import { Attention, isHeldUp } from './attention.ts'
import { isRefused } from './ingress.ts'
import type { Line } from './line.ts'
import { noteAnswered, type Question, type Step, wordOf } from './question.ts'
import type { Parcel, Switchboard } from './switchboard.ts'
import { Turns } from './turns.ts'

/** How long an answer may pause before another neighbour is asked, in milliseconds. */
export const ANSWER_MS_MAX = 10_000
/** How long its first word may take while others wait to be asked, in milliseconds. */
const WORD_MS_MAX = 1_000
/**
 * How often a random neighbour is asked, in milliseconds; each time is drawn from half to one and a
 * half.
 */
export const ASK_MS = 30_000
/** How long a gap may be filled by what is still under way, in milliseconds. */
const GAP_MS = 200

export type ReconcileEvent =
  | { readonly type: 'line.used'; readonly handle: Handle }
  | { readonly type: 'line.left'; readonly handle: Handle }
  | { readonly type: 'gap.found'; readonly handle: Handle }
  /** This process was held up. */
  | { readonly type: 'stall.noticed' }
  | { readonly type: 'sync.received'; readonly parcel: Parcel }

type SyncMessage = Extract<DataMessage, { kind: `sync.${string}` }>

export const reconcileLogic = fromCallback<ReconcileEvent, { readonly shared: Shared }>(
  ({ input, receive }) => {
    const board = input.shared as Switchboard
    const asking = new Asking(board)
    receive((event) => {
      if (event.type === 'line.used') asking.meet(event.handle)
      else if (event.type === 'line.left') asking.leave(event.handle)
      else if (event.type === 'stall.noticed') asking.askAll()
      else if (event.type === 'gap.found') asking.enqueueSoon(event.handle)
      else asking.hear(event.parcel)
    })
    return () => asking.stop()
  },
)

class Asking {
  readonly #board: Switchboard
  /** Whom to ask, in order; a Set, so that nobody waits twice. */
  readonly #queue = new Set<Handle>()
  /** Lines in use whose other side has been asked. */
  readonly #settled = new Set<Handle>()
  /** Lines that came into use, and whose other side has not told yet what it knows. */
  readonly #awaited = new Set<Handle>()
  /** Lines that did not answer when they were asked last. */
  readonly #late = new Set<Handle>()
  readonly #soon = new Map<Handle, Timer>()
  readonly #answers: Answers
  readonly #hints: Turns
  #question: Question | undefined
  #asked = 0
  #routine: Timer
  readonly #attention: Attention

  constructor(board: Switchboard) {
    this.#board = board
    this.#answers = new Answers(board)
    this.#hints = new Turns(board)
    this.#routine = this.#scheduleRoutine()
    this.#attention = new Attention(board, {
      heldUp: () => this.askAll(),
      certain: () => this.#report(),
    })
    board.clock.defer(() => this.#report())
  }

  stop(): void {
    const { clock } = this.#board
    clock.clearTimeout(this.#routine)
    this.#attention.stop()
    if (this.#question) clock.clearTimeout(this.#question.timer)
    for (const timer of this.#soon.values()) clock.clearTimeout(timer)
    this.#answers.stop()
    this.#hints.stop()
  }

  /** A neighbour is new, or back: it may know of leases that were renewed out of sight. */
  meet(handle: Handle): void {
    this.#awaited.add(handle)
    this.#report()
    this.enqueue(handle)
  }

  enqueue(handle: Handle): void {
    this.#queue.add(handle)
    this.#next()
  }

  /** What happened while this process was held up is not known: everybody is asked again. */
  askAll(): void {
    if (this.#board.lines.count > 0) this.#attention.doubt()
    this.#settled.clear()
    this.#report()
    for (const { handle } of this.#board.lines.neighbours()) this.#queue.add(handle)
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
    this.#awaited.delete(handle)
    this.#late.delete(handle)
    this.#answers.leave(handle)
    this.#hints.leave(handle)
    if (isHeldUp(this.#board)) this.#attention.doubt()
    if (this.#question?.handle === handle) {
      this.#drop()
      this.#giveUp()
    }
    this.#report()
    this.#next()
  }

  hear(parcel: Parcel): void {
    const message = parcel.message as SyncMessage
    switch (message.kind) {
      case 'sync.compare':
      case 'sync.ask':
        return this.#answers.hear(parcel.line, message)
      case 'sync.same':
      case 'sync.differs':
        return this.#hearComparison(parcel, message)
      case 'sync.hint':
        return this.#hints.take(parcel.line, () => this.enqueue(parcel.line.handle))
      case 'sync.give':
        return this.#take(parcel, message)
      case 'sync.done':
        return this.#finish(parcel, message)
    }
  }

  #hearComparison(parcel: Parcel, message: Told<'sync.same' | 'sync.differs'>): void {
    const question = this.#current(parcel, message.ask)
    if (question?.step !== 'compare') return
    if (message.kind === 'sync.differs') {
      this.#drop()
      return this.#ask(parcel.line, 'some')
    }
    // That is the end of an answer which has nothing to give, but perhaps renewals to tell.
    const { ask, renewals, digest } = message
    const nothing = { coverage: [], isPending: false, collected: [], floor: 0 }
    const done = { kind: 'sync.done', ask, renewals, ...nothing } as const
    this.#finish(parcel, done, { heard: question.heard, digest })
  }

  #next(): void {
    if (this.#question !== undefined) return
    for (const handle of this.#queue) {
      this.#queue.delete(handle)
      const line = this.#board.lines.get(handle)
      if (line === undefined) continue
      // Whoever has heard nobody lacks everything.
      this.#ask(line, coverageList(this.#board.replica).length === 0 ? 'some' : 'compare')
      return
    }
  }

  #ask(line: Line, step: Step): void {
    const { replica } = this.#board
    const ask = ++this.#asked
    const { handle } = line
    const [told, heard] = [coverageList(replica), heardDigest(replica)]
    // While others wait to be asked, who says nothing at all is passed over once.
    const isHurried = this.#queue.size > 0 && !this.#late.has(handle)
    const timer = this.#patience(isHurried ? WORD_MS_MAX : ANSWER_MS_MAX)
    const isFresh = holdsNothing(replica)
    this.#question = { ask, handle, step, told, heard, isFresh, entries: 0, timer }
    line.say(wordOf(this.#question, replica))
  }

  #take(parcel: Parcel, message: Told<'sync.give'>): void {
    const question = this.#current(parcel, message.ask)
    if (question === undefined || isRefused(this.#board, parcel)) return
    question.entries += message.batch.keys.length
    this.#board.clock.clearTimeout(question.timer)
    question.timer = this.#patience(ANSWER_MS_MAX)
    this.#board.store.send({ type: 'batch.given', parcel })
  }

  #finish(parcel: Parcel, message: Told<'sync.done'>, holding?: Holding): void {
    const question = this.#current(parcel, message.ask)
    if (question === undefined || isRefused(this.#board, parcel)) return
    this.#drop()
    let isMoreNeeded = false
    const reply = (verdict: boolean) => {
      isMoreNeeded = verdict
    }
    const { told, isFresh, step } = question
    const answered = { done: message, told, isFresh, isAll: step === 'all', holding }
    this.#board.store.send({ type: 'sync.settled', ...answered, reply })
    if (isMoreNeeded) return this.#ask(parcel.line, 'all')
    noteAnswered(this.#board, question, parcel.line)
    this.#settled.add(question.handle)
    this.#late.delete(question.handle)
    // The other side has grants that it is about to send, and that count.
    if (!message.isPending) this.#awaited.delete(question.handle)
    else if (this.#awaited.has(question.handle)) this.enqueueSoon(question.handle)
    if (question.entries > 0) this.#spread(parcel.line)
    this.#report()
    this.#next()
  }

  /** What came in here did not come as a broadcast, so the other neighbours may not have it. */
  #spread(source: Line): void {
    this.#board.lines.broadcast(encode({ kind: 'sync.hint' }), source)
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
  #patience(ms: number): Timer {
    return this.#board.clock.setTimeout(() => {
      const handle = this.#question?.handle
      this.#giveUp()
      if (handle !== undefined) {
        // Who does not answer keeps nobody from taking over what has lapsed.
        this.#awaited.delete(handle)
        this.#report()
        this.#late.add(handle)
        if (this.#board.lines.get(handle)) this.#queue.add(handle)
      }
      this.#next()
    }, ms)
  }

  /** Whether there is anybody to send to, and whether they have told what they know. */
  #report(): void {
    const isReached = this.#settled.size > 0
    const isAlone = this.#board.lines.count === 0 && !this.#attention.isDoubtful
    const isCurrent = this.#awaited.size === 0 && (isReached || isAlone)
    this.#board.store.send({ type: 'network.reached', isReached, isCurrent })
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
