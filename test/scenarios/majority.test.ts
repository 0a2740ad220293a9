/**
 * Majority mode with the actors of production: five peers, three of which vote.
 */
import type { Simulation, SimulationOptions } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import type { Lease } from '../../actors/holding.ts'
import { during, hear, refuses, rejects, type Scene, scenarios } from './scene.ts'

const VOTERS = ['alice', 'bob', 'carol'] as const
const PEERS = [...VOTERS, 'dave', 'erin']
/** The longest term here, in milliseconds. */
const LONGEST_MS = 4_000
const STEP_MS = 5
const majority = { safety: 'majority', voters: VOTERS, leaseMsMax: LONGEST_MS } as const

/** Five peers whose voters have been there for long enough to vote. */
async function gather(scene: Scene, more: SimulationOptions = {}): Promise<Simulation> {
  const simulation = await scene.gather({ peers: PEERS, options: majority, ...more })
  await simulation.advance(2 * LONGEST_MS)
  return simulation
}

/** Lets time go on in small steps, and fails if two of these leases are valid after any of them. */
async function watch(
  simulation: Simulation,
  forMs: number,
  leases: () => readonly (Lease | undefined)[],
): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += STEP_MS) {
    await simulation.advance(STEP_MS)
    const valid = leases().filter((lease) => lease?.valid)
    assert.ok(valid.length <= 1, `two holders at ${simulation.clock.now()} ms`)
  }
}

/** True if the tokens rise in the order in which the leases were held. */
function areRising(leases: readonly Lease[]): boolean {
  return leases.every(({ token }, index) => token > (leases[index - 1]?.token ?? 0))
}

/** Acquires as soon as it can; the lease is there when it is held. */
function wish(simulation: Simulation, name: string): { lease?: Lease } {
  const wished: { lease?: Lease } = {}
  const acquired = simulation.peer(name).acquire('door', { waitMs: 120_000 })
  void acquired.then((lease) => {
    wished.lease = lease
  })
  return wished
}

/** Holds the key and renews it until it is lost. */
async function holdOn(simulation: Simulation, name: string): Promise<Lease> {
  const held: { lease?: Lease } = {}
  void simulation.peer(name).withLease('door', {}, async (lease) => {
    held.lease = lease
    await new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
  })
  await simulation.advance(500)
  assert.ok(held.lease?.valid, `${name} holds the key`)
  return held.lease as Lease
}

