/** `holdfast set`: writes a key. */

import { readFileSync } from 'node:fs'
import type { Command } from './command.ts'
import { readDuration, showDuration } from './duration.ts'
import { EXIT, Failure } from './exit.ts'
import { type Flags, type Given, readWords, requireWords } from './flag.ts'
import { readLiteral } from './literal.ts'
import { print } from './output.ts'
import { VISIT_FLAGS, type Visit, visit } from './visit.ts'

const LEASE_MS = { min: 20, max: 10 * 365 * 86_400_000 }
const WAIT_MS = { min: 0, max: 365 * 86_400_000 }
const TERM_MS_DEFAULT = 30_000

const FLAGS = {
  string: { short: 's', help: 'VALUE is text, also if it reads as JSON' },
  json: { help: 'VALUE is JSON, and refused if it is not' },
  file: {
    short: 'f',
    value: 'PATH',
    help: 'the value is what this file holds; - is standard input',
  },
  lease: { value: 'TIME', help: 'nobody else may write KEY for so long; default not at all' },
  'lease-ms': { value: 'MS', help: 'the same in milliseconds' },
  ephemeral: { short: 'e', help: 'KEY is gone when its lease is over; default after 30s' },
  hold: { help: 'stay and renew the lease until interrupted; then KEY is free at once' },
  wait: { value: 'TIME', help: 'how long to wait for the key if somebody holds it; default 0' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const setCommand: Command = {
  name: 'set',
  usage: 'KEY [VALUE]',
  summary: 'write a key, and own it for a while if asked to',
  story: `
VALUE is read as JSON if it is JSON, else it is text: 5 is a number, open is text. --string and
--json say which. Without VALUE and --file it is read from standard input.

The key is free again when the command has ended. With --lease it stays out of the reach of others
until that time is over, unless a peer of the same --peer-id writes it; with --ephemeral it is gone
then. With --hold the command stays, renews the lease, and gives the key back when it ends.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast set door open', does: 'writes the text open' },
    { line: `holdfast set lamp '{"on":true}'`, does: 'writes an object' },
    { line: 'holdfast set version 1.10 --string', does: 'writes the text 1.10, not the number' },
    { line: 'holdfast set shift alice --lease 10s', does: 'nobody else can write shift for 10s' },
    { line: 'holdfast set here yes --ephemeral --lease 5s', does: 'is gone after 5s' },
    { line: 'echo hello | holdfast set greeting', does: 'reads the value from standard input' },
  ],
  exits: [EXIT.usage, EXIT.data, EXIT.noInput, EXIT.unavailable, EXIT.busy],
  act: set,
}

async function set(words: readonly string[]): Promise<number> {
  const given = readWords({ name: 'set', flags: FLAGS, words })
  requireWords(given, { name: 'set', usage: setCommand.usage, min: 1, max: 2 })
  const value = readValue(given)
  const how = readLease(given)
  const waitMs = readDuration('wait', given.text('wait') ?? 0, WAIT_MS)
  const isHeld = given.has('hold')
  const keepLeases = how.leaseMs !== undefined && !isHeld
  return visit(given, (visit) => write(visit, { given, value, how, waitMs, isHeld }), {
    keepLeases,
    stays: isHeld,
  })
}

interface Write {
  readonly given: Given
  readonly value: unknown
  readonly how: { readonly leaseMs?: number; readonly ephemeral?: boolean }
  readonly waitMs: number
  readonly isHeld: boolean
}

async function write(visit: Visit, { given, value, how, waitMs, isHeld }: Write): Promise<number> {
  const { dictionary, signal } = visit
  const [key = ''] = given.words
  if (waitMs > 0) await dictionary.acquire(key, { waitMs, signal, ...pick(how) })
  const put = () => dictionary.set(key, value, { ...how, renew: isHeld })
  const { token, leaseMs } = await visit.write(put)
  await visit.deliver()
  if (!isHeld) return 0
  await print(`holds ${key} under token ${token}, ${showDuration(leaseMs)} at a time`)
  let lost: string | undefined
  const loss = new Promise<void>((resolve) => {
    dictionary.on('conflict', (fact) => {
      if (fact.key !== key) return
      lost = fact.winner
      resolve()
    })
  })
  await Promise.race([visit.asked, loss])
  if (lost !== undefined) throw new Failure(EXIT.busy, `'${key}' was lost to ${lost}.`)
  return 0
}

function pick({ leaseMs }: Write['how']): { leaseMs?: number } {
  return leaseMs === undefined ? {} : { leaseMs }
}

function readLease(given: Given): Write['how'] {
  const text = given.text('lease') ?? given.text('lease-ms')
  const name = given.text('lease') === undefined ? 'lease-ms' : 'lease'
  const isNeeded = given.has('ephemeral') || given.has('hold')
  const leaseMs =
    text === undefined
      ? isNeeded
        ? TERM_MS_DEFAULT
        : undefined
      : readDuration(name, text, LEASE_MS)
  return { ...(leaseMs !== undefined && { leaseMs }), ephemeral: given.has('ephemeral') }
}

function readValue(given: Given): unknown {
  const [, word] = given.words
  const path = given.text('file')
  if (word !== undefined && path !== undefined) {
    throw new Failure(EXIT.usage, 'There is a VALUE and a --file: leave one of them out.')
  }
  if (word !== undefined) return interpret(given, word)
  if (path === undefined && process.stdin.isTTY) {
    throw new Failure(EXIT.usage, `The value is missing. Write: holdfast set ${setCommand.usage}`)
  }
  const bytes = readBytes(path ?? '-')
  const text = textOf(bytes)
  if (text === undefined) return new Uint8Array(bytes)
  // A file is kept as it is; what is typed or piped ends with a line break that nobody meant.
  if (path !== undefined && path !== '-') return given.has('json') ? interpret(given, text) : text
  return interpret(given, text.replace(/\r?\n$/, ''))
}

function interpret(given: Given, text: string): unknown {
  if (given.has('string')) return text
  try {
    return readLiteral(text)
  } catch (error) {
    if (!given.has('json')) return text
    throw new Failure(EXIT.data, `The value is no JSON: ${(error as Error).message}`)
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Failure(EXIT.noInput, `${path} cannot be read (${code}).`)
  }
}

/** The text that these bytes are, or undefined if they are none. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
