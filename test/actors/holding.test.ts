/** Leases taken on purpose, in the hands of a dictionary: acquire, renew, release, hand over. */
import { getEventListeners } from 'node:events'
import type { Lease } from 'holdfast'
import { createSimulation, type Simulation } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listen, refused, rejected, told, until, withCompany } from './company.ts'

const holding = suite('holding a lease')

/** Alice and bob, connected, in simulated time; closed when the scene ends. */
function simulated(scene: (simulation: Simulation) => Promise<void>): () => Promise<void> {
  return async () => {
    const simulation = createSimulation({ seed: 11, peers: ['alice', 'bob'] })
    await simulation.untilQuiet()
    try {
      await scene(simulation)
    } finally {
      await simulation.close()
    }
  }
}

/** Lets simulated time go on until the promise is settled. */
async function settled<R>(simulation: Simulation, promise: Promise<R>, ms = 1_000): Promise<R> {
  promise.catch(() => {})
  await simulation.advance(ms)
  return promise
}

holding(
  'a lease has key, token, time left and a signal, until it is released',
  withCompany(async (company) => {
    const alice = await company.alone()
    const lost = listen(alice as never, 'lease.lost')
    const lease = await alice.acquire('printer', { leaseMs: 60_000 })
    assert.is(lease.key, 'printer')
    assert.is(lease.valid, true)
    assert.ok(lease.remainingMs > 50_000 && lease.remainingMs < 60_000)
    assert.is(alice.lease('printer')?.token, lease.token)
    assert.is(alice.has('printer'), false, 'a lease needs no value')
    assert.is(alice.size, 0)
    assert.is(alice.set('printer', 'busy', { token: lease.token }).token, lease.token)
    const reasons: string[] = []
    lease.on('lost', ({ reason }) => reasons.push(reason))
    lease.release()
    assert.is(lease.valid, false)
    assert.is(lease.remainingMs, 0)
    assert.is(lease.signal.aborted, true)
    assert.is(lease.signal.reason, 'released')
    assert.equal(reasons, ['released'])
    lease.release()
    assert.is(refused('LEASE_LOST', () => lease.renew()).reason, 'released')
    refused('LEASE_LOST', () => alice.set('printer', 'late', { token: lease.token }))
    await told()
    const { token } = lease
    assert.equal(lost, [{ type: 'lease.lost', key: 'printer', token, reason: 'released' }])
    assert.is(alice.lease('printer'), undefined)
    assert.is(alice.get('printer'), 'busy')
  }),
)

holding(
  'a second acquire is refused in the same process and at the other peer',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const lease = await alice.acquire('printer')
    await until(() => bob.lease('printer') !== undefined)
    for (const dictionary of [alice, bob]) {
      const error = await rejected('LEASE_HELD', dictionary.acquire('printer'))
      assert.is(error.key, 'printer')
      assert.is(error.owner, 'alice')
      assert.ok((error.remainingMs as number) > 3_000_000)
      const late = await rejected('TIMEOUT', dictionary.acquire('printer', { waitMs: 20 }))
      assert.is(late.owner, 'alice')
    }
    const waiting = bob.acquire('printer', { waitMs: 60_000 })
    lease.release()
    assert.ok((await waiting).token > lease.token)
  }),
)

holding(
  'a signal that serves many acquisitions is let go by each that is over',
  withCompany(async (company) => {
    const alice = await company.alone()
    const { signal } = new AbortController()
    const lease = await alice.acquire('printer', { signal })
    await rejected('LEASE_HELD', alice.acquire('printer', { signal }))
    assert.is(getEventListeners(signal, 'abort').length, 0)
    lease.release()
  }),
)

holding(
  'waiting is given up when the signal fires, and a fired one is not begun',
  withCompany(async (company) => {
    const alice = await company.alone()
    const lease = await alice.acquire('printer')
    const abort = new AbortController()
    const waiting = alice.acquire('printer', { waitMs: 60_000, signal: abort.signal })
    abort.abort('tired')
    assert.is((await rejected('ABORTED', waiting)).cause, 'tired')
    await rejected('ABORTED', alice.acquire('free', { signal: abort.signal }))
    assert.is(alice.lease('free'), undefined)
    lease.release()
    assert.is((await alice.acquire('printer')).valid, true)
  }),
)

holding(
  'options that no lease may have are refused',
  withCompany(async (company) => {
    const alice = await company.alone()
    const wrong = await rejected('OPTION_INVALID', alice.acquire('printer', { leaseMs: 1 }))
    assert.is(wrong.option, 'leaseMs')
    const options = { leaseMs: 1_000, minRemainingMs: 2_000 }
    const short = await rejected('OPTION_INVALID', alice.acquire('printer', options))
    assert.is(short.option, 'minRemainingMs')
    assert.is(alice.lease('printer'), undefined)
    await rejected('KEY_INVALID', alice.acquire(7 as never))
    const free = await company.alone({ leasing: false, peerId: 'bob' })
    await rejected('LEASES_OFF', free.acquire('printer'))
    await rejected('LEASES_OFF', free.transfer('printer', 'alice'))
    refused('LEASES_OFF', () => free.renew('printer'))
    assert.is(free.release('printer'), false)
  }),
)

