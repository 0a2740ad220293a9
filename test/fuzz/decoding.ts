/** Drawn frames through framing and codec, in chunks of any size: nothing may throw or hang. */

import { FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_HELLO } from '../../machines/rules/message.ts'
import { decode, encode } from '../../transport/codec.ts'
import { FrameReader } from '../../transport/framing.ts'
import { isMessage } from '../transport/codecJudge.ts'
import { type Chance, drawBody, framed, SPEAKER } from './frames.ts'

/** How long one frame may take, in milliseconds; a machine that is busy needs some patience. */
const FRAME_MS_MAX = 1_000

/** What came of a run of frames. */
export interface Outcome {
  /** Frames that were a message after all. */
  passed: number
  /** What must not happen, in words. */
  readonly faults: string[]
}

/** Reads so many frames; `take` is the decoder. */
export function fuzzDecoding(
  { frames, random }: { frames: number; random: Chance },
  take: typeof decode = decode,
): Outcome {
  const outcome: Outcome = { passed: 0, faults: [] }
  for (let count = 0; count < frames && outcome.faults.length < 10; count++) {
    const { kind, bytes } = drawBody(random)
    const start = performance.now()
    const fault = readOne(framed(bytes, random), { random, outcome, take })
    const tookMs = performance.now() - start
    if (tookMs > FRAME_MS_MAX) outcome.faults.push(`frame ${count} (${kind}) took ${tookMs} ms`)
    if (fault) outcome.faults.push(`frame ${count} (${kind}) ${fault}: ${[...bytes.slice(0, 99)]}`)
  }
  return outcome
}

function readOne(
  frame: Uint8Array,
  { random, outcome, take }: { random: Chance; outcome: Outcome; take: typeof decode },
): string | undefined {
  const reader = new FrameReader(random() < 0.5 ? FRAME_BYTES_MAX : FRAME_BYTES_MAX_BEFORE_HELLO)
  try {
    let offset = 0
    while (offset < frame.length) {
      const size = 1 + Math.floor(random() * frame.length)
      const { frames } = reader.push(frame.subarray(offset, offset + size))
      offset += size
      for (const each of frames) {
        const message = take(each, random() < 0.5 ? SPEAKER : undefined)
        if (message === undefined) continue
        outcome.passed += 1
        if (!isMessage(message)) return `passed for a message of kind ${message.kind}`
        encode(message)
      }
    }
    reader.end()
    return undefined
  } catch (error) {
    return `threw ${error}`
  }
}
