/** The map at one peer: every call that reads or writes, alone. */
import type { UpdateFact } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listen, refused, told, withCompany } from './company.ts'

const HOUR_MS = 3_600_000

const dictionary = suite('a dictionary alone')

dictionary(
  'get, has and fallback tell a stored nothing from a missing key',
  withCompany(async (company) => {
    const alice = await company.alone()
    for (const value of [0, false, '', null, Number.NaN]) {
      alice.set('door', value)
      assert.equal(alice.get('door'), value)
      assert.equal(alice.get('door', 'fallback'), value)
      assert.is(alice.has('door'), true)
    }
    assert.is(alice.get('window'), undefined)
    assert.is(alice.get('window', 'fallback'), 'fallback')
    assert.is(alice.get('window', null), null)
    assert.is(alice.has('window'), false)
    refused('KEY_INVALID', () => alice.get(7 as never))
    refused('KEY_INVALID', () => alice.has(undefined as never))
  }),
)

dictionary(
  'set returns a receipt with key, token and term',
  withCompany(async (company) => {
    const alice = await company.alone()
    const { key, token, leaseMs, remainingMs } = alice.set('door', 'open')
    assert.is(key, 'door')
    assert.is(leaseMs, HOUR_MS)
    assert.ok(Number.isSafeInteger(token) && token >= 1)
    assert.ok(remainingMs < leaseMs && remainingMs > leaseMs * 0.9, String(remainingMs))
    const renewed = alice.set('door', 'shut', { leaseMs: 60_000 })
    assert.is(renewed.token, token, 'the same owner writes under the same token')
    assert.is(renewed.leaseMs, 60_000)
    assert.is(alice.set('door', 'open').leaseMs, 60_000, 'a write keeps the term of its lease')
    const bytes = Uint8Array.of(255, 0)
    assert.equal(alice.set(bytes, 1).key, bytes)
  }),
)

dictionary(
  'set takes the term of the dictionary, and refuses one that no lease may have',
  withCompany(async (company) => {
    const alice = await company.alone({ leaseMs: 5_000 })
    assert.is(alice.set('door', 'open').leaseMs, 5_000)
    for (const leaseMs of [0, 19, -1, Number.NaN, Number.POSITIVE_INFINITY, '60' as never]) {
      const { option } = refused('OPTION_INVALID', () => alice.set('door', 'shut', { leaseMs }))
      assert.is(option, 'leaseMs')
    }
    assert.is(alice.get('door'), 'open')
  }),
)

dictionary(
  'a set under a token is done while that lease is in force, and never after',
  withCompany(async (company) => {
    const alice = await company.alone()
    const { token } = alice.set('door', 'open')
    assert.is(alice.set('door', 'shut', { token }).token, token)
    refused('LEASE_LOST', () => alice.set('door', 'ajar', { token: token + 1 }))
    refused('LEASE_LOST', () => alice.delete('door', { token: token + 1 }))
    alice.delete('door')
    refused('LEASE_LOST', () => alice.set('door', 'ajar', { token }))
    assert.is(alice.has('door'), false)
  }),
)

dictionary(
  'tokens rise at every new grant of a key',
  withCompany(async (company) => {
    const alice = await company.alone()
    const tokens = []
    for (let round = 0; round < 3; round++) {
      tokens.push(alice.set('door', round).token)
      alice.release('door')
      tokens.push(alice.set('door', round).token)
      alice.delete('door')
    }
    for (const [index, token] of tokens.entries()) {
      if (index > 0) assert.ok(token > (tokens[index - 1] as number), String(tokens))
    }
  }),
)

dictionary(
  'update takes an object, a Map and any iterable of pairs',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    const receipts = alice.update({ one: 1, two: 2 })
    assert.equal(
      receipts.map(({ key }) => key),
      ['one', 'two'],
    )
    alice.update(new Map([['three', 3]]), { leaseMs: 60_000 })
    assert.ok((alice.lease('three')?.remainingMs as number) <= 60_000)
    function* pairs(): Generator<[Uint8Array, number]> {
      yield [Uint8Array.of(255), 4]
    }
    alice.update(pairs())
    assert.equal(alice.update([]), [])
    assert.equal([...alice.values()], [1, 2, 3, 4])
    alice.update([
      ['one', 10],
      ['one', 11],
    ])
    assert.is(alice.get('one'), 11, 'the later of two')
    const odd = JSON.parse('{"__proto__": 5}') as Record<string, number>
    alice.update(odd)
    assert.is(alice.get('__proto__'), 5)
  }),
)

