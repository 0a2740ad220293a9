#!/usr/bin/env node
/** The command. Each subcommand has a file of its own; this one finds it. */

import { type Command, helpOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { ownVersion } from './doctor.ts'
import { EXIT, Failure } from './exit.ts'
import { nearest } from './nearest.ts'
import { print } from './output.ts'
import { paint } from './paint.ts'

const HELP = `holdfast COMMAND

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

holdfast help COMMAND tells more of each. Two terminals, half a minute:

  holdfast up               # in the first
  holdfast set door open    # in the second
  holdfast get door`

// The reader of a pipe may have what it wanted, as head has; commands that stay hear of it too.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  process.exitCode = await obey(process.argv.slice(2))
} catch (error) {
  const isExpected = error instanceof Failure
  const text = isExpected ? error.message : ((error as Error).stack ?? String(error))
  console.error(`${paint('red', 'holdfast:', process.stderr)} ${text}`)
  process.exitCode = isExpected ? error.exitCode : EXIT.failed
}

async function obey([name, ...words]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') {
    await print(HELP)
    return name === undefined ? EXIT.usage : 0
  }
  if (name === '--version' || name === '-v') {
    await print(ownVersion())
    return 0
  }
  if (name === 'help') {
    await print(words[0] === undefined ? HELP : helpOf(find(words[0])))
    return 0
  }
  const command = find(name)
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
  if (own.includes('--help') || own.includes('-h')) {
    await print(helpOf(command))
    return 0
  }
  return command.act(words)
}

function find(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name)
  if (command !== undefined) return command
  const names = COMMANDS.map((each) => each.name)
  const near = nearest(name, [...names, 'help'])
  const advice = near === undefined ? '' : ` Did you mean '${near}'?`
  throw new Failure(EXIT.usage, `There is no command '${name}'.${advice} See: holdfast --help`)
}
