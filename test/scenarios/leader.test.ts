import { type LeaseSnapshot, leaseLogic, type SyncRef } from 'holdfast'
import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { type Actor, createActor, setup } from 'xstate'
import { hear, scenarios } from './scene.ts'

const LEASE_MS = 10_000
/** How long a release takes at most to reach whoever waits, in milliseconds. */
const HANDOVER_MS = 100

/** An application's own machine: `leading` is active only while the lease is held. */
const campaign = setup({
  types: {
    context: {} as { sync: SyncRef; terms: number },
    input: {} as { sync: SyncRef },
    events: {} as { type: 'step.down' },
  },
  actors: { lease: leaseLogic },
  guards: {
    isHeld: (_, { snapshot }: { snapshot: LeaseSnapshot }) =>
      snapshot.status === 'active' && JSON.stringify(snapshot.value).includes('held'),
  },
}).createMachine({
  context: ({ input }) => ({ sync: input.sync, terms: 0 }),
  initial: 'running',
  states: {
    running: {
      invoke: {
        src: 'lease',
        id: 'lease',
        input: ({ context }) => ({ sync: context.sync, key: 'leader', leaseMs: LEASE_MS }),
        onSnapshot: {
          guard: {
            type: 'isHeld',
            params: ({ event }) => ({ snapshot: event.snapshot as LeaseSnapshot }),
          },
          target: '.leading',
        },
        // A dictionary that is closed refuses at once: whoever tried again would never end.
        onDone: [
          { guard: ({ event }) => event.output.held, target: 'running', reenter: true },
          { target: 'resting' },
        ],
      },
      on: { 'step.down': 'resting' },
      initial: 'following',
      states: { following: {}, leading: {} },
    },
    resting: {},
  },
})

type Candidate = Actor<typeof campaign>

function run(simulation: Simulation, name: string): Candidate {
  const sync = simulation.peer(name).actor
  const candidate = createActor(campaign, {
    input: { sync },
    clock: simulation.clockOf(name),
  })
  candidate.start()
  return candidate
}

const leads = (candidate: Candidate) => candidate.getSnapshot().matches({ running: 'leading' })

scenarios('a state that is active only while a lease is held', (scenario) => {
  scenario('alice leads, and bob follows until she steps down', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const alice = run(simulation, 'alice')
    await simulation.advance(HANDOVER_MS)
    const bob = run(simulation, 'bob')
    await simulation.advance(10 * LEASE_MS)
    assert.ok(leads(alice), 'the lease is renewed for as long as it is invoked')
    assert.not.ok(leads(bob))
    assert.is(simulation.peer('carol').lease('leader')?.owner, 'alice')
    alice.send({ type: 'step.down' })
    for (let passedMs = 0; passedMs < HANDOVER_MS; passedMs++) {
      await simulation.advance(1)
      assert.not.ok(leads(alice) && leads(bob))
    }
    assert.ok(leads(bob), 'a lease whose actor is stopped is given back at once')
    assert.is(simulation.peer('carol').lease('leader')?.token, 2)
    bob.stop()
    await simulation.advance(HANDOVER_MS)
    assert.is(simulation.peer('carol').lease('leader'), undefined)
  })

  scenario('alice crashes, and bob leads when her time is over', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    run(simulation, 'alice')
    await simulation.advance(HANDOVER_MS)
    const bob = run(simulation, 'bob')
    await simulation.advance(LEASE_MS)
    simulation.crash('alice')
    await simulation.advance(LEASE_MS / 2)
    assert.not.ok(leads(bob))
    await simulation.advance(LEASE_MS)
    assert.ok(leads(bob))
    bob.stop()
  })

  scenario('alice is stopped for long; then one of the two leads, and not both', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const alice = run(simulation, 'alice')
    await simulation.advance(HANDOVER_MS)
    const bob = run(simulation, 'bob')
    const losses = hear(simulation.peer('alice'), 'lease.lost')
    simulation.pause('alice')
    await simulation.advance(3 * LEASE_MS)
    assert.ok(leads(bob))
    simulation.resume('alice')
    assert.is(simulation.peer('alice').lease('leader'), undefined)
    await simulation.advance(1_000)
    assert.ok(leads(bob) && !leads(alice))
    assert.is(losses.length, 1)
    bob.send({ type: 'step.down' })
    await simulation.advance(1_000)
    assert.ok(leads(alice), 'who lost waits again, and is next')
    alice.stop()
    bob.stop()
  })

  scenario("alice's dictionary closes under her machine", async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const alice = run(simulation, 'alice')
    await simulation.advance(HANDOVER_MS)
    const bob = run(simulation, 'bob')
    await simulation.advance(1_000)
    assert.ok(leads(alice))
    void simulation.peer('alice').close()
    await simulation.advance(1_000)
    assert.is(alice.getSnapshot().value, 'resting')
    assert.ok(leads(bob))
    alice.stop()
    bob.stop()
  })
})
