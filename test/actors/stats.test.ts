/** What a dictionary tells of itself: numbers by `stats()`, and facts on diagnostics channels. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Diagnostic, STATS } from 'holdfast'
import { createSimulation } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { told, until, withCompany } from './company.ts'

const stats = suite('stats')

stats(
  'a fresh dictionary has done nothing, and every number has a meaning',
  withCompany(async (company) => {
    const alice = await company.alone()
    const numbers = alice.stats()
    assert.equal(Object.keys(numbers).sort(), Object.keys(STATS).sort())
    for (const [name, number] of Object.entries(numbers)) assert.is(number, 0, name)
    for (const { help } of Object.values(STATS)) assert.match(help, /^[A-Z].*\.$/)
  }),
)

stats(
  'keys, bytes, frames and broadcasts are counted at both ends',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const haveAsked = () => [alice, bob].every((peer) => peer.stats().reconciliations > 0)
    await until(haveAsked)
    alice.set('door', 'open')
    await told()
    alice.set('gate', 'open')
    // What one has sent, the other has read: nothing is under way or lost.
    await until(() => bob.size === 2 && alice.stats().bytesOut === bob.stats().bytesIn)
    const [one, other] = [alice.stats(), bob.stats()]
    assert.is(one.keys, 2)
    assert.is(one.storeBytes, other.storeBytes)
    assert.ok(one.storeBytes > 600, 'each entry is charged 300 bytes beside key and value')
    assert.is(one.peers, 1)
    assert.is(one.connections, 1)
    assert.is(one.peersConnected, 1)
    assert.is(one.framesOut, other.framesIn)
    assert.ok(one.bytesOut > one.framesOut * 5)
    assert.ok(other.broadcastsSeen >= 2)
    assert.ok(one.broadcastsMade >= other.broadcastsSeen)
    assert.is(other.entriesMerged, 2)
    assert.is(one.entriesMerged, 0)
    alice.send('hello')
    await until(() => bob.stats().messages === 1)
    await bob.close()
    await until(() => alice.stats().peers === 0)
    assert.is(alice.stats().peersDisconnected, 1)
    assert.is(alice.stats().connectionsClosed, 1)
    assert.is(bob.stats().keys, 2, 'the numbers outlive the dictionary')
  }),
)

stats(
  'leases held, renewed and waited for are counted for as long as they are',
  withCompany(async (company) => {
    const alice = await company.alone()
    const lease = await alice.acquire('door', { leaseMs: 60_000 })
    alice.set('mine', 1, { renew: true })
    const waiting = alice.acquire('door', { waitMs: 60_000 })
    await told()
    const { leasesHeld, leasesRenewing, leasesWaiting } = alice.stats()
    assert.equal([leasesHeld, leasesRenewing, leasesWaiting], [1, 1, 1])
    lease.release()
    const next = await waiting
    assert.equal([alice.stats().leasesHeld, alice.stats().leasesWaiting], [1, 0])
    next.release()
    await told()
    assert.is(alice.stats().leasesHeld, 0)
  }),
)

stats('a broadcast and a conflict are counted where they happen', async () => {
  const simulation = createSimulation({ seed: 5, peers: ['alice', 'bob', 'carol'] })
  await simulation.untilQuiet()
  const alice = simulation.peer('alice')
  const bob = simulation.peer('bob')
  const carol = simulation.peer('carol')
  const seen = () => [alice, bob, carol].map((peer) => peer.stats().broadcastsSeen)
  const before = seen()
  alice.set('door', 'open')
  await simulation.untilQuiet()
  const rise = seen().map((count, index) => count - (before[index] ?? 0))
  assert.equal(rise, [0, 1, 1], 'bob and carol hear it once, from alice')
  simulation.partition(['alice'], ['bob', 'carol'])
  alice.set('gate', 'by alice')
  bob.set('gate', 'by bob')
  await simulation.advance(1_000)
  simulation.heal()
  await simulation.untilQuiet()
  const conflicts = alice.stats().conflicts + bob.stats().conflicts
  assert.is(conflicts, 1, 'one of the two is kept')
  assert.is(carol.stats().conflicts, 0)
  await simulation.close()
})

stats(
  'a broadcast that came by two ways is counted as a duplicate, until the tree is known',
  async () => {
    const names = ['alice', 'bob', 'carol', 'dave']
    const simulation = createSimulation({ seed: 5, peers: names })
    await simulation.untilQuiet()
    const duplicates = () =>
      names.reduce((sum, name) => sum + simulation.peer(name).stats().broadcastsDuplicate, 0)
    assert.is(duplicates(), 0, 'who is connected to all is told by the origin alone')
    simulation.partition(['alice'], ['carol'])
    // What alice says of herself now reaches carol by bob and by dave.
    await simulation.advance(60_000)
    const before = duplicates()
    assert.ok(before >= 2, `${before} duplicates`)
    simulation.peer('alice').set('door', 'open')
    await simulation.advance(1_000)
    assert.is(simulation.peer('carol').get('door'), 'open')
    assert.is(duplicates(), before, 'one of the two ways was given up')
    await simulation.close()
  },
)

stats(
  'a channel tells its subscribers whose fact it is, and nobody after they left',
  withCompany(async (company) => {
    const heard: Diagnostic[] = []
    const listener = (message: unknown) => heard.push(message as Diagnostic)
    for (const name of ['update', 'reconciled']) subscribe(`holdfast:${name}`, listener)
    const { alice, bob } = await company.two()
    alice.set('door', 'open')
    await until(() => bob.has('door'))
    await told()
    for (const name of ['update', 'reconciled']) unsubscribe(`holdfast:${name}`, listener)
    const updates = heard.filter(({ fact }) => fact.type === 'update')
    assert.equal(
      updates.map(({ peerId, network }) => [peerId, network]),
      [
        ['alice', 'lab'],
        ['bob', 'lab'],
      ],
    )
    const reconciled = heard.find(({ peerId, fact }) => peerId === 'bob' && fact.type !== 'update')
    assert.equal(reconciled?.fact, { type: 'reconciled', neighbour: 'alice', entries: 0 })
    const count = heard.length
    alice.set('door', 'shut')
    await told()
    assert.is(heard.length, count)
  }),
)

stats.run()
