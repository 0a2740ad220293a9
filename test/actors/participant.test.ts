/** Whom a dictionary is connected to, what it hears and says, and its end. Real loopback TCP. */

import { createServer } from 'node:net'
import { type Dictionary, HoldfastError, openDictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressOf, listen, refused, rejected, told, until, withCompany } from './company.ts'

const participant = suite('a participant')

participant(
  'connect resolves with the peer’s id, and both see who dialled',
  withCompany(async (company) => {
    const alice = await company.listening()
    const bob = await company.alone({ peerId: 'bob' })
    const heard = [listen(alice as never, 'connect'), listen(bob as never, 'connect')]
    assert.is(alice.peerId, 'alice')
    assert.equal(bob.listening, [])
    assert.match(addressOf(alice), /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
    assert.is(await bob.connect(addressOf(alice), { peerId: 'alice' }), 'alice')
    await until(() => alice.peers.length === 1)
    assert.equal(alice.incoming, ['bob'])
    assert.equal(alice.outgoing, [])
    assert.equal(bob.incoming, [])
    assert.equal(bob.outgoing, ['alice'])
    const { roundTripMs, ...view } = bob.peers[0] as (typeof bob.peers)[0]
    const address = addressOf(alice)
    assert.equal(view, { peerId: 'alice', address, direction: 'outgoing', state: 'nominal' })
    assert.ok(roundTripMs === undefined || roundTripMs >= 0)
    await told()
    assert.equal(heard, [
      [{ type: 'connect', peerId: 'bob' }],
      [{ type: 'connect', peerId: 'alice' }],
    ])
    assert.is(await bob.connect(address), 'alice', 'a second time it is the same peer')
    assert.is(bob.peers.length, 1)
  }),
)

participant(
  'connect rejects with the reason, and the dictionary works on',
  withCompany(async (company) => {
    const alice = await company.listening()
    const address = addressOf(alice)
    const elsewhere = await company.alone({ network: 'elsewhere', peerId: 'bob' })
    const atAlice = listen(alice as never, 'refused')
    const atBob = listen(elsewhere as never, 'refused', 'connection.closed')
    const error = await rejected('NETWORK_MISMATCH', elsewhere.connect(address))
    assert.is(error.address, address)
    assert.is(error.reason, 'network')
    await until(() => atAlice.length === 1 && atBob.length === 2)
    const { address: from, ...refusal } = atAlice[0] as (typeof atAlice)[0]
    assert.match(from, /^tcp:\/\/127\.0\.0\.1:\d+$/)
    assert.equal(refusal, { type: 'refused', peerId: null, reason: 'network', by: 'us' })
    const why = { address, peerId: null, reason: 'network', by: 'them' }
    assert.equal(atBob, [
      { type: 'connection.closed', ...why, cause: 'refused' },
      { type: 'refused', ...why },
    ])
    const free = await company.alone({ leasing: false, peerId: 'carol' })
    await rejected('LEASING_MISMATCH', free.connect(address))
    const twin = await company.alone({ peerId: 'alice' })
    await rejected('PEER_CLASH', twin.connect(address))
    const dave = await company.alone({ peerId: 'dave' })
    await rejected('PEER_MISMATCH', dave.connect(address, { peerId: 'robert' }))
    await rejected('SELF_CONNECTION', alice.connect(address))
    const closed = await rejected('CONNECT_FAILED', dave.connect('tcp://127.0.0.1:1'))
    assert.is(closed.reason, 'refused')
    for (const wrong of ['', 'alice', 'tcp://', 'carrier-pigeon://roof:1', 7 as never]) {
      await rejected('ADDRESS_INVALID', dave.connect(wrong))
    }
    const { option } = await rejected('OPTION_INVALID', dave.connect(address, { peerId: 'a b' }))
    assert.is(option, 'peerId')
    assert.is(await dave.connect(address), 'alice')
    assert.is(alice.status, 'nominal')
  }),
)

participant(
  'a peer that has all the connections it accepts turns others away',
  withCompany(async (company) => {
    const alice = await company.listening({ limits: { connectionsMax: 1 } })
    const bob = await company.alone({ peerId: 'bob' })
    await bob.connect(addressOf(alice))
    const carol = await company.alone({ peerId: 'carol' })
    await rejected('CONNECT_FAILED', carol.connect(addressOf(alice)))
    assert.equal(alice.incoming, ['bob'])
  }),
)

participant(
  'disconnect ends the connection at both, and either may connect again',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two()
    const atAlice = listen(alice as never, 'disconnect', 'connection.closed')
    const atBob = listen(bob as never, 'disconnect', 'connection.closed')
    refused('PEER_UNKNOWN', () => bob.disconnect('robert'))
    bob.disconnect('alice')
    await until(() => atAlice.length === 2 && atBob.length === 2)
    const end = { type: 'connection.closed', cause: 'farewell', reason: 'disconnected' }
    const [closedAtBob] = atBob.filter(({ type }) => type === 'connection.closed')
    assert.equal(closedAtBob, { ...end, address, peerId: 'alice', by: 'us' })
    const [closedAtAlice] = atAlice.filter(({ type }) => type === 'connection.closed')
    const { address: from, ...rest } = closedAtAlice as { address: string }
    assert.match(from, /^tcp:/)
    assert.equal(rest, { ...end, peerId: 'bob', by: 'them' })
    const [parted] = atAlice.filter(({ type }) => type === 'disconnect')
    assert.equal(parted, { type: 'disconnect', peerId: 'bob', hasLeft: false })
    assert.equal([alice.peers, bob.peers], [[], []])
    refused('PEER_UNKNOWN', () => bob.disconnect('alice'))
    alice.set('door', 'open')
    assert.is(await bob.connect(address), 'alice')
    await until(() => bob.has('door'))
  }),
)

