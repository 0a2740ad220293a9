/** Messages that wait to be read, and the handlers that may take them first. */

import type { MessageFact } from './announcement.ts'

/** True stops the chain: the message is dealt with and waits for nobody else. */
export type Handler<V = unknown> = (message: MessageFact<V>) => unknown

export class Inbox<V> {
  readonly #messagesMax: number
  readonly #report: { overflow: (dropped: number) => void; failed: (cause: unknown) => void }
  readonly #messages: MessageFact<V>[] = []
  readonly #handlers = new Set<Handler<V>>()
  readonly #readers: ((message: MessageFact<V> | undefined) => void)[] = []
  #isClosed = false

  constructor(
    messagesMax: number,
    report: { overflow: (dropped: number) => void; failed: (cause: unknown) => void },
  ) {
    this.#messagesMax = messagesMax
    this.#report = report
  }

  register(handler: Handler<V>): { unsubscribe(): void } {
    this.#handlers.add(handler)
    return { unsubscribe: () => void this.#handlers.delete(handler) }
  }

  deliver(message: MessageFact<V>): void {
    for (const handler of this.#handlers) {
      try {
        if (handler(message) === true) return
      } catch (cause) {
        this.#report.failed(cause)
      }
    }
    const reader = this.#readers.shift()
    if (reader) return reader(message)
    this.#messages.push(message)
    if (this.#messages.length <= this.#messagesMax) return
    this.#messages.shift()
    this.#report.overflow(1)
  }

  take(): MessageFact<V> | undefined {
    return this.#messages.shift()
  }

  takeMany(count: number): MessageFact<V>[] {
    return this.#messages.splice(0, count)
  }

  /** Ends every iterator. What has been delivered can still be taken. */
  close(): void {
    this.#isClosed = true
    for (const reader of this.#readers.splice(0)) reader(undefined)
  }

  /** Messages as they come, until the dictionary closes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<MessageFact<V>, void> {
    for (;;) {
      const message = this.take() ?? (await this.#next())
      if (message === undefined) return
      yield message
    }
  }

  #next(): Promise<MessageFact<V> | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#readers.push(resolve))
  }
}
