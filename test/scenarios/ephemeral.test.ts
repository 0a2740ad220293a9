import type { ExpiredFact } from 'holdfast'
import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import type { Dictionary } from '../../actors/dictionary.ts'
import { boards } from '../../actors/sync.ts'
import type { Table } from '../../machines/rules/table.ts'
import { during, hear, refuses, scenarios, seen } from './scene.ts'

const LEASE_MS = 10_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** How long a broadcast takes at most, in milliseconds. */
const SOON_MS = 100
/** When others take a lease of ten seconds for lapsed at the latest, in milliseconds. */
const LAPSED_MS = LEASE_MS * 1.02 + 200

const THREE = ['alice', 'bob', 'carol'] as const

function tableOf(dictionary: Dictionary): Table {
  return (boards.get(dictionary.actor) as { replica: { table: Table } }).replica.table
}

/** Alice is here, ephemeral, and everybody knows. */
async function appear(simulation: Simulation, renew = true): Promise<void> {
  simulation.peer('alice').set('here', 'alice', { ephemeral: true, leaseMs: LEASE_MS, renew })
  await simulation.advance(SOON_MS)
  assert.equal(new Set(seen(simulation, 'here')), new Set(['alice']))
}

const owners = (facts: readonly ExpiredFact[]) => facts.map(({ owner, token }) => [owner, token])

/** Each way to read says the same: the key is not there. */
function isNowhere(dictionary: Dictionary, key = 'here'): void {
  assert.is(dictionary.get(key), undefined)
  assert.is(dictionary.has(key), false)
  assert.is(dictionary.size, 0)
  assert.equal([...dictionary.keys(), ...dictionary.values(), ...dictionary.entries()], [])
  assert.is(dictionary.copy().size, 0)
  assert.equal(dictionary.leases(), [])
}

