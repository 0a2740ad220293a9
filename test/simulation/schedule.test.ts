/** Lists that fail are made shorter; schedules are played, printed and explored. */

import {
  createSimulation,
  explore,
  type PlayOptions,
  playSchedule,
  printSchedule,
  type Schedule,
  ScheduleError,
  shrink,
} from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const schedules = suite('simulation/schedule')

const HUNDRED = Array.from({ length: 100 }, (_, index) => index)

schedules('of a hundred items the three that are needed remain, in their order', async () => {
  const needed = [7, 38, 92]
  let tries = 0
  const shortest = await shrink(HUNDRED, (items) => {
    tries += 1
    return needed.every((item) => items.includes(item))
  })
  assert.equal(shortest, needed)
  assert.ok(tries < 120, `${tries} tries`)
})

schedules('one item, and none at all, are found', async () => {
  assert.equal(await shrink(HUNDRED, (items) => items.includes(50)), [50])
  assert.equal(await shrink(HUNDRED, () => true), [])
  assert.equal(await shrink([1, 2, 3], () => false), [1, 2, 3])
})

schedules('the tries are bounded', async () => {
  let tries = 0
  const fails = (items: readonly number[]) => {
    tries += 1
    return items.includes(3) && items.includes(96)
  }
  const shortest = await shrink(HUNDRED, fails, { triesMax: 5 })
  assert.is(tries, 5)
  assert.ok(shortest.length > 2 && shortest.length < 100)
})

const PEERS = ['alice', 'bob', 'carol']
const STEPS: Schedule = [
  { atMs: 2_000, peer: 'alice', act: 'set', with: ['door', 'it\'s "open"'] },
  { atMs: 3_000, act: 'partition', with: [['alice'], ['bob', 'carol']] },
  { atMs: 4_000, peer: 'carol', act: 'crash' },
  { atMs: 4_500, peer: 'carol', act: 'set', with: ['door', 'a call of who is down'] },
  { atMs: 5_000, peer: 'bob', act: 'set', with: ['door', 'refused, alice holds it'] },
]

schedules(
  'steps are played in the order of their times, and what is refused is no problem',
  async () => {
    let seen: unknown
    const check: PlayOptions['check'] = (simulation) => {
      seen = simulation.names.map((name) => simulation.peer(name).get('door'))
      simulation.check()
    }
    const outcome = await playSchedule(STEPS.toReversed(), { seed: 3, peers: PEERS, check })
    assert.equal(outcome.problems, [])
    assert.equal(seen, Array(3).fill('it\'s "open"'))
    assert.ok(outcome.healMs > 0 && outcome.virtualMs > 5_000)
  },
)

schedules('an act that nobody knows is an error, one of your own is carried out', async () => {
  const steps = [{ atMs: 1, peer: 'alice', act: 'dance', with: ['waltz'] }]
  const error = await playSchedule(steps).catch((cause) => cause)
  assert.is(error.code, 'OPTION_UNKNOWN')
  const danced: unknown[] = []
  const dance = (...given: unknown[]) => danced.push(given.slice(1))
  assert.equal((await playSchedule(steps, { acts: { dance } })).problems, [])
  assert.equal(danced, [['alice', 'waltz']])
})

schedules('what fails in an act, in a check and in the end is a problem each', async () => {
  const fail = () => {
    throw new Error('bob fell')
  }
  const steps = [{ atMs: 1, act: 'fail' }]
  const inAct = await playSchedule(steps, { acts: { fail } })
  assert.equal(inAct.problems, [{ check: 'own', what: 'bob fell' }])
  const later = async () => fail()
  assert.is((await playSchedule(steps, { acts: { fail: later } })).problems[0]?.what, 'bob fell')
  assert.is((await playSchedule([], { check: fail })).problems[0]?.check, 'own')
  assert.is((await playSchedule([], { quietMs: 0 })).problems[0]?.check, 'converged')
})

