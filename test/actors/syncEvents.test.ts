/** The dictionary as an actor of its own: what it takes by event, and what it emits. */
import { type SyncEmitted, type SyncEvent, type SyncInput, syncLogic } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Actor, createActor, waitFor } from 'xstate'
import { addressOf, told, until, withCompany } from './company.ts'

const sync = suite('a sync actor')

interface Scene {
  readonly actor: Actor<typeof syncLogic>
  readonly heard: SyncEmitted[]
  /** Sends, and returns what was told of it. */
  tell(event: SyncEvent): Promise<SyncEmitted[]>
}

/** A sync actor that nobody can reach; everything it emits is heard. */
function alone(scene: (scene: Scene) => Promise<void>, input: SyncInput = {}) {
  return async () => {
    const actor = createActor(syncLogic, { input: { peerId: 'alice', ...input } })
    const heard: SyncEmitted[] = []
    actor.on('*', (fact) => heard.push(fact))
    actor.start()
    const tell = async (event: SyncEvent) => {
      actor.send(event)
      await told()
      return heard.splice(0)
    }
    await waitFor(actor, ({ value }) => value === 'open')
    try {
      await scene({ actor, heard, tell })
    } finally {
      actor.send({ type: 'sync.close' })
      await waitFor(actor, ({ status }) => status === 'done')
    }
  }
}

const common = { owner: 'alice', token: 1, local: true }

sync(
  'entry.set, update, delete, pop and popItem change the dictionary',
  alone(async ({ actor, tell }) => {
    const { reader } = actor.getSnapshot().context
    assert.equal(await tell({ type: 'entry.set', key: 'door', value: 1, leaseMs: 60_000 }), [
      { type: 'update', key: 'door', value: 1, previous: undefined, ...common },
    ])
    assert.is(reader.get('door'), 1)
    assert.ok((reader.lease('door')?.remainingMs as number) < 60_000)
    await tell({ type: 'entry.update', entries: { window: 2, gate: 3 }, leaseMs: 60_000 })
    await tell({ type: 'entry.update', entries: new Map([['roof', 4]]) })
    assert.equal([...reader.keys()], ['door', 'window', 'gate', 'roof'])
    assert.equal(await tell({ type: 'entry.delete', key: 'window' }), [
      { type: 'delete', key: 'window', previous: 2, ...common },
    ])
    assert.equal(await tell({ type: 'entry.pop', key: 'gate' }), [
      { type: 'delete', key: 'gate', previous: 3, ...common },
    ])
    assert.equal(await tell({ type: 'entry.popItem' }), [
      { type: 'delete', key: 'door', previous: 1, ...common },
    ])
    assert.equal(await tell({ type: 'entry.delete', key: 'nowhere' }), [])
    assert.equal([...reader.entries()], [['roof', 4]])
  }),
)

sync(
  'what cannot be done is emitted as entry.refused, and nothing has changed',
  alone(async ({ actor, tell }) => {
    const { reader } = actor.getSnapshot().context
    await tell({ type: 'entry.set', key: 'door', value: 1 })
    const digest = reader.digest()
    const wrong: [SyncEvent, string][] = [
      [{ type: 'entry.set', key: 7 as never, value: 1 }, 'KEY_INVALID'],
      [{ type: 'entry.set', key: 'door', value: () => {} }, 'VALUE_INVALID'],
      [{ type: 'entry.set', key: 'door', value: 'x'.repeat(600 * 1024) }, 'VALUE_TOO_LARGE'],
      [{ type: 'entry.set', key: 'door', value: 2, leaseMs: 1 }, 'OPTION_INVALID'],
      [{ type: 'entry.update', entries: { door: 2, gate: () => {} } }, 'VALUE_INVALID'],
      [{ type: 'entry.update', entries: null as never }, 'VALUE_INVALID'],
      [{ type: 'entry.delete', key: undefined as never }, 'KEY_INVALID'],
      [{ type: 'lease.renew', key: 'gate' }, 'LEASE_NOT_HELD'],
      [{ type: 'lease.release', key: 'gate' }, 'LEASE_NOT_HELD'],
      [{ type: 'lease.acquire', key: 'gate', leaseMs: -1 }, 'OPTION_INVALID'],
      [{ type: 'lease.transfer', key: 'door', peerId: 'robert' }, 'PEER_UNKNOWN'],
      [{ type: 'peer.connect', address: 'nowhere' }, 'ADDRESS_INVALID'],
      [{ type: 'peer.connect', address: 'tcp://127.0.0.1:1', peerId: 'a b' }, 'OPTION_INVALID'],
      [{ type: 'peer.disconnect', peerId: 'robert' }, 'PEER_UNKNOWN'],
      [{ type: 'message.send', payload: () => {} }, 'VALUE_INVALID'],
    ]
    for (const [event, code] of wrong) {
      const facts = await tell(event)
      assert.is(facts.length, 1, event.type)
      const [fact] = facts
      if (fact?.type !== 'entry.refused') throw new Error(`${event.type} emitted ${fact?.type}`)
      assert.is(fact.error.code, code, event.type)
    }
    assert.is(reader.digest(), digest)
    await tell({ type: 'entry.popItem' })
    const [empty] = await tell({ type: 'entry.popItem' })
    assert.is(empty?.type === 'entry.refused' && empty.error.code, 'KEY_MISSING')
    assert.is(actor.getSnapshot().status, 'active')
  }),
)

