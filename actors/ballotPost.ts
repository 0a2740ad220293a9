/**
 * Carries what proposers and voters say to each other. What goes to one peer in one tick goes
 * together, however many keys it is about: directly if that is a neighbour, else by way of others.
 */

import { type BallotWord, WORD_KEYS_MAX } from '../machines/rules/ballot.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import { encode } from '../transport/codec.ts'
import type { Switchboard } from './switchboard.ts'

/** How much one message may hold, in characters of its keys. A character is three bytes at most. */
const WORD_CHARS_MAX = 128 * 1024

type Listed = Extract<BallotWord, { counter: number }>
type Envelope = Pick<Listed, 'act' | 'run' | 'counter'>
type Item =
  | Extract<Listed, { keys: unknown }>['keys'][number]
  | Extract<Listed, { act: 'propose' }>['proposals'][number]
  | Extract<Listed, { act: 'answer' }>['answers'][number]

interface Bundle {
  readonly to: PeerId
  readonly envelope: Envelope
  readonly items: Item[]
}

export class BallotPost {
  readonly #board: Switchboard
  readonly #deliver: (from: PeerId, word: BallotWord) => void
  #bundles = new Map<string, Bundle>()
  #isDue = false

  /** `deliver` gets what this peer says to itself. */
  constructor(board: Switchboard, deliver: (from: PeerId, word: BallotWord) => void) {
    this.#board = board
    this.#deliver = deliver
  }

  /** Says something about one key, with the next frame. */
  put(to: PeerId, { act, run, counter }: Envelope, item: Item): void {
    const name = `${to} ${act} ${run} ${counter}`
    const bundle = this.#bundles.get(name)
    if (bundle) bundle.items.push(item)
    else this.#bundles.set(name, { to, envelope: { act, run, counter }, items: [item] })
    if (this.#isDue) return
    this.#isDue = true
    this.#board.clock.defer(() => this.flush())
  }

  flush(): void {
    const bundles = this.#bundles
    this.#bundles = new Map()
    this.#isDue = false
    for (const { to, envelope, items } of bundles.values()) {
      for (const part of parts(items)) this.send(to, wordOf(envelope, part))
    }
  }

  send(to: PeerId, word: BallotWord): void {
    const { lines, self, waterfall } = this.#board
    if (to === self.peer) return this.#deliver(to, word)
    const line = lines.to(to)
    if (line) line.send(encode({ kind: 'ballot', word }))
    else waterfall.send({ type: 'broadcast.made', body: { kind: 'ballot', to, word } })
  }
}

function* parts(items: readonly Item[]): Generator<Item[]> {
  let part: Item[] = []
  let chars = 0
  for (const item of items) {
    const size = charsOf(item)
    if (part.length === WORD_KEYS_MAX || (part.length > 0 && chars + size > WORD_CHARS_MAX)) {
      yield part
      part = []
      chars = 0
    }
    part.push(item)
    chars += size
  }
  yield part
}

function charsOf(item: Item): number {
  if (typeof item === 'string') return item.length
  return 'key' in item ? item.key.length : item[0].length
}

function wordOf({ act, run, counter }: Envelope, items: readonly Item[]): BallotWord {
  const opening = { run, counter }
  switch (act) {
    case 'propose':
      return { act, ...opening, proposals: items as never }
    case 'answer':
      return { act, ...opening, answers: items as never }
    default:
      return { act, ...opening, keys: items as never }
  }
}