scenarios('values that are gone with their lease', (scenario) => {
  scenario('alice leaves in good order, and is gone everywhere at once', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    const [bob, carol] = [simulation.peer('bob'), simulation.peer('carol')]
    const told = [hear(bob, 'expired'), hear(carol, 'expired')]
    const deleted = hear(bob, 'delete')
    void simulation.peer('alice').close()
    await simulation.advance(SOON_MS)
    for (const peer of [bob, carol]) isNowhere(peer)
    await simulation.advance(5 * MINUTE_MS)
    assert.equal(told.map(owners), [[['alice', 1]], [['alice', 1]]])
    assert.equal(deleted, [])
  })

  scenario(
    'it stays for as long as it is renewed, and is gone soon after a crash',
    async (scene) => {
      const simulation = await scene.gather(...THREE)
      await appear(simulation)
      const bob = simulation.peer('bob')
      const told = hear(bob, 'expired')
      await simulation.advance(10 * MINUTE_MS)
      assert.equal(new Set(seen(simulation, 'here')), new Set(['alice']))
      simulation.crash('alice')
      await simulation.advance(LEASE_MS / 2)
      assert.is(bob.get('here'), 'alice', 'silence alone says nothing')
      await simulation.advance(LAPSED_MS)
      assert.is(told.length, 1, 'the timer tells, nobody has to read')
      for (const name of ['bob', 'carol']) isNowhere(simulation.peer(name))
      const { token } = bob.set('here', 'bob')
      assert.ok(token > 1)
      await simulation.advance(SOON_MS)
      assert.equal(seen(simulation, 'here'), ['bob', 'bob'])
      await simulation.advance(10 * MINUTE_MS)
      assert.equal(seen(simulation, 'here'), ['bob', 'bob'], 'what bob wrote is no ephemeral value')
      assert.equal(told, [
        { type: 'expired', key: 'here', previous: 'alice', owner: 'alice', token: 1 } as never,
      ])
    },
  )

  scenario('alice deletes or releases it herself', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const [deleted, expired] = [hear(bob, 'delete'), hear(bob, 'expired')]
    await appear(simulation)
    assert.is(alice.delete('here'), true)
    await simulation.advance(SOON_MS)
    isNowhere(bob)
    assert.equal([deleted.length, expired.length], [1, 0])
    await appear(simulation)
    assert.is(alice.release('here'), true)
    isNowhere(alice)
    await simulation.advance(SOON_MS)
    isNowhere(bob)
    await simulation.advance(5 * MINUTE_MS)
    assert.equal([deleted.length, expired.length], [1, 1])
  })

  scenario('the digest does not change by time, only by what is written down', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation, false)
    const bob = simulation.peer('bob')
    simulation.crash('alice')
    const digest = bob.digest()
    await simulation.advance(LAPSED_MS)
    isNowhere(bob)
    assert.is(bob.digest(), digest)
    await simulation.untilQuiet()
    await simulation.advance(10 * MINUTE_MS)
    assert.is.not(bob.digest(), digest)
    assert.is(tableOf(bob).size, 0)
    simulation.check()
  })

  scenario('bob is cut off, sees alice go, and come back when it heals', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    const [bob, carol] = [simulation.peer('bob'), simulation.peer('carol')]
    const told = [hear(bob, 'expired'), hear(carol, 'expired')]
    simulation.partition(['bob'], ['alice', 'carol'])
    await simulation.advance(5 * MINUTE_MS)
    isNowhere(bob)
    assert.is(carol.get('here'), 'alice')
    assert.is(tableOf(bob).size, 1, 'cut off from most, bob may not write it down')
    const updates = hear(bob, 'update')
    simulation.heal()
    await simulation.untilQuiet()
    assert.is(bob.get('here'), 'alice')
    assert.is(updates.length, 1)
    assert.equal(
      told.map(({ length }) => length),
      [1, 0],
    )
    assert.is(simulation.peer('alice').lease('here')?.mine, true)
  })

  scenario('alice is cut off until her end is written down, and says so again', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const facts = [hear(alice, 'expired'), hear(alice, 'conflict')] as const
    alice.on('expired', ({ key, owner }) => {
      if (owner === 'alice')
        alice.set(key, 'back', { ephemeral: true, leaseMs: LEASE_MS, renew: true })
    })
    simulation.partition(['alice'], ['bob', 'carol'])
    await simulation.advance(5 * MINUTE_MS)
    assert.is(alice.get('here'), 'alice')
    assert.is(tableOf(bob).size, 0)
    simulation.heal()
    await simulation.untilQuiet()
    assert.equal(
      facts.map(({ length }) => length),
      [1, 0],
    )
    assert.equal(seen(simulation, 'here'), ['back', 'back', 'back'])
    assert.is(bob.lease('here')?.token, 3)
  })

  scenario('a paused alice finds it gone at her first look, before any timer', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    const alice = simulation.peer('alice')
    const expired = hear(alice, 'expired')
    const conflicts = hear(alice, 'conflict')
    simulation.pause('alice')
    await simulation.advance(MINUTE_MS)
    isNowhere(simulation.peer('bob'))
    const { token } = simulation.peer('bob').set('here', 'bob')
    await simulation.advance(SOON_MS)
    simulation.clockOf('alice').resume()
    isNowhere(alice)
    await simulation.untilQuiet()
    assert.equal(owners(expired), [['alice', 1]])
    assert.equal(seen(simulation, 'here'), ['bob', 'bob', 'bob'])
    assert.is(simulation.peer('carol').lease('here')?.token, token)
    assert.equal(conflicts, [], 'it came to its end and was lost to nobody')
  })

  scenario('a suspended bob does not call alice gone, whom he could not hear', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    const bob = simulation.peer('bob')
    const expired = hear(bob, 'expired')
    simulation.pause('bob')
    // Not so long that his connections are given up.
    await simulation.advance(LAPSED_MS)
    simulation.resume('bob')
    assert.is(bob.get('here'), 'alice')
    await simulation.untilQuiet()
    assert.is(bob.get('here'), 'alice')
    assert.equal(expired, [])
  })

  scenario('alice restarts, and what her earlier run said is over in time', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    const expired = hear(simulation.peer('bob'), 'expired')
    simulation.restart('alice')
    await simulation.advance(LEASE_MS + LAPSED_MS)
    for (const name of THREE) isNowhere(simulation.peer(name))
    assert.is(expired.length, 1)
    await simulation.untilQuiet()
    assert.ok(simulation.peer('alice').set('here', 'again', { ephemeral: true }).token > 1)
    await simulation.advance(SOON_MS)
    assert.equal(seen(simulation, 'here'), ['again', 'again', 'again'])
  })

  scenario('dave comes late, and is shown what is here but not what was', async (scene) => {
    const simulation = await scene.gather(...THREE)
    await appear(simulation)
    simulation.peer('carol').set('gone', 'carol', { ephemeral: true, leaseMs: 1_000 })
    await simulation.advance(SOON_MS)
    simulation.crash('carol')
    await simulation.advance(5_000)
    const dave = simulation.start('dave', { join: ['sim://bob'] })
    const updates = hear(dave, 'update')
    await simulation.advance(5_000)
    assert.equal([...dave.keys()], ['here'])
    assert.is(dave.size, 1)
    assert.equal(
      updates.map(({ key }) => key),
      ['here'],
    )
    simulation.crash('alice')
    await simulation.advance(LAPSED_MS)
    isNowhere(dave)
  })

  scenario('carol returns after more than an hour, and revives nothing', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol', 'dave')
    await appear(simulation, false)
    simulation.partition(['carol'], ['alice', 'bob', 'dave'])
    simulation.crash('alice')
    await simulation.advance(1.5 * HOUR_MS)
    for (const name of ['bob', 'dave']) {
      assert.is(tableOf(simulation.peer(name)).entries, 0, 'its trace was collected')
    }
    const updates = hear(simulation.peer('bob'), 'update')
    simulation.heal()
    await simulation.untilQuiet()
    await simulation.advance(10 * MINUTE_MS)
    for (const name of ['bob', 'carol', 'dave']) isNowhere(simulation.peer(name))
    assert.equal(updates, [])
    simulation.check()
  })

  scenario('a thousand ephemeral keys of a dead peer leave the memory', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const pairs = Array.from({ length: 1_000 }, (_, index) => [`key ${index}`, index] as const)
    simulation.peer('alice').update(pairs, { ephemeral: true, leaseMs: LEASE_MS, renew: true })
    await simulation.advance(MINUTE_MS)
    const [bob, carol] = [simulation.peer('bob'), simulation.peer('carol')]
    assert.equal([bob.size, carol.size], [1_000, 1_000])
    const expired = hear(bob, 'expired')
    simulation.crash('alice')
    await simulation.advance(MINUTE_MS)
    assert.equal([bob.size, carol.size, expired.length], [0, 0, 1_000])
    await simulation.advance(5 * MINUTE_MS)
    assert.equal([tableOf(bob).size, tableOf(carol).size], [0, 0], 'nobody keeps the values')
    // Who is out of reach counts as a member for an hour; then nobody is left who has not heard.
    await simulation.advance(1.5 * HOUR_MS)
    assert.equal([tableOf(bob).entries, tableOf(carol).entries], [0, 0])
    assert.equal([tableOf(bob).bytes, tableOf(carol).bytes], [0, 0])
    simulation.check()
  })

  scenario('an actor of its own takes ephemeral writes too', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const { actor } = simulation.peer('alice')
    const how = { ephemeral: true, leaseMs: LEASE_MS } as const
    actor.send({ type: 'entry.set', key: 'here', value: 'alice', ...how })
    actor.send({ type: 'entry.update', entries: { there: 'alice' }, ...how, renew: true })
    await simulation.advance(SOON_MS)
    assert.is(simulation.peer('bob').size, 2)
    await simulation.advance(LAPSED_MS)
    assert.equal([...simulation.peer('bob').keys()], ['there'])
  })

  scenario('without leases there is nothing to be gone with', async (scene) => {
    const simulation = await scene.gather({ peers: 2, options: { leasing: false } })
    const peer = simulation.peer('peer1')
    const refused = hear(peer, 'entry.refused')
    refuses('LEASES_OFF', () => peer.set('here', 1, { ephemeral: true }))
    refuses('LEASES_OFF', () => peer.update({ here: 1 }, { renew: true }))
    refuses('OPTION_INVALID', () => peer.set('here', 1, { ephemeral: 'yes' as never }))
    peer.actor.send({ type: 'entry.set', key: 'here', value: 1, ephemeral: true })
    await during(simulation, simulation.advance(SOON_MS))
    assert.equal(
      refused.map(({ error }) => error.code),
      ['LEASES_OFF'],
    )
    assert.is(peer.size, 0)
  })
})
