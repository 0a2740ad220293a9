/** Notices that this process was held up: stopped, swapped out, or busy for too long. */

import type { Timer } from '../transport/ports.ts'
import type { Switchboard } from './switchboard.ts'

/** How often a process looks whether it was held up, in milliseconds. */
const LOOK_MS = 250
/** A process that looks later than this was held up, in milliseconds. */
export const STALL_MS = 500

export class Attention {
  readonly #board: Switchboard
  readonly #onStall: () => void
  #timer: Timer

  constructor(board: Switchboard, onStall: () => void) {
    this.#board = board
    this.#onStall = onStall
    board.attentiveAt = board.clock.now()
    this.#timer = this.#schedule()
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
  }

  #schedule(): Timer {
    const { clock } = this.#board
    return clock.setTimeout(() => {
      const wasHeldUp = clock.now() - this.#board.attentiveAt > STALL_MS
      // A wall clock that was set back is told from a sleep by a look between the two.
      this.#board.attentiveAt = this.#board.read().now
      this.#timer = this.#schedule()
      if (wasHeldUp) this.#onStall()
    }, LOOK_MS)
  }
}
