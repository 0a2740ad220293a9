import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, setup } from 'xstate'
import { leaseLogic } from '../../actors/lease.ts'
import { createSimulation } from '../../actors/simulation.ts'

const leaseEnd = suite('lease end')

/** A lease actor for alice's key, and what it said. */
function lease(simulation: ReturnType<typeof createSimulation>) {
  const { actor: sync } = simulation.peer('alice')
  const actor = createActor(leaseLogic, {
    input: { sync, key: 'door' },
    clock: simulation.clockOf('alice'),
  })
  const told: string[] = []
  actor.on('held', () => told.push('held'))
  actor.on('lost', ({ reason }) => told.push(reason))
  actor.start()
  return { actor, told }
}

leaseEnd('a lease that is asked for at a closed dictionary is refused, not granted', async () => {
  const simulation = createSimulation({ peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  const alice = simulation.peer('alice')
  const closed = alice.close()
  // Twice: while it says goodbye, and when it is gone.
  for (const state of ['closing', 'closed']) {
    const { actor, told } = lease(simulation)
    assert.equal(told, [], 'not at once')
    await simulation.advance(250)
    assert.equal(told, ['refused'], state)
    const { output } = actor.getSnapshot()
    assert.ok(output && !output.held, state)
    assert.is((output.error as { code: string }).code, 'CLOSED', state)
    await simulation.advance(10_000)
    await closed
  }
  await simulation.close()
})

leaseEnd('a lease ends with a dictionary that closes, held or waited for', async () => {
  const simulation = createSimulation({ peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  const holder = lease(simulation)
  const waiter = lease(simulation)
  const closed = simulation.peer('alice').close()
  await simulation.advance(10_000)
  await closed
  assert.equal([holder.told, waiter.told], [['held', 'shutdown'], ['refused']])
  await simulation.close()
})

leaseEnd('a lease ends with a dictionary that is stopped without a farewell', async () => {
  const simulation = createSimulation({ peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  const holder = lease(simulation)
  const waiter = lease(simulation)
  simulation.peer('alice').actor.stop()
  await simulation.advance(250)
  assert.equal([holder.told, waiter.told], [['held', 'shutdown'], ['refused']])
  simulation.crash('alice')
  await simulation.close()
})

leaseEnd('a machine that asks again whenever it is refused does not spin', async () => {
  const simulation = createSimulation({ peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  const { actor: sync } = simulation.peer('alice')
  let terms = 0
  const stubborn = setup({ actors: { lease: leaseLogic } }).createMachine({
    initial: 'running',
    states: {
      running: {
        entry: () => {
          terms++
        },
        invoke: {
          src: 'lease',
          input: { sync, key: 'door' },
          onDone: { target: 'running', reenter: true },
        },
      },
    },
  })
  const asking = createActor(stubborn, { clock: simulation.clockOf('bob') }).start()
  sync.stop()
  await simulation.advance(1_000)
  assert.ok(terms <= 6, `asked ${terms} times`)
  asking.stop()
  simulation.crash('alice')
  await simulation.close()
})

leaseEnd.run()
