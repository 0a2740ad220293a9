import * as assert from 'uvu/assert'
import { during, rejects, scenarios } from './scene.ts'

const NAMES = ['alice', 'bob', 'carol'] as const
const VISITORS = ['dave', 'erin', 'frank'] as const
const HOUR_MS = 3_600_000

scenarios('knowing what others know, and that others know', (scenario) => {
  scenario('dave has all 2,000 entries when he is told that he is current', async (scene) => {
    const simulation = await scene.gather(...NAMES)
    for (let index = 0; index < 2_000; index++) simulation.peer('alice').set(`key ${index}`, index)
    await simulation.untilQuiet()
    const dave = simulation.start('dave', { join: ['sim://bob'] })
    await simulation.advance(0)
    assert.is(dave.size, 0)
    await during(simulation, dave.untilCurrent())
    assert.is(dave.size, 2_000)
  })

  scenario('erin, who finds nobody, is told so in time', async (scene) => {
    const simulation = scene.simulate({ peers: ['erin'] })
    await simulation.advance(0)
    const erin = simulation.peer('erin')
    await during(simulation, rejects('TIMEOUT', erin.untilCurrent({ waitMs: 500 })))
    const abort = new AbortController()
    const wait = rejects('ABORTED', erin.untilCurrent({ signal: abort.signal }))
    abort.abort()
    await during(simulation, wait)
    const late = rejects('CLOSED', erin.untilDelivered())
    await during(simulation, erin.close())
    await during(simulation, late)
  })

  scenario('what bob and carol confirm they have', async (scene) => {
    const simulation = await scene.gather(...NAMES)
    const alice = simulation.peer('alice')
    alice.set('door', 'open')
    assert.is(await during(simulation, alice.untilDelivered()), 2)
    assert.is(simulation.peer('bob').get('door'), 'open')
    assert.is(simulation.peer('carol').get('door'), 'open')
  })

  scenario('while carol reads nothing, bob alone confirms', async (scene) => {
    const simulation = await scene.gather(...NAMES)
    const alice = simulation.peer('alice')
    simulation.stall('carol')
    alice.set('door', 'open')
    await during(simulation, rejects('TIMEOUT', alice.untilDelivered({ waitMs: 1_000 })))
    assert.is(await during(simulation, alice.untilDelivered({ peers: 1 })), 1)
    assert.is(simulation.peer('bob').get('door'), 'open')
    assert.not(simulation.peer('carol').has('door'))
    simulation.unstall('carol')
  })

  scenario(
    'what is left out for a slow peer is confirmed when it has asked for it',
    async (scene) => {
      const options = { limits: { sendQueueBytesMax: 64 * 1024 } }
      const simulation = await scene.gather({ peers: ['alice', 'bob'], options })
      const alice = simulation.peer('alice')
      const bob = simulation.peer('bob')
      simulation.stall('bob')
      for (let index = 0; index < 100; index++) {
        alice.set(`key ${index}`, 'x'.repeat(20_000))
        await simulation.advance(1)
      }
      const delivered = alice.untilDelivered().then(() => bob.size)
      await simulation.advance(1_000)
      assert.ok(bob.size < 100)
      simulation.unstall('bob')
      assert.is(await during(simulation, delivered), 100)
    },
  )
})

scenarios('leaving without giving up', (scenario) => {
  scenario('visitors leave leases behind, and no minority of those who stay', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    for (const visitor of VISITORS) {
      const guest = simulation.start(visitor, { join: ['sim://alice'] })
      await during(simulation, guest.untilCurrent())
      guest.set(visitor, 'here', { leaseMs: 60_000 })
      guest.set(`${visitor} passes`, 'here', { leaseMs: 60_000, ephemeral: true })
      await during(simulation, guest.untilDelivered())
      await during(simulation, guest.close({ keepLeases: true }))
      await simulation.advance(2_000)
      for (const host of [simulation.peer('alice'), simulation.peer('bob')]) {
        assert.is(host.lease(visitor)?.owner, visitor)
        assert.is(host.get(`${visitor} passes`), 'here')
      }
    }
    await simulation.advance(70_000)
    const bob = simulation.peer('bob')
    for (const visitor of VISITORS) {
      assert.is(bob.lease(visitor), undefined)
      assert.is(bob.get(visitor), 'here')
      assert.not(bob.has(`${visitor} passes`))
      // Had they counted as members out of reach, bob would be in a minority.
      assert.is(bob.set(visitor, 'bob').token, 2)
    }
  })

  scenario('who leaves in good order frees at once, all the same', async (scene) => {
    const simulation = await scene.gather(...NAMES)
    simulation.peer('carol').set('door', 'open', { leaseMs: HOUR_MS })
    simulation.peer('carol').set('light', 'on', { ephemeral: true })
    await simulation.untilQuiet()
    await during(simulation, simulation.peer('carol').close())
    await simulation.advance(1_000)
    assert.is(simulation.peer('alice').lease('door'), undefined)
    assert.not(simulation.peer('alice').has('light'))
  })

  scenario('what a visitor left free is free for the next one, who never met it', async (scene) => {
    const simulation = await scene.gather('alice')
    for (const visitor of VISITORS) {
      const guest = simulation.start(visitor, { join: ['sim://alice'] })
      await during(simulation, guest.untilCurrent())
      assert.is(guest.lease('door'), undefined)
      guest.set('door', visitor)
      await during(simulation, guest.untilDelivered())
      await during(simulation, guest.close())
      await simulation.advance(100)
    }
    assert.is(simulation.peer('alice').get('door'), 'frank')
  })

  scenario('what lapsed is not free sooner for who comes later', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    simulation.peer('bob').set('door', 'open', { leaseMs: 100_000 })
    await simulation.untilQuiet()
    simulation.crash('bob')
    // The term is over, but not the allowance that others make for clocks.
    const { remainingMs = 0 } = simulation.peer('alice').lease('door') ?? {}
    await simulation.advance(remainingMs - 1_000)
    const carol = simulation.start('carol', { join: ['sim://alice'] })
    await during(simulation, carol.untilCurrent())
    assert.is(carol.lease('door')?.owner, 'bob')
    await simulation.advance(2_100)
    assert.is(carol.lease('door'), undefined)
  })
})
