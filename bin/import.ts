/** `holdfast import`: writes JSON lines. */

import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { HoldfastError } from 'holdfast'
import type { Command } from './command.ts'
import { EXIT, Failure } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { readLiteral } from './literal.ts'
import { failureOf } from './network.ts'
import { say } from './output.ts'
import { Progress } from './progress.ts'
import { VISIT_FLAGS, type Visit, visit } from './visit.ts'

/** After so many keys or characters it waits until a neighbour has them, so no queue overflows. */
const KEYS_AT_ONCE_MAX = 500
const CHARACTERS_AT_ONCE_MAX = 512 * 1024
/** How many bad lines are told one by one. */
const COMPLAINTS_MAX = 20

const FLAGS = {
  continue: { help: 'go on after a line that cannot be written, and tell it' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const importCommand: Command = {
  name: 'import',
  usage: '[FILE]',
  summary: 'write keys and values from JSON lines',
  story: `
Reads FILE, or standard input, and writes what its lines say: {"key": KEY, "value": VALUE}, as
export prints them, or [KEY, VALUE]. A line that makes no sense, or whose key somebody else owns, is
told with its number and ends the import; what was before it is written. With --continue the rest
is written too, and the exit status is that of the first bad line.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast import all.jsonl', does: 'writes what export printed' },
    {
      line: `echo '["door", "open"]' | holdfast import --continue`,
      does: 'reads standard input',
    },
  ],
  exits: [EXIT.usage, EXIT.data, EXIT.noInput, EXIT.unavailable, EXIT.busy],
  async act(words) {
    const given = readWords({ name: 'import', flags: FLAGS, words })
    requireWords(given, { name: 'import', usage: '[FILE]', min: 0, max: 1 })
    const [path = '-'] = given.words
    const source = await open(path)
    try {
      return await visit(given, (visit) =>
        writeAll(visit, { ...source, isPatient: given.has('continue') }),
      )
    } finally {
      source.stream.destroy()
    }
  },
}

interface Source {
  readonly stream: Readable
  /** How much there is to read; undefined if nobody knows. */
  readonly bytes: number | undefined
}

async function open(path: string): Promise<Source> {
  if (path === '-') return { stream: process.stdin, bytes: undefined }
  const stream = createReadStream(path)
  await new Promise<void>((resolve, reject) => {
    stream.once('ready', resolve)
    stream.once('error', ({ code }: NodeJS.ErrnoException) => {
      reject(new Failure(EXIT.noInput, `${path} cannot be read (${code}).`))
    })
  })
  return { stream, bytes: statSync(path).size }
}

async function writeAll(
  visit: Visit,
  { stream, bytes, isPatient }: Source & { readonly isPatient: boolean },
): Promise<number> {
  const { signal, deliver } = visit
  const progress = new Progress({ noun: 'keys', stream: process.stderr })
  let first: Failure | undefined
  let [bad, number, keys, read, unsent, unsentKeys] = [0, 0, 0, 0, 0, 0]
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (signal.aborted) break
    number++
    read += Buffer.byteLength(line) + 1
    if (line.trim() === '') continue
    const failure = await writeLine(visit, line, number)
    if (failure !== undefined && !isPatient) {
      await deliver()
      progress.end(keys)
      throw failure
    }
    first ??= failure
    if (failure === undefined) keys++
    else if (++bad <= COMPLAINTS_MAX) say(`holdfast: ${failure.message}`)
    unsent += line.length
    if (++unsentKeys >= KEYS_AT_ONCE_MAX || unsent >= CHARACTERS_AT_ONCE_MAX) {
      await deliver()
      unsent = 0
      unsentKeys = 0
    }
    progress.show(keys, bytes === undefined ? undefined : read / bytes)
  }
  await deliver()
  progress.end(keys)
  say(`${keys} written${bad > 0 ? `, ${bad} not` : ''}`)
  return first?.exitCode ?? 0
}

/** Writes one line, or says why not. */
async function writeLine(
  { dictionary, write }: Visit,
  line: string,
  number: number,
): Promise<Failure | undefined> {
  try {
    const [key, value] = readPair(line)
    await write(() => dictionary.set(key, value))
    return undefined
  } catch (error) {
    const known = error instanceof HoldfastError ? (failureOf(error) as Failure) : undefined
    const text = known?.message ?? (error as Error).message
    return new Failure(known?.exitCode ?? EXIT.data, `line ${number}: ${text}`)
  }
}

function readPair(line: string): [string | Uint8Array, unknown] {
  const read = readLiteral(line) as { key?: unknown; value?: unknown } | unknown[] | null
  const pair = Array.isArray(read) ? read : [read?.key, read?.value]
  const [key, value] = pair
  const isKey = typeof key === 'string' || key instanceof Uint8Array
  if (pair.length === 2 && isKey && value !== undefined) return [key, value]
  throw new Error('It must be {"key": KEY, "value": VALUE} or [KEY, VALUE].')
}