holding(
  'renew extends the own lease and refuses another’s',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    refused('LEASE_NOT_HELD', () => alice.renew('door'))
    const { token } = alice.set('door', 'open', { leaseMs: 60_000 })
    const receipt = alice.renew('door', { leaseMs: 120_000 })
    assert.is(receipt.token, token)
    assert.is(receipt.leaseMs, 120_000)
    refused('LEASE_LOST', () => alice.renew('door', { token: token + 1 }))
    await until(() => (bob.lease('door')?.remainingMs ?? 0) > 60_000)
    refused('LEASE_NOT_HELD', () => bob.renew('door'))
    assert.is(bob.get('door'), 'open')
  }),
)

holding(
  'withLease holds while the function runs, and gives back however it ends',
  withCompany(async (company) => {
    const alice = await company.alone()
    let kept: Lease | undefined
    const result = await alice.withLease('printer', {}, async (lease) => {
      kept = lease
      assert.is(lease.valid, true)
      await rejected('LEASE_HELD', alice.acquire('printer'))
      return 7
    })
    assert.is(result, 7)
    assert.is(kept?.signal.reason, 'released')
    assert.is(alice.lease('printer'), undefined)
    const boom = new Error('boom')
    const failing = alice.withLease('printer', {}, () => {
      throw boom
    })
    assert.is(await failing.catch((error) => error), boom)
    assert.is(alice.lease('printer'), undefined)
    {
      await using lease = await alice.acquire('printer')
      kept = lease
    }
    assert.is(kept.valid, false)
    assert.is(alice.lease('printer'), undefined)
  }),
)

holding(
  'transfer hands the key over with its value',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    await rejected('LEASE_NOT_HELD', alice.transfer('door', 'bob'))
    const { token } = alice.set('door', 'open')
    await rejected('PEER_UNKNOWN', alice.transfer('door', 'robert'))
    await until(() => bob.has('door'))
    await rejected('LEASE_NOT_HELD', bob.transfer('door', 'alice'))
    await alice.transfer('door', 'bob')
    assert.is(alice.lease('door')?.owner, 'bob')
    assert.is(bob.lease('door')?.mine, true)
    assert.ok((bob.lease('door')?.token as number) > token)
    assert.is(refused('LEASE_HELD', () => alice.set('door', 'shut')).owner, 'bob')
    bob.set('door', 'shut')
    await until(() => alice.get('door') === 'shut')
  }),
)

holding(
  'a transfer that the heir does not hear of in time is rejected',
  simulated(async (simulation) => {
    const alice = simulation.peer('alice')
    alice.set('door', 'open')
    await simulation.untilQuiet()
    simulation.pause('bob')
    const waiting = alice.transfer('door', 'bob', { waitMs: 500 })
    await rejected('TIMEOUT', settled(simulation, waiting))
    simulation.resume('bob')
    await simulation.untilQuiet()
    assert.is(alice.lease('door')?.owner, 'bob')
  }),
)

holding(
  'a lease that is not renewed warns, then is lost, and the other peer may have the key',
  simulated(async (simulation) => {
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const lease = await settled(simulation, alice.acquire('printer', { leaseMs: 10_000 }))
    const warnings: number[] = []
    lease.on('expiring', ({ remainingMs }) => warnings.push(remainingMs))
    await simulation.advance(6_000)
    assert.equal(warnings, [])
    await simulation.advance(1_000)
    assert.is(warnings.length, 1)
    assert.ok((warnings[0] as number) <= 2_000 && (warnings[0] as number) > 0)
    const waiting = bob.acquire('printer', { waitMs: 60_000 })
    await settled(simulation, waiting, 3_000)
    assert.is(lease.valid, false)
    assert.is(lease.signal.reason, 'expired')
    assert.is(refused('LEASE_LOST', () => lease.renew()).reason, 'expired')
    assert.ok((await waiting).token > lease.token)
  }),
)

holding(
  'renew and withLease keep a short lease for a long time',
  simulated(async (simulation) => {
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const lease = await settled(simulation, alice.acquire('printer', { leaseMs: 1_000 }), 10)
    for (let round = 0; round < 20; round++) {
      await simulation.advance(500)
      lease.renew()
      assert.is(lease.valid, true)
    }
    lease.release()
    const running = alice.withLease('printer', { leaseMs: 1_000 }, async (held) => {
      await new Promise<void>((resolve) => {
        simulation.clock.setTimeout(resolve, 60_000)
      })
      return held.valid
    })
    await simulation.advance(59_000)
    assert.is(bob.lease('printer')?.owner, 'alice')
    assert.is(await settled(simulation, running, 2_000), true)
    await simulation.advance(1_000)
    assert.is(bob.lease('printer'), undefined)
  }),
)

holding(
  'a plain write lapses: its value stays, and anybody may write the key then',
  simulated(async (simulation) => {
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const { token } = alice.set('door', 'open', { leaseMs: 5_000 })
    await simulation.advance(1_000)
    refused('LEASE_HELD', () => bob.set('door', 'shut'))
    await simulation.advance(5_000)
    assert.is(bob.lease('door'), undefined)
    assert.is(bob.get('door'), 'open')
    assert.ok(bob.set('door', 'shut').token > token)
    await simulation.untilQuiet()
    assert.is(alice.get('door'), 'shut')
  }),
)

holding.run()
