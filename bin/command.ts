/** A command of holdfast: what its file says of it. */

import { EXIT_MEANINGS } from './exit.ts'
import type { Flag, Flags } from './flag.ts'

/** An example of a help text. Every one is run by a test. */
export interface Example {
  /** What to type. */
  readonly line: string
  /** What it does. */
  readonly does: string
}

export interface Command {
  readonly name: string
  /** What follows the name: `KEY [VALUE]`. */
  readonly usage: string
  /** One line of `holdfast --help`, without a full stop. */
  readonly summary: string
  /** A few paragraphs. */
  readonly story: string
  readonly flags: Flags
  readonly examples: readonly Example[]
  /** The ways it ends, beside 0 and those that all share. */
  readonly exits: readonly number[]
  /** Takes the words after its name. Resolves with the exit status. */
  readonly act: (words: readonly string[]) => Promise<number>
}

const HELP_COLUMNS = 96
const FLAG_COLUMNS = 22

/** The help text of a command. */
export function helpOf({ name, usage, story, flags, examples, exits }: Command): string {
  const lines = [`holdfast ${name} ${usage}`.trimEnd(), '', story.trim(), '']
  for (const [flag, each] of Object.entries(flags)) lines.push(...flagLines(flag, each))
  if (examples.length > 0) lines.push('', 'Examples')
  for (const { line, does } of examples) lines.push(`  ${line}`, `      ${does}`)
  const meanings = EXIT_MEANINGS.filter(([code]) => code === 0 || exits.includes(Number(code)))
  lines.push('', 'Exit status')
  for (const [code, meaning] of meanings) {
    lines.push(...wrap(`  ${String(code).padEnd(5)} ${meaning.replaceAll('`', '')}`, 8))
  }
  return lines.join('\n')
}

/** How a flag is written, as `--join ADDRESS`. */
export function flagWord(name: string, { value, short }: Flag): string {
  return `${short ? `-${short}, ` : ''}--${name}${value === undefined ? '' : ` ${value}`}`
}

function flagLines(name: string, flag: Flag): string[] {
  const word = `  ${flagWord(name, flag)}`
  const indent = ' '.repeat(FLAG_COLUMNS)
  const text = flag.choices ? `${flag.choices.join(' or ')}: ${flag.help}` : flag.help
  const isWide = word.length >= FLAG_COLUMNS
  const lines = wrap(`${isWide ? indent : word.padEnd(FLAG_COLUMNS)}${text}`, FLAG_COLUMNS)
  return isWide ? [word, ...lines] : lines
}

/** Breaks a line between words; what follows is indented. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > HELP_COLUMNS) {
    const at = rest.lastIndexOf(' ', HELP_COLUMNS)
    if (at <= indent) break
    lines.push(rest.slice(0, at))
    rest = ' '.repeat(indent) + rest.slice(at + 1)
  }
  return [...lines, rest]
}
