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

  text(text: string): this {
    this.integer(text.length)
    for (let index = 0; index < text.length; index++) this.integer(text.charCodeAt(index))
    return this
  }

  bytes(bytes: Uint8Array): this {
    this.integer(bytes.length)
    for (let index = 0; index < bytes.length; index++) this.integer(bytes[index] as number)
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