participant(
  'a peer that closes is told to have left, and its keys are free at once',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    alice.set('door', 'open')
    await until(() => bob.has('door'))
    const heard = listen(bob as never, 'disconnect')
    alice.set('window', 'open')
    await alice.close()
    await until(() => heard.length === 1)
    assert.equal(heard, [{ type: 'disconnect', peerId: 'alice', hasLeft: true }])
    assert.is(bob.get('window'), 'open', 'what was written just before goes out too')
    assert.is(bob.lease('door'), undefined)
    assert.is(bob.set('door', 'shut').key, 'door')
  }),
)

participant(
  'requestPeers finds those whom a neighbour knows',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two()
    const carol = await company.listening({ peerId: 'carol', maxOutgoing: 8 })
    await carol.connect(address)
    bob.requestPeers()
    await until(() => bob.peers.some(({ peerId }) => peerId === 'carol'))
    await until(() => carol.peers.length === 2)
    assert.equal(bob.peers.map(({ peerId }) => peerId).sort(), ['alice', 'carol'])
    assert.is(alice.peers.length, 2)
  }),
)

participant(
  'a whisper reaches one peer, also one that is not a neighbour; a message reaches all',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two<unknown>({ maxOutgoing: 0 })
    const carol = await company.alone<unknown>({ peerId: 'carol', maxOutgoing: 0 })
    await carol.connect(address)
    await until(() => alice.peers.length === 2)
    assert.is(bob.peers.length, 1, 'bob and carol know each other by way of alice only')
    const atAlice = listen(alice as never, 'message')
    assert.is(bob.send({ hello: Uint8Array.of(1) }, { to: 'carol' }), 1)
    await until(() => carol.recv()?.isWhisper === true)
    assert.is(carol.send('good day', { to: 'alice' }), 1)
    await until(() => atAlice.length === 1)
    const whisper = { type: 'message', payload: 'good day', from: 'carol', isWhisper: true }
    assert.equal(atAlice, [whisper])
    assert.equal(alice.recv(), whisper)
    assert.is(alice.send({ all: [1, null] }), 2)
    const toAll = { type: 'message', payload: { all: [1, null] }, from: 'alice', isWhisper: false }
    for (const dictionary of [bob, carol]) {
      let message: unknown
      await until(() => {
        message ??= dictionary.recv()
        return message !== undefined
      })
      assert.equal(message, toAll)
      assert.is(dictionary.recv(), undefined)
    }
    assert.is(alice.recv(), undefined, 'nobody hears himself')
    assert.is(atAlice.length, 1)
    refused('VALUE_INVALID', () => alice.send(() => {}))
    refused('VALUE_TOO_LARGE', () => alice.send('x'.repeat(600 * 1024)))
  }),
)