schedules('a printed schedule plays the same way', async () => {
  const printed = printSchedule(STEPS, { seed: 3, peers: PEERS, loss: 0.1, record: () => {} })
  const lines: string[][] = [[], []]
  const record = (index: number) => (line: string) => lines[index]?.push(line)
  await playSchedule(STEPS, { seed: 3, peers: PEERS, loss: 0.1, record: record(0) })
  const call = printed.replace('await ', 'return ')
  const again = new Function('playSchedule', call) as (play: unknown) => Promise<unknown>
  await again((steps: Schedule, options: PlayOptions) => {
    return playSchedule(steps, { ...options, record: record(1) })
  })
  assert.equal(lines[1], lines[0])
  assert.ok((lines[0]?.length ?? 0) > 100)
})

/** An application that loses an order: two counters that know nothing of leases. */
const count: PlayOptions['acts'] = {
  count: (simulation, name) => {
    const dictionary = simulation.peer(name)
    dictionary.set(`seen by ${name}`, Number(dictionary.get(`seen by ${name}`) ?? 0) + 1)
  },
}

schedules('explore shows seed and shortest schedule of what it finds', async () => {
  const error = await explore({
    seeds: [5],
    peers: PEERS,
    acts: count,
    schedule: (random) =>
      Array.from({ length: 40 }, (_, index) => ({
        atMs: 2_000 + index * 100,
        peer: PEERS[Math.floor(random() * 3)] as string,
        act: index % 4 === 0 ? 'get' : 'count',
        ...(index % 4 === 0 ? { with: ['door'] } : {}),
      })),
    check: (simulation) => {
      const [first] = simulation.names
      const times = Number(simulation.peer(first as string).get('seen by bob') ?? 0)
      if (times > 2) throw new Error(`Bob counted to ${times}.`)
    },
  }).catch((cause) => cause)
  assert.instance(error, ScheduleError)
  assert.is(error.breakage.seed, 5)
  assert.equal(
    error.breakage.shortest.map(({ peer, act }: { peer: string; act: string }) => `${peer} ${act}`),
    Array(3).fill('bob count'),
  )
  assert.match(error.message, /^Seed 5 breaks:\n {2}own: Bob counted to/)
  assert.match(error.message, /3 of its 40 steps still do:\nawait playSchedule\(/)
})

schedules('explore is content when nothing breaks, and tells of each run', async () => {
  const seeds: number[] = []
  await explore({
    seeds: 3,
    schedule: () => [{ atMs: 1_500, peer: 'peer1', act: 'set', with: ['door', 'open'] }],
    onOutcome: ({ seed }) => seeds.push(seed),
  })
  assert.equal(seeds, [1, 2, 3])
})

schedules('names and options that do not exist are told by their codes', async () => {
  const code = (run: () => unknown) => {
    try {
      run()
      return 'none'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  assert.is(
    code(() => createSimulation({ lossShare: 0.1 } as never)),
    'OPTION_UNKNOWN',
  )
  assert.is(
    code(() => createSimulation({ loss: 5 })),
    'OPTION_INVALID',
  )
  assert.is(
    code(() => createSimulation({ latency: [5, 1] })),
    'OPTION_INVALID',
  )
  assert.is(
    code(() => createSimulation({ latency: 5 })),
    'none',
  )
  const simulation = createSimulation({ peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  simulation.crash('bob')
  const strangers: (() => unknown)[] = [
    () => simulation.peer('zoe'),
    () => simulation.peer('bob'),
    () => simulation.crash('bob'),
    () => simulation.pause('bob'),
    () => simulation.suspend('bob', 1),
    () => simulation.drift('bob', 1),
    () => simulation.stepClock('bob', 1),
    () => simulation.restart('zoe'),
    () => simulation.slow('zoe'),
    () => simulation.unslow('zoe'),
    () => simulation.stall('zoe'),
    () => simulation.unstall('zoe'),
    () => simulation.reset('alice', 'zoe'),
    () => simulation.partition(['alice'], ['zoe']),
  ]
  for (const call of strangers) assert.is(code(call), 'PEER_UNKNOWN', String(call))
  await simulation.close()
})

schedules.run()
