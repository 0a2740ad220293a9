/** A bar that grows in its line on standard error; nothing at all where that is no terminal. */

import { paint } from './paint.ts'

const BAR_COLUMNS = 30
/** How often the bar is drawn at most, in milliseconds. */
const DRAW_MS = 100

export interface ProgressOptions {
  /** What is counted: `keys`. */
  readonly noun: string
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly now?: () => number
}

export class Progress {
  readonly #options: ProgressOptions
  readonly #startedAt: number
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#startedAt = this.#now
  }

  /** So many are done, which is this share of all; undefined where nobody knows how many come. */
  show(count: number, share?: number): void {
    if (this.#isHidden || this.#now - this.#drawnAt < DRAW_MS) return
    this.#drawnAt = this.#now
    this.#options.stream.write(`\r\u001b[2K${this.#line(count, share)}`)
  }

  /** Ends the line. */
  end(count: number): void {
    if (this.#isHidden) return
    this.#options.stream.write(`\r\u001b[2K${this.#line(count, 1)}\n`)
  }

  #line(count: number, share: number | undefined): string {
    const { noun, stream } = this.#options
    const seconds = Math.max(0.001, (this.#now - this.#startedAt) / 1_000)
    const speed = Math.round(count / seconds).toLocaleString('en-US')
    const text = `${count.toLocaleString('en-US')} ${noun}, ${speed} a second`
    if (share === undefined) return text
    const filled = Math.round(Math.min(1, share) * BAR_COLUMNS)
    const drawn = `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)}`
    return `${paint('green', drawn, stream)} ${text}`
  }

  get #isHidden(): boolean {
    return !this.#options.stream.isTTY
  }

  get #now(): number {
    return this.#options.now?.() ?? performance.now()
  }
}
