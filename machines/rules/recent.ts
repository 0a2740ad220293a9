/** The last broadcasts that went by, for neighbours that missed one. The oldest goes first. */

/** How many are kept. */
export const RECENT_MAX = 1_024
/** How many bytes they may have in all. */
export const RECENT_BYTES_MAX = 4 * 1024 * 1024

export class Recent<Frame extends { readonly length: number }> {
  readonly #frames = new Map<string, Frame>()
  #bytes = 0

  keep(key: string, frame: Frame): void {
    if (frame.length > RECENT_BYTES_MAX || this.#frames.has(key)) return
    this.#frames.set(key, frame)
    this.#bytes += frame.length
    for (const [oldest, { length }] of this.#frames) {
      if (this.#frames.size <= RECENT_MAX && this.#bytes <= RECENT_BYTES_MAX) return
      this.#frames.delete(oldest)
      this.#bytes -= length
    }
  }

  get(key: string): Frame | undefined {
    return this.#frames.get(key)
  }
}
