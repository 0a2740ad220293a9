/** `holdfast watch`: prints changes as they come. */

import type { Command } from './command.ts'
import { EXIT, Failure } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { describe, follow, type Happening } from './happening.ts'
import { rowsOf } from './ls.ts'
import { print } from './output.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

/** How many changes may wait for a reader that is slow. */
const WAITING_MAX = 100_000
const SHOWN = new Set(['update', 'delete', 'expired'])

const FLAGS = {
  json: { help: 'a JSON object for each change, one a line' },
  now: { help: 'begin with what is there' },
  count: { short: 'n', value: 'N', help: 'end after so many changes' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const watchCommand: Command = {
  name: 'watch',
  usage: '[PREFIX]',
  summary: 'print changes of keys as they come',
  story: `
Prints every change of a key that begins with PREFIX, or of any, until it is interrupted. A key that
changes faster than that is seen may be shown with its last value only.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast watch --now --count 1', does: 'prints one key that is there' },
    { line: 'holdfast watch do --now --count 1 --json', does: 'the same, as JSON' },
  ],
  exits: [EXIT.usage, EXIT.unavailable],
  act: watch,
}

async function watch(words: readonly string[]): Promise<number> {
  const given = readWords({ name: 'watch', flags: FLAGS, words })
  requireWords(given, { name: 'watch', usage: '[PREFIX]', min: 0, max: 1 })
  const [prefix = ''] = given.words
  const countMax = given.text('count') === undefined ? Infinity : readCount(given.text('count'))
  const work = async ({ dictionary, signal }: Parameters<Parameters<typeof visit>[1]>[0]) => {
    const waiting: Happening[] = given.has('now')
      ? rowsOf(dictionary, prefix).map((row) => ({ event: 'update', ...row, local: false }))
      : []
    let wake = () => {}
    const stop = follow(dictionary, (what) => {
      if (!SHOWN.has(what.event) || !String(what.key).startsWith(prefix)) return
      waiting.push(what)
      if (waiting.length > WAITING_MAX) waiting.shift()
      wake()
    })
    signal.addEventListener('abort', () => wake(), { once: true })
    for (let count = 0; count < countMax && !signal.aborted; ) {
      const next = waiting.shift()
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      count++
      await print(given.has('json') ? JSON.stringify(next) : describe(next))
    }
    stop()
    return 0
  }
  return visit(given, work, { stays: true })
}

function readCount(text: string | undefined): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new Failure(EXIT.usage, `--count must be a number from 1, and is ${text}.`)
}
