import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import type { Lease } from '../../actors/holding.ts'
import { TURN_MS, WAITS_SILENT_MS } from '../../machines/rules/queue.ts'
import { during, hear, rejects, type Scene, scenarios } from './scene.ts'

const MINUTE_MS = 60_000
/** How long a word takes at most to reach everybody, in milliseconds. */
const WORD_MS = 50
/** Carol hears Bob's goodbye before she hears that the door was handed to him. */
const GOODBYE_FIRST_SEED = 159_664_097

/** Who was granted the door, in order, with the tokens. */
interface Grants {
  readonly names: string[]
  readonly tokens: number[]
  readonly leases: Lease[]
}

/** Each waits for the door as it is called, and uses it for a moment; or keeps it. */
function line(simulation: Simulation) {
  const grants: Grants = { names: [], tokens: [], leases: [] }
  const wait = (name: string, useMs = WORD_MS) =>
    simulation
      .peer(name)
      .acquire('door', { waitMs: 60 * MINUTE_MS, leaseMs: MINUTE_MS })
      .then((lease) => {
        grants.names.push(name)
        grants.tokens.push(lease.token)
        grants.leases.push(lease)
        simulation.clockOf(name).setTimeout(() => lease.release(), useMs)
        return lease
      })
  return { grants, wait }
}

/** Lets time go on by single milliseconds, and never finds two holders. */
async function watch(simulation: Simulation, forMs: number, leases: readonly Lease[]) {
  for (let passedMs = 0; passedMs < forMs; passedMs++) {
    await simulation.advance(1)
    const valid = leases.filter((lease) => lease.valid)
    assert.ok(valid.length <= 1, `${valid.length} hold it at ${simulation.clock.now()} ms`)
    assert.ok(simulation.oneHolder('door'))
  }
}

/** Alice has the door, and everybody knows. */
async function begin(simulation: Simulation): Promise<Lease> {
  const lease = await during(simulation, simulation.peer('alice').acquire('door'))
  await simulation.advance(WORD_MS)
  return lease
}

/** Bob closes as the key is on its way to him. */
async function closeWhileHanded(scene: Scene, seed = scene.seed): Promise<void> {
  const simulation = await scene.gather({ peers: ['alice', 'bob', 'carol'], seed })
  const first = await begin(simulation)
  const { grants, wait } = line(simulation)
  const bob = simulation.peer('bob').acquire('door', { waitMs: MINUTE_MS })
  await simulation.advance(WORD_MS)
  first.release()
  const closed = simulation.peer('bob').close()
  await rejects('CLOSED', during(simulation, bob))
  await during(simulation, closed)
  void wait('carol')
  await watch(simulation, 1_000, grants.leases)
  assert.equal(grants.names, ['carol'])
}

const rises = (numbers: readonly number[]) =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number))

