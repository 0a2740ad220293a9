/** A short run of `npm run fuzz`, and proof that it notices what it looks for. */

import { unpack } from 'msgpackr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode } from '../../transport/codec.ts'
import { body } from '../../transport/framing.ts'
import { seededRandom } from '../../transport/random.ts'
import { seedOfRun } from '../rules/chance.ts'
import { fuzzDecoding } from './decoding.ts'
import { fuzzVisiting } from './visiting.ts'

const DECODED_FRAMES = 20_000
const VISITS = 150

const fuzz = suite('fuzz')

fuzz(`${DECODED_FRAMES} drawn frames pass for nothing that they are not`, () => {
  const seed = printedSeed()
  const { passed, faults } = fuzzDecoding({ frames: DECODED_FRAMES, random: seededRandom(seed) })
  assert.equal(faults, [])
  assert.ok(passed > DECODED_FRAMES / 100, `only ${passed} were messages: the frames are too wild`)
})

fuzz('a decoder that takes what it is given is caught', () => {
  const trusting: typeof decode = (frame) => {
    const message = decode(frame)
    if (message !== undefined) return message
    const [kind, number] = unpack(body(frame))
    return kind === 4 ? { kind: 'select', number } : undefined
  }
  const { faults } = fuzzDecoding({ frames: 2_000, random: seededRandom(printedSeed()) }, trusting)
  assert.ok(faults.length > 0)
})

for (const isPeer of [false, true]) {
  fuzz(`${VISITS} frames ${isPeer ? 'of peers' : 'of strangers'} harm nobody`, async () => {
    const random = seededRandom(printedSeed())
    const { faults } = await fuzzVisiting({ frames: VISITS, random, isPeer })
    assert.equal(faults, [])
  })
}

function printedSeed(): number {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  return seed
}

fuzz.run()
