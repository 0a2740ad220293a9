/** `holdfast leases`: lists the leases that are in force. */

import type { Command } from './command.ts'
import { showCountdown } from './duration.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { drawGrid } from './grid.ts'
import { linesOf, printLines } from './listing.ts'
import { showKey } from './literal.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

const FLAGS = {
  json: { help: 'a JSON object for each lease, one a line' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const leasesCommand: Command = {
  name: 'leases',
  usage: '[PREFIX]',
  summary: 'list who owns which key, and for how long',
  story: `
Prints the leases that are in force, also of keys without a value, for keys that begin with PREFIX.
What is left is what others have to wait at most if the owner falls silent now; those that end
first come first.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast leases', does: 'prints a table' },
    { line: 'holdfast leases shift --json', does: 'prints JSON' },
  ],
  exits: [EXIT.usage, EXIT.unavailable],
  async act(words) {
    const given = readWords({ name: 'leases', flags: FLAGS, words })
    requireWords(given, { name: 'leases', usage: '[PREFIX]', min: 0, max: 1 })
    const [prefix = ''] = given.words
    return visit(given, async ({ dictionary, signal }) => {
      const leases = dictionary
        .leases()
        .map(({ key, owner, token, remainingMs }) => {
          return { key: showKey(key), owner, token, remainingMs }
        })
        .filter(({ key }) => key.startsWith(prefix))
        .sort((one, other) => one.remainingMs - other.remainingMs)
      const lines = linesOf(leases, { isJson: given.has('json'), draw: drawLeases })
      await printLines(lines, signal)
      return 0
    })
  },
}

interface LeaseRow {
  readonly key: string
  readonly owner: string
  readonly token: number
  readonly remainingMs: number
}

function drawLeases(leases: readonly LeaseRow[]): string[] {
  const rows = leases.map(({ key, owner, token, remainingMs }) => {
    return [key, owner, String(token), showCountdown(remainingMs)]
  })
  return drawGrid({ heading: ['KEY', 'OWNER', 'TOKEN', 'LEFT'], rows })
}
