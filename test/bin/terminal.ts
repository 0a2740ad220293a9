/** A terminal that remembers what it shows: it knows the few codes that `up` uses. */

const ESCAPE = '\u001b['
/** One code, or one character. */
const PART = new RegExp(`${ESCAPE.replace('[', '\\[')}[?\\d;]*[a-zA-Z]|.`, 'gsu')

export class FakeTerminal {
  readonly isTTY = true
  columns: number
  rows: number
  hasCursor = true
  /** How many times something was written. */
  writes = 0
  #lines: string[] = ['']
  #row = 0

  constructor({ columns, rows }: { columns: number; rows: number }) {
    this.columns = columns
    this.rows = rows
  }

  /** What is to be seen, without colours and empty lines at the end. */
  get text(): string {
    return this.#lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd()
  }

  write(text: string): boolean {
    this.writes++
    for (const [part] of text.matchAll(PART)) this.#take(part)
    return true
  }

  #take(part: string): void {
    if (part === '\n') {
      this.#row++
      this.#lines[this.#row] ??= ''
    } else if (part === '\r') return
    else if (!part.startsWith(ESCAPE)) this.#lines[this.#row] += part
    else this.#obey(part.slice(2))
  }

  #obey(code: string): void {
    if (code === '?25l' || code === '?25h') this.hasCursor = code === '?25h'
    else if (/^\d*A$/.test(code)) this.#row -= Number.parseInt(code, 10)
    else if (code === 'J') this.#lines = [...this.#lines.slice(0, this.#row), '']
    else if (code === '2J') this.#lines = ['']
    else if (code === 'H') this.#row = 0
    else if (!code.endsWith('m')) throw new Error(`The terminal does not know ${code}.`)
    if (this.#row < 0 || this.#lines.length > this.rows) throw new Error('It scrolled away.')
  }
}
