/** The flags of a command: one table that parses, helps, completes and documents. */

import { parseArgs } from 'node:util'
import { EXIT, Failure } from './exit.ts'
import { nearest } from './nearest.ts'

export interface Flag {
  /** What stands for its value, as `TIME`; without it the flag is on or off. */
  readonly value?: string
  readonly short?: string
  /** True if it may be given several times. */
  readonly multiple?: true
  readonly help: string
  /** The only values it may have. */
  readonly choices?: readonly string[]
}

export type Flags = Readonly<Record<string, Flag>>

/** What stood on a command line. */
export interface Given {
  readonly words: readonly string[]
  text(flag: string): string | undefined
  list(flag: string): readonly string[] | undefined
  has(flag: string): boolean
}

interface Line {
  /** The name of the command. */
  readonly name: string
  readonly flags: Flags
  readonly words: readonly string[]
}

/** Reads the words of a command line. Throws a `Failure` that says what would make sense. */
export function readWords({ name, flags, words }: Line): Given {
  const options = Object.fromEntries(
    Object.entries(flags).map(([flag, { value, short, multiple }]) => {
      const type = value === undefined ? ('boolean' as const) : ('string' as const)
      return [flag, { type, ...(short && { short }), ...(multiple && { multiple }) }]
    }),
  )
  const fail = (what: string): never => {
    throw new Failure(EXIT.usage, `${what} See: holdfast ${name} --help`)
  }
  const { tokens } = parseArgs({
    args: [...words],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined
    if (flag === undefined) return fail(unknownFlag(token.rawName, flags))
    const needsValue = flag.value !== undefined
    const takesNext = !token.inlineValue && token.value?.startsWith('-') && token.value !== '-'
    if (needsValue && (token.value === undefined || takesNext)) {
      fail(`--${token.name} needs a value: --${token.name} ${flag.value}.`)
    }
    if (!needsValue && token.value !== undefined) fail(`--${token.name} takes no value.`)
    if (flag.choices && !flag.choices.includes(String(token.value))) {
      fail(`--${token.name} is ${flag.choices.join(' or ')}, not '${token.value}'.`)
    }
  }
  return collect(parseArgs({ args: [...words], options, allowPositionals: true, strict: false }))
}

/** Throws unless there are so many words beside the flags. */
export function requireWords(given: Given, { name, usage, min, max }: Words): void {
  const count = given.words.length
  if (count >= min && count <= max) return
  const what = count < min ? 'Something is missing.' : 'That is a word too many.'
  throw new Failure(EXIT.usage, `${what} Write: holdfast ${name} ${usage}`)
}

interface Words {
  readonly name: string
  readonly usage: string
  readonly min: number
  readonly max: number
}

function unknownFlag(raw: string, flags: Flags): string {
  if (/^-\d/.test(raw)) return `${raw} looks like a flag. Put -- before words that begin with -.`
  const names = Object.keys(flags).map((flag) => `--${flag}`)
  const near = nearest(raw, [...names, '--help'])
  return `There is no flag ${raw} here.${near === undefined ? '' : ` Did you mean ${near}?`}`
}

function collect(parsed: { values: Record<string, unknown>; positionals: string[] }): Given {
  const { values, positionals } = parsed
  return {
    words: positionals,
    text: (flag) => values[flag] as string | undefined,
    list: (flag) => values[flag] as string[] | undefined,
    has: (flag) => values[flag] === true,
  }
}
