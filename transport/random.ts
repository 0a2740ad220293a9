import type { Random } from './ports.ts'

/**
 * A random function that gives the same numbers for the same seed, on every machine: sfc32 ("small
 * fast counter", from PractRand), its state filled from the seed by splitmix32. Not for secrets.
 *
 * `seed` – any integer; only its lowest 32 bits count.
 *
 * @example const random = seededRandom(42); random() // always the same first number in [0, 1)
 */
export function seededRandom(seed: number): Random {
  const next = splitmix32(seed)
  let a = next()
  let b = next()
  let c = next()
  let counter = 1
  return () => {
    const result = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return (result >>> 0) / 0x1_0000_0000
  }
}

/** Spreads one number into many, so that seeds 1 and 2 begin differently. */
function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e37_79b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0_aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a_2d97)
    return mixed ^ (mixed >>> 15)
  }
}