scenarios('who waits for a lease', (scenario) => {
  scenario('is served in order, and no two have it or its token', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol', 'dave')
    const first = await begin(simulation)
    const { grants, wait } = line(simulation)
    const order = ['dave', 'bob', 'alice', 'carol', 'bob', 'bob', 'dave', 'alice', 'carol', 'alice']
    for (const name of order) {
      void wait(name)
      await simulation.advance(2 * WORD_MS)
    }
    assert.equal(grants.names, [])
    first.release()
    await watch(simulation, order.length * 3 * WORD_MS, grants.leases)
    assert.equal(grants.names, order)
    assert.ok(rises([first.token, ...grants.tokens]), grants.tokens.join())
  })

  scenario('is handed the key: from the release on it is free to nobody else', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const alice = simulation.peer('alice')
    const first = await begin(simulation)
    const { grants, wait } = line(simulation)
    void wait('bob')
    await simulation.advance(WORD_MS)
    first.release()
    assert.is(alice.lease('door')?.owner, 'bob')
    await rejects('LEASE_HELD', during(simulation, alice.acquire('door')))
    await watch(simulation, WORD_MS, grants.leases)
    assert.equal(grants.names, ['bob'])
  })

  scenario('hears of nobody else’s turn: a release wakes one, not all', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const first = await begin(simulation)
    const { grants, wait } = line(simulation)
    void wait('bob', MINUTE_MS / 2)
    await simulation.advance(WORD_MS)
    void wait('carol')
    await simulation.advance(WORD_MS)
    const changes = hear(simulation.peer('carol'), 'update')
    const refusals = hear(simulation.peer('carol'), 'conflict')
    first.release()
    await watch(simulation, MINUTE_MS, grants.leases)
    assert.equal(grants.names, ['bob', 'carol'])
    assert.equal([...changes, ...refusals], [])
  })

  scenario('is passed over when it is dead, and at once if that is known', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const first = await begin(simulation)
    const { grants, wait } = line(simulation)
    void wait('bob')
    await simulation.advance(WORD_MS)
    void wait('carol')
    await simulation.advance(WORD_MS)
    simulation.crash('bob')
    await simulation.advance(1_000)
    first.release()
    await watch(simulation, WORD_MS, grants.leases)
    assert.equal(grants.names, ['carol'])
  })

  scenario('loses its turn when it is held up, and stands in line again', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const first = await begin(simulation)
    const { grants, wait } = line(simulation)
    void wait('bob')
    await simulation.advance(WORD_MS)
    void wait('carol', 30_000)
    await simulation.advance(WORD_MS)
    simulation.pause('bob')
    await simulation.advance(100)
    first.release()
    await watch(simulation, WAITS_SILENT_MS, grants.leases)
    assert.equal(grants.names, ['carol'])
    simulation.resume('bob')
    await watch(simulation, MINUTE_MS, grants.leases)
    assert.equal(grants.names, ['carol', 'bob'])
    assert.ok(rises(grants.tokens))
  })

  scenario('takes turns when the owner died and cannot hand over', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol', 'dave')
    await during(simulation, simulation.peer('alice').acquire('door', { leaseMs: 10_000 }))
    const { grants, wait } = line(simulation)
    for (const name of ['dave', 'bob', 'carol']) {
      void wait(name)
      await simulation.advance(2 * WORD_MS)
    }
    simulation.crash('alice')
    await watch(simulation, 12_000 + 3 * TURN_MS, grants.leases)
    assert.equal(grants.names, ['dave', 'bob', 'carol'])
    assert.ok(rises(grants.tokens), grants.tokens.join())
  })

  scenario('takes turns when the owner closes its dictionary', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol', 'dave')
    await begin(simulation)
    const { grants, wait } = line(simulation)
    for (const name of ['carol', 'dave', 'bob']) {
      void wait(name)
      await simulation.advance(2 * WORD_MS)
    }
    const closed = simulation.peer('alice').close()
    await watch(simulation, 3 * TURN_MS, grants.leases)
    await during(simulation, closed)
    assert.equal(grants.names, ['carol', 'dave', 'bob'])
    assert.ok(rises(grants.tokens), grants.tokens.join())
  })

  scenario('gives its place away when it gives up', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const first = await begin(simulation)
    const { grants, wait } = line(simulation)
    const abort = new AbortController()
    const { signal } = abort
    const bob = simulation.peer('bob').acquire('door', { waitMs: MINUTE_MS, signal })
    await simulation.advance(WORD_MS)
    void wait('carol')
    await simulation.advance(WORD_MS)
    // Bob gives up as the key is on its way to him.
    first.release()
    abort.abort()
    await rejects('ABORTED', during(simulation, bob))
    await watch(simulation, 4 * WORD_MS, grants.leases)
    assert.equal(grants.names, ['carol'])
  })

  scenario('leaves what it was handed to the next when it closes', (scene) =>
    closeWhileHanded(scene),
  )

  scenario('leaves it to the next although its goodbye is faster than the word of it', (scene) =>
    closeWhileHanded(scene, GOODBYE_FIRST_SEED),
  )

  scenario('is served after a split as well, whoever it was cut off from', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const first = await begin(simulation)
    simulation.partition(['carol'], ['alice', 'bob'])
    const { grants, wait } = line(simulation)
    void wait('carol')
    await simulation.advance(MINUTE_MS)
    void wait('bob')
    await simulation.advance(MINUTE_MS)
    simulation.heal()
    await simulation.untilQuiet()
    first.release()
    await watch(simulation, 4 * WORD_MS, grants.leases)
    assert.equal(grants.names, ['carol', 'bob'], 'carol has waited longer')
  })

  scenario('may ask for no more than what is available', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const first = await during(simulation, alice.acquire('door', { ifAvailable: true }))
    assert.ok(first?.valid)
    await simulation.advance(WORD_MS)
    assert.is(await during(simulation, bob.acquire('door', { ifAvailable: true })), undefined)
    assert.is(await during(simulation, alice.acquire('door', { ifAvailable: true })), undefined)
    first?.release()
    await simulation.advance(WORD_MS)
    assert.ok(await during(simulation, bob.acquire('door', { ifAvailable: true })))
  })

  scenario('may steal, and everybody hears who took what from whom', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const thefts = ['alice', 'bob', 'carol'].map((name) => {
      return hear(simulation.peer(name), 'lease.stolen')
    })
    const first = await begin(simulation)
    const steal = simulation.peer('bob').acquire('door', { steal: true })
    const stolen = await during(simulation, steal)
    await simulation.advance(WORD_MS)
    assert.ok(stolen.valid)
    assert.ok(stolen.token > first.token)
    assert.is(first.valid, false)
    assert.is(first.signal.reason, 'superseded')
    const { token } = stolen
    const theft = { type: 'lease.stolen', key: 'door', owner: 'bob', from: 'alice', token }
    assert.equal(thefts, [[theft], [theft], [theft]])
    stolen.release()
    await simulation.advance(WORD_MS)
    simulation.peer('carol').set('door', 1)
    await simulation.advance(WORD_MS)
    assert.is(thefts[0]?.length, 1)
  })
})
