/**
 * Whether others confirm that a lease is held, asked before a command starts and at each renewal.
 *
 * In the default mode of holdfast a write is decided by its writer alone. That is not enough for a
 * command that must not run twice: two that take a free key at the same moment both have it until
 * they hear of each other, and an owner that is cut off renews for itself while another takes over.
 * So the `run` commands of one network witness for each other, by messages:
 *
 * - `here`: I am one that answers. Said to each neighbour as it connects.
 * - `ask`: do you see me as the owner of this key, under this token?
 * - `heard`: I do, and will confirm nobody else for so long. `refused`: not now.
 * - `done`: nobody works under that token any more, so what was promised is void.
 *
 * A command starts when most of its neighbours that answer, itself counted, confirm the grant and
 * none refuses. It may go on for as long as most of those who confirmed last time, or came since,
 * confirm again.
 */

import { type Dictionary, HoldfastError } from 'holdfast'
import { type Deadline, deadlineIn, readMoment, remainingMs } from './deadline.ts'

/** How many keys promises are kept for, and how many that left are remembered. */
const PROMISES_MAX = 10_000
/** How much faster the clock of another may run: the share of a promise that is not relied upon. */
const DRIFT = 0.01
/** A peer that was announced is looked for so often, and so many milliseconds apart. */
const GREETINGS_MAX = 100
const GREET_MS = 5
const TAG = 'holdfast/run'

type Word = 'here' | 'ask' | 'heard' | 'refused' | 'done'

interface Saying {
  readonly tag: typeof TAG
  readonly word: Word
  readonly key: string
  readonly token: number
  readonly ask: number
  readonly remainingMs: number
}

/** What is asked for. */
export interface Claim {
  readonly key: string
  readonly token: number
}

/** What came back. */
export interface Testimony {
  /** Who confirms, and until when. */
  readonly heard: ReadonlyMap<string, Deadline>
  readonly refused: ReadonlySet<string>
  /** Who is connected and answers, or did when it was asked. */
  readonly asked: ReadonlySet<string>
}

interface Asking {
  readonly waitMs: number
  /** Default when all have answered. */
  readonly isEnough?: (testimony: Testimony) => boolean
}

interface Promised extends Claim {
  readonly owner: string
  readonly until: Deadline
}

interface Question {
  readonly ask: number
  readonly askedAt: Deadline
  readonly asked: ReadonlySet<string>
  readonly heard: Map<string, Deadline>
  readonly refused: Set<string>
  readonly answered: () => void
}

export class Witness {
  readonly #dictionary: Dictionary
  /** Neighbours that answer. */
  readonly #others = new Set<string>()
  readonly #left = new Set<string>()
  readonly #promises = new Map<string, Promised>()
  /** What this process works under, also when the lease is lost, until its command has ended. */
  #working: Claim | undefined
  #question: Question | undefined
  #asks = 0

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    dictionary.registerHandler(({ payload, from }) => {
      const saying = payload as Partial<Saying> | null
      if (saying?.tag === TAG) this.#hear(saying as Saying, from)
      return true
    })
    dictionary.on('connect', ({ peerId }) => this.#greet(peerId, GREETINGS_MAX))
    dictionary.on('disconnect', ({ peerId, hasLeft }) => {
      this.#others.delete(peerId)
      if (hasLeft) this.#forget(peerId)
    })
    dictionary.on('member.left', ({ peerId }) => this.#forget(peerId))
    for (const { peerId } of dictionary.peers) this.#greet(peerId, GREETINGS_MAX)
  }

  /** How many neighbours answer. */
  get count(): number {
    return this.#others.size
  }

  /** True if each neighbour has said that it answers. */
  get knowsAll(): boolean {
    return this.#dictionary.peers.every(({ peerId }) => this.#others.has(peerId))
  }

  /** Who said goodbye since the command began to work. */
  get left(): ReadonlySet<string> {
    return this.#left
  }

  /** A command is about to work under this lease: nobody else is confirmed until it is done. */
  work(claim: Claim): void {
    this.#working = claim
    this.#left.clear()
  }

  /** The command has ended: whoever waits for the key may be confirmed at once. */
  done(): void {
    const claim = this.#working
    this.#working = undefined
    if (claim === undefined) return
    for (const peerId of this.#others) this.#say('done', peerId, claim)
  }

  /** Asks all neighbours that answer. Resolves when enough have answered, or after so long. */
  async ask(claim: Claim, { waitMs, isEnough = isComplete }: Asking): Promise<Testimony> {
    // What was written in this tick leaves at its end; the question follows it on each line.
    await new Promise((resolve) => setImmediate(resolve))
    const asked = new Set(this.#others)
    const ask = ++this.#asks
    const heard = new Map<string, Deadline>()
    const refused = new Set<string>()
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs)
      const answered = () => {
        const testimony = { asked, heard, refused }
        if (isComplete(testimony) || isEnough(testimony)) resolve()
      }
      this.#question = { ask, askedAt: readMoment(), asked, heard, refused, answered }
      for (const peerId of asked) this.#say('ask', peerId, { ...claim, ask })
      answered()
    })
    clearTimeout(timer)
    this.#question = undefined
    return { heard, refused, asked }
  }

