/**
 * Frames in a stream of bytes.
 *
 * Each direction of a byte stream opens with the preamble, and after that there are only frames:
 * four bytes of length (big-endian, not counting themselves), then the body. The dialler sends its
 * preamble first. The acceptor answers with its own only when the dialler's was right, so that a
 * stranger (an HTTP client, a port scan) is told nothing at all.
 */

import { FRAME_BYTES_MAX_BEFORE_HELLO } from '../machines/rules/message.ts'
import type { Frame, WireEnd } from './ports.ts'

/** How many bytes of a frame are its header, in bytes. */
export const FRAME_HEADER_BYTES = 4

/** The bytes that open each direction of a stream: "HFST" and the number of this framing. */
export const PREAMBLE: Uint8Array = Uint8Array.of(0x48, 0x46, 0x53, 0x54, 0x01)

/**
 * A frame may keep this many times its own size of memory alive before it is copied out of its
 * chunk.
 */
const PINNED_FACTOR_MAX = 4

const EMPTY = new Uint8Array(0)

/**
 * What one chunk of bytes completed: whole frames in order, and the problem that follows them, if
 * any.
 */
export interface FramesRead {
  readonly frames: Frame[]
  readonly problem?: WireEnd
}

/**
 * Writes the length of the body into the four bytes that the buffer reserved in front, and returns
 * the buffer. Throws `RangeError` when there is no body, since an empty frame is refused by every
 * reader.
 *
 * @example seal(Uint8Array.of(0, 0, 0, 0, 7)) // → 0 0 0 1 7
 */
export function seal(frame: Uint8Array): Frame {
  const bodyBytes = frame.length - FRAME_HEADER_BYTES
  if (bodyBytes < 1 || bodyBytes > 0xffff_ffff) {
    throw new RangeError(`A frame needs a body; this buffer has ${frame.length} bytes in all.`)
  }
  frame[0] = bodyBytes >>> 24
  frame[1] = bodyBytes >>> 16
  frame[2] = bodyBytes >>> 8
  frame[3] = bodyBytes
  return frame
}

/** The body of a frame, in the same memory. */
export function body(frame: Frame): Uint8Array {
  return frame.subarray(FRAME_HEADER_BYTES)
}

/**
 * Cuts a stream of bytes into frames. It looks at the announced length before it allocates
 * anything, so four bytes that announce 4 GiB cost nothing. After a problem it hands out nothing
 * more.
 *
 * @example const { frames, problem } = reader.push(chunk)
 */
export class FrameReader {
  #bodyBytesMax: number
  /**
   * The beginning of a frame whose end has not arrived. Grows with what arrives, never ahead of it.
   */
  #partial: Uint8Array = EMPTY
  #partialBytes = 0
  #problem: WireEnd | undefined

  /** `bodyBytesMax` – the longest body that is accepted. Bytes, default 4 KiB (before hello). */
  constructor(bodyBytesMax: number = FRAME_BYTES_MAX_BEFORE_HELLO) {
    this.#bodyBytesMax = bodyBytesMax
  }

