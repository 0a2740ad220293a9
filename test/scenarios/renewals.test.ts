import * as assert from 'uvu/assert'
import { during, hear, scenarios } from './scene.ts'

const LEASE_MS = 30_000
const MINUTE_MS = 60_000

scenarios('renewals', (scenario) => {
  scenario('ten thousand leases are renewed by one small frame each interval', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const told = async () => {
      const before = { ...simulation.network.traffic('alice', 'bob') }
      await simulation.advance(5 * MINUTE_MS)
      const { frames, bytes } = simulation.network.traffic('alice', 'bob')
      return { frames: frames - before.frames, bytes: bytes - before.bytes }
    }
    const idle = await told()
    const pairs = Array.from({ length: 10_000 }, (_, index) => [`room${index}`, index] as const)
    alice.update(pairs, { leaseMs: LEASE_MS, renew: true })
    await simulation.advance(1_000)
    const busy = await told()
    // Heartbeats, presence and a look now and then are there without any lease too.
    const [frames, bytes] = [busy.frames - idle.frames, busy.bytes - idle.bytes]
    const intervals = (5 * MINUTE_MS) / (LEASE_MS / 3)
    assert.ok(frames < 1.5 * intervals, `${frames} frames more in ${intervals} intervals`)
    assert.ok(bytes < 100 * intervals, `${bytes} bytes more in ${intervals} intervals`)
    assert.is(bob.leases().filter(({ owner }) => owner === 'alice').length, 10_000)
    simulation.crash('alice')
    await simulation.advance(2 * LEASE_MS)
    assert.is(bob.leases().length, 0)
  })

  scenario(
    'a plain set is not renewed, and one that is given up is not any more',
    async (scene) => {
      const simulation = await scene.gather('alice', 'bob')
      const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
      alice.set('plain', 1, { leaseMs: LEASE_MS })
      alice.set('kept', 1, { leaseMs: LEASE_MS, renew: true })
      alice.set('dropped', 1, { leaseMs: LEASE_MS, renew: true })
      await simulation.advance(10 * LEASE_MS)
      assert.is(bob.lease('plain'), undefined)
      assert.is(bob.lease('kept')?.owner, 'alice')
      assert.is(bob.lease('dropped')?.owner, 'alice')
      alice.release('dropped')
      await simulation.advance(1_000)
      assert.is(bob.lease('dropped'), undefined)
      assert.is(alice.lease('kept')?.mine, true)
    },
  )

  scenario('who was cut off hears of renewals before it may take the key', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const [alice, , carol] = ['alice', 'bob', 'carol'].map((name) => simulation.peer(name))
    const run = alice?.withLease('door', { leaseMs: LEASE_MS }, async (lease) => {
      await new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
    })
    await simulation.advance(1_000)
    simulation.partition(['carol'], ['alice', 'bob'])
    await simulation.advance(5 * LEASE_MS)
    assert.is(carol?.lease('door'), undefined, 'over, as far as carol knows')
    const losses = hear(alice as never, 'lease.lost')
    const waiting = carol?.acquire('door', { waitMs: 3 * LEASE_MS })
    waiting?.catch(() => {})
    simulation.heal()
    for (let passedMs = 0; passedMs < 2 * LEASE_MS; passedMs += 10) {
      await simulation.advance(10)
      assert.ok(simulation.oneHolder('door'), `two holders at ${simulation.clock.now()} ms`)
    }
    assert.is(alice?.lease('door')?.mine, true)
    assert.equal(losses, [])
    alice?.release('door')
    await during(simulation, run as Promise<void>)
    assert.is(((await during(simulation, waiting as never)) as { valid: boolean }).valid, true)
  })
})
