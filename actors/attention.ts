/** Notices that this process was held up: stopped, swapped out, or busy for too long. */

import type { Reading } from '../machines/rules/lease.ts'
import type { Timer } from '../transport/ports.ts'
import type { Switchboard } from './switchboard.ts'

/** How often a process looks whether it was held up, in milliseconds. */
const LOOK_MS = 250
/** A process that looks later than this was held up, in milliseconds. */
const STALL_MS = 500

/** How long a peer that was held up looks for its neighbours, in milliseconds. */
const DOUBT_MS = 10_000
/** How long one that has just been started looks for those that it is to join, in milliseconds. */
const START_DOUBT_MS = 2_000

export interface AttentionEvents {
  readonly heldUp: () => void
  /** The doubt is over. */
  readonly certain: () => void
}

/** True if this process has just been held up, and no timer of `Attention` has run yet. */
export function isHeldUp(board: Switchboard, reading: Reading = board.read()): boolean {
  // Asleep it was held up as well, though its monotonic clock may have stood still.
  return reading.wall - board.attentiveAt > STALL_MS
}

export class Attention {
  readonly #board: Switchboard
  readonly #tell: AttentionEvents
  #timer: Timer
  /** Until when nobody in reach does not mean to be alone. */
  #doubtUntil = Number.NEGATIVE_INFINITY
  #doubtTimer: Timer

  constructor(board: Switchboard, tell: AttentionEvents) {
    this.#board = board
    this.#tell = tell
    board.attentiveAt = board.read().wall
    this.#timer = this.#schedule()
    if (board.settings.join.length > 0) this.doubt(START_DOUBT_MS)
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
    this.#board.clock.clearTimeout(this.#doubtTimer)
  }

  /**
   * A peer that loses its neighbours because it was held up is not alone: it finds them again, or
   * knows after a while that it does not.
   */
  doubt(forMs: number = DOUBT_MS): void {
    const { clock } = this.#board
    this.#doubtUntil = clock.now() + forMs
    clock.clearTimeout(this.#doubtTimer)
    this.#doubtTimer = clock.setTimeout(this.#tell.certain, forMs)
  }

  get isDoubtful(): boolean {
    return this.#board.clock.now() < this.#doubtUntil
  }

  #noteStall(): void {
    this.#board.counts.stalls += 1
    this.#board.trace({ type: 'stalled' })
    this.#tell.heldUp()
  }

  #schedule(): Timer {
    const { clock } = this.#board
    return clock.setTimeout(() => {
      const wasHeldUp = isHeldUp(this.#board)
      // A wall clock that was set back is told from a sleep by a look between the two.
      this.#board.attentiveAt = this.#board.read().wall
      this.#timer = this.#schedule()
      if (wasHeldUp) this.#noteStall()
    }, LOOK_MS)
  }
}