  /**
   * Takes the next bytes of the stream and returns the frames that are whole now. No frame lies in
   * a chunk that is lent: its memory is used again.
   */
  push(chunk: Uint8Array, isLent = false): FramesRead {
    const frames: Frame[] = []
    let offset = 0
    if (this.#problem === undefined && this.#partialBytes > 0) offset = this.#resume(chunk, frames)
    while (this.#problem === undefined && offset < chunk.length) {
      const frameBytes = this.#frameBytesAt(chunk, offset)
      const end = offset + frameBytes
      if (end > chunk.length) offset = this.#keep(chunk, offset, frameBytes)
      else if (frameBytes > 0) {
        frames.push(isLent ? chunk.slice(offset, end) : cut(chunk, offset, frameBytes))
        offset = end
      }
    }
    return this.#problem === undefined ? { frames } : { frames, problem: this.#problem }
  }

  /**
   * Raises or lowers the longest body, in bytes, for every frame whose header has not been read.
   */
  limit(bodyBytesMax: number): void {
    this.#bodyBytesMax = bodyBytesMax
  }

  /** Says that the stream is over. Returns a problem when that cut a frame off. */
  end(): WireEnd | undefined {
    if (this.#problem !== undefined || this.#partialBytes === 0) return this.#problem
    return { code: 'bad-frame', detail: `cut off after ${this.#partialBytes} bytes` }
  }

  /**
   * Goes on with a frame that an earlier chunk began, and returns how much of the chunk that took.
   */
  #resume(chunk: Uint8Array, frames: Frame[]): number {
    let offset = 0
    if (this.#partialBytes < FRAME_HEADER_BYTES) {
      offset = this.#keep(chunk, 0, FRAME_HEADER_BYTES)
      if (this.#partialBytes < FRAME_HEADER_BYTES) return offset
      if (!this.#permits(lengthAt(this.#partial, 0))) return offset
    }
    const frameBytes = FRAME_HEADER_BYTES + lengthAt(this.#partial, 0)
    offset = this.#keep(chunk, offset, frameBytes)
    if (this.#partialBytes === frameBytes) {
      frames.push(this.#partial)
      this.#partial = EMPTY
      this.#partialBytes = 0
    }
    return offset
  }

  /**
   * How long the frame is that begins at `offset`, or its header if that is not all there; 0 if it
   * is not permitted.
   */
  #frameBytesAt(chunk: Uint8Array, offset: number): number {
    if (chunk.length - offset < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES
    const bodyBytes = lengthAt(chunk, offset)
    const isPermitted = bodyBytes > 0 && bodyBytes <= this.#bodyBytesMax
    return isPermitted || this.#permits(bodyBytes) ? FRAME_HEADER_BYTES + bodyBytes : 0
  }

  /**
   * Copies from the chunk until the partial frame has `wantedBytes`. The buffer grows fourfold as
   * it fills: little is copied twice, and a sender that announces much and sends little makes us
   * hold little.
   */
  #keep(chunk: Uint8Array, offset: number, wantedBytes: number): number {
    const end = Math.min(chunk.length, offset + wantedBytes - this.#partialBytes)
    const neededBytes = this.#partialBytes + end - offset
    if (this.#partial.length < neededBytes) {
      const grownBytes = Math.max(neededBytes, PINNED_FACTOR_MAX * this.#partial.length)
      const grown = new Uint8Array(Math.min(wantedBytes, grownBytes))
      grown.set(this.#partial.subarray(0, this.#partialBytes))
      this.#partial = grown
    }
    this.#partial.set(chunk.subarray(offset, end), this.#partialBytes)
    this.#partialBytes = neededBytes
    return end
  }

  #permits(bodyBytes: number): boolean {
    if (bodyBytes === 0) {
      this.#problem = { code: 'bad-frame', detail: 'an empty frame' }
    } else if (bodyBytes > this.#bodyBytesMax) {
      const detail = `a body of ${bodyBytes} bytes where ${this.#bodyBytesMax} are allowed`
      this.#problem = { code: 'bad-frame', detail }
    }
    return this.#problem === undefined
  }
}

/** What the first bytes of a stream turned out to be. `rest` is what came after the preamble. */
export type PreambleRead =
  | { readonly verdict: 'waiting' | 'wrong' }
  | { readonly verdict: 'right'; readonly rest: Uint8Array }

/**
 * Compares the first bytes of a stream with the preamble, and knows a stranger by the first wrong
 * byte.
 */
export class PreambleReader {
  #seenBytes = 0

  push(chunk: Uint8Array): PreambleRead {
    let offset = 0
    while (offset < chunk.length && this.#seenBytes < PREAMBLE.length) {
      if (chunk[offset] !== PREAMBLE[this.#seenBytes]) return { verdict: 'wrong' }
      offset += 1
      this.#seenBytes += 1
    }
    if (this.#seenBytes < PREAMBLE.length) return { verdict: 'waiting' }
    return { verdict: 'right', rest: chunk.subarray(offset) }
  }
}

/**
 * A whole frame out of a chunk. A view keeps the whole chunk alive for as long as somebody keeps
 * the frame, so only a frame that makes up a good share of its chunk stays a view; a small one is
 * copied.
 */
function cut(chunk: Uint8Array, offset: number, frameBytes: number): Frame {
  if (frameBytes * PINNED_FACTOR_MAX >= chunk.buffer.byteLength) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset + offset, frameBytes)
  }
  const copy = new Uint8Array(frameBytes)
  copy.set(chunk.subarray(offset, offset + frameBytes))
  return copy
}

function lengthAt(bytes: Uint8Array, offset: number): number {
  const high = (bytes[offset] ?? 0) * 0x100 + (bytes[offset + 1] ?? 0)
  const low = (bytes[offset + 2] ?? 0) * 0x100 + (bytes[offset + 3] ?? 0)
  return high * 0x1_0000 + low
}
