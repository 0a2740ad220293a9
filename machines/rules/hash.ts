/**
 * A quick hash in two lanes of 32 bits: for ranks between concurrent grants and for digests, where
 * only chance is the adversary. It protects nothing; proofs are made with real cryptography
 * elsewhere.
 *
 * Each lane multiplies and rotates as MurmurHash3 does (Austin Appleby, public domain), with
 * constants of its own, and ends with the same finaliser.
 */
export class Hash {
  low = 0
  high = 0

  start(): this {
    this.low = 0x2545f491
    this.high = 0x6c8e9cf5
    return this
  }

  integer(value: number): this {
    this.low = Math.imul(rotate(this.low ^ Math.imul(value, 0xcc9e2d51), 13), 5) + 0x6b64e654
    this.high = Math.imul(rotate(this.high ^ Math.imul(value, 0x1b873593), 17), 9) + 0x52dce729
    return this
  }

  /** Any number, by its bits: integers beyond 32 bits and fractions count in full. */
  number(value: number): this {
    if ((value | 0) === value) return this.integer(value)
    double[0] = value
    return this.integer(0x7ff)
      .integer(halves[0] as number)
      .integer(halves[1] as number)
  }

  /** Short text by its characters; longer text by its bytes, which are faster to come by. */
  text(text: string): this {
    this.integer(text.length)
    if (text.length > TEXT_CHARS_SHORT) return this.bytes(utf8Of(text))
    for (let index = 0; index < text.length; index++) this.integer(text.charCodeAt(index))
    return this
  }

  /** Four bytes at a time; what is missing in the last four counts as 0. */
  bytes(bytes: Uint8Array): this {
    this.integer(bytes.length)
    let low = this.low | 0
    let high = this.high | 0
    for (let at = 0; at < bytes.length; at += 4) {
      const word = wordAt(bytes, at)
      low = (Math.imul(rotate(low ^ Math.imul(word, 0xcc9e2d51), 13), 5) + 0x6b64e654) | 0
      high = (Math.imul(rotate(high ^ Math.imul(word, 0x1b873593), 17), 9) + 0x52dce729) | 0
    }
    this.low = low
    this.high = high
    return this
  }

  finish(): this {
    const { low, high } = this
    this.low = finalise(low ^ rotate(high, 7))
    this.high = finalise(high + Math.imul(low, 0x9e3779b1))
    return this
  }
}

/** Eight hexadecimal digits for one lane of a hash. */
export function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}

/** A text is short up to so many characters. */
const TEXT_CHARS_SHORT = 16
/** Where a text is laid out whose bytes fit; a longer one gets room of its own. Bytes. */
const DESK_BYTES = 16 * 1024
const desk = new Uint8Array(DESK_BYTES)
const encoder = new TextEncoder()

/** The text in bytes, which are good until the next call. */
function utf8Of(text: string): Uint8Array {
  if (text.length * 3 > DESK_BYTES) return encoder.encode(text)
  return desk.subarray(0, encoder.encodeInto(text, desk).written)
}

function wordAt(bytes: Uint8Array, at: number): number {
  if (at + 4 <= bytes.length) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    return low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
  }
  let word = 0
  for (let end = bytes.length - 1; end >= at; end--) word = (word << 8) | (bytes[end] as number)
  return word
}

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

function finalise(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
