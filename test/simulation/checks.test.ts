/** The checks of a simulation: true where all is well, false in runs that are broken on purpose. */

import { createSimulation, type Operation, type Simulation } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const checks = suite('simulation/checks')

const SPLIT = { peers: ['alice', 'bob'], options: { leaseMs: 5_000 } }

/** Two that are connected, after alice has written, and bob after her. */
async function gather(): Promise<Simulation> {
  const simulation = createSimulation({ seed: 4, ...SPLIT })
  await simulation.untilQuiet()
  simulation.peer('alice').set('door', 'of alice')
  await simulation.advance(10_000)
  simulation.peer('bob').set('door', 'of bob')
  await simulation.untilQuiet()
  return simulation
}

/** A write that the history has and no peer. */
function plant(simulation: Simulation, given: Partial<Operation>): void {
  const [last] = simulation.history.operations.slice(-1)
  assert.ok(last)
  simulation.history.operations.push({ ...last, previous: 'undefined', ...given })
}

function names(simulation: Simulation, linearizable: readonly string[] = []): string[] {
  return simulation.problems({ linearizable }).map(({ check }) => check)
}

checks('all are content with a run in which nothing went wrong', async () => {
  const simulation = await gather()
  assert.equal(simulation.problems({ linearizable: ['door'] }), [])
  simulation.check({ linearizable: ['door'] })
  assert.ok(simulation.noLostWrites() && simulation.noRevivals() && simulation.noTokenFalls())
  assert.ok(simulation.linearizable('door', { losses: 'counted' }))
  assert.ok(simulation.history.deliveries > 1)
  await simulation.close()
})

checks('converged, oneConnectionPerPair and oneHolder see a split', async () => {
  const simulation = await gather()
  simulation.partition(['alice'], ['bob'])
  await simulation.advance(60_000)
  assert.not(simulation.oneConnectionPerPair())
  simulation.peer('alice').set('door', 'alice again')
  simulation.peer('bob').set('door', 'bob again')
  assert.not(simulation.converged())
  assert.not(simulation.oneHolder('door'))
  assert.equal(
    new Set(names(simulation)),
    new Set(['oneConnectionPerPair', 'converged', 'oneHolder', 'noLostWrites', 'noRevivals']),
  )
  simulation.heal()
  await simulation.untilQuiet()
  assert.equal(names(simulation), [])
  await simulation.close()
})

checks('noLostWrites finds a write that is gone, and that nobody was told of', async () => {
  const simulation = await gather()
  plant(simulation, { by: 'alice#1', content: "'never kept'" })
  assert.equal(names(simulation), ['noLostWrites'])
  assert.throws(() => simulation.check(), /^Seed 4 at .* is gone, and nobody was told/)
  // Who died may have known it alone.
  simulation.restart('alice')
  await simulation.untilQuiet()
  assert.ok(simulation.noLostWrites())
  await simulation.close()
})

checks('noLostWrites finds what was told too often, or without reason', async () => {
  const simulation = await gather()
  const loss = { by: 'bob#1', key: 'door', lost: '"of bob"', kept: '"of zoe"', at: 1e9 }
  simulation.history.losses.push(loss)
  assert.match(simulation.problems()[0]?.what ?? '', 'was told as lost and is there')
  simulation.history.losses.push({ ...loss, at: 2e9 })
  assert.match(simulation.problems()[0]?.what ?? '', 'was told as lost 2 times')
  await simulation.close()
})

checks('noLostWrites is content with a loss that is told, which a split brings', async () => {
  const simulation = await gather()
  simulation.partition(['alice'], ['bob'])
  await simulation.advance(60_000)
  simulation.peer('alice').set('door', 'alice again')
  simulation.peer('bob').set('door', 'bob again')
  simulation.heal()
  await simulation.untilQuiet()
  assert.is(simulation.history.losses.length, 1)
  assert.ok(simulation.noLostWrites())
  assert.ok(simulation.linearizable('door'))
  // Counted as well, the two were owners at one time.
  assert.not(simulation.linearizable('door', { losses: 'counted' }))
  simulation.history.losses.length = 0
  assert.not(simulation.noLostWrites())
  await simulation.close()
})

