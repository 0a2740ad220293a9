/** Where all messages come together: remembered for pages that come later, told to those there. */
import { admit } from './admission.ts'
import { Audience } from './audience.ts'
import { History } from './history.ts'
import type { Message } from './message.ts'
import type { Unsourced } from './observer.ts'
import type { Showing } from './redaction.ts'
import type { Source } from './sources.ts'

/** What is remembered. */
const HISTORY = { messagesMax: 10_000, charactersMax: 8 * 1024 * 1024 }
/** How often is told on what other processes report, one message at a time. Milliseconds. */
const FLUSH_MS = 50
/** What one process may report in that time; more is dropped. */
const REPORTS_MAX = 500

export class Ledger {
  readonly #history = new History(HISTORY)
  readonly audience = new Audience(this.#history)
  readonly #showing: Showing
  #sources = 0

  constructor(showing: Showing) {
    this.#showing = showing
  }

  post(source: string, messages: readonly Unsourced[]): void {
    const texts = messages.map((unsourced) => {
      const message = { ...unsourced, source } as Message
      const text = JSON.stringify(message)
      // Definitions are shared by all connections, so they take no room.
      const definition = 'definition' in message ? (message.definition?.length ?? 0) : 0
      this.#history.add(message, Math.max(0, text.length - definition))
      return text
    })
    this.audience.tell(texts)
  }

  /** Another process begins to report. */
  open(given: string): Source {
    const source = `process-${++this.#sources}`
    const name = given || source.replace('-', ' ')
    let waiting: Unsourced[] = []
    let timer: NodeJS.Timeout | undefined
    const flush = () => {
      clearTimeout(timer)
      timer = undefined
      this.post(source, waiting)
      waiting = []
    }
    this.tellSource(source, { name, isLive: true })
    return {
      heard: (given) => {
        const message = waiting.length < REPORTS_MAX ? admit(given, this.#showing) : undefined
        if (message === undefined) return
        waiting.push(message)
        timer ??= setTimeout(flush, FLUSH_MS).unref()
      },
      ended: () => {
        flush()
        this.tellSource(source, { name, isLive: false })
      },
    }
  }

  tellSource(source: string, told: { name: string; isLive: boolean }): void {
    this.post(source, [{ type: '@holdfast.source', createdAt: String(Date.now()), ...told }])
  }
}