dictionary(
  'update changes all or nothing',
  withCompany(async (company) => {
    const alice = await company.alone({ limits: { entriesMax: 3 } })
    alice.set('one', 1)
    await told()
    const heard = listen(alice as never, 'update', 'delete', 'error', 'entry.refused')
    const digest = alice.digest()
    refused('VALUE_INVALID', () => alice.update({ one: 10, two: () => {} }))
    refused('KEY_INVALID', () =>
      alice.update([
        ['one', 10],
        [7 as never, 7],
      ]),
    )
    const full = refused('STORE_FULL', () => alice.update({ one: 10, a: 1, b: 2, c: 3 }))
    assert.is(full.limit, 3)
    refused('LEASE_LOST', () => alice.update({ one: 10 }, { token: 99 }))
    await told()
    assert.is(alice.digest(), digest)
    assert.is(alice.get('one'), 1)
    assert.equal(heard, [])
  }),
)

dictionary(
  'delete says whether there was one',
  withCompany(async (company) => {
    const alice = await company.alone()
    assert.is(alice.delete('door'), false)
    alice.set('door', null)
    assert.is(alice.delete('door'), true)
    assert.is(alice.delete('door'), false)
    assert.is(alice.has('door'), false)
    assert.is(alice.size, 0)
    assert.is(alice.lease('door'), undefined)
  }),
)

dictionary(
  'pop returns the value, the fallback, or throws',
  withCompany(async (company) => {
    const alice = await company.alone()
    alice.set('door', false)
    assert.is(alice.pop('door', 'fallback'), false)
    assert.is(alice.pop('door', 'fallback'), 'fallback')
    assert.is(alice.pop('door', undefined), undefined)
    assert.is(alice.pop('door', null), null)
    const { key, message } = refused('KEY_MISSING', () => alice.pop('door'))
    assert.is(key, 'door')
    assert.match(message, 'door')
    const value = { hinges: [Uint8Array.of(1)] }
    alice.set('door', value)
    assert.equal(alice.pop('door'), value)
  }),
)

dictionary(
  'popItem removes the oldest pair, and throws when there is none',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    alice.update({ one: 1, two: 2 })
    alice.set('one', 10)
    assert.equal(alice.popItem(), ['one', 10])
    assert.equal(alice.popItem(), ['two', 2])
    refused('KEY_MISSING', () => alice.popItem())
    assert.is(alice.size, 0)
  }),
)

dictionary(
  'iterators go on while keys come and go',
  withCompany(async (company) => {
    const alice = await company.alone<number>()
    alice.update({ one: 1, two: 2, three: 3 })
    const seen: unknown[] = []
    for (const key of alice.keys()) {
      seen.push(key)
      if (key === 'one') {
        alice.delete('one')
        alice.delete('two')
        alice.set('four', 4)
      }
    }
    assert.equal(seen, ['one', 'three', 'four'])
    for (const [key, value] of alice) {
      alice.set(key, value * 10)
      if (seen.push(key) > 20) throw new Error('endless')
    }
    assert.equal([...alice.entries()], [...alice])
    assert.equal([...alice.values()], [30, 40])
    for (const _ of alice.values()) while (alice.size > 0) alice.popItem()
    assert.equal([...alice.keys()], [])
    const keys = alice.keys()
    assert.is(keys[Symbol.iterator](), keys)
  }),
)

dictionary(
  'size counts values, and copy is a Map of its own',
  withCompany(async (company) => {
    const alice = await company.alone<unknown>()
    assert.is(alice.size, 0)
    alice.update({ one: { deep: [1] }, two: Uint8Array.of(2) })
    assert.is(alice.size, 2)
    const copy = alice.copy()
    assert.is(Object.getPrototypeOf(copy), Map.prototype)
    assert.equal([...copy], [...alice])
    ;(copy.get('two') as Uint8Array)[0] = 9
    copy.delete('one')
    copy.set('three', 3)
    assert.equal(alice.get('two'), Uint8Array.of(2))
    assert.is(alice.size, 2)
    alice.delete('two')
    assert.is(copy.size, 2)
  }),
)

