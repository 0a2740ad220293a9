/**
 * The page docs/reference/command.md, made of the table of commands. Run by itself it writes it:
 * `npx tsx test/bin/reference.ts`.
 */

import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Command, flagWord } from '../../bin/command.ts'
import { COMMANDS } from '../../bin/commands.ts'
import { EXIT_MEANINGS } from '../../bin/exit.ts'
import { CONFIG_NAME, SETTINGS } from '../../bin/settings.ts'

const PATH = 'docs/reference/command.md'

export function referencePage(): string {
  return [
    '# holdfast, the command',
    '',
    'This page is made of the table of commands in [bin/commands.ts](../../bin/commands.ts).',
    '',
    ...COMMANDS.flatMap(commandLines),
    '## Settings',
    '',
    'A flag outweighs a variable of the environment, and that the file: `' +
      `${CONFIG_NAME}\` of the folder, or what \`--config\` or \`HOLDFAST_CONFIG\` name.`,
    'In a variable, several addresses are separated by commas.',
    '',
    '| Flag | Variable | In the file | |',
    '|---|---|---|---|',
    ...SETTINGS.map(({ flag, variable, key, help }) => {
      return `| \`--${flag}\` | \`${variable}\` | \`${key}\` | ${help} |`
    }),
    '',
    '## Exit status',
    '',
    '| Status | |',
    '|---|---|',
    ...EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    '## Colours',
    '',
    'Only where somebody looks: not in a pipe, and not where `NO_COLOR` is set. `FORCE_COLOR`',
    'brings them back.',
    '',
  ].join('\n')
}

function commandLines({ name, usage, summary, story, flags, examples }: Command): string[] {
  const rows = Object.entries(flags).map(([flag, each]) => {
    const choices = each.choices ? `${each.choices.join(' or ')}: ` : ''
    return `| \`${flagWord(flag, each)}\` | ${choices}${each.help} |`
  })
  return [
    `## holdfast ${name}`,
    '',
    `\`holdfast ${`${name} ${usage}`.trim()}\`: ${summary}.`,
    '',
    '```text',
    story.trim(),
    '```',
    '',
    ...(rows.length > 0 ? ['| Flag | |', '|---|---|', ...rows, ''] : []),
    ...examples.flatMap(({ line, does }) => [`- \`${line}\` ${does}`]),
    '',
  ]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(PATH, referencePage())
}
