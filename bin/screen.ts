/** Lines that are drawn again in their place, at the end of what a terminal shows. */

const ESCAPE = '\u001b['

export interface Terminal {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

export class Screen {
  readonly #terminal: Terminal
  #lines = 0
  #columns = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.write(`${ESCAPE}?25l`)
  }

  get columns(): number {
    return this.#terminal.columns || 80
  }

  /** One row less than there are, or the first line would scroll away. */
  get rows(): number {
    return Math.max(1, (this.#terminal.rows || 24) - 1)
  }

  /** Draws these lines over those that were drawn before. */
  show(lines: readonly string[]): void {
    const { columns } = this
    // A terminal that changed its width has broken the old lines elsewhere.
    const hasChanged = this.#columns !== 0 && this.#columns !== columns
    const back = this.#lines > 0 ? `${ESCAPE}${this.#lines}A` : ''
    const place = hasChanged ? `${ESCAPE}2J${ESCAPE}H` : `${back}\r${ESCAPE}J`
    this.#terminal.write(`${place}${lines.map((line) => `${line}\n`).join('')}`)
    this.#lines = lines.length
    this.#columns = columns
  }

  /** Leaves what was drawn, and gives the cursor back. */
  end(): void {
    this.#terminal.write(`${ESCAPE}?25h`)
  }
}