scenarios('majority mode', (scenario) => {
  scenario(
    'alice holds, writes and gives back, and dave, who has no vote, is next',
    async (scene) => {
      const simulation = await gather(scene)
      const [alice, dave] = [simulation.peer('alice'), simulation.peer('dave')]
      refuses('LEASE_REQUIRED', () => alice.set('door', 'open'))
      const lease = await during(simulation, alice.acquire('door'))
      assert.is(lease.token, 1)
      assert.ok(lease.remainingMs > LONGEST_MS * 0.9 && lease.remainingMs < LONGEST_MS)
      assert.is(alice.set('door', 'open').token, 1)
      alice.update({ door: 'wide open' })
      await simulation.advance(200)
      assert.is(dave.get('door'), 'wide open')
      refuses('LEASE_HELD', () => dave.set('door', 'shut'))
      assert.is(
        (await rejects('LEASE_HELD', during(simulation, dave.acquire('door')))).owner,
        'alice',
      )
      await rejects('SAFETY_FORBIDS', alice.transfer('door', 'dave'))
      await rejects('SAFETY_FORBIDS', during(simulation, dave.acquire('door', { steal: true })))
      const wished = wish(simulation, 'dave')
      await simulation.advance(100)
      lease.release()
      await watch(simulation, 1_000, () => [lease, wished.lease])
      assert.is(wished.lease?.token, 2)
      assert.is(dave.set('door', 'shut').token, 2)
      refuses('LEASE_HELD', () => alice.set('door', 'mine'))
    },
  )

  scenario('a write renews nothing, and a renewal does', async (scene) => {
    const simulation = await gather(scene)
    const alice = simulation.peer('alice')
    const lease = await during(simulation, alice.acquire('door'))
    await simulation.advance(LONGEST_MS / 2)
    const before = lease.remainingMs
    assert.is(alice.set('door', 'open').remainingMs, before)
    assert.is(lease.remainingMs, before)
    lease.renew()
    await simulation.advance(100)
    assert.ok(lease.remainingMs > before + LONGEST_MS / 3, `${lease.remainingMs} ms`)
    await simulation.advance(LONGEST_MS)
    assert.is(lease.valid, false)
    refuses('LEASE_LOST', () => lease.renew())
    refuses('LEASE_REQUIRED', () => alice.set('door', 'shut'))
  })

  scenario('alice, in the minority, hears quorum-lost before her term is over', async (scene) => {
    const simulation = await gather(scene)
    const lease = await holdOn(simulation, 'alice')
    const lost = hear(simulation.peer('alice'), 'lease.lost')
    await simulation.advance(5 * LONGEST_MS)
    assert.ok(lease.valid, 'it goes on for as long as the voters are in reach')
    assert.is(simulation.peer('erin').lease('door')?.owner, 'alice')
    const wished = wish(simulation, 'bob')
    await simulation.advance(100)
    simulation.partition(['alice', 'dave'], ['bob', 'carol', 'erin'])
    let lostAt: number | undefined
    lease.signal.addEventListener('abort', () => {
      lostAt = simulation.clock.now()
      assert.is(lease.signal.reason, 'quorum-lost')
    })
    const cutAt = simulation.clock.now()
    await watch(simulation, 2 * LONGEST_MS, () => {
      if (wished.lease?.valid) assert.ok(lostAt !== undefined, 'told before anybody else has it')
      return [lease, wished.lease]
    })
    assert.equal(
      lost.map(({ reason }) => reason),
      ['quorum-lost'],
    )
    const afterMs = (lostAt ?? Number.POSITIVE_INFINITY) - cutAt
    assert.ok(afterMs < LONGEST_MS * 0.99 - 50, `${afterMs} ms after the cut`)
    assert.ok((wished.lease?.token as number) > lease.token)
    refuses('LEASE_REQUIRED', () => simulation.peer('alice').set('door', 'mine'))
    await rejects('NO_MAJORITY', during(simulation, simulation.peer('dave').acquire('gate')))
    simulation.heal()
    await simulation.untilQuiet()
    await simulation.advance(2 * LONGEST_MS)
    refuses('LEASE_REQUIRED', () => simulation.peer('alice').set('door', 'mine'))
  })

  scenario('a voter that restarts abstains; two that are left go on', async (scene) => {
    const simulation = await gather(scene)
    const lease = await holdOn(simulation, 'dave')
    simulation.restart('alice')
    await watch(simulation, 3 * LONGEST_MS, () => [lease])
    assert.ok(lease.valid, 'bob and carol are a majority')
    lease.release()
    await simulation.advance(200)
    simulation.crash('bob')
    const next = await during(simulation, simulation.peer('erin').acquire('door'))
    assert.ok(next.token > lease.token, 'alice votes again, and knows the tokens')
  })

  scenario(
    'when two of three voters restart nobody is granted anything for a term',
    async (scene) => {
      const simulation = await gather(scene)
      const lease = await during(simulation, simulation.peer('erin').acquire('door'))
      simulation.restart('alice')
      simulation.restart('bob')
      const wished = wish(simulation, 'dave')
      await watch(simulation, LONGEST_MS, () => [lease, wished.lease])
      assert.is(wished.lease, undefined)
      await watch(simulation, LONGEST_MS, () => [lease, wished.lease])
      assert.ok((wished.lease?.token as number) > lease.token)
    },
  )

  scenario('alice is held up past her term, and her first look shows the loss', async (scene) => {
    const simulation = await gather(scene)
    const lease = await holdOn(simulation, 'alice')
    const wished = wish(simulation, 'erin')
    simulation.pause('alice')
    await watch(simulation, 2 * LONGEST_MS, () => [lease, wished.lease])
    assert.ok(wished.lease)
    assert.is(lease.valid, false)
    refuses('LEASE_LOST', () => lease.renew())
    simulation.resume('alice')
    await watch(simulation, 1_000, () => [lease, wished.lease])
    assert.ok(lease.signal.aborted)
  })

  scenario('clocks drift by one percent and step by a day, and no two hold', async (scene) => {
    const simulation = await gather(scene)
    const rates = [0.99, 1.01, 1.01, 0.99, 1.01]
    for (const [index, name] of PEERS.entries()) simulation.clockOf(name).rate = rates[index] ?? 1
    const held: Lease[] = []
    const take = async (name: string): Promise<void> => {
      for (let round = 0; round < 4; round++) {
        held.push(await simulation.peer(name).acquire('door', { waitMs: 300_000 }))
        await new Promise((resolve) => held.at(-1)?.signal.addEventListener('abort', resolve))
      }
    }
    const all = Promise.all(['alice', 'bob', 'dave'].map(take))
    await watch(simulation, 3 * LONGEST_MS, () => held)
    simulation.clockOf('bob').wallOffsetMs += 86_400_000
    simulation.clockOf('alice').wallOffsetMs -= 86_400_000
    await watch(simulation, 14 * LONGEST_MS, () => held)
    await all
    assert.is(held.length, 12)
    assert.ok(areRising(held))
  })

  scenario('all voters wait for one key by way of relays, one after the other', async (scene) => {
    const simulation = await gather(scene)
    // Alice and dave cannot reach each other; others carry for both.
    simulation.partition(['alice'], ['dave', 'erin'])
    const held: Lease[] = []
    const take = async (name: string) => {
      held.push(await simulation.peer(name).acquire('door', { waitMs: 60_000 }))
      const lease = held.at(-1) as Lease
      simulation.clock.setTimeout(() => lease.release(), 100)
    }
    const all = Promise.all(PEERS.map(take))
    await watch(simulation, 10_000, () => held)
    await during(simulation, all)
    assert.is(held.length, PEERS.length)
    assert.ok(areRising(held), 'a proposal that fails may use a token up')
  })

  scenario(
    'peers with other voters, another term or no majority refuse each other',
    async (scene) => {
      const simulation = await gather(scene)
      const others = [
        { ...majority, voters: ['alice', 'bob', 'dave'] },
        { ...majority, leaseMsMax: 5_000 },
        { safety: 'eventual', voters: undefined, leaseMsMax: undefined },
      ] as const
      for (const [index, options] of others.entries()) {
        const here = hear(simulation.peer('alice'), 'refused')
        const stranger = simulation.start(`stranger${index}`, options as never)
        const error = await rejects(
          'SAFETY_MISMATCH',
          during(simulation, stranger.connect('sim://alice')),
        )
        assert.is(error.reason, 'safety')
        assert.equal(
          here.map(({ reason, by }) => [reason, by]),
          [['safety', 'us']],
        )
        assert.is(stranger.peers.length, 0)
      }
    },
  )

  scenario('a thousand leases are renewed by two frames to each voter', async (scene) => {
    let long = 0
    const record = (line: string) => {
      if (Number(/(\d+) bytes/.exec(line)?.[1]) > 1_000) long++
    }
    const simulation = await gather(scene, { record })
    const dave = simulation.peer('dave')
    const keys = Array.from({ length: 1_000 }, (_, index) => `key ${index}`)
    const leases: Lease[] = []
    for (const key of keys) {
      void dave.withLease(key, {}, async (lease) => {
        leases.push(lease)
        await new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
      })
    }
    await simulation.advance(1_000)
    assert.is(leases.length, keys.length)
    long = 0
    await simulation.advance(5 * LONGEST_MS)
    assert.ok(leases.every((lease) => lease.valid))
    assert.is(simulation.peer('erin').leases().length, keys.length)
    // A renewal at each third of a term: to three voters two frames, and two back.
    assert.ok(long >= 14 * 12 && long <= 16 * 12, `${long} long frames`)
  })

  scenario('a wish that is withdrawn leaves no lease behind', async (scene) => {
    const simulation = await gather(scene)
    const controller = new AbortController()
    const wished = simulation.peer('dave').acquire('door', { signal: controller.signal })
    controller.abort()
    await rejects('ABORTED', wished)
    await simulation.advance(200)
    assert.ok((await during(simulation, simulation.peer('erin').acquire('door'))).valid)
  })

  scenario('a dictionary that closes refuses whoever waits for its voters', async (scene) => {
    const simulation = await gather(scene)
    simulation.partition(['dave'], [...VOTERS, 'erin'])
    const refused = rejects('CLOSED', simulation.peer('dave').acquire('door', { waitMs: 60_000 }))
    const once = rejects('CLOSED', simulation.peer('dave').acquire('gate'))
    await simulation.advance(50)
    void simulation.peer('dave').close()
    await during(simulation, Promise.all([refused, once]))
  })

  scenario('a clock that is set ahead and back again revives no lease', async (scene) => {
    const simulation = await gather(scene)
    const lease = await holdOn(simulation, 'alice')
    const wished = wish(simulation, 'erin')
    simulation.clockOf('alice').wallOffsetMs += 86_400_000
    await watch(simulation, LONGEST_MS / 2, () => [lease, wished.lease])
    simulation.clockOf('alice').wallOffsetMs -= 86_400_000
    await watch(simulation, LONGEST_MS, () => [lease, wished.lease])
    assert.is(lease.valid, false)
    assert.ok(wished.lease)
  })

  scenario('who leaves in good order gives everything back', async (scene) => {
    const simulation = await gather(scene)
    const dave = simulation.peer('dave')
    const lease = await during(simulation, dave.acquire('door'))
    void dave.close()
    await simulation.advance(200)
    assert.is(lease.signal.reason, 'shutdown')
    assert.ok((await during(simulation, simulation.peer('erin').acquire('door'))).valid)
  })
})
