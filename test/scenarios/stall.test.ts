import * as assert from 'uvu/assert'
import { hear, refuses, scenarios } from './scene.ts'

const LEASE_MS = 10_000

scenarios('a process that was held up', (scenario) => {
  for (const peers of [
    ['alice', 'bob'],
    ['alice', 'bob', 'carol'],
  ]) {
    const company = `${peers.length} peers`

    scenario(
      `${company}: alice goes on and does not take what bob renewed meanwhile`,
      async (scene) => {
        const simulation = await scene.gather({ peers, options: { leaseMs: LEASE_MS } })
        const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
        const conflicts = hear(bob, 'conflict')
        bob.set('door', 'bob')
        await simulation.advance(100)
        simulation.pause('alice')
        for (let second = 0; second < 12; second++) {
          await simulation.advance(1_000)
          bob.set('door', 'bob')
        }
        simulation.resume('alice')
        // She has read nothing of it yet, and what she knows of the lease has lapsed.
        refuses('LEASE_HELD', () => alice.set('door', 'alice'))
        await simulation.advance(5_000)
        assert.is(bob.lease('door')?.owner, 'bob')
        assert.is(conflicts.length, 0)
      },
    )

    scenario(`${company}: nor her own key, which bob took over`, async (scene) => {
      const simulation = await scene.gather({ peers, options: { leaseMs: LEASE_MS } })
      const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
      alice.set('door', 'alice')
      await simulation.advance(100)
      simulation.pause('alice')
      await simulation.advance(1.2 * LEASE_MS)
      const { token } = bob.set('door', 'bob')
      await simulation.advance(2_000)
      simulation.resume('alice')
      refuses('LEASE_HELD', () => alice.set('door', 'alice again'))
      await simulation.advance(5_000)
      assert.is(alice.lease('door')?.owner, 'bob')
      assert.is(alice.lease('door')?.token, token)
    })
  }

  scenario('alice may take what lapsed as soon as a neighbour has answered', async (scene) => {
    const options = { leaseMs: LEASE_MS }
    const simulation = await scene.gather({ peers: ['alice', 'bob'], options })
    simulation.peer('bob').set('door', 'bob')
    await simulation.advance(100)
    simulation.pause('alice')
    await simulation.advance(1.2 * LEASE_MS)
    simulation.resume('alice')
    const alice = simulation.peer('alice')
    refuses('LEASE_HELD', () => alice.set('door', 'alice'))
    await simulation.advance(1_000)
    assert.is(alice.set('door', 'alice').token, 2)
  })
})
