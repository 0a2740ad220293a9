/** `holdfast ls`: lists keys. */

import type { Dictionary } from 'holdfast'
import type { Command } from './command.ts'
import { showCountdown } from './duration.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { drawGrid, oneLine } from './grid.ts'
import { linesOf, printLines } from './listing.ts'
import { plain, showKey } from './literal.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

const FLAGS = {
  long: { short: 'l', help: 'with owner, what is left of the lease, token and value' },
  json: { help: 'a JSON object for each key, one a line' },
  ...VISIT_FLAGS,
} as const satisfies Flags

/** A key as the listings show it. */
export interface Row {
  readonly key: string
  readonly value: unknown
  readonly owner: string | null
  readonly token: number | null
  readonly remainingMs: number | null
}

export const lsCommand: Command = {
  name: 'ls',
  usage: '[PREFIX]',
  summary: 'list keys',
  story: `
Prints the keys that begin with PREFIX, or all of them, in order, one a line.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast ls', does: 'prints all keys' },
    { line: 'holdfast ls -l', does: 'prints them with owner, lease and value' },
    { line: 'holdfast ls do --json', does: 'prints those that begin with do, as JSON' },
  ],
  exits: [EXIT.usage, EXIT.unavailable],
  async act(words) {
    const given = readWords({ name: 'ls', flags: FLAGS, words })
    requireWords(given, { name: 'ls', usage: '[PREFIX]', min: 0, max: 1 })
    return visit(given, async ({ dictionary, signal }) => {
      const rows = rowsOf(dictionary, given.words[0])
      const isJson = given.has('json')
      const lines =
        isJson || given.has('long')
          ? linesOf(rows, { isJson, draw: drawRows })
          : rows.map(({ key }) => oneLine(key))
      await printLines(lines, signal)
      return 0
    })
  },
}

/** The keys with this prefix, in order. */
export function rowsOf(dictionary: Dictionary, prefix = ''): Row[] {
  const rows: Row[] = []
  for (const [name, value] of dictionary) {
    const key = showKey(name)
    if (!key.startsWith(prefix)) continue
    const { owner = null, token = null, remainingMs = null } = dictionary.lease(name) ?? {}
    rows.push({ key, value: plain(value), owner, token, remainingMs })
  }
  return rows.sort((one, other) => (one.key < other.key ? -1 : 1))
}

/** The rows as a table; the first line is its heading. */
export function drawRows(rows: readonly Row[], columnsMax?: number): string[] {
  const heading = ['KEY', 'OWNER', 'LEFT', 'TOKEN', 'VALUE']
  const cells = rows.map(({ key, value, owner, token, remainingMs }) => [
    key,
    owner ?? '–',
    remainingMs === null ? 'free' : showCountdown(remainingMs),
    token === null ? '–' : String(token),
    JSON.stringify(value),
  ])
  return drawGrid({ heading, rows: cells, ...(columnsMax !== undefined && { columnsMax }) })
}
