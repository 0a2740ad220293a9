/**
 * The pages in `docs/reference/` that are written from the code: errors, events and stats. Run this
 * file, by `npm run docs`, to write them anew; `reference.test.ts` fails when they differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERRORS, STATS } from 'holdfast'
import ts from 'typescript'
import { parse } from './sources.ts'

/** Where the facts are declared that `on` offers. */
export const FACT_FILES = [
  'machines/rules/fact.ts',
  'machines/rules/census.ts',
  'actors/announcement.ts',
  'machines/rules/limit.ts',
]
const NOTE = 'This page is written from the code by `npm run docs`.'

const ERRORS_OPENING = `
Everything that holdfast throws is a \`HoldfastError\`. Its \`code\` is a contract and does
not change between major versions; its message is for people. \`ERRORS[code]\` holds what
is told here.`.trim()
const STATS_OPENING = `
What \`dictionary.stats()\` returns. A gauge goes up and down; a counter starts at 0 when the
dictionary is opened and only rises. [How to collect them](../how-to/metrics.md).`.trim()
const EVENTS_OPENING = `
What \`dictionary.on(type, listener)\` offers, \`actor.on\` of a sync actor as well, and each as the
diagnostics channel \`holdfast:<type>\`. Facts are told together at the end of the tick in which
they came to be, so a listener may write.`.trim()

/** Each page by its path. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/events.md', eventsPage()],
    ['docs/reference/stats.md', statsPage()],
  ])
}

function errorsPage(): string {
  const sections = Object.entries(ERRORS).map(([code, { when, state, cure }]) =>
    [
      `## ${code}\n`,
      `- **When:** ${when}`,
      `- **What state is left:** ${state}`,
      `- **What to do:** ${cure}\n`,
    ].join('\n'),
  )
  return page('Errors', ERRORS_OPENING, sections.join('\n'))
}

function statsPage(): string {
  const rows = Object.entries(STATS).map(
    ([name, { kind, help }]) => `| \`${name}\` | ${kind} | ${help} |`,
  )
  return page('Stats', STATS_OPENING, `${['| | | |', '|---|---|---|', ...rows].join('\n')}\n`)
}

function eventsPage(): string {
  const sections = FACT_FILES.flatMap(factsIn).map(({ types, says, fields }) => {
    const title = `## ${types.map((type) => `\`${type}\``).join(' · ')}`
    const list = fields.map(({ name, says }) => `- \`${name}\`${says && `: ${says}`}`)
    return `${[title, says, list.join('\n')].filter(Boolean).join('\n\n')}\n`
  })
  return page('Events', EVENTS_OPENING, sections.join('\n'))
}

function page(title: string, opening: string, text: string): string {
  return [`# ${title}`, opening, NOTE, text].join('\n\n')
}

interface Described {
  /** Of the interface. */
  readonly name: string
  readonly types: readonly string[]
  readonly says: string
  readonly fields: readonly { readonly name: string; readonly says: string }[]
}

/** The interfaces of a file that have a `type` which is a literal, or several. */
export function factsIn(path: string): Described[] {
  const file = parse({ path, text: readFileSync(path, 'utf8') })
  return file.statements.filter(ts.isInterfaceDeclaration).flatMap((declared) => {
    const members = declared.members.filter(ts.isPropertySignature)
    const type = members.find((member) => member.name.getText() === 'type')?.type
    const types = [...(type?.getText() ?? '').matchAll(/'([^']+)'/g)].map(([, name = '']) => name)
    if (types.length === 0) return []
    const fields = members
      .filter((member) => member.name.getText() !== 'type')
      .map((member) => ({ name: member.name.getText(), says: docOf(member) }))
    return [{ name: declared.name.text, types, says: docOf(declared), fields }]
  })
}

function docOf(node: ts.Node): string {
  const text = ts
    .getJSDocCommentsAndTags(node)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment))
  return text
    .filter(Boolean)
    .join(' ')
    .replaceAll(/\s*\n\s*/g, ' ')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of referencePages()) writeFileSync(path, text)
}
