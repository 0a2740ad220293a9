/**
 * Back-pressure: tells whoever writes that it outruns the network, and when to go on.
 *
 * What waits for the slowest neighbour counts. One that reads nothing for a while holds nobody up:
 * data for it is left out from then on, and it asks for what it missed when it reads again.
 */

import type { Line } from './line.ts'
import type { Switchboard } from './switchboard.ts'

/** A writer is told to wait when so much waits for one neighbour, in bytes. */
export const CONGESTED_BYTES = 1024 * 1024
/** It may go on when no more than so much waits, in bytes. */
export const DRAINED_BYTES = 256 * 1024
/** How long a neighbour may take nothing of what waits, in milliseconds. */
export const STALLED_MS = 1_000
/** How often is looked while something waits, in milliseconds. */
const LOOK_MS = 2
/** How often is looked whether one that fell behind has caught up, in milliseconds. */
const BEHIND_LOOK_MS = 50
/** The most that one look counts as waiting, in milliseconds: this process may be the slow one. */
const WAITED_MS_MAX = 10

export class Congestion {
  readonly #board: Switchboard
  /** Neighbours that are waited for: what is left for each, and since when it took nothing. */
  readonly #waiting = new Map<Line, { readonly bytes: number; readonly waitedMs: number }>()
  #lookedAt = 0
  #isCongested = false
  #drained: (() => void)[] = []

  constructor(board: Switchboard) {
    this.#board = board
  }

  /** What waits for the slowest neighbour that is waited for, in bytes. */
  get backlogBytes(): number {
    let most = 0
    for (const line of this.#board.lines.neighbours()) {
      if (!line.isBehind) most = Math.max(most, line.queuedBytes)
    }
    return most
  }

  /** Looks after each flush whether the network still keeps up. */
  look(): void {
    if (this.#isCongested) return
    const { backlogBytes } = this
    if (backlogBytes <= this.#highBytes()) return
    this.#isCongested = true
    this.#board.announce({ type: 'congested', backlogBytes })
    this.#lookAgain()
  }

  /** Resolves when what was written so far has left this peer, but for a little. */
  async drained(): Promise<void> {
    // What was written in this tick has not been handed to the network yet.
    await new Promise<void>((resolve) => this.#board.clock.defer(resolve))
    await this.#heldBackSent()
    if (!this.#isCongested) return
    await new Promise<void>((resolve) => this.#drained.push(resolve))
  }

  /** What was written before a neighbour has told what it knows is held back for a moment. */
  async #heldBackSent(): Promise<void> {
    const { clock, lines, replica } = this.#board
    const giveUpAt = clock.now() + STALLED_MS
    while (lines.count > 0 && replica.unsent.length > 0 && clock.now() < giveUpAt) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, LOOK_MS))
    }
  }

  #highBytes(): number {
    return Math.min(CONGESTED_BYTES, this.#board.settings.limits.sendQueueBytesMax / 2)
  }

  #lookAgain(): void {
    this.#board.clock.setTimeout(() => {
      this.#passOverStalled()
      if (this.backlogBytes > Math.min(DRAINED_BYTES, this.#highBytes())) this.#lookAgain()
      else this.#end()
    }, LOOK_MS)
  }

  #end(): void {
    this.#isCongested = false
    this.#waiting.clear()
    const drained = this.#drained
    this.#drained = []
    this.#board.announce({ type: 'drained' })
    for (const resolve of drained) resolve()
  }

  #passOverStalled(): void {
    const now = this.#board.clock.now()
    const sinceMs = Math.min(WAITED_MS_MAX, now - this.#lookedAt)
    this.#lookedAt = now
    for (const line of this.#board.lines.neighbours()) {
      const bytes = line.queuedBytes
      const known = this.#waiting.get(line)
      const isTaking = known === undefined || bytes < known.bytes
      const waitedMs = isTaking ? 0 : known.waitedMs + sinceMs
      this.#waiting.set(line, { bytes, waitedMs })
      if (bytes > DRAINED_BYTES && waitedMs > STALLED_MS) this.#passOver(line)
    }
  }

  /** A carrier does not tell that a queue is empty which it does not find long. */
  #passOver(line: Line): void {
    if (line.isBehind) return
    line.fallBehind()
    const { clock, lines } = this.#board
    const look = () => {
      line.notice()
      if (line.isBehind && line.peerId !== null && lines.to(line.peerId) === line) {
        clock.setTimeout(look, BEHIND_LOOK_MS)
      }
    }
    clock.setTimeout(look, BEHIND_LOOK_MS)
  }
}
