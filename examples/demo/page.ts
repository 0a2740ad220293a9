/**
 * What the demonstration prints. Colours are left out where NO_COLOR is set or nobody looks, and
 * the progress bar becomes a few lines then.
 */

import { styleText } from 'node:util'

const BAR_COLUMNS = 40
const VALUE_COLUMNS_MAX = 48

let sections = 0

export function title(text: string): void {
  console.log(styleText('bold', text))
}

/** Begins a section. */
export function section(text: string): void {
  console.log(`\n${styleText('bold', styleText('cyan', `${++sections}. ${text}`))}`)
}

export function say(text: string): void {
  console.log(`   ${text}`)
}

/** What went as it should. */
export function note(text: string): void {
  say(`${styleText('green', '✓')} ${text}`)
}

/** What was refused, as it should be. */
export function refuse(text: string): void {
  say(`${styleText('yellow', '✗')} ${text}`)
}

/** What went wrong. */
export function fail(text: string): void {
  say(styleText('red', `! ${text}`))
}

/** Rows under a heading, each column as wide as its widest cell. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heading.map((word, column) =>
    Math.max(word.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  say(styleText('dim', line(heading)))
  for (const row of rows) say(line(row))
}

export interface Bar {
  /** Shows that so many more are done. */
  add(count: number): void
}

/** A bar that grows in its line, or, where lines cannot be overwritten, four lines of text. */
export function bar(total: number, noun: string): Bar {
  const { isTTY } = process.stdout
  let done = 0
  let quarters = 0
  return {
    add(count) {
      done += count
      const text = `${number(done)} of ${number(total)} ${noun}`
      if (isTTY) {
        const filled = Math.round((done / total) * BAR_COLUMNS)
        const drawn = `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)}`
        process.stdout.write(`\r   ${styleText('green', drawn)} ${text}`)
        if (done >= total) process.stdout.write('\n')
      } else if (Math.floor((done / total) * 4) > quarters) {
        quarters = Math.floor((done / total) * 4)
        say(text)
      }
    },
  }
}

export function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** Milliseconds as a person says them. */
export function span(ms: number): string {
  if (ms < 10_000) return `${Math.ceil(ms)} ms`
  const seconds = Math.round(ms / 1000)
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** A value on one line, cut where it is long. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= VALUE_COLUMNS_MAX ? text : `${text.slice(0, VALUE_COLUMNS_MAX - 1)}…`
}
