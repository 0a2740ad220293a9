/** `holdfast export`: prints everything as JSON lines. */

import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { readWords, requireWords } from './flag.ts'
import { showKey, writeLiteral } from './literal.ts'
import { print } from './output.ts'
import { Progress } from './progress.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

export const exportCommand: Command = {
  name: 'export',
  usage: '[PREFIX]',
  summary: 'print keys and values as JSON lines',
  story: `
Prints {"key": KEY, "value": VALUE} for every key that begins with PREFIX, one a line; import reads
that again. What JSON does not know is an object with one member: {"$bytes": BASE64},
{"$bigint": DIGITS}, {"$date": MILLISECONDS}, {"$map": PAIRS}, {"$set": LIST}, {"$number": "NaN"}.
Owners and leases are not exported.`,
  flags: VISIT_FLAGS,
  examples: [{ line: 'holdfast export > all.jsonl', does: 'writes everything to a file' }],
  exits: [EXIT.usage, EXIT.unavailable],
  async act(words) {
    const given = readWords({ name: 'export', flags: VISIT_FLAGS, words })
    requireWords(given, { name: 'export', usage: '[PREFIX]', min: 0, max: 1 })
    const [prefix = ''] = given.words
    return visit(given, async ({ dictionary, signal }) => {
      const isBeside = process.stderr.isTTY && !process.stdout.isTTY
      const progress = isBeside && new Progress({ noun: 'keys', stream: process.stderr })
      const { size } = dictionary
      let count = 0
      for (const [key, value] of dictionary) {
        if (signal.aborted) break
        if (!showKey(key).startsWith(prefix)) continue
        await print(`{"key":${writeLiteral(key)},"value":${writeLiteral(value)}}`)
        if (progress) progress.show(++count, count / size)
      }
      if (progress) progress.end(count)
      return 0
    })
  },
}
