/** Waiting until this peer knows what its network knows, and its network what this peer wrote. */

import { HoldfastError } from '../machines/rules/errors.ts'
import { flushStore } from './flush.ts'
import type { Line } from './line.ts'
import type { Switchboard } from './switchboard.ts'

/** How long to wait when nothing else is asked for, in milliseconds. */
const WAIT_MS_DEFAULT = 10_000
/** How often to look, in milliseconds. */
const LOOK_MS = 5

/** How long to wait. */
export interface UntilOptions {
  /** Milliseconds, default 10,000. */
  readonly waitMs?: number
  /** Gives up waiting. */
  readonly signal?: AbortSignal
}

export interface DeliveryOptions extends UntilOptions {
  /** How many neighbours must confirm. Default all that are connected, and at least one. */
  readonly peers?: number
}

/** Resolves when there are neighbours, and all of them have told what they know. */
export async function untilCurrent(board: Switchboard, options: UntilOptions): Promise<void> {
  const isCurrent = () => board.lines.count > 0 && board.replica.isCurrent
  await until(board, options, () => isCurrent() || undefined, 'no neighbour told what it knows')
}

/** Resolves with how many neighbours have confirmed what was written until now. */
export function untilDelivered(board: Switchboard, options: DeliveryOptions): Promise<number> {
  const sounded = new Set<Line>()
  const heard = new Set<Line>()
  flushStore(board)
  const look = () => {
    // Nobody is sent anything before a neighbour was asked.
    if (board.replica.unsent.length > 0) return undefined
    const lines = [...board.lines.neighbours()]
    for (const line of lines) {
      if (line.owes || sounded.has(line)) continue
      sounded.add(line)
      line.sound(() => heard.add(line))
    }
    const count = lines.filter((line) => heard.has(line) && !line.owes).length
    return count >= (options.peers ?? Math.max(1, lines.length)) ? count : undefined
  }
  return until(board, options, look, 'too few neighbours confirmed what was written')
}

function until<Result>(
  board: Switchboard,
  { waitMs = WAIT_MS_DEFAULT, signal }: UntilOptions,
  look: () => Result | undefined,
  missing: string,
): Promise<Result> {
  const { clock, sync } = board
  const endAt = clock.now() + waitMs
  return new Promise((resolve, reject) => {
    const tryOnce = () => {
      if (signal?.aborted) {
        const details = { cause: signal.reason }
        return reject(new HoldfastError('ABORTED', 'The wait was given up.', details))
      }
      const { status, value } = sync.getSnapshot()
      if (status !== 'active' || value === 'closing') {
        return reject(new HoldfastError('CLOSED', 'The dictionary closed.'))
      }
      const result = look()
      if (result !== undefined) return resolve(result)
      const leftMs = endAt - clock.now()
      if (leftMs <= 0) {
        return reject(new HoldfastError('TIMEOUT', `In ${waitMs} ms ${missing}.`))
      }
      clock.setTimeout(tryOnce, Math.min(LOOK_MS, leftMs))
    }
    tryOnce()
  })
}
