/**
 * What holdfast and the supervisor of its command tell each other over the pipe between them.
 *
 * The supervisor says `ready` when it listens, gets one `start`, answers `started` or `refused`,
 * and then obeys `extend`, `forward` and `kill` until it says `ended`. If the pipe breaks instead,
 * each of the two takes the other for dead and ends the command.
 */

import type { Deadline } from './deadline.ts'

export type Order =
  | {
      readonly order: 'start'
      readonly command: readonly string[]
      /** Added to the environment of holdfast. */
      readonly environment: Readonly<Record<string, string>>
      readonly deadline: Deadline
      /** SIGTERM is sent this long before the deadline, in milliseconds. */
      readonly graceMs: number
    }
  | { readonly order: 'extend'; readonly deadline: Deadline }
  | { readonly order: 'forward'; readonly signal: NodeJS.Signals }
  | { readonly order: 'kill' }

export type Report =
  | { readonly report: 'ready' }
  | { readonly report: 'started' }
  /** The command could not be started; the code is that of the system. */
  | { readonly report: 'refused'; readonly code: string }
  | { readonly report: 'stopping' }
  | {
      readonly report: 'ended'
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
      /** True if it was stopped because its time was over. */
      readonly isLost: boolean
    }

/** Signals a whole process group. False if there is nobody left in it. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal)
    return true
  } catch {
    return false
  }
}
