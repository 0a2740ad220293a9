import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Fleet } from './fleet.ts'
import type { Entry } from './journal.ts'
import { judge } from './judge.ts'
import { NAMES, playStorm } from './storm.ts'

const STORM_MS = 12_000

const storms = suite('storms over real processes')

storms('eight processes write, are cut, stopped and killed, and nothing is lost', async () => {
  const seed = Date.now() % 1_000_000
  console.log(`  seed ${seed}`)
  const fleet = new Fleet()
  const pool = await fleet.startMany(NAMES.length)
  const result = await playStorm({ seed, fleet, pool, stormMs: STORM_MS })
  fleet.killAll()
  const { faults, writes, takeovers, healMs, violations, journals } = result
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`)
  console.log(`  ${writes} writes, ${takeovers} takeovers, equal after ${Math.round(healMs)} ms`)
  console.log(`  ${kinds.join(', ')}`)
  assert.equal(violations, [], `seed ${seed}, journals in ${journals}`)
  assert.ok(writes > 0 && takeovers > 0, 'nothing happened')
})

storms.run()

const judging = suite('judging real processes')

const set = (write: number, value: string, more: { previous?: string; at?: number } = {}) => {
  const { at = write, ...rest } = more
  return [
    { type: 'intent', write, key: 'door', value, at, ...rest },
    { type: 'accepted', write, token: write, at },
  ] as const
}
const run = (name: string, journal: readonly Entry[], isDead = false) => {
  return { name, run: 1, isDead, journal }
}
const broken = (runs: Parameters<typeof judge>[0], door: string | undefined) => {
  const { violations } = judge(runs, new Map(door === undefined ? [] : [['door', door]]))
  return violations.map(({ invariant }) => invariant)
}

judging('a write that is gone counts unless its writer was told once, or died', () => {
  const alice = set(1, 'red')
  const bob = set(2, 'blue')
  const told = {
    type: 'heard',
    event: 'conflict',
    fact: { key: 'door', lost: 'red', kept: 'blue', reason: 'concurrent' },
  } as const
  assert.equal(broken([run('alice', alice), run('bob', bob)], 'blue'), ['noLostWrites'])
  assert.equal(broken([run('alice', [...alice, told]), run('bob', bob)], 'blue'), [])
  assert.equal(broken([run('alice', [...alice, told, told])], 'blue'), ['noLostWrites'])
  assert.equal(broken([run('alice', alice, true), run('bob', bob)], 'blue'), [])
  // Bob had seen it, and was killed before he saw his own write accepted.
  const unseen = [{ ...bob[0], previous: 'red' }]
  assert.equal(broken([run('alice', alice), run('bob', unseen, true)], 'blue'), [])
})

judging('a deleted value that is back, a token that falls and a message twice count', () => {
  const gone = [
    { type: 'intent', write: 2, key: 'door', previous: 'red', at: 2 },
    { type: 'accepted', write: 2, at: 2 },
  ] as const
  assert.equal(broken([run('alice', [...set(1, 'red'), ...gone])], 'red'), ['noRevivals'])
  assert.equal(broken([run('alice', [...set(1, 'red'), ...gone])], undefined), [])
  const told = (token: number) => {
    return { type: 'heard', event: 'update', fact: { key: 'door', token } } as const
  }
  assert.equal(broken([run('alice', [told(2), told(3), told(2)])], undefined), ['noTokenFalls'])
  const message = { type: 'heard', event: 'message', fact: { payload: 'hello' } } as const
  assert.equal(broken([run('alice', [message]), run('bob', [message])], undefined), [])
  assert.equal(broken([run('alice', [message, message])], undefined), ['M3'])
})

judging('an owner that finds itself holding what another has taken from it counts', () => {
  const held = (at: number) => ({ type: 'held', key: 'door', token: 1, at }) as const
  const bob = run('bob', set(2, 'blue', { previous: 'red', at: 50 }))
  assert.equal(broken([run('alice', [...set(1, 'red'), held(49)]), bob], 'blue'), [])
  assert.equal(broken([run('alice', [...set(1, 'red'), held(51)]), bob], 'blue'), ['L1'])
  // What it renewed meanwhile without a write the other may not have heard of.
  const renewed = { type: 'renewed', key: 'door', token: 1 } as const
  assert.equal(broken([run('alice', [...set(1, 'red'), renewed, held(51)]), bob], 'blue'), [])
})

judging.run()
