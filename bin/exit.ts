/**
 * How `holdfast` ends. The numbers are those to which shells, `env`, `timeout` and sysexits.h have
 * given these meanings, so that a script that knows them needs to learn nothing.
 */

export const EXIT = {
  /** The command line makes no sense. EX_USAGE of sysexits.h. */
  usage: 64,
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

/** An error with the way to end by it; its message is for people and says what to do. */
export class Failure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
