import type { Lock } from 'holdfast'
import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { during, rejects, scenarios } from './scene.ts'

const LEASE_MS = 10_000
const MINUTE_MS = 60_000
/** How long a free lock takes at most to find who waits for it, in milliseconds. */
const SOON_MS = 1_000

const THREE = ['alice', 'bob', 'carol'] as const

/** A lock that is held until `give` is called, and what became of the request. */
function hold(simulation: Simulation, name: string, options = {}) {
  const holding = { lock: undefined as Lock | null | undefined, outcome: '', give: () => {} }
  const run = (lock: Lock | null) => {
    holding.lock = lock
    return new Promise<string>((resolve) => {
      holding.give = () => resolve(`${name} is done`)
    })
  }
  void simulation
    .peer(name)
    .locks.request('printer', { leaseMs: LEASE_MS, ...options }, run)
    .then(
      (outcome) => (holding.outcome = outcome),
      ({ code }) => (holding.outcome = code),
    )
  return holding
}

async function namesOf(simulation: Simulation, name: string) {
  const { held, pending } = await simulation.peer(name).locks.query()
  return [held.map(({ clientId }) => clientId), pending.map(({ clientId }) => clientId).sort()]
}

scenarios('locks in the shape of the Web Locks API', (scenario) => {
  scenario('bob waits on his machine until alice on hers is done', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = hold(simulation, 'alice')
    await simulation.advance(SOON_MS)
    assert.equal(
      [alice.lock?.name, alice.lock?.mode, alice.lock?.token],
      ['printer', 'exclusive', 1],
    )
    const bob = hold(simulation, 'bob')
    await simulation.advance(5 * MINUTE_MS)
    assert.is(bob.lock, undefined)
    alice.give()
    await simulation.advance(SOON_MS)
    assert.is(alice.outcome, 'alice is done')
    assert.is(alice.lock?.signal.reason, 'released')
    assert.ok((bob.lock?.token as number) > 1)
    bob.give()
    await simulation.advance(SOON_MS)
    assert.is(bob.outcome, 'bob is done')
    assert.equal(await simulation.peer('carol').locks.query(), { held: [], pending: [] })
  })

  scenario('two requests of one peer exclude each other as well', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const first = hold(simulation, 'alice')
    const second = hold(simulation, 'alice')
    await simulation.advance(SOON_MS)
    assert.equal([first.lock !== undefined, second.lock], [true, undefined])
    first.give()
    await simulation.advance(SOON_MS)
    assert.ok(second.lock)
    second.give()
    await simulation.advance(SOON_MS)
  })

  scenario('who asks what is available does not wait, and is told by null', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const alice = hold(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const bob = simulation.peer('bob')
    const word = (lock: Lock | null) => (lock === null ? 'taken' : 'mine')
    const ask = () => during(simulation, bob.locks.request('printer', { ifAvailable: true }, word))
    assert.is(await ask(), 'taken')
    alice.give()
    await simulation.advance(SOON_MS)
    assert.is(await ask(), 'mine')
  })

  scenario('all peers see who holds and who waits', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = hold(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const waiting = ['bob', 'bob', 'carol'].map((name) => hold(simulation, name))
    await simulation.advance(SOON_MS)
    assert.equal(await namesOf(simulation, 'bob'), [['alice'], ['bob', 'bob', 'carol']])
    assert.equal(await namesOf(simulation, 'alice'), [['alice'], ['bob', 'carol']])
    const { held } = await simulation.peer('carol').locks.query()
    assert.equal(held, [{ name: 'printer', mode: 'exclusive', clientId: 'alice' }])
    alice.give()
    for (let turn = 0; turn < 3; turn++) {
      await simulation.advance(2 * SOON_MS)
      for (const { give } of waiting) give()
    }
    await simulation.advance(SOON_MS)
    assert.equal(
      waiting.map(({ outcome }) => outcome),
      ['bob is done', 'bob is done', 'carol is done'],
    )
    assert.equal(await namesOf(simulation, 'alice'), [[], []])
  })

  scenario(
    'a holder that was suspended too long is told, and its request rejects',
    async (scene) => {
      const simulation = await scene.gather(...THREE)
      const alice = hold(simulation, 'alice')
      await simulation.advance(SOON_MS)
      const bob = hold(simulation, 'bob')
      simulation.pause('alice')
      await simulation.advance(2 * LEASE_MS)
      assert.ok(bob.lock)
      simulation.resume('alice')
      await simulation.advance(SOON_MS)
      assert.ok(alice.lock?.signal.aborted)
      assert.is(alice.outcome, 'LEASE_LOST')
      bob.give()
      await simulation.advance(SOON_MS)
      assert.is(bob.outcome, 'bob is done')
    },
  )

  scenario('carol steals the lock, and alice is told at once', async (scene) => {
    const simulation = await scene.gather(...THREE)
    const alice = hold(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const carol = hold(simulation, 'carol', { steal: true })
    await simulation.advance(SOON_MS)
    assert.ok(carol.lock)
    assert.is(alice.outcome, 'LEASE_LOST')
    assert.equal(await namesOf(simulation, 'bob'), [['carol'], []])
    alice.give()
    carol.give()
    await simulation.advance(SOON_MS)
    assert.is(carol.outcome, 'carol is done')
  })

  scenario('the holder of a lock may write the key of its name, and nobody else', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const change = alice.locks.request('counter', async (lock) => {
      alice.set('counter', 1, { token: lock?.token as number })
      await simulation.advance(SOON_MS)
      await rejects('LEASE_HELD', bob.acquire('counter'))
      return alice.get('counter')
    })
    assert.is(await change, 1)
    await simulation.advance(SOON_MS)
    assert.ok(bob.set('counter', 2).token > 1)
  })

  scenario('what the callback throws, and a wait that is given up', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const failing = alice.locks.request('printer', () => {
      throw new Error('out of paper')
    })
    const words = await during(
      simulation,
      failing.catch(({ message }) => message),
    )
    assert.is(words, 'out of paper')
    assert.is(alice.lease('printer'), undefined, 'the lock is given back')
    const holding = hold(simulation, 'alice')
    await simulation.advance(SOON_MS)
    const leave = new AbortController()
    const waiting = bob.locks.request('printer', { signal: leave.signal }, () => 'never')
    await simulation.advance(SOON_MS)
    leave.abort()
    await rejects('ABORTED', during(simulation, waiting))
    await simulation.advance(SOON_MS)
    assert.equal((await alice.locks.query()).pending, [])
    holding.give()
    await simulation.advance(SOON_MS)
  })

  scenario('what is not offered, or makes no sense, is refused', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const { locks } = simulation.peer('alice')
    const never = () => 'never'
    const { signal } = new AbortController()
    for (const [option, options] of [
      ['mode', { mode: 'shared' }],
      ['steal', { steal: true, ifAvailable: true }],
      ['signal', { signal, ifAvailable: true }],
      ['signal', { signal, steal: true }],
      ['leaseMs', { leaseMs: 1 }],
      ['callback', undefined],
    ] as const) {
      const callback = option === 'callback' ? (undefined as never) : never
      const error = await rejects('OPTION_INVALID', locks.request('a', options ?? {}, callback))
      assert.is(error.option, option)
    }
    await rejects('KEY_INVALID', locks.request(7 as never, never))
    await rejects('KEY_INVALID', locks.request('\ud800', never))
    void simulation.peer('alice').close()
    await simulation.advance(SOON_MS)
    await rejects('CLOSED', during(simulation, locks.request('a', never)))
    const other = await scene.gather({ peers: 2, options: { leasing: false } })
    await rejects('LEASES_OFF', other.peer('peer1').locks.request('a', never))
  })
})
