/** Random runs as part of every test: the promises hold, and a seed plays the same way twice. */

import type { Dictionary } from 'holdfast'
import { explore, playSchedule, ScheduleError } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boards } from '../../actors/sync.ts'
import { playLeases } from './leaseRun.ts'
import { drawPlan, playSeed } from './random.ts'

/** How many seeds each `npm test` plays. Long runs: `npm run simulate`. */
const SEEDS = 100
const LEASE_SEEDS = 40
/** One of those whose run has a conflict. */
const BROKEN_SEED = 1
const FIRST_SEED = Number(process.env.SEED ?? 1)

const random = suite('scenarios/random')

random(`${SEEDS} seeds from ${FIRST_SEED}: nothing that is promised is broken`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { violations } = await playSeed({ seed, minutes: 1 })
    assert.equal(violations, [], `seed ${seed}`)
  }
})

random('who comes back keeps no renewal from two who are connected', async () => {
  // Three wrote at once and pruned each other all round: renewals came 50 ms late, at a term of 20.
  const { violations } = await playLeases({ seed: 9_900_266 })
  assert.equal(violations, [])
})

random(`${LEASE_SEEDS} seeds from ${FIRST_SEED}: no promise about leases is broken`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + LEASE_SEEDS; seed++) {
    const { violations } = await playLeases({ seed })
    assert.equal(violations, [], `seed ${seed}`)
  }
})

random('the same seed plays the same way, to the last write and fault', async () => {
  const once = await playSeed({ seed: 4711, minutes: 2 })
  const twice = await playSeed({ seed: 4711, minutes: 2 })
  assert.equal(once, twice)
  assert.ok(once.operations > 10)
})

random('a write that lost two grants ago is told', async () => {
  // What is left of a random run that a rule without lineage broke: with it, 113 steps were 4.
  const { problems } = await playSchedule(
    [
      { atMs: 1400, peer: 'peer1', act: 'set', with: ['pump', 'peer1-3'] },
      {
        atMs: 6858,
        act: 'partition',
        with: [
          ['peer2', 'peer3'],
          ['peer1', 'peer4', 'peer5', 'peer6'],
        ],
      },
      { atMs: 12334, peer: 'peer5', act: 'set', with: ['pump', 'peer5-11'] },
      { atMs: 15207, peer: 'peer3', act: 'set', with: ['pump', 'peer3-13'] },
    ],
    { seed: 6, peers: 6, latency: [1, 70], options: { leaseMs: 5000 } },
  )
  assert.equal(problems, [])
})

random(
  'a value that went over with its key is told to who wrote it, if its new owner died',
  async () => {
    // What was left of seed 5128: bob heard nothing, since carol's grant had seen his write.
    const alone = [['alice'], ['bob', 'carol']]
    const { problems } = await playSchedule(
      [
        { atMs: 4_945, act: 'partition', with: alone },
        { atMs: 7_987, peer: 'alice', act: 'set', with: ['printer', 'alice-11'] },
        { atMs: 37_658, peer: 'alice', act: 'delete', with: ['printer'] },
        { atMs: 52_335, peer: 'bob', act: 'set', with: ['printer', 'bob-50'] },
        { atMs: 55_245, peer: 'carol', act: 'acquire', with: ['printer', { waitMs: 14_596 }] },
        { atMs: 66_789, peer: 'alice', act: 'set', with: ['printer', 'alice-70'] },
        { atMs: 67_972, peer: 'carol', act: 'restart' },
      ],
      {
        seed: 5128,
        peers: ['alice', 'bob', 'carol'],
        latency: [1, 20],
        options: { leaseMs: 5_000 },
      },
    )
    assert.equal(problems, [])
  },
)

random('a rule that is broken is shown by a few of many steps', async () => {
  // Nobody is told of a conflict any more.
  const silence = ({ actor }: Dictionary) => {
    let facts: { type: string }[] = []
    Object.defineProperty(boards.get(actor)?.replica, 'facts', {
      get: () => {
        facts = facts.filter(({ type }) => type !== 'conflict')
        return facts
      },
      set: (given) => {
        facts = given
      },
    })
  }
  const { schedule, options } = drawPlan({ seed: BROKEN_SEED, minutes: 2 })
  const broken = { ...options, seeds: [BROKEN_SEED], schedule: () => schedule, triesMax: 150 }
  await explore(broken)
  const error = await explore({ ...broken, onStart: silence }).catch((cause) => cause)
  assert.instance(error, ScheduleError)
  const { outcome, shortest } = (error as ScheduleError).breakage
  assert.ok(outcome.problems.some(({ check }) => check === 'noLostWrites'))
  assert.ok(schedule.length > 50 && shortest.length <= 5, `${shortest.length} steps`)
})

random.run()