sync(
  'an event of no such name does nothing, not even one that the inside knows',
  alone(async ({ actor, tell }) => {
    await tell({ type: 'lease.acquire', key: 'door' })
    for (const type of ['entry.burn', 'lease.lapse', 'lease.watch', 'store.flush', 'peers.told']) {
      const event = { type, key: 'door', token: 1, peers: [] } as never
      assert.equal(await tell(event), [], type)
    }
    assert.is(actor.getSnapshot().context.reader.lease('door')?.mine, true)
    assert.is(actor.getSnapshot().status, 'active')
  }),
)

sync(
  'lease.acquire, renew and release hold a key on purpose',
  alone(async ({ actor, tell }) => {
    const { reader } = actor.getSnapshot().context
    assert.equal(await tell({ type: 'lease.acquire', key: 'printer', leaseMs: 60_000 }), [])
    assert.is(reader.lease('printer')?.mine, true)
    const [again] = await tell({ type: 'lease.acquire', key: 'printer' })
    assert.is(again?.type === 'entry.refused' && again.error.code, 'LEASE_HELD')
    await tell({ type: 'lease.renew', key: 'printer', leaseMs: 120_000 })
    assert.ok((reader.lease('printer')?.remainingMs as number) > 60_000)
    assert.equal(await tell({ type: 'lease.release', key: 'printer' }), [
      { type: 'lease.lost', key: 'printer', token: 1, reason: 'released' },
    ])
    assert.is(reader.lease('printer'), undefined)
  }),
)

sync(
  'without leases a lease event is refused',
  alone(
    async ({ tell }) => {
      for (const type of ['lease.acquire', 'lease.renew', 'lease.release'] as const) {
        const [fact] = await tell({ type, key: 'printer' })
        assert.is(fact?.type === 'entry.refused' && fact.error.code, 'LEASES_OFF', type)
      }
    },
    { leasing: false },
  ),
)

sync(
  'peer.connect, message.send, lease.transfer and peer.disconnect reach the other peer',
  withCompany(async (company) => {
    const bob = await company.listening<unknown>({ peerId: 'bob', network: 'holdfast' })
    const address = addressOf(bob)
    await alone(async ({ actor, heard, tell }) => {
      const seen = (type: SyncEmitted['type']) => heard.filter((fact) => fact.type === type)
      await tell({ type: 'peer.connect', address, peerId: 'bob', request: 'first' })
      await until(() => seen('dial.settled').length === 1 && bob.peers.length === 1)
      assert.equal(seen('dial.settled'), [
        { type: 'dial.settled', request: 'first', peerId: 'bob', error: null },
      ])
      assert.equal(seen('connect'), [{ type: 'connect', peerId: 'bob' }])
      actor.send({ type: 'message.send', payload: 'to bob', to: 'bob' })
      actor.send({ type: 'message.send', payload: 'to all' })
      actor.send({ type: 'peers.request' })
      const { value: first } = await bob.messages().next()
      assert.equal(first, { type: 'message', payload: 'to bob', from: 'alice', isWhisper: true })
      assert.is((await bob.messages().next()).value?.payload, 'to all')
      actor.send({ type: 'entry.set', key: 'door', value: 1 })
      await until(() => bob.has('door'))
      actor.send({ type: 'lease.transfer', key: 'door', peerId: 'bob' })
      await until(() => bob.lease('door')?.mine === true)
      bob.send('hello')
      await until(() => seen('message').length === 1)
      actor.send({ type: 'peer.disconnect', peerId: 'bob' })
      await until(() => seen('disconnect').length === 1)
      await tell({ type: 'peer.connect', address, peerId: 'robert' })
      await until(() => seen('dial.settled').length === 1)
      const [settled] = seen('dial.settled')
      assert.is(settled?.type === 'dial.settled' && settled.error?.code, 'PEER_MISMATCH')
      assert.is(settled?.type === 'dial.settled' && settled.request, '')
    })()
  }),
)

sync(
  'what is sent before it is open is done when it is',
  withCompany(async (company) => {
    const bob = await company.listening({ peerId: 'bob', network: 'holdfast' })
    const input = { peerId: 'alice', listen: ['tcp://127.0.0.1:0'] }
    const actor = createActor(syncLogic, { input }).start()
    assert.is(actor.getSnapshot().value, 'opening')
    actor.send({ type: 'peer.connect', address: addressOf(bob) })
    actor.send({ type: 'entry.set', key: 'door', value: 1 })
    await until(() => bob.get('door') === 1)
    assert.equal(bob.incoming, ['alice'])
    actor.send({ type: 'sync.close' })
    await until(() => bob.peers.length === 0)
  }),
)

sync(
  'what is sent after sync.close is refused, and the output comes with done',
  withCompany(async (company) => {
    const bob = await company.listening({ peerId: 'bob', network: 'holdfast' })
    const actor = createActor(syncLogic, { input: { peerId: 'alice', join: bob.listening } })
    const heard: SyncEmitted[] = []
    actor.on('entry.refused', (fact) => heard.push(fact))
    actor.start()
    await until(() => bob.peers.length === 1)
    actor.send({ type: 'sync.close' })
    actor.send({ type: 'sync.close' })
    assert.is(actor.getSnapshot().value, 'closing')
    actor.send({ type: 'entry.set', key: 'late', value: 1 })
    actor.send({ type: 'message.send', payload: 'late' })
    const { status, output } = await waitFor(actor, (snapshot) => snapshot.status !== 'active')
    assert.is(status, 'done')
    assert.equal(output, { failure: null })
    assert.equal(
      heard.map((fact) => fact.type === 'entry.refused' && fact.error.code),
      ['CLOSED', 'CLOSED'],
    )
    assert.is(bob.has('late'), false)
  }),
)

sync.run()
