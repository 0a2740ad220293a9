/** `holdfast delete`: removes keys. */

import type { Command } from './command.ts'
import { EXIT, Failure } from './exit.ts'
import { readWords, requireWords } from './flag.ts'
import { failureOf } from './network.ts'
import { say } from './output.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

export const deleteCommand: Command = {
  name: 'delete',
  usage: 'KEY …',
  summary: 'remove keys',
  story: `
Removes each KEY. One that has no value, or that somebody else owns, is told on standard error;
the others are removed all the same.`,
  flags: VISIT_FLAGS,
  examples: [{ line: 'holdfast delete lamp greeting', does: 'removes both' }],
  exits: [EXIT.missing, EXIT.usage, EXIT.unavailable, EXIT.busy],
  async act(words) {
    const given = readWords({ name: 'delete', flags: VISIT_FLAGS, words })
    requireWords(given, { name: 'delete', usage: 'KEY …', min: 1, max: Infinity })
    return visit(given, async ({ dictionary, deliver, write }) => {
      const failures: unknown[] = []
      for (const key of given.words) {
        try {
          if (await write(() => dictionary.delete(key))) continue
          failures.push(new Failure(EXIT.missing, `'${key}' has no value.`))
        } catch (error) {
          failures.push(failureOf(error))
        }
      }
      await deliver()
      const [first, ...others] = failures
      for (const failure of others) say(`holdfast: ${(failure as Error).message}`)
      if (first !== undefined) throw first
      return 0
    })
  },
}