checks('a value that went over with its key is still told to who wrote it', async () => {
  const peers = ['alice', 'bob', 'carol']
  const simulation = createSimulation({ seed: 4, peers, options: { leaseMs: 5_000 } })
  await simulation.untilQuiet()
  simulation.partition(['alice'], ['bob', 'carol'])
  simulation.peer('bob').set('door', 'of bob')
  await simulation.advance(1_000)
  const lease = simulation.peer('carol').acquire('door', { waitMs: 20_000 })
  await simulation.advance(30_000)
  const { token } = await lease
  for (let written = 0; written <= token; written++) {
    simulation.peer('alice').set('door', `alice ${written}`)
    await simulation.advance(6_000)
    simulation.peer('alice').delete('door')
  }
  simulation.peer('alice').set('door', 'of alice')
  simulation.heal()
  await simulation.untilQuiet()
  assert.is(simulation.peer('bob').get('door'), 'of alice')
  const losses = simulation.history.losses.map(({ by, lost }) => [by, lost]).sort()
  assert.equal(losses, [
    ['bob#1', '"of bob"'],
    ['carol#1', 'undefined'],
  ])
  assert.ok(simulation.noLostWrites())
  simulation.history.losses.length = 0
  assert.not(simulation.noLostWrites())
  await simulation.close()
})

checks('noRevivals finds a value that is back', async () => {
  const simulation = await gather()
  plant(simulation, { act: 'delete', content: 'undefined', previous: '"of bob"' })
  assert.ok(names(simulation).includes('noRevivals'))
  await simulation.close()
})

checks('noTokenFalls finds a peer that sees an older grant after a newer one', async () => {
  const simulation = await gather()
  const { actor } = simulation.peer('alice')
  const fact = { type: 'update', key: 'door', value: 1, previous: 2, owner: 'bob', local: false }
  actor.send({ type: 'facts.told', facts: [{ ...fact, token: 1 }] } as never)
  assert.equal(names(simulation), ['noTokenFalls'])
  await simulation.close()
})

checks('linearizable finds a holder that reads what was overwritten', async () => {
  const simulation = await gather()
  assert.is(simulation.peer('bob').get('door'), 'of bob')
  assert.ok(simulation.linearizable('door'))
  plant(simulation, { act: 'get', content: '"of alice"' })
  assert.equal(names(simulation, ['door']), ['linearizable'])
  assert.not(simulation.linearizable('door'))
  await simulation.close()
})

checks('every way to write, remove and hold a key is in the history', async () => {
  const simulation = createSimulation({ seed: 9, peers: ['alice', 'bob'] })
  await simulation.untilQuiet()
  const alice = simulation.peer('alice')
  alice.set('a', { of: ['alice'] })
  alice.update({ b: 1, c: 2 })
  alice.update(new Map([['d', 3]]))
  alice.get('a')
  simulation.peer('bob').get('a')
  alice.delete('a')
  alice.delete('a')
  alice.pop('b')
  alice.pop('nothing', 'fallback')
  alice.popItem()
  const lease = await alice.acquire('e')
  lease.release()
  await alice.withLease('e', {}, () => undefined)
  assert.throws(() => alice.set('f', () => {}))
  assert.equal(
    simulation.history.operations.map(
      ({ act, by, key, content }) => `${by} ${act} ${key} ${content}`,
    ),
    [
      "alice#1 set a { of: [ 'alice' ] }",
      'alice#1 set b 1',
      'alice#1 set c 2',
      'alice#1 set d 3',
      "alice#1 get a { of: [ 'alice' ] }",
      'alice#1 delete a undefined',
      'alice#1 delete b undefined',
      'alice#1 delete c undefined',
      'alice#1 acquire e undefined',
      'alice#1 acquire e undefined',
    ],
  )
  await simulation.untilQuiet()
  assert.equal(simulation.problems({ linearizable: ['a', 'b', 'c', 'd', 'e'] }), [])
  await simulation.close()
})

checks('without leases there is no order of holders to ask for', () => {
  const simulation = createSimulation({ options: { leasing: false } })
  assert.throws(
    () => simulation.linearizable('door'),
    (error: { code: string }) => {
      return error.code === 'LEASES_OFF'
    },
  )
})

checks.run()
