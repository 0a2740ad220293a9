/**
 * `npm run fuzz -- --frames N --seed S`: drawn frames through framing and codec, and of
 * each hundred two to a live dictionary before the handshake and two after it. Prints what came of
 * it; exit code 1 if anything crashed, hung, passed for what it is not, or memory grew.
 */

import { parseArgs } from 'node:util'
import { seededRandom } from '../../transport/random.ts'
import { fuzzDecoding, type Outcome } from './decoding.ts'
import { fuzzVisiting } from './visiting.ts'

/** How much the heap may have grown in the end, in MiB. */
const GROWTH_MIB_MAX = 64
const MIB = 1024 * 1024
/** What is warm is loaded, compiled and cached; only what comes after counts as growth. */
const WARM_UP_FRAMES = 5_000

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const frames = Number(values.frames)
const random = seededRandom(Number(values.seed))
console.log(`seed ${values.seed}, ${frames} frames`)

let faults = 0
await run(WARM_UP_FRAMES, () => {})
const before = heapMib()
await run(frames, report)
const grownMib = heapMib() - before
console.log(`heap grew by ${grownMib.toFixed(1)} MiB, ${GROWTH_MIB_MAX} are allowed`)
if (grownMib >= GROWTH_MIB_MAX) faults += 1
console.log(faults === 0 ? '0 crashes, 0 hangs' : `${faults} faults`)
process.exitCode = faults === 0 ? 0 : 1

type Report = (what: string, run: { frames: number; outcome: Outcome; ms: number }) => void

async function run(count: number, tell: Report): Promise<void> {
  const few = Math.ceil(count / 50)
  const parts = {
    'framing and codec': [
      count - 2 * few,
      async (some: number) => fuzzDecoding({ frames: some, random }),
    ],
    'before the handshake': [few, (some: number) => visiting(some, false)],
    'after the handshake': [few, (some: number) => visiting(some, true)],
  } as const
  for (const [what, [some, fuzz]] of Object.entries(parts)) {
    const start = performance.now()
    const outcome = await fuzz(some)
    tell(what, { frames: some, outcome, ms: performance.now() - start })
  }
}

function visiting(some: number, isPeer: boolean): Promise<Outcome> {
  return fuzzVisiting({ frames: some, random, isPeer })
}

function report(...[what, { frames: some, outcome, ms }]: Parameters<Report>): void {
  const { passed, faults: found } = outcome
  const seconds = (ms / 1_000).toFixed(1)
  console.log(`${what}: ${some} frames, ${passed} were messages after all, ${seconds} s`)
  for (const fault of found) console.log(`  FAULT ${fault}`)
  faults += found.length
}

function heapMib(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / MIB
}
