import type { Frame } from './ports.ts'

/** Frames that wait for the network, in order. Its length is its owner's to watch. */
export class SendQueue {
  #frames: Frame[] = []
  /** Frames before this one were taken; they are dropped with the rest. */
  #start = 0
  #bytes = 0

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes
  }

  push(frame: Frame): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
  }

  /**
   * Takes whole frames until they fill `roomBytes`, and returns them as one copy that nobody
   * shares.
   */
  take(roomBytes: number): Uint8Array {
    let end = this.#start
    let size = 0
    while (size < roomBytes && end < this.#frames.length) {
      size += this.#frames[end]?.length ?? 0
      end += 1
    }
    const bytes = new Uint8Array(size)
    let offset = 0
    for (const frame of this.#frames.slice(this.#start, end)) {
      bytes.set(frame, offset)
      offset += frame.length
    }
    this.#start = end
    this.#bytes -= size
    if (end === this.#frames.length) this.clear()
    return bytes
  }

  clear(): void {
    this.#frames = []
    this.#start = 0
    this.#bytes = 0
  }
}