  /** A peer is announced a moment before it can be spoken to. */
  #greet(to: string, attempts: number): void {
    const isThere = this.#dictionary.peers.some(({ peerId }) => peerId === to)
    if (isThere) return this.#say('here', to)
    if (attempts > 0) setTimeout(() => this.#greet(to, attempts - 1), GREET_MS).unref()
  }

  #hear(saying: Saying, from: string): void {
    const { word, key, token, ask } = saying
    if (word === 'here') this.#others.add(from)
    else if (word === 'ask') this.#testify({ key, token }, from, ask)
    else if (word === 'done') this.#void({ key, token }, from)
    else if (this.#question?.ask === ask && this.#question.asked.has(from)) {
      const { askedAt, heard, refused, answered } = this.#question
      // Counted from before the question left, since nobody knows when it was answered.
      if (word === 'heard') heard.set(from, deadlineIn(saying.remainingMs * (1 - DRIFT), askedAt))
      else refused.add(from)
      answered()
    }
  }

  #testify(claim: Claim, owner: string, ask: number): void {
    const { key, token } = claim
    const lease = this.#dictionary.lease(key)
    const isSeen = lease?.owner === owner && lease.token === token
    if (!isSeen || this.#isBound(claim, owner))
      return this.#say('refused', owner, { ...claim, ask })
    const leftMs = lease.remainingMs
    this.#promises.set(key, { key, token, owner, until: deadlineIn(leftMs) })
    this.#say('heard', owner, { key, token, ask, remainingMs: leftMs })
  }

  /** True if somebody else was promised the key, or this process works under it itself. */
  #isBound({ key, token }: Claim, owner: string): boolean {
    if (this.#working?.key === key) return true
    for (const { key: old, until } of this.#promises.values()) {
      if (remainingMs(until) <= 0) this.#promises.delete(old)
    }
    const promised = this.#promises.get(key)
    if (promised === undefined) return this.#promises.size >= PROMISES_MAX
    return promised.owner !== owner || promised.token > token
  }

  #void({ key, token }: Claim, owner: string): void {
    const promised = this.#promises.get(key)
    if (promised?.owner === owner && promised.token === token) this.#promises.delete(key)
  }

  /** Who leaves in good order has ended its command before. */
  #forget(peerId: string): void {
    if (this.#left.size < PROMISES_MAX) this.#left.add(peerId)
    for (const { key, owner } of this.#promises.values()) {
      if (owner === peerId) this.#promises.delete(key)
    }
  }

  #say(word: Word, to: string, rest: Partial<Saying> = {}): void {
    try {
      this.#dictionary.send({ tag: TAG, word, ...rest }, { to })
    } catch (error) {
      // Once it is closed, nobody waits for an answer.
      if (!(error instanceof HoldfastError) || error.code !== 'CLOSED') throw error
    }
  }
}

function isComplete({ asked, heard, refused }: Testimony): boolean {
  return heard.size + refused.size >= asked.size
}
