import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ORIGINS_MAX, RANGES_MAX } from '../../machines/rules/coverage.ts'
import { createWaterfall, fallsFresh, type Waterfall } from '../../machines/rules/waterfall.ts'
import { seedOfRun } from './chance.ts'
import { originOf } from './scene.ts'

const waterfalls = suite('rules/waterfall')
const alice = originOf('alice')

waterfalls('each broadcast falls once for ever, in order or not', () => {
  const waterfall = createWaterfall()
  for (const number of [1, 2, 5, 3, 9, 4]) assert.ok(fallsFresh(waterfall, alice, number))
  for (const number of [1, 2, 3, 4, 5, 9]) assert.not.ok(fallsFresh(waterfall, alice, number))
  for (const number of [6, 7, 8]) assert.ok(fallsFresh(waterfall, alice, number))
  assert.is(waterfall.seen.size, 1)
})

waterfalls('another peer and another run count from one on their own', () => {
  const waterfall = createWaterfall()
  for (const origin of [alice, originOf('bob'), originOf('alice', '2')]) {
    assert.ok(fallsFresh(waterfall, origin, 1))
    assert.not.ok(fallsFresh(waterfall, origin, 1))
  }
})

type Fall = typeof fallsFresh

/** Forgets after some broadcasts, as the original did after a minute. */
const forgetful: Fall = (waterfall, origin, number) => {
  if (number % 16 === 0) waterfall.seen.clear()
  return fallsFresh(waterfall, origin, number)
}

/** Takes what is lower than the highest one for seen. */
const hasty: Fall = (waterfall, origin, number) => {
  const fresh = fallsFresh(waterfall, origin, number)
  for (let lower = 1; lower < number; lower++) fallsFresh(waterfall, origin, lower)
  return fresh
}

const anyFalls = fc.array(
  fc.record({
    peer: fc.constantFrom('alice', 'bob'),
    run: fc.constantFrom('1', '2'),
    number: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 120 },
)

waterfalls(
  'M3: whatever the order and the echoes, it agrees with a set that forgets nothing',
  () => {
    const seed = seedOfRun()
    console.log(`  seed ${seed}`)
    const agrees = (fall: Fall) =>
      fc.property(anyFalls, (falls) => {
        const waterfall = createWaterfall()
        const seen = new Set<string>()
        for (const { peer, run, number } of falls) {
          const name = `${peer} ${run} ${number}`
          assert.is(fall(waterfall, originOf(peer, run), number), !seen.has(name), name)
          seen.add(name)
        }
      })
    fc.assert(agrees(fallsFresh), { seed, numRuns: 400 })
    for (const [name, fall] of Object.entries({ forgetful, hasty })) {
      assert.ok(fc.check(agrees(fall), { seed, numRuns: 400 }).failed, name)
    }
  },
)

waterfalls('a replay of everything, after any time and traffic, falls no second time', () => {
  const waterfall = createWaterfall()
  const count = 50_000
  for (let number = 1; number <= count; number++) fallsFresh(waterfall, alice, number)
  for (let number = 1; number <= count; number++) {
    assert.not.ok(fallsFresh(waterfall, alice, number))
  }
  assert.ok(roomOf(waterfall) < 200, 'and takes no room')
})

waterfalls('gaps without end take a bounded room, and nothing falls twice for it', () => {
  const waterfall = createWaterfall()
  const count = 10 * RANGES_MAX
  for (let number = 2; number <= count; number += 2) assert.ok(fallsFresh(waterfall, alice, number))
  for (let number = 2; number <= count; number += 2) {
    assert.not.ok(fallsFresh(waterfall, alice, number), `${number}`)
  }
  assert.ok(roomOf(waterfall) < 30 * RANGES_MAX)
  assert.not.ok(fallsFresh(waterfall, alice, 1), 'what comes so late is dropped, not doubled')
  assert.ok(fallsFresh(waterfall, alice, count - 1), 'a young gap is still open')
})

waterfalls('when there are too many origins, the one that was silent longest is forgotten', () => {
  const waterfall = createWaterfall()
  const bob = originOf('bob')
  fallsFresh(waterfall, bob, 1)
  fallsFresh(waterfall, alice, 1)
  for (let run = 1; run < ORIGINS_MAX; run++) fallsFresh(waterfall, originOf('carol', `${run}`), 1)
  assert.is(waterfall.seen.size, ORIGINS_MAX)
  fallsFresh(waterfall, alice, 2)
  fallsFresh(waterfall, originOf('dave'), 1)
  assert.is(waterfall.seen.size, ORIGINS_MAX)
  for (const number of [1, 2]) assert.not.ok(fallsFresh(waterfall, alice, number), 'alice spoke')
})

function roomOf(waterfall: Waterfall): number {
  return JSON.stringify([...waterfall.seen]).length
}

waterfalls.run()
