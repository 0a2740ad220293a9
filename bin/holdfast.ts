#!/usr/bin/env node
/** The command. Each subcommand has a file of its own; this one finds it. */

import { EXIT, Failure } from './exit.ts'
import * as run from './run.ts'

interface Command {
  /** One line of `holdfast --help`. */
  readonly summary: string
  readonly help: string
  /** Takes the words after its name. Resolves with the exit status. */
  readonly act: (words: readonly string[]) => Promise<number>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  run: { summary: run.SUMMARY, help: run.HELP, act: run.run },
}

const HELP = `holdfast COMMAND

${Object.values(COMMANDS)
  .map(({ summary }) => `  ${summary}`)
  .join('\n')}

holdfast COMMAND --help tells more of each.
`

try {
  process.exitCode = await obey(process.argv.slice(2))
} catch (error) {
  const isExpected = error instanceof Failure
  const text = isExpected ? error.message : ((error as Error).stack ?? String(error))
  console.error(text.replace(/^/, 'holdfast: '))
  process.exitCode = isExpected ? error.exitCode : EXIT.failed
}

async function obey([name, ...words]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(HELP.trimEnd())
    return name === undefined ? EXIT.usage : 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    throw new Failure(EXIT.usage, `There is no command '${name}'. See: holdfast --help`)
  }
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
  if (own.includes('--help') || own.includes('-h')) {
    console.log(command.help.trimEnd())
    return 0
  }
  return command.act(words)
}
