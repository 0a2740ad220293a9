import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createPassage, readPassage } from '../../machines/rules/passage.ts'

const passages = suite('rules/passage: how much time has passed')

const DAY_MS = 86_400_000

/** Readings of both clocks, one after the other, and how much had passed at each of them. */
function passed(...readings: readonly (readonly [now: number, wall: number])[]): number[] {
  const passage = createPassage()
  return readings.map(([now, wall]) => readPassage(passage, { before: now, wall, after: now }).wall)
}

passages('as long as both agree, whatever the date is', () => {
  assert.equal(passed([0, 5_000], [1_000, 6_000], [9_000, 14_000]), [0, 1_000, 9_000])
})

passages('a sleep in which the monotonic clock stood still counts', () => {
  assert.equal(passed([0, 0], [100, 60_100], [200, 60_200]), [0, 60_100, 60_200])
})

passages('a wall clock that was set back, before the sleep and after it, hides nothing', () => {
  const back = [100, -DAY_MS] as const
  const asleep = [100, 60_000 - DAY_MS] as const
  assert.equal(passed([0, 0], back, asleep), [0, 100, 60_100])
  assert.equal(passed([0, 0], [100, 60_100], [200, -DAY_MS]), [0, 60_100, 60_200])
})

passages('what was over is never to come again', () => {
  const all = passed([0, 0], [10, DAY_MS], [20, 20], [30, DAY_MS], [40, 40])
  assert.equal(
    all,
    [...all].sort((one, other) => one - other),
  )
})

passages('the grain of the clocks adds up to nothing', () => {
  const readings = Array.from({ length: 10_000 }, (_, index) => {
    const now = index * 0.37
    return [now, Math.floor(now) + (index % 3)] as const
  })
  assert.ok((passed(...readings).at(-1) as number) < 0.37 * 10_000 + 3)
})

passages('slow drift of the wall clock adds up', () => {
  const readings = Array.from({ length: 1_000 }, (_, index) => [index, index * 1.01] as const)
  const last = passed(...readings).at(-1) as number
  assert.ok(last > 999 + 6 && last < 999 + 13, `${last}`)
})

passages('to be held up while reading the clocks is no step of either', () => {
  const passage = createPassage()
  readPassage(passage, { before: 0, wall: 0, after: 0 })
  const slow = readPassage(passage, { before: 10, wall: 510, after: 510 })
  const next = readPassage(passage, { before: 520, wall: 520, after: 520 })
  assert.equal([slow.wall, next.wall], [510, 520])
  const early = readPassage(passage, { before: 530, wall: 530, after: 900 })
  assert.is(early.wall, 900)
  assert.is(readPassage(passage, { before: 910, wall: 910, after: 910 }).wall, 910)
})

passages.run()
