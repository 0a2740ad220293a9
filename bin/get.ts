/** `holdfast get`: prints the value of a key. */

import type { Command } from './command.ts'
import { EXIT, Failure } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { plain, showValue, writeLiteral } from './literal.ts'
import { print } from './output.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

const FLAGS = {
  json: { help: 'JSON also of text: "open" instead of open' },
  long: { short: 'l', help: 'an object with owner, token and what is left of the lease' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const getCommand: Command = {
  name: 'get',
  usage: 'KEY',
  summary: 'print the value of a key',
  story: `
Prints the value of KEY: text as it is, anything else as JSON. Bytes, dates, maps and the like are
written as objects, as {"$date": 0}; \`holdfast help export\` tells of them.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast get door', does: 'prints open, if that is the value' },
    { line: 'holdfast get door --json', does: 'prints "open"' },
    { line: 'holdfast get door --long', does: 'prints the owner, too' },
  ],
  exits: [EXIT.missing, EXIT.usage, EXIT.unavailable],
  async act(words) {
    const given = readWords({ name: 'get', flags: FLAGS, words })
    requireWords(given, { name: 'get', usage: 'KEY', min: 1, max: 1 })
    const [key = ''] = given.words
    return visit(given, async ({ dictionary }) => {
      const value = dictionary.get(key)
      if (value === undefined) throw new Failure(EXIT.missing, `'${key}' has no value.`)
      const { owner, token, remainingMs } = dictionary.lease(key) ?? {}
      const lease = owner === undefined ? null : { owner, token, remainingMs }
      if (given.has('long')) await print(JSON.stringify({ key, value: plain(value), lease }))
      else await print(given.has('json') ? writeLiteral(value) : showValue(value))
      return 0
    })
  },
}
