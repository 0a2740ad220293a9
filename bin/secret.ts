/** `holdfast secret`: prints a new secret for a network. */

import { randomBytes } from 'node:crypto'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { print } from './output.ts'

/** 256 bits. */
const SECRET_BYTES = 32
const FLAGS = {} as const satisfies Flags

export const secretCommand: Command = {
  name: 'secret',
  usage: '',
  summary: 'print a new secret for a network',
  story: `
Prints 256 random bits as text. Whoever knows the secret of a network belongs to it, so keep it in a
file that only you can read, and name that file with --secret-file at every peer; or put it into
HOLDFAST_SECRET. Without either, all processes of one user share ~/.config/holdfast/secret.`,
  flags: FLAGS,
  examples: [{ line: 'holdfast secret', does: 'prints 43 characters' }],
  exits: [EXIT.usage],
  async act(words) {
    const given = readWords({ name: 'secret', flags: FLAGS, words })
    requireWords(given, { name: 'secret', usage: '', min: 0, max: 0 })
    await print(randomBytes(SECRET_BYTES).toString('base64url'))
    return 0
  },
}
