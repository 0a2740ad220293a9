import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { during, hear, refuses, scenarios, seen } from './scene.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 3_600_000
const THREE = ['alice', 'bob', 'carol'] as const

/** How long it takes at most until a message has been everywhere, in milliseconds. */
const SPREAD_MS = 100

const neighbours = (simulation: Simulation, name: string): string[] =>
  simulation.peer(name).peers.map(({ peerId }) => peerId)

scenarios('peers that come, go, stop and sleep', (scenario) => {
  scenario('dave joins and gets all 2,000 entries', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const names = simulation.names
    for (let index = 0; index < 2_000; index++) {
      const name = names[index % 3] as string
      simulation.peer(name).set(`key ${index}`, { index, text: 'x'.repeat(index % 100) })
    }
    await simulation.untilQuiet()
    const dave = simulation.start('dave', { join: ['sim://alice'] })
    const heard = hear(dave, 'update')
    await simulation.untilQuiet()
    assert.is(dave.size, 2_000)
    assert.equal(dave.copy(), simulation.peer('alice').copy())
    assert.is(heard.length, 2_000)
    assert.is(dave.lease('key 1')?.owner, 'bob')
    refuses('LEASE_HELD', () => dave.set('key 1', 'mine'))
  })

  scenario('bob restarts with his id and is there again at once', async (scene) => {
    const simulation = await scene.gather(...THREE)
    simulation.peer('bob').set('door', 'bob')
    await simulation.untilQuiet()
    const bob = simulation.restart('bob')
    await simulation.advance(1_000)
    assert.equal(neighbours(simulation, 'alice').sort(), ['bob', 'carol'])
    assert.equal(neighbours(simulation, 'bob').sort(), ['alice', 'carol'])
    assert.ok(simulation.oneConnectionPerPair())
    assert.is(bob.get('door'), 'bob')
    // What he owned in his earlier run is still his own, under a new token.
    assert.is(bob.set('door', 'bob again').token, 2)
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), ['bob again', 'bob again', 'bob again'])
  })

  scenario('bob restarts while alice still keeps the connection to his last run', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    // Behind the cut alice gets no reset, so what she has is half a connection to nobody.
    simulation.partition(['alice'], ['bob'])
    simulation.crash('bob')
    simulation.start('bob', { join: ['sim://alice'] })
    await simulation.advance(1_000)
    assert.equal(neighbours(simulation, 'alice'), ['bob'])
    assert.equal(neighbours(simulation, 'bob'), [])
    simulation.heal()
    await simulation.advance(1_000)
    assert.equal(neighbours(simulation, 'alice'), ['bob'])
    assert.equal(neighbours(simulation, 'bob'), ['alice'])
    simulation.check()
  })

  scenario('bob leaves in good order, and his keys are free at once', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const carol = simulation.peer('carol')
    const gone = hear(alice, 'disconnect')
    bob.set('door', 'bob')
    await simulation.advance(SPREAD_MS)
    refuses('LEASE_HELD', () => alice.set('door', 'alice'))
    bob.set('window', 'written right before the goodbye')
    await during(simulation, bob.close())
    await simulation.advance(SPREAD_MS)
    assert.is(carol.get('window'), 'written right before the goodbye')
    assert.is(alice.lease('door'), undefined)
    assert.is(alice.set('door', 'alice').token, 2)
    assert.equal(gone, [{ type: 'disconnect', peerId: 'bob', hasLeft: true }])
    await simulation.advance(SPREAD_MS)
    refuses('LEASE_HELD', () => carol.set('door', 'carol'))
  })

  scenario('bob crashes, and only time frees his keys', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = simulation.peer('alice')
    const gone = hear(alice, 'disconnect')
    simulation.peer('bob').set('door', 'bob', { leaseMs: MINUTE_MS })
    await simulation.advance(SPREAD_MS)
    simulation.crash('bob')
    await simulation.advance(50_000)
    assert.equal(neighbours(simulation, 'alice'), ['carol'])
    assert.equal(gone, [{ type: 'disconnect', peerId: 'bob', hasLeft: false }])
    const { remainingMs } = refuses('LEASE_HELD', () => alice.set('door', 'alice'))
    assert.ok((remainingMs as number) > 5_000)
    await simulation.advance(remainingMs as number)
    assert.is(alice.set('door', 'alice').token, 2)
  })

  scenario('bob is stopped, and finds his lease lost at the first look', async (scene) => {
    const options = { leaseMs: 30_000 }
    const simulation = await scene.gather({ peers: THREE, options })
    const bob = simulation.peer('bob')
    const lease = await during(simulation, bob.acquire('door'))
    await simulation.advance(SPREAD_MS)
    assert.ok(lease.valid)
    simulation.pause('bob')
    await simulation.advance(2 * MINUTE_MS)
    const taken = await during(simulation, simulation.peer('alice').acquire('door'))
    assert.ok(taken.token > lease.token)
    simulation.resume('bob')
    // Nothing has run at bob yet, no timer and no message.
    assert.is(lease.valid, false)
    assert.is(lease.remainingMs, 0)
    assert.is(bob.lease('door'), undefined)
    refuses('LEASE_LOST', () => lease.renew())
    refuses('LEASE_LOST', () => bob.set('door', 'late', { token: lease.token }))
    await simulation.untilQuiet()
    assert.ok(['expired', 'superseded'].includes(lease.signal.reason), lease.signal.reason)
    assert.ok(taken.valid)
    assert.is(bob.lease('door')?.owner, 'alice')
  })

  scenario(
    "bob's machine sleeps, and its clock with it; his lease is lost all the same",
    async (scene) => {
      const options = { leaseMs: 30_000 }
      const simulation = await scene.gather({ peers: THREE, options })
      const bob = simulation.peer('bob')
      const lease = await during(simulation, bob.acquire('door'))
      const before = simulation.clockOf('bob').now()
      simulation.clockOf('bob').suspend(2 * MINUTE_MS)
      await simulation.advance(2 * MINUTE_MS - 1)
      assert.is(simulation.clockOf('bob').now(), before)
      assert.is(lease.valid, false)
      refuses('LEASE_LOST', () => lease.renew())
      const taken = await during(simulation, simulation.peer('alice').acquire('door'))
      await simulation.untilQuiet()
      assert.ok(taken.valid)
      assert.ok(lease.signal.aborted)
    },
  )

  scenario('clocks that drift by half a percent never let two hold one key', async (scene) => {
    const simulation = await scene.gather(...THREE)
    simulation.clockOf('alice').rate = 0.995
    simulation.clockOf('bob').rate = 1.005
    let turn = 0
    for (let step = 0; step < 600; step++) {
      const name = THREE[step % 3] as string
      const dictionary = simulation.peer(name)
      if (dictionary.lease('door') === undefined) {
        dictionary.set('door', name, { leaseMs: 20_000 })
        turn++
      }
      await simulation.advance(500)
      assert.ok(simulation.oneHolder('door'), `two holders at ${simulation.clock.now()} ms`)
    }
    assert.ok(turn > 8)
  })

  scenario('wall clocks that are wrong or set back change nothing', async (scene) => {
    const run = async (isWrong: boolean) => {
      const simulation = scene.simulate({ peers: THREE, seed: scene.seed })
      const setBack = (byMs: number) => {
        if (!isWrong) return
        for (const name of THREE) simulation.clockOf(name).wallOffsetMs -= byMs
      }
      if (isWrong) simulation.clockOf('bob').wallOffsetMs = 365 * DAY_MS
      await simulation.untilQuiet()
      for (let step = 0; step < 30; step++) {
        const dictionary = simulation.peer(THREE[step % 3] as string)
        const key = `key ${step % 5}`
        if (dictionary.lease(key)?.mine ?? dictionary.lease(key) === undefined) {
          dictionary.set(key, step, { leaseMs: 7_000 })
        }
        setBack(step % 2 === 0 ? DAY_MS : 1_000)
        await simulation.advance(1_000)
      }
      await simulation.untilQuiet()
      return [simulation.peer('alice').digest(), simulation.clock.now()]
    }
    assert.equal(await run(true), await run(false))
  })

  scenario(
    "bob's wall clock leaps ahead: he gives up early, and nobody takes early",
    async (scene) => {
      const options = { leaseMs: MINUTE_MS }
      const simulation = await scene.gather({ peers: THREE, options })
      const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
      const lease = await during(simulation, bob.acquire('door'))
      alice.set('window', 'alice')
      await simulation.advance(SPREAD_MS)
      simulation.clockOf('bob').wallOffsetMs += DAY_MS
      assert.is(lease.valid, false)
      refuses('LEASE_HELD', () => bob.set('window', 'bob'))
      refuses('LEASE_HELD', () => alice.set('door', 'alice'))
      simulation.clockOf('alice').wallOffsetMs += DAY_MS
      refuses('LEASE_HELD', () => alice.set('door', 'alice'))
      await simulation.advance(MINUTE_MS + 2_000)
      assert.ok(alice.set('door', 'alice').token > lease.token)
      await simulation.untilQuiet()
      assert.equal(seen(simulation, 'door'), ['alice', 'alice', 'alice'])
    },
  )
})
