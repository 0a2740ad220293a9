/** The map at two peers, over real loopback TCP: one owner for each key, the same data at both. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listen, refused, told, until, untilEqual, withCompany } from './company.ts'

const pair = suite('two dictionaries')

const HOUR_MS = 3_600_000

pair(
  'what alice writes is at bob, and bob is refused with key, owner and time',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const { token } = alice.set('door', 'open')
    await until(() => bob.has('door'))
    assert.is(bob.get('door'), 'open')
    for (const act of [
      () => bob.set('door', 'shut'),
      () => bob.delete('door'),
      () => bob.pop('door'),
      () => bob.pop('door', 'fallback'),
      () => bob.update({ door: 'shut' }),
    ]) {
      const error = refused('LEASE_HELD', act)
      assert.is(error.key, 'door')
      assert.is(error.owner, 'alice')
      const remainingMs = error.remainingMs as number
      assert.ok(remainingMs > HOUR_MS * 0.9 && remainingMs <= HOUR_MS, String(remainingMs))
    }
    const held = bob.lease('door')
    assert.is(held?.owner, 'alice')
    assert.is(held?.token, token)
    assert.is(held?.mine, false)
    refused('KEY_MISSING', () => bob.popItem())
    refused('LEASE_NOT_HELD', () => bob.renew('door'))
    assert.is(bob.release('door'), false)
    assert.is(bob.get('door'), 'open')
    assert.is(alice.digest(), bob.digest())
  }),
)

pair(
  'an update with one held key changes nothing and tells nothing',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    alice.set('door', 'open')
    bob.set('window', 'open')
    await until(() => bob.has('door') && alice.has('window'))
    await told()
    const heard = [
      listen(alice as never, 'update', 'delete', 'conflict', 'error'),
      listen(bob as never, 'update', 'delete', 'conflict', 'error'),
    ]
    const digest = bob.digest()
    const error = refused('LEASE_HELD', () => bob.update({ gate: 1, window: 'shut', door: 'shut' }))
    assert.is(error.key, 'door')
    // A marker travels behind whatever the refused update might have sent.
    alice.send('marker')
    bob.send('marker')
    await until(() => alice.recv() !== undefined)
    await until(() => bob.recv() !== undefined)
    assert.equal(heard, [[], []])
    assert.is(bob.digest(), digest)
    assert.is(bob.has('gate'), false)
    assert.is(bob.get('window'), 'open')
    assert.is(alice.digest(), digest)
  }),
)

pair(
  'a key that is released or deleted is free at once, under a greater token',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const first = alice.set('door', 'open').token
    alice.release('door')
    await until(() => bob.has('door') && bob.lease('door') === undefined)
    const second = bob.set('door', 'shut').token
    assert.ok(second > first)
    await until(() => alice.get('door') === 'shut')
    refused('LEASE_HELD', () => alice.set('door', 'open'))
    bob.delete('door')
    await until(() => !alice.has('door'))
    assert.ok(alice.set('door', 'ajar').token > second)
    await untilEqual(alice as never, bob as never)
    assert.is(bob.get('door'), 'ajar')
  }),
)

pair(
  'popItem takes the oldest pair that is not another’s',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<number>()
    alice.set('door', 1)
    await until(() => bob.has('door'))
    bob.set('window', 2)
    assert.equal(bob.popItem(), ['window', 2])
    refused('KEY_MISSING', () => bob.popItem())
    assert.equal([...bob.keys()], ['door'])
  }),
)

const VALUES: Readonly<Record<string, unknown>> = {
  nothing: null,
  zero: 0,
  infinite: Number.NEGATIVE_INFINITY,
  notANumber: Number.NaN,
  fraction: 0.1,
  large: 2 ** 60,
  bigint: -(2n ** 70n),
  text: 'Grüße 🔑',
  bytes: Uint8Array.of(0, 255),
  date: new Date(1_700_000_000_000),
  list: [1, [2, [3, []]], {}],
  map: new Map<unknown, unknown>([
    [1, 'one'],
    ['1', new Set([1, '1'])],
  ]),
  set: new Set([null, Uint8Array.of(1)]),
  object: { a: { b: [true, false] }, '': 1, constructor: 2, toString: 3 },
}

pair(
  'structured values, odd keys and odd properties come out as they went in',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<unknown>()
    alice.update(VALUES)
    const property = JSON.parse('{"__proto__": {"polluted": true}, "x": 1}') as object
    alice.set('__proto__', property)
    alice.set('constructor', 'text')
    alice.set(Uint8Array.of(0xff, 0), 'raw')
    await untilEqual(alice as never, bob as never)
    for (const [key, value] of Object.entries(VALUES)) assert.equal(bob.get(key), value, key)
    const odd = bob.get('__proto__') as object
    assert.equal(Object.getOwnPropertyNames(odd), ['__proto__', 'x'])
    assert.is(Object.getPrototypeOf(odd), Object.prototype)
    assert.is(({} as { polluted?: boolean }).polluted, undefined)
    assert.is(bob.get('constructor'), 'text')
    assert.is(bob.get('toString'), undefined)
    assert.is(bob.get(Uint8Array.of(0xff, 0)), 'raw')
    assert.equal([...bob.keys()], [...alice.keys()])
  }),
)

pair(
  'what is read at the other peer cannot change its dictionary either',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<unknown>()
    alice.set('door', { list: [1] })
    alice.set('bytes', Uint8Array.of(1))
    await untilEqual(alice as never, bob as never)
    const digest = bob.digest()
    const door = bob.get('door') as { list: number[] }
    assert.throws(() => door.list.push(2), TypeError)
    ;(bob.get('bytes') as Uint8Array).fill(9)
    assert.equal(bob.get('bytes'), Uint8Array.of(1))
    assert.equal(bob.get('door'), { list: [1] })
    assert.is(bob.digest(), digest)
  }),
)

pair(
  'update and delete are told at both peers, with all that belongs to them',
  withCompany(async (company) => {
    const { alice, bob } = await company.two()
    const atAlice = listen(alice as never, 'update', 'delete')
    const atBob = listen(bob as never, 'update', 'delete')
    const { token } = alice.set('door', 'open')
    alice.set('door', 'shut')
    alice.delete('door')
    alice.delete('door')
    await until(() => atAlice.length === 3)
    const common = { key: 'door', owner: 'alice', token }
    const told = { ...common, local: true }
    assert.equal(atAlice, [
      { type: 'update', ...told, value: 'open', previous: undefined },
      { type: 'update', ...told, value: 'shut', previous: 'open' },
      { type: 'delete', ...told, previous: 'shut' },
    ])
    alice.set('door', 'ajar')
    await until(() => bob.get('door') === 'ajar')
    // Writes of one tick travel together, and only the last of each key.
    assert.equal(atBob.at(-1), {
      type: 'update',
      ...common,
      token: token + 1,
      local: false,
      value: 'ajar',
      previous: undefined,
    })
    alice.delete('door')
    await until(() => !bob.has('door'))
    await until(() => atBob.at(-1)?.type === 'delete')
    assert.equal(atBob.at(-1), {
      type: 'delete',
      ...common,
      token: token + 1,
      local: false,
      previous: 'ajar',
    })
  }),
)

pair(
  'two that wrote one key before they met keep one value, and the loser is told once',
  withCompany(async (company) => {
    const alice = await company.listening()
    const bob = await company.alone({ peerId: 'bob' })
    const conflicts = [listen(alice as never, 'conflict'), listen(bob as never, 'conflict')]
    alice.set('door', 'of alice')
    bob.set('door', 'of bob')
    await bob.connect(alice.listening[0] as string)
    await untilEqual(alice as never, bob as never)
    await until(() => conflicts.flat().length > 0)
    const kept = alice.get('door')
    const lost = kept === 'of alice' ? 'of bob' : 'of alice'
    const winner = kept === 'of alice' ? 'alice' : 'bob'
    const { token, ...rest } = conflicts.flat()[0] as NonNullable<(typeof conflicts)[0][0]>
    assert.ok(token >= 1)
    const { reason, ...fact } = rest
    assert.equal(fact, { type: 'conflict', key: 'door', lost, kept, winner })
    assert.ok(['unwitnessed', 'concurrent'].includes(reason), reason)
    assert.is(conflicts[winner === 'alice' ? 1 : 0]?.length, 1)
    assert.is(conflicts[winner === 'alice' ? 0 : 1]?.length, 0)
  }),
)

pair(
  'without leases the later write wins at both, and nobody is refused',
  withCompany(async (company) => {
    const { alice, bob } = await company.two<number>({ leasing: false })
    const receipt = alice.set('door', 1)
    assert.is(receipt.leaseMs, 0)
    assert.is(receipt.remainingMs, 0)
    await until(() => bob.get('door') === 1)
    assert.ok(bob.set('door', 2).token > receipt.token)
    await until(() => alice.get('door') === 2)
    alice.set('door', 3)
    await until(() => bob.get('door') === 3)
    assert.is(bob.lease('door'), undefined)
    assert.equal(alice.leases(), [])
    assert.is(bob.delete('door'), true)
    await until(() => !alice.has('door'))
    alice.update({ one: 1, two: 2 })
    await until(() => bob.size === 2)
    assert.equal(bob.popItem(), ['one', 1])
    await untilEqual(alice as never, bob as never)
    assert.equal([...alice], [['two', 2]])
  }),
)

pair(
  'without leases two writes at one moment end equal, and one is told as lost',
  withCompany(async (company) => {
    const { alice, bob } = await company.two({ leasing: false })
    const conflicts = [listen(alice as never, 'conflict'), listen(bob as never, 'conflict')]
    alice.set('door', 'of alice')
    bob.set('door', 'of bob')
    await until(() => conflicts.flat().length > 0)
    await untilEqual(alice as never, bob as never)
    assert.is(conflicts.flat().length, 1)
    assert.is(alice.get('door'), conflicts.flat()[0]?.kept)
  }),
)

pair(
  'a peer that joins late has everything',
  withCompany(async (company) => {
    const alice = await company.listening<number>()
    for (let index = 0; index < 500; index++) alice.set(`key ${index}`, index)
    const bob = await company.alone<number>({ peerId: 'bob', join: alice.listening })
    await untilEqual(alice as never, bob as never)
    assert.is(bob.size, 500)
    assert.is(bob.get('key 499'), 499)
    assert.is(bob.leases().length, 500)
  }),
)

pair.run()
