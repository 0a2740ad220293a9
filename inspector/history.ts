/**
 * What happened lately, with the world as it was before: so any moment in it can be looked at, and
 * it can be saved whole. What becomes too much is folded into that world, oldest first.
 */
import type { Message } from './message.ts'
import { World } from './world.ts'

export interface HistoryLimits {
  readonly messagesMax: number
  /** Characters of the messages as JSON, definitions not counted. */
  readonly charactersMax: number
}

export class History {
  /** How it was before the first of the messages. */
  readonly before = new World()
  /** How it is after the last. */
  readonly now = new World()
  readonly messages: Message[] = []
  readonly #sizes: number[] = []
  readonly #limits: HistoryLimits
  #characters = 0
  #first = 0

  constructor(limits: HistoryLimits) {
    this.#limits = limits
  }

  /** How many messages were folded away. */
  get first(): number {
    return this.#first
  }

  /** `size` is that of the message as JSON, as far as it is known. */
  add(message: Message, size: number): void {
    this.now.apply(message)
    this.messages.push(message)
    this.#sizes.push(size)
    this.#characters += size
    const { messagesMax, charactersMax } = this.#limits
    if (this.messages.length <= messagesMax && this.#characters <= charactersMax) return
    // A tenth at once: to take the first from a long array moves all the others.
    let count = Math.ceil(this.messages.length / 10)
    while (this.#characters - sum(this.#sizes.slice(0, count)) > charactersMax) count++
    this.#characters -= sum(this.#sizes.splice(0, count))
    for (const old of this.messages.splice(0, count)) this.before.apply(old)
    this.#first += count
  }

  /** Everything, for somebody who knows nothing yet. */
  *replay(): Generator<Message> {
    yield* this.before.messages()
    yield* this.messages
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