dictionary(
  'what goes in and what comes out cannot be used to change the dictionary',
  withCompany(async (company) => {
    const alice = await company.alone<unknown>()
    const given = {
      list: [1],
      bytes: Uint8Array.of(1),
      date: new Date(0),
      map: new Map([[1, [1]]]),
    }
    const wanted = structuredClone(given)
    alice.set('door', given)
    const digest = alice.digest()
    given.list.push(2)
    given.bytes[0] = 2
    given.date.setTime(1)
    given.map.get(1)?.push(2)
    assert.equal(alice.get('door'), wanted)
    const read = alice.get('door') as typeof given
    for (const change of [
      () => read.list.push(3),
      () => read.bytes.fill(3),
      () => read.date.setTime(3),
      () => read.map.clear(),
      () => Object.assign(read, { list: [] }),
    ]) {
      try {
        change()
      } catch (error) {
        assert.instance(error, TypeError)
      }
      assert.equal(alice.get('door'), wanted)
    }
    assert.equal([...alice.values()][0], wanted)
    assert.is(alice.digest(), digest)
  }),
)

dictionary(
  'the value in an event is the reader’s own',
  withCompany(async (company) => {
    const alice = await company.alone<Uint8Array>()
    const heard: UpdateFact<Uint8Array>[] = []
    alice.on('update', ({ value }) => value.fill(9))
    alice.on('update', (fact) => heard.push(fact))
    alice.set('door', Uint8Array.of(1))
    await told()
    assert.equal(alice.get('door'), Uint8Array.of(1))
    assert.is(heard.length, 1)
  }),
)

dictionary(
  'a key as bytes is the same key as its text; other bytes are a key of their own',
  withCompany(async (company) => {
    const alice = await company.alone()
    alice.set(new TextEncoder().encode('door'), 'open')
    assert.is(alice.get('door'), 'open')
    assert.equal([...alice.keys()], ['door'])
    const raw = Uint8Array.of(0xff, 0xfe)
    alice.set(raw, 'raw')
    raw[0] = 0
    assert.is(alice.get(Uint8Array.of(0xff, 0xfe)), 'raw')
    assert.is(alice.has(raw), false)
    alice.set('', 'empty')
    assert.is(alice.get(new Uint8Array(0)), 'empty')
    assert.equal(alice.popItem(), ['door', 'open'])
    assert.equal(alice.popItem(), [Uint8Array.of(0xff, 0xfe), 'raw'])
    assert.equal(alice.popItem(), ['', 'empty'])
  }),
)

dictionary(
  'a value that cannot travel is refused with its path, and nothing has changed',
  withCompany(async (company) => {
    const alice = await company.alone()
    alice.set('door', 'open')
    class Door {}
    const self: unknown[] = []
    self.push(self)
    for (const value of [undefined, () => {}, Symbol('s'), new Door(), self, Promise.resolve()]) {
      refused('VALUE_INVALID', () => alice.set('door', value))
    }
    const { path } = refused('VALUE_INVALID', () => alice.set('door', { items: [1, () => {}] }))
    assert.is(path, '.items[1]')
    refused('VALUE_TOO_LARGE', () => alice.set('door', 'x'.repeat(600 * 1024)))
    refused('KEY_INVALID', () => alice.set('x'.repeat(1025), 1))
    refused('KEY_INVALID', () => alice.set('\ud800', 1))
    assert.is(alice.get('door'), 'open')
    assert.is(alice.size, 1)
    assert.is(alice.status, 'nominal')
  }),
)

dictionary(
  'lease and leases show what is in force',
  withCompany(async (company) => {
    const alice = await company.alone()
    assert.is(alice.lease('door'), undefined)
    assert.equal(alice.leases(), [])
    const { token } = alice.set('door', 'open', { leaseMs: 60_000 })
    const { remainingMs, ...lease } = alice.lease('door') as NonNullable<
      ReturnType<typeof alice.lease>
    >
    assert.equal(lease, { owner: 'alice', token, mine: true })
    assert.ok(remainingMs > 50_000 && remainingMs < 60_000)
    assert.equal(
      alice.leases().map(({ key, owner }) => [key, owner]),
      [['door', 'alice']],
    )
    assert.is(alice.release('door'), true)
    assert.is(alice.release('door'), false)
    assert.is(alice.release('window'), false)
    assert.is(alice.lease('door'), undefined)
    assert.equal(alice.leases(), [])
    assert.is(alice.get('door'), 'open')
  }),
)

dictionary(
  'digest is 16 hexadecimal digits of what is there',
  withCompany(async (company) => {
    const alice = await company.alone()
    const empty = alice.digest()
    assert.match(empty, /^[0-9a-f]{16}$/)
    alice.set('door', 'open')
    const open = alice.digest()
    assert.is.not(open, empty)
    alice.set('door', 'shut')
    assert.is.not(alice.digest(), open)
  }),
)

dictionary.run()
