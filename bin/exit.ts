/**
 * How `holdfast` ends. The numbers are those to which shells, `env`, `timeout` and sysexits.h have
 * given these meanings, so that a script that knows them needs to learn nothing.
 */

export const EXIT = {
  /** There is no such key, or a check of `doctor` failed. As `grep` has it. */
  missing: 1,
  /** The command line makes no sense. EX_USAGE of sysexits.h. */
  usage: 64,
  /** What was to be read makes no sense. EX_DATAERR. */
  data: 65,
  /** The file that was to be read is not there. EX_NOINPUT. */
  noInput: 66,
  /** The network could not be entered. EX_UNAVAILABLE. */
  unavailable: 69,
  /** Somebody else holds the key: try again later. EX_TEMPFAIL. */
  busy: 75,
  /** The lease was lost and the command was ended for it, as `timeout` ends one. */
  lost: 124,
  /** Holdfast itself failed; nothing runs any more. As `env` and `timeout` have it. */
  failed: 125,
  /** The command was found and could not be started. As every shell has it. */
  notStarted: 126,
  /** There is no such command. As every shell has it. */
  notFound: 127,
  /** Added to the number of the signal that ended the command. As every shell has it. */
  signal: 128,
} as const

/** The same for people; `docs/reference/command.md` is made of it. */
export const EXIT_MEANINGS: readonly (readonly [code: number | string, meaning: string])[] = [
  [0, 'done'],
  [EXIT.missing, 'there is no such key; a check of `doctor` failed'],
  [EXIT.usage, 'the command line, the environment or the file of settings makes no sense'],
  [EXIT.data, 'a line of `import` or a value makes no sense'],
  [EXIT.noInput, 'a file that was to be read cannot be'],
  [EXIT.unavailable, 'nobody was reached in time, or the network refused us'],
  [EXIT.busy, 'somebody else holds the key: try again later, or use `--wait`'],
  [EXIT.lost, '`run`: the lease was lost, and the command was ended for it'],
  [EXIT.failed, 'holdfast itself failed'],
  [EXIT.notStarted, '`run`: the command could not be started'],
  [EXIT.notFound, '`run`: there is no such command'],
  ['128 + N', 'signal N ended it: 130 after Ctrl-C, 143 after SIGTERM'],
]

/** An error with the way to end by it; its message is for people and says what to do. */
export class Failure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
