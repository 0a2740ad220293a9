/**
 * How a command is asked to end: by Ctrl-C, by SIGTERM, or since nobody reads what it prints.
 *
 * The first time it leaves in good order, so that what it holds is free at once. Whoever asks a
 * second time does not want to wait for that.
 */

import { constants } from 'node:os'
import { EXIT } from './exit.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Interruption {
  readonly #abort = new AbortController()
  #status = 0

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#interrupted)
    process.stdout.on('error', this.#unread)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** The exit status: that of the signal, or 0 if nobody was interested any more. */
  get status(): number {
    return this.#status
  }

  /** Resolves when the command is to end. */
  get asked(): Promise<void> {
    const { signal } = this
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.#interrupted)
  }

  readonly #interrupted = (signal: NodeJS.Signals): void => {
    this.#status = EXIT.signal + constants.signals[signal]
    if (this.signal.aborted) process.exit(this.#status)
    this.#abort.abort(signal)
  }

  /** The reader of a pipe has what it wanted, as `head` has. */
  readonly #unread = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error
    this.#abort.abort('EPIPE')
  }
}
