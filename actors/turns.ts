/**
 * Whose turn it is: each neighbour is served at a pace. What comes too soon waits, and only the
 * last that a neighbour wants, so that questions cost the patience of who asks and nobody's memory.
 */

import { keepsPace, type Pace, type PaceRule, waitOf } from '../machines/rules/pace.ts'
import type { Handle, PeerId } from '../machines/rules/peer.ts'
import type { Timer } from '../transport/ports.ts'
import type { Line } from './line.ts'
import type { Switchboard } from './switchboard.ts'

/**
 * How often one neighbour is answered, or asked since it says that it has news. An honest one has
 * one question under way at a time.
 */
export const QUESTION_PACE: PaceRule = { atOnce: 64, perSecond: 16 }

/** How many peers are remembered for that pace: who comes back goes on at its own. */
const PEERS_MAX = 1_024

export class Turns {
  readonly #board: Switchboard
  readonly #paces = new Map<PeerId, Pace>()
  readonly #waiting = new Map<Handle, Timer>()

  constructor(board: Switchboard) {
    this.#board = board
  }

  /** Acts when it is the turn of that neighbour, now or soon, unless it wants more before. */
  take(line: Line, act: () => void): void {
    const { clock } = this.#board
    const peerId = line.peerId as PeerId
    this.leave(line.handle)
    const now = clock.now()
    const spending = { name: peerId, rule: QUESTION_PACE, now, namesMax: PEERS_MAX }
    if (keepsPace(this.#paces, spending)) return act()
    this.#board.reach('questions', line)
    const waitMs = Math.ceil(waitOf(this.#paces.get(peerId), QUESTION_PACE, now))
    const timer = clock.setTimeout(() => this.take(line, act), waitMs)
    this.#waiting.set(line.handle, timer)
  }

  leave(handle: Handle): void {
    this.#board.clock.clearTimeout(this.#waiting.get(handle))
    this.#waiting.delete(handle)
  }

  stop(): void {
    for (const handle of this.#waiting.keys()) this.leave(handle)
  }
}
