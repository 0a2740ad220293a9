/** All lines of one peer, by handle; and of each neighbour the one that is in use. */

import type { Handle, PeerId } from '../machines/rules/peer.ts'
import type { Frame } from '../transport/ports.ts'
import type { Line } from './line.ts'

export class Lines {
  readonly #all = new Map<Handle, Line>()
  readonly #nominal = new Map<PeerId, Line>()

  add(line: Line): Line {
    this.#all.set(line.handle, line)
    return line
  }

  get(handle: Handle): Line | undefined {
    return this.#all.get(handle)
  }

  remove(handle: Handle): void {
    const line = this.#all.get(handle)
    if (line === undefined) return
    this.#all.delete(handle)
    this.leave(line)
  }

  /** From now on data for this peer goes over this line. */
  use(line: Line): void {
    if (line.peerId !== null) this.#nominal.set(line.peerId, line)
  }

  /** This line is not in use any more; another one to the same peer may be. */
  leave(line: Line): void {
    if (line.peerId !== null && this.#nominal.get(line.peerId) === line) {
      this.#nominal.delete(line.peerId)
    }
  }

  to(peerId: PeerId): Line | undefined {
    return this.#nominal.get(peerId)
  }

  /** The lines in use, one for each neighbour. */
  neighbours(): IterableIterator<Line> {
    return this.#nominal.values()
  }

  get count(): number {
    return this.#nominal.size
  }

  /** All lines, also those that are not in use yet or any more. */
  all(): IterableIterator<Line> {
    return this.#all.values()
  }

  get openCount(): number {
    return this.#all.size
  }

  /** The same bytes to every neighbour but one. Returns how many took them. */
  broadcast(frame: Frame, except?: Line): number {
    let taken = 0
    for (const line of this.#nominal.values()) {
      if (line !== except && line.peerId !== except?.peerId && line.send(frame)) taken++
    }
    return taken
  }
}
