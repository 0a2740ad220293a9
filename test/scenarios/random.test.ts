/** Random runs as part of every test: the promises hold, and a seed plays the same way twice. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { playSeed } from './random.ts'

/** How many seeds each `npm test` plays. Long runs: `npm run simulate`. */
const SEEDS = 200
const FIRST_SEED = Number(process.env.SEED ?? 1)

const random = suite('scenarios/random')

random(`${SEEDS} seeds from ${FIRST_SEED}: nothing that is promised is broken`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { violations } = await playSeed({ seed, minutes: 1 })
    assert.equal(violations, [], `seed ${seed}`)
  }
})

random('the same seed plays the same way, to the last write and fault', async () => {
  const once = await playSeed({ seed: 4711, minutes: 2 })
  const twice = await playSeed({ seed: 4711, minutes: 2 })
  assert.equal(once, twice)
  assert.ok(once.operations > 10)
})

random('seed 6: a write that lost two grants ago is told', async () => {
  const { violations } = await playSeed({ seed: 6 })
  assert.equal(violations, [])
})

random('seed 2348: who restarts in a split collects no deletion that others missed', async () => {
  const { violations } = await playSeed({ seed: 2348 })
  assert.equal(violations, [])
})

random.run()
