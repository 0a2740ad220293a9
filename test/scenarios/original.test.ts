import * as assert from 'uvu/assert'
import { hear, refuses, scenarios, seen } from './scene.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

scenarios('the five failures of the original', (scenario) => {
  scenario(
    'alice and bob set a key one second apart, and both end with one value',
    async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
      alice.set('door', 'open')
      await simulation.advance(1_000)
      const { owner } = refuses('LEASE_HELD', () => bob.set('door', 'shut'))
      assert.is(owner, 'alice')
      await simulation.untilQuiet()
      assert.equal(seen(simulation, 'door'), ['open', 'open'])
    },
  )

  scenario('without leases the later of two sets a second apart wins everywhere', async (scene) => {
    const options = { leasing: false }
    const simulation = await scene.gather({ peers: ['alice', 'bob'], options })
    simulation.peer('alice').set('door', 'open')
    await simulation.advance(1_000)
    simulation.peer('bob').set('door', 'shut')
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), ['shut', 'shut'])
  })

  scenario("alice's second write overtakes her first on the way to carol by bob", async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const [alice, carol] = [simulation.peer('alice'), simulation.peer('carol')]
    const heard = hear(carol, 'update')
    simulation.crash('bob')
    simulation.partition(['alice'], ['carol'], { oneWay: true })
    alice.set('door', 'first')
    await simulation.advance(1_000)
    alice.on('connect', ({ peerId }) => {
      if (peerId === 'bob') alice.set('door', 'second')
    })
    simulation.start('bob', { join: ['sim://alice', 'sim://carol'] })
    await simulation.advance(5_000)
    assert.is(carol.get('door'), 'second')
    const before = simulation.network.traffic('alice', 'carol').frames
    simulation.heal()
    await simulation.untilQuiet()
    assert.ok(simulation.network.traffic('alice', 'carol').frames > before)
    assert.equal(
      heard.map(({ value }) => value),
      ['second'],
    )
    assert.equal(seen(simulation, 'door'), ['second', 'second', 'second'])
  })

  scenario('a delete that carol missed does not come back with her', async (scene) => {
    const options = { leaseMs: MINUTE_MS }
    const simulation = await scene.gather({ peers: ['alice', 'bob', 'carol'], options })
    const alice = simulation.peer('alice')
    alice.set('door', 'open')
    await simulation.untilQuiet()
    simulation.partition(['carol'], ['alice', 'bob'])
    await simulation.advance(30_000)
    assert.is(alice.delete('door'), true)
    await simulation.advance(10 * MINUTE_MS)
    assert.is(simulation.peer('carol').get('door'), 'open')
    simulation.heal()
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), [undefined, undefined, undefined])
    await simulation.advance(10 * MINUTE_MS)
    assert.equal(seen(simulation, 'door'), [undefined, undefined, undefined])
    assert.is(simulation.peer('bob').has('door'), false)
  })

  scenario('after a split with sets on both sides everybody has all of them', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol', 'dave')
    const conflicts = simulation.names.map((name) => hear(simulation.peer(name), 'conflict'))
    simulation.partition(['alice', 'bob'], ['carol', 'dave'])
    await simulation.advance(MINUTE_MS)
    simulation.peer('alice').set('left', 1)
    simulation.peer('bob').set('door', 'open')
    simulation.peer('carol').set('right', 2)
    simulation.peer('dave').set('door', 'shut')
    await simulation.advance(MINUTE_MS)
    assert.equal(seen(simulation, 'door'), ['open', 'open', 'shut', 'shut'])
    simulation.heal()
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'left'), [1, 1, 1, 1])
    assert.equal(seen(simulation, 'right'), [2, 2, 2, 2])
    const [kept] = seen(simulation, 'door')
    assert.equal(seen(simulation, 'door'), [kept, kept, kept, kept])
    const lost = kept === 'open' ? 'shut' : 'open'
    const told = conflicts.map((facts) => facts.map((fact) => [fact.lost, fact.kept]))
    const loser = lost === 'open' ? 1 : 3
    const expected = simulation.names.map((_, index) => (index === loser ? [[lost, kept]] : []))
    assert.equal(told, expected)
  })

  scenario("mallory's skewed clock does not give her alice's live lease", async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'mallory')
    const [alice, mallory] = [simulation.peer('alice'), simulation.peer('mallory')]
    alice.set('door', 'open', { leaseMs: HOUR_MS })
    await simulation.untilQuiet()
    for (const wallOffsetMs of [2 * HOUR_MS, -2 * HOUR_MS, 365 * 24 * HOUR_MS]) {
      simulation.clockOf('mallory').wallOffsetMs = wallOffsetMs
      await simulation.advance(MINUTE_MS)
      refuses('LEASE_HELD', () => mallory.set('door', 'mine'))
      refuses('LEASE_HELD', () => mallory.delete('door'))
    }
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), ['open', 'open', 'open'])
    assert.is(alice.lease('door')?.mine, true)
  })
})
