/** `holdfast pop`: removes a key and prints what it had. */

import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { showValue, writeLiteral } from './literal.ts'
import { print } from './output.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

const FLAGS = {
  json: { help: 'JSON also of text: "open" instead of open' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const popCommand: Command = {
  name: 'pop',
  usage: 'KEY',
  summary: 'remove a key and print its value',
  story: `
Removes KEY and prints the value that it had. Two that pop at the same moment can both get it:
where that may not happen, hold a lease while you do (holdfast run).`,
  flags: FLAGS,
  examples: [{ line: 'holdfast pop door', does: 'prints open, and the key is gone' }],
  exits: [EXIT.missing, EXIT.usage, EXIT.unavailable, EXIT.busy],
  async act(words) {
    const given = readWords({ name: 'pop', flags: FLAGS, words })
    requireWords(given, { name: 'pop', usage: 'KEY', min: 1, max: 1 })
    return visit(given, async ({ dictionary, deliver, write }) => {
      const value = await write(() => dictionary.pop(given.words[0] as string))
      await deliver()
      await print(given.has('json') ? writeLiteral(value) : showValue(value))
      return 0
    })
  },
}
