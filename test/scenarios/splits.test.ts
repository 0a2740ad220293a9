import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { during, hear, refuses, scenarios, seen } from './scene.ts'

const MINUTE_MS = 60_000
/** How soon after the end of a split everybody is connected again, in milliseconds. */
const HEAL_MS_MAX = 45_000

const FOUR = ['alice', 'bob', 'carol', 'dave'] as const
const FIVE = [...FOUR, 'erin'] as const

/** Each peer writes a key of its own, and all write those of `shared`. */
function writeEverywhere(simulation: Simulation, shared: readonly string[]): void {
  for (const name of simulation.names) {
    const dictionary = simulation.peer(name)
    dictionary.set(`of ${name}`, name)
    for (const key of shared) if (dictionary.lease(key) === undefined) dictionary.set(key, name)
  }
}

/** What each peer was told of conflicts, by name. */
function hearConflicts(simulation: Simulation) {
  return new Map(simulation.names.map((name) => [name, hear(simulation.peer(name), 'conflict')]))
}

scenarios('splits', (scenario) => {
  scenario('alice and bob are cut from carol and dave, and nothing is lost', async (scene) => {
    const simulation = await scene.gather(...FOUR)
    const conflicts = hearConflicts(simulation)
    simulation.partition(['alice', 'bob'], ['carol', 'dave'])
    writeEverywhere(simulation, [])
    await simulation.advance(MINUTE_MS)
    assert.equal(seen(simulation, 'of alice'), ['alice', 'alice', undefined, undefined])
    assert.equal(
      simulation.peer('alice').outgoing.length + simulation.peer('alice').incoming.length,
      1,
    )
    for (let round = 0; round < 10; round++) {
      for (const name of simulation.names) simulation.peer(name).set(`${name} ${round}`, round)
    }
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    for (const name of FOUR) assert.is(simulation.peer(name).size, 4 + 40)
    for (const name of FOUR)
      assert.equal(
        seen(simulation, `of ${name}`),
        FOUR.map(() => name),
      )
    assert.equal([...conflicts.values()].flat(), [])
  })

  scenario('bob does not hear alice, who hears him', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    simulation.partition(['alice'], ['bob'], { oneWay: true })
    simulation.peer('bob').set('of bob', 1)
    simulation.peer('alice').set('of alice', 2)
    await simulation.advance(5_000)
    assert.equal(seen(simulation, 'of bob'), [1, 1])
    assert.equal(seen(simulation, 'of alice'), [2, undefined])
    await simulation.advance(2 * MINUTE_MS)
    assert.equal(simulation.peer('alice').peers, [])
    assert.equal(simulation.peer('bob').peers, [])
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    assert.equal(seen(simulation, 'of alice'), [2, 2])
  })

  scenario('alice and carol are cut from each other, and bob carries for both', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    simulation.partition(['alice'], ['carol'])
    await simulation.advance(MINUTE_MS)
    simulation.peer('alice').set('of alice', 1)
    simulation.peer('carol').set('of carol', 2)
    await simulation.advance(1_000)
    assert.equal(seen(simulation, 'of alice'), [1, 1, 1])
    assert.equal(seen(simulation, 'of carol'), [2, 2, 2])
    refuses('LEASE_HELD', () => simulation.peer('carol').set('of alice', 3))
    assert.equal(
      simulation.peer('alice').peers.map(({ peerId }) => peerId),
      ['bob'],
    )
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
  })

  scenario('each key that both sides wrote is told once, to whom lost it', async (scene) => {
    const simulation = await scene.gather(...FOUR)
    const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`)
    const conflicts = hearConflicts(simulation)
    simulation.partition(['alice', 'bob'], ['carol', 'dave'])
    await simulation.advance(MINUTE_MS)
    for (const key of keys) {
      simulation.peer('alice').set(key, 'alice')
      simulation.peer('dave').set(key, 'dave')
    }
    await simulation.advance(MINUTE_MS)
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    const kept = new Map(keys.map((key) => [key, simulation.peer('bob').get(key)]))
    const lostBy = (name: string, other: string) =>
      keys
        .filter((key) => kept.get(key) !== name)
        .map((key) => ({ key, lost: name, kept: other, winner: other, reason: 'concurrent' }))
    const toldTo = (name: string) =>
      conflicts
        .get(name)
        ?.map(({ key, lost, kept: value, winner, reason }) => {
          return { key, lost, kept: value, winner, reason }
        })
        .sort((one, other) => keys.indexOf(one.key as string) - keys.indexOf(other.key as string))
    assert.equal(toldTo('alice'), lostBy('alice', 'dave'))
    assert.equal(toldTo('dave'), lostBy('dave', 'alice'))
    assert.equal(conflicts.get('bob'), [])
    assert.equal(conflicts.get('carol'), [])
    // No peer wins every key: the ranks are drawn anew for each.
    assert.is(new Set(kept.values()).size, 2)
    for (let round = 0; round < 2; round++) {
      simulation.partition(['alice', 'carol'], ['bob', 'dave'])
      await simulation.advance(MINUTE_MS)
      simulation.heal()
      await simulation.untilQuiet(HEAL_MS_MAX)
    }
    assert.is([...conflicts.values()].flat().length, keys.length)
  })

  scenario(
    'alice and dave both hold a lease in a split, and one of them is told',
    async (scene) => {
      const simulation = await scene.gather(...FOUR)
      simulation.partition(['alice', 'bob'], ['carol', 'dave'])
      await simulation.advance(MINUTE_MS)
      const leases = [
        await during(simulation, simulation.peer('alice').acquire('printer')),
        await during(simulation, simulation.peer('dave').acquire('printer')),
      ]
      const losses = leases.map((lease) => {
        const told: string[] = []
        lease.on('lost', ({ reason }) => told.push(reason))
        return told
      })
      simulation.heal()
      await simulation.untilQuiet(HEAL_MS_MAX)
      assert.ok(simulation.oneHolder('printer'))
      const winner = leases.findIndex(({ valid }) => valid)
      const loser = 1 - winner
      assert.is(leases.filter(({ valid }) => valid).length, 1)
      assert.equal(losses[winner], [])
      assert.equal(losses[loser], ['conflict'])
      assert.is(leases[loser]?.signal.reason, 'conflict')
      assert.is(simulation.peer('bob').lease('printer')?.owner, winner === 0 ? 'alice' : 'dave')
    },
  )

  scenario('erin, cut off alone, may not take over what lapsed meanwhile', async (scene) => {
    const options = { leaseMs: 30_000 }
    const simulation = await scene.gather({ peers: FIVE, options })
    simulation.peer('alice').set('door', 'alice')
    await simulation.untilQuiet()
    simulation.partition(['erin'], ['alice', 'bob', 'carol', 'dave'])
    await simulation.advance(2 * MINUTE_MS)
    assert.is(simulation.peer('erin').lease('door'), undefined)
    const refused = refuses('NO_MAJORITY', () => simulation.peer('erin').set('door', 'erin'))
    assert.is(refused.owner, 'alice')
    assert.is(simulation.peer('erin').get('door'), 'alice')
    const { token } = simulation.peer('bob').set('door', 'bob')
    simulation.peer('erin').set('of erin', 'free')
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    assert.equal(
      seen(simulation, 'door'),
      FIVE.map(() => 'bob'),
    )
    assert.equal(
      seen(simulation, 'of erin'),
      FIVE.map(() => 'free'),
    )
    assert.is(simulation.peer('erin').lease('door')?.token, token)
  })

  scenario("with takeover 'any' erin may", async (scene) => {
    const options = { leaseMs: 30_000, takeover: 'any' } as const
    const simulation = await scene.gather({ peers: FIVE, options })
    simulation.peer('alice').set('door', 'alice')
    await simulation.untilQuiet()
    simulation.partition(['erin'], ['alice', 'bob', 'carol', 'dave'])
    await simulation.advance(2 * MINUTE_MS)
    simulation.peer('erin').set('door', 'erin')
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    assert.equal(
      seen(simulation, 'door'),
      FIVE.map(() => 'erin'),
    )
  })

  scenario('bob, who was started offline, does not snatch what alice holds', async (scene) => {
    const simulation = scene.simulate({ peers: ['alice', 'bob', 'carol'] })
    simulation.partition(['bob'], ['alice', 'carol'])
    await simulation.advance(5_000)
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const conflicts = hearConflicts(simulation)
    const { token } = alice.set('door', 'alice')
    // Deleted and taken again, so that bob's token is greater than alice's.
    for (let round = 0; round < 5; round++) {
      bob.set('door', `bob ${round}`)
      if (round < 4) bob.delete('door')
    }
    assert.ok((bob.lease('door')?.token as number) > token)
    await simulation.advance(MINUTE_MS)
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    assert.equal(seen(simulation, 'door'), ['alice', 'alice', 'alice'])
    assert.is(alice.lease('door')?.mine, true)
    const told = conflicts.get('bob')?.map(({ lost, kept, winner, reason }) => {
      return { lost, kept, winner, reason }
    })
    assert.equal(told, [{ lost: 'bob 4', kept: 'alice', winner: 'alice', reason: 'unwitnessed' }])
    assert.equal(conflicts.get('alice'), [])
    assert.equal(conflicts.get('carol'), [])
  })

  scenario('a lapsed lease is taken over, a live one is not', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const first = alice.set('short', 1, { leaseMs: 10_000 })
    alice.set('long', 1, { leaseMs: 10 * MINUTE_MS })
    await simulation.advance(9_000)
    refuses('LEASE_HELD', () => bob.set('short', 2))
    await simulation.advance(2_000)
    const second = bob.set('short', 2)
    assert.ok(second.token > first.token)
    refuses('LEASE_HELD', () => bob.set('long', 2))
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'short'), [2, 2, 2])
    assert.equal(seen(simulation, 'long'), [1, 1, 1])
    refuses('LEASE_HELD', () => alice.set('short', 3))
  })

  scenario('what was deleted in a split stays deleted, whoever returns', async (scene) => {
    const simulation = await scene.gather(...FIVE)
    const alice = simulation.peer('alice')
    alice.update(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key ${index}`, 1])))
    await simulation.untilQuiet()
    simulation.partition(['erin'], ['alice', 'bob', 'carol', 'dave'])
    simulation.partition(['dave'], ['alice', 'bob', 'carol'])
    await simulation.advance(MINUTE_MS)
    for (const key of [...alice.keys()]) alice.delete(key)
    await simulation.advance(10 * MINUTE_MS)
    assert.is(simulation.peer('erin').size, 20)
    simulation.restart('bob')
    await simulation.advance(MINUTE_MS)
    simulation.heal()
    await simulation.untilQuiet(HEAL_MS_MAX)
    for (const name of FIVE) assert.is(simulation.peer(name).size, 0)
    simulation.restart('alice')
    simulation.start('frank', { join: ['sim://erin', 'sim://dave'] })
    await simulation.untilQuiet()
    for (const name of simulation.names) assert.is(simulation.peer(name).size, 0)
  })

  scenario('a key that is created again has a greater token than ever before', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    let before = 0
    for (const name of ['alice', 'bob', 'carol', 'alice', 'bob']) {
      const { token } = simulation.peer(name).set('door', name)
      assert.ok(token > before, `${token} is not greater than ${before}`)
      before = token
      simulation.peer(name).delete('door')
      await simulation.advance(5 * MINUTE_MS)
    }
  })
})
