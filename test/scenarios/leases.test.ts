import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import type { Dictionary } from '../../actors/dictionary.ts'
import type { Lease } from '../../actors/holding.ts'
import { during, hear, refuses, rejects, scenarios, seen } from './scene.ts'

const MINUTE_MS = 60_000
const TEN_YEARS_MS = 10 * 365 * 24 * 60 * MINUTE_MS
/** How long a release takes at most to reach whoever waits, in milliseconds. */
const HANDOVER_MS = 100

const THREE = ['alice', 'bob', 'carol'] as const

const here = (simulation: Simulation) =>
  THREE.map((name) => simulation.peer(name)) as [Dictionary, Dictionary, Dictionary]

/** Lets time go on in steps, and fails if two peers believe to hold the key after any of them. */
async function watchHolders(simulation: Simulation, forMs: number, stepMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += stepMs) {
    await simulation.advance(stepMs)
    assert.ok(simulation.oneHolder('door'), `two holders at ${simulation.clock.now()} ms`)
  }
}

scenarios('leases held on purpose', (scenario) => {
  scenario('alice holds a key that has no value, and nobody else may write it', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = here(simulation)
    const lease = await during(simulation, alice.acquire('door', { leaseMs: MINUTE_MS }))
    assert.ok(lease.valid)
    assert.ok(lease.remainingMs > 55_000 && lease.remainingMs < MINUTE_MS)
    assert.is(alice.has('door'), false)
    await simulation.advance(HANDOVER_MS)
    refuses('LEASE_HELD', () => bob.set('door', 'mine'))
    const held = await rejects('LEASE_HELD', during(simulation, bob.acquire('door')))
    assert.is(held.owner, 'alice')
    assert.is(bob.lease('door')?.token, lease.token)
    await rejects('LEASE_HELD', during(simulation, alice.acquire('door')))
  })

  scenario('bob waits, and has the key as soon as alice gives it back', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = here(simulation)
    const lease = await during(simulation, alice.acquire('door'))
    await simulation.advance(HANDOVER_MS)
    let granted: Lease | undefined
    void bob.acquire('door', { waitMs: 10 * MINUTE_MS }).then((given) => {
      granted = given
    })
    await simulation.advance(5 * MINUTE_MS)
    assert.is(granted, undefined)
    lease.release()
    lease.release()
    assert.is(lease.valid, false)
    assert.is(lease.signal.reason, 'released')
    await watchHolders(simulation, HANDOVER_MS, 1)
    assert.ok(granted?.valid)
    assert.ok((granted?.token as number) > lease.token)
  })

  scenario('twelve wait for one key, and nobody is forgotten', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const lease = await during(simulation, simulation.peer('alice').acquire('door'))
    await simulation.advance(HANDOVER_MS)
    const tokens: number[] = [lease.token]
    const use = async (dictionary: Dictionary): Promise<void> => {
      const given = await dictionary.acquire('door', { waitMs: 10 * MINUTE_MS })
      await new Promise<void>((resolve) => setTimeoutOf(simulation, resolve, HANDOVER_MS))
      assert.ok(given.valid)
      tokens.push(given.token)
      given.release()
    }
    const names = Array.from({ length: 12 }, (_, index) => THREE[index % 3] as string)
    const waiting = Promise.all(names.map((name) => use(simulation.peer(name))))
    await simulation.advance(1_000)
    assert.is(tokens.length, 1)
    lease.release()
    await during(simulation, waiting)
    assert.is(tokens.length, 13)
    assert.equal(
      tokens,
      [...new Set(tokens)].sort((one, other) => one - other),
    )
  })

  scenario('carol waits for less time than alice holds', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, , carol] = here(simulation)
    alice.set('door', 'alice', { leaseMs: MINUTE_MS })
    await simulation.advance(HANDOVER_MS)
    const before = simulation.clock.now()
    const error = await rejects(
      'TIMEOUT',
      during(simulation, carol.acquire('door', { waitMs: 5_000 })),
    )
    assert.is(error.owner, 'alice')
    assert.ok(Math.abs(simulation.clock.now() - before - 5_000) < 100)
    await simulation.advance(2 * MINUTE_MS)
    assert.is(carol.lease('door'), undefined)
  })

  scenario('a wait for a lapsing lease ends when it has lapsed', async (scene) => {
    const simulation = await scene.gather(...THREE)
    simulation.peer('alice').set('door', 'alice', { leaseMs: 10_000 })
    await simulation.advance(HANDOVER_MS)
    simulation.crash('alice')
    const before = simulation.clock.now()
    const bob = simulation.peer('bob')
    const lease = await during(simulation, bob.acquire('door', { waitMs: MINUTE_MS }))
    const waitedMs = simulation.clock.now() - before
    assert.ok(waitedMs > 9_000 && waitedMs < 12_000, `${waitedMs} ms`)
    assert.is(lease.token, 2)
    assert.is(bob.get('door'), 'alice')
  })

  scenario('withLease renews while it runs, and gives back when it has run', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = here(simulation)
    const run = alice.withLease('door', { leaseMs: 3_000 }, async (lease) => {
      await new Promise<void>((resolve) => setTimeoutOf(simulation, resolve, 30_000))
      return [lease.valid, lease.token]
    })
    for (let second = 1; second < 30; second++) {
      await simulation.advance(1_000)
      assert.is(alice.lease('door')?.mine, true)
      refuses('LEASE_HELD', () => bob.set('door', 'mine'))
    }
    assert.equal(await during(simulation, run), [true, 1])
    await simulation.advance(HANDOVER_MS)
    assert.is(bob.set('door', 'mine').token, 2)
    const failing = bob.withLease('window', {}, () => {
      throw new Error('a broken task')
    })
    const cause = await during(simulation, failing).then(String, String)
    assert.is(cause, 'Error: a broken task')
    await simulation.advance(HANDOVER_MS)
    assert.is(bob.lease('window'), undefined)
  })

  scenario('a task whose peer was stopped hears that its lease is lost', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = here(simulation)
    const held: Lease[] = []
    const run = alice.withLease('door', { leaseMs: 5_000 }, async (lease) => {
      held.push(lease)
      await new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
      return lease.signal.reason
    })
    await simulation.advance(1_000)
    simulation.pause('alice')
    await simulation.advance(MINUTE_MS)
    const taken = await during(simulation, bob.acquire('door'))
    simulation.resume('alice')
    assert.is(held[0]?.valid, false)
    const reason = await during(simulation, run)
    assert.ok(['expired', 'superseded'].includes(reason), reason)
    await simulation.untilQuiet()
    assert.ok(taken.valid)
  })

  scenario('renew extends, until the lease is lost', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = here(simulation)
    const lease = await during(simulation, alice.acquire('door', { leaseMs: 10_000 }))
    for (let round = 0; round < 5; round++) {
      await simulation.advance(8_000)
      lease.renew()
      assert.ok(lease.remainingMs > 9_000)
    }
    await simulation.advance(8_000)
    assert.is(alice.renew('door', { token: lease.token, leaseMs: 20_000 }).token, lease.token)
    assert.ok(lease.remainingMs > 19_000)
    refuses('LEASE_NOT_HELD', () => bob.renew('door'))
    assert.is(bob.release('door'), false)
    await simulation.advance(20_000)
    assert.is(lease.valid, false)
    refuses('LEASE_LOST', () => lease.renew())
    assert.is(lease.signal.reason, 'expired')
    assert.is(alice.release('door'), false)
  })

  scenario('a lease warns before its time is over, then it is lost', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = simulation.peer('alice')
    const losses = hear(alice, 'lease.lost')
    const lease = await during(simulation, alice.acquire('door', { leaseMs: 10_000 }))
    const told: string[] = []
    lease.on('expiring', ({ remainingMs }) => told.push(`expiring, ${remainingMs <= 2_000}`))
    lease.on('lost', ({ reason }) => told.push(`lost, ${reason}`))
    await simulation.advance(7_000)
    assert.equal(told, [])
    await simulation.advance(1_500)
    assert.equal(told, ['expiring, true'])
    assert.ok(lease.valid)
    await simulation.advance(2_000)
    assert.equal(told, ['expiring, true', 'lost, expired'])
    const { token } = lease
    assert.equal(losses, [{ type: 'lease.lost', key: 'door', token, reason: 'expired' }])
  })

  scenario('alice hands over to bob, while carol waits in vain', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob, carol] = here(simulation)
    const lease = await during(simulation, alice.acquire('door', { leaseMs: MINUTE_MS }))
    alice.set('door', 'open')
    await simulation.advance(HANDOVER_MS)
    const vain = rejects('TIMEOUT', carol.acquire('door', { waitMs: 10_000 }))
    await rejects('PEER_UNKNOWN', alice.transfer('door', 'zoe'))
    await rejects('LEASE_NOT_HELD', bob.transfer('door', 'alice'))
    let isDone = false
    const transfer = alice.transfer('door', 'bob').then(() => {
      isDone = true
    })
    assert.is(lease.valid, false)
    assert.is(bob.lease('door')?.mine, false)
    await watchHolders(simulation, HANDOVER_MS, 1)
    assert.ok(isDone)
    await transfer
    assert.is(lease.signal.reason, 'transferred')
    const { owner, token, mine } = bob.lease('door') ?? {}
    assert.equal([owner, token, mine], ['bob', lease.token + 1, true])
    bob.set('door', 'shut')
    refuses('LEASE_HELD', () => alice.set('door', 'open'))
    await during(simulation, vain)
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), ['shut', 'shut', 'shut'])
  })

  scenario('bob gives up waiting when he is told to', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const [alice, bob] = here(simulation)
    const lease = await during(simulation, alice.acquire('door'))
    await simulation.advance(HANDOVER_MS)
    const abort = new AbortController()
    const { signal } = abort
    const waiting = rejects('ABORTED', bob.acquire('door', { waitMs: 10 * MINUTE_MS, signal }))
    await simulation.advance(1_000)
    abort.abort('changed my mind')
    const error = await during(simulation, waiting)
    assert.is(error.cause, 'changed my mind')
    await rejects('ABORTED', bob.acquire('door', { signal }))
    lease.release()
    await simulation.advance(MINUTE_MS)
    assert.is(bob.lease('door'), undefined)
    const other = new AbortController()
    const kept = await during(simulation, bob.acquire('door', { signal: other.signal }))
    other.abort()
    await simulation.advance(1_000)
    assert.ok(kept.valid, 'a signal counts while waiting only')
  })

  scenario('alice wants more time than the term leaves her', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = simulation.peer('alice')
    const options = { leaseMs: 1_000, minRemainingMs: 960 }
    await rejects('OPTION_INVALID', during(simulation, alice.acquire('door', options)))
    assert.is(alice.lease('door'), undefined)
    const lease = await during(
      simulation,
      alice.acquire('door', { leaseMs: 1_000, minRemainingMs: 900 }),
    )
    assert.ok(lease.remainingMs >= 900)
  })

  scenario('a write under an old token is refused', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = simulation.peer('alice')
    const first = await during(simulation, alice.acquire('door', { leaseMs: 5_000 }))
    alice.set('door', 1, { token: first.token })
    refuses('LEASE_LOST', () => alice.set('door', 2, { token: first.token + 1 }))
    await simulation.advance(10_000)
    const second = await during(simulation, alice.acquire('door'))
    assert.ok(second.token > first.token)
    refuses('LEASE_LOST', () => alice.set('door', 3, { token: first.token }))
    refuses('LEASE_LOST', () => alice.delete('door', { token: first.token }))
    assert.is(alice.get('door'), 1)
    alice.set('door', 4, { token: second.token })
  })

  scenario(
    'alice closes: her leases end by shutdown, and bob has the key at once',
    async (scene) => {
      const simulation = await scene.gather(...THREE)
      const [alice, bob] = here(simulation)
      const lease = await during(simulation, alice.acquire('door'))
      bob.set('window', 'bob')
      await simulation.advance(HANDOVER_MS)
      const own = rejects('CLOSED', alice.acquire('window', { waitMs: MINUTE_MS }))
      let granted: Lease | undefined
      void bob.acquire('door', { waitMs: MINUTE_MS }).then((given) => {
        granted = given
      })
      await simulation.advance(1_000)
      const closing = alice.close()
      await during(simulation, closing)
      assert.is(lease.signal.reason, 'shutdown')
      assert.is(lease.valid, false)
      await during(simulation, own)
      await simulation.advance(HANDOVER_MS)
      assert.ok(granted?.valid)
      await rejects('CLOSED', alice.acquire('door'))
    },
  )

  scenario(
    'alice meets bob, who took the key while he was alone, and never gets it',
    async (scene) => {
      for (const delayMs of [0, 5, 10, 15, 20, 25, 30, 40]) {
        const simulation = scene.simulate({ peers: ['bob'], latency: [10, 10] })
        const bob = simulation.peer('bob')
        await simulation.advance(1_000)
        const held = await during(simulation, bob.acquire('door'))
        const alice = simulation.start('alice', { join: ['sim://bob'] })
        for (let ms = 0; alice.peers.length === 0 && ms < 10_000; ms++) await simulation.advance(1)
        await simulation.advance(delayMs)
        await rejects('TIMEOUT', during(simulation, alice.acquire('door', { waitMs: 300 })))
        assert.ok(held.valid, `${delayMs} ms after they met`)
      }
    },
  )

  scenario('terms from 20 ms to ten years', async (scene) => {
    const latency = [0.1, 0.5] as const
    const simulation = await scene.gather({ peers: THREE, latency })
    const [alice, bob] = here(simulation)
    const brief = await during(simulation, alice.acquire('brief', { leaseMs: 20 }))
    assert.ok(brief.remainingMs > 0)
    await simulation.advance(20)
    assert.is(brief.valid, false)
    await simulation.advance(20)
    assert.ok(bob.set('brief', 'bob', { leaseMs: 20 }).token > brief.token)
    const long = await during(simulation, alice.acquire('long', { leaseMs: TEN_YEARS_MS }))
    await simulation.advance(60 * MINUTE_MS)
    assert.ok(long.valid, 'a timer of ten years must not fire at once')
    assert.ok(long.remainingMs > 0.97 * TEN_YEARS_MS)
    refuses('LEASE_HELD', () => bob.set('long', 'bob'))
    refuses('OPTION_INVALID', () => alice.set('long', 1, { leaseMs: TEN_YEARS_MS + 1 }))
    refuses('OPTION_INVALID', () => alice.set('long', 1, { leaseMs: 19 }))
    for (const name of THREE) simulation.clockOf(name).suspend(TEN_YEARS_MS)
    await simulation.advance(TEN_YEARS_MS)
    assert.is(long.valid, false)
  })
})

function setTimeoutOf(simulation: Simulation, callback: () => void, delayMs: number): void {
  simulation.clock.setTimeout(callback, delayMs)
}
