/** `holdfast completion`: what a shell needs to complete commands and flags. */

import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { type Flag, readWords, requireWords } from './flag.ts'
import { print } from './output.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** The command that knows how to complete all of these and itself. */
export function completionCommand(others: readonly Command[]): Command {
  const command: Command = {
    name: 'completion',
    usage: 'SHELL',
    summary: 'print what bash, zsh or fish needs to complete commands and flags',
    story: `
Prints a script for SHELL: ${SHELLS.join(', ')}. Put one of these where your shell starts:

  bash   eval "$(holdfast completion bash)"      in ~/.bashrc
  zsh    eval "$(holdfast completion zsh)"       in ~/.zshrc, after compinit
  fish   holdfast completion fish | source       in ~/.config/fish/config.fish`,
    flags: {},
    examples: [{ line: 'holdfast completion bash', does: 'prints the script for bash' }],
    exits: [EXIT.usage],
    async act(words) {
      const given = readWords({ name: 'completion', flags: {}, words })
      const usage = SHELLS.join('|')
      requireWords(given, { name: 'completion', usage, min: 1, max: 1 })
      const shell = SHELLS.find((each) => each === given.words[0])
      if (shell === undefined) requireWords(given, { name: 'completion', usage, min: 2, max: 1 })
      await print(SCRIPTS[shell as Shell]([...others, command]))
      return 0
    },
  }
  return command
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

function bashScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  const cases = commands.map(({ name, flags }) => {
    const words = name === 'completion' ? SHELLS : flagNames(flags)
    return `    ${name}) words='${[...words, '--help'].join(' ')}' ;;`
  })
  const files = filePattern(commands)
  return `_holdfast() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  case $before in
    ${files}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$before" = help ]; }; then
    COMPREPLY=($(compgen -W 'help --help --version ${names}' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
    import)
      if [ -n "$word" ] && [ "\${word#-}" = "$word" ]; then
        COMPREPLY=($(compgen -f -- "$word"))
        return
      fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _holdfast holdfast`
}

function zshScript(commands: readonly Command[]): string {
  const list = commands.map(({ name, summary }) => `    '${name}:${quote(summary)}'`)
  const cases = commands.map(({ name, flags }) => {
    const specs = Object.entries(flags).map(([flag, each]) => `      '${zshSpec(flag, each)}'`)
    const words =
      name === 'completion'
        ? `'1:shell:(${SHELLS.join(' ')})'`
        : name === 'import'
          ? `'*:file:_files'`
          : `'*: :'`
    return `    ${name}) _arguments ${[`'--help[tell more]'`, ...specs, words].join(' \\\n')} ;;`
  })
  return `#compdef holdfast
_holdfast() {
  local -a commands=(
${list.join('\n')}
    'help:tell of a command'
  )
  if (( CURRENT == 2 )) || { (( CURRENT == 3 )) && [[ $words[2] == help ]] }; then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _holdfast holdfast`
}

function zshSpec(name: string, { value, help, multiple, choices }: Flag): string {
  const many = multiple ? '*' : ''
  const text = quote(help).replaceAll(/[[\]:]/g, '\\$&')
  if (value === undefined) return `${many}--${name}[${text}]`
  const what = choices ? `(${choices.join(' ')})` : value === 'PATH' ? '_files' : ' '
  return `${many}--${name}=[${text}]:${value.toLowerCase()}:${what}`
}

function fishScript(commands: readonly Command[]): string {
  const lines = ['complete -c holdfast -f']
  for (const { name, summary, flags } of commands) {
    const word = `complete -c holdfast -n __fish_use_subcommand -a ${name}`
    lines.push(`${word} -d '${quote(summary)}'`)
    const seen = `complete -c holdfast -n '__fish_seen_subcommand_from ${name}'`
    for (const [flag, { value, short, help, choices }] of Object.entries(flags)) {
      const takes = value === undefined ? '' : value === 'PATH' ? ' -r -F' : ' -x'
      const offers = choices ? ` -a '${choices.join(' ')}'` : ''
      const letter = short === undefined ? '' : ` -s ${short}`
      lines.push(`${seen} -l ${flag}${letter}${takes}${offers} -d '${quote(help)}'`)
    }
    if (name === 'completion') lines.push(`${seen} -a '${SHELLS.join(' ')}'`)
    if (name === 'import') lines.push(`${seen} -F`)
  }
  return lines.join('\n')
}

function flagNames(flags: Command['flags']): string[] {
  return Object.keys(flags).map((name) => `--${name}`)
}

/** The flags that take a file. */
function filePattern(commands: readonly Command[]): string {
  const names = commands.flatMap(({ flags }) =>
    Object.entries(flags).flatMap(([name, { value }]) => (value === 'PATH' ? `--${name}` : [])),
  )
  return [...new Set(names)].join('|')
}

/** What stands between single quotes must not hold one. */
function quote(text: string): string {
  return text.replaceAll("'", '’')
}