participant(
  'close is idempotent, ends every call, and leaves the data to be read',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    alice.set('door', 'open')
    const closing = alice.close()
    assert.is(alice.close(), closing)
    for (const act of callsOf(alice)) refused('CLOSED', act)
    await closing
    await alice.close()
    for (const act of callsOf(alice)) refused('CLOSED', act)
    for (const promise of [
      alice.connect('tcp://127.0.0.1:1'),
      alice.acquire('door'),
      alice.withLease('door', {}, () => {}),
      alice.transfer('door', 'bob'),
    ]) {
      await rejected('CLOSED', promise)
    }
    assert.is(alice.get('door'), 'open')
    assert.is(alice.size, 1)
    assert.equal([...alice.copy()], [['door', 'open']])
    assert.match(alice.digest(), /^[0-9a-f]{16}$/)
    assert.equal([alice.peers, alice.incoming, alice.outgoing], [[], [], []])
    assert.is(alice.recv(), undefined)
    assert.equal([...(await collect(alice))], [])
    await bob[Symbol.asyncDispose]()
    refused('CLOSED', () => bob.set('door', 1))
  }),
)

function callsOf(dictionary: Dictionary): (() => unknown)[] {
  return [
    () => dictionary.set('door', 1),
    () => dictionary.update({ door: 1 }),
    () => dictionary.delete('door'),
    () => dictionary.pop('door'),
    () => dictionary.pop('door', 'fallback'),
    () => dictionary.popItem(),
    () => dictionary.renew('door'),
    () => dictionary.release('door'),
    () => dictionary.disconnect('bob'),
    () => dictionary.requestPeers(),
    () => dictionary.send('hello'),
  ]
}

async function collect(dictionary: Dictionary): Promise<unknown[]> {
  const messages: unknown[] = []
  for await (const message of dictionary.messages()) messages.push(message)
  return messages
}

participant(
  'a call that waits when the dictionary closes is rejected',
  withCompany(async (company) => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    try {
      const { alice, bob } = await company.two()
      alice.set('door', 'open')
      await until(() => bob.has('door'))
      const { port } = silent.address() as { port: number }
      const waiting = [
        rejected('CLOSED', bob.connect(`tcp://127.0.0.1:${port}`)),
        rejected('CLOSED', bob.acquire('door', { waitMs: 60_000 })),
      ]
      await told()
      await bob.close()
      await Promise.all(waiting)
    } finally {
      silent.close()
    }
  }),
)

participant('await using closes the dictionary', async () => {
  let kept: Dictionary | undefined
  {
    await using dictionary = await openDictionary()
    kept = dictionary
  }
  refused('CLOSED', () => kept?.set('door', 1))
})

participant(
  'an address that is taken, or that is not of this machine, rejects the opening',
  withCompany(async (company) => {
    const alice = await company.listening()
    const address = addressOf(alice)
    const insecure = 'plain-text-on-this-network'
    const listenAt = (at: string) => openDictionary({ listen: [at], insecure })
    const inUse = await rejected('ADDRESS_IN_USE', listenAt(address))
    assert.is(inUse.address, address)
    assert.is(inUse.reason, 'address-in-use')
    await rejected('LISTEN_FAILED', listenAt('tcp://192.0.2.1:4444'))
    await rejected('ADDRESS_INVALID', listenAt('127.0.0.1:4444'))
    await rejected('ADDRESS_INVALID', listenAt('carrier-pigeon://roof:1'))
    await rejected('ADDRESS_INVALID', openDictionary({ join: ['nowhere'] }))
    const both = openDictionary({ listen: ['tcp://127.0.0.1:0', address] })
    await rejected('ADDRESS_IN_USE', both)
    const unknown = await rejected('OPTION_UNKNOWN', openDictionary({ lease: 1 } as never))
    assert.is(unknown.option, 'lease')
    for (const option of [
      'network',
      'leasing',
      'leaseMs',
      'peerId',
      'takeover',
      'limits',
      'clock',
    ]) {
      const wrong = { [option]: Symbol.iterator } as never
      assert.is((await rejected('OPTION_INVALID', openDictionary(wrong))).option, option)
    }
    assert.instance(unknown, HoldfastError)
    assert.is(alice.status, 'nominal')
  }),
)

participant.run()
