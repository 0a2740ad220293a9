import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { acquire, renew } from '../../machines/rules/holding.ts'
import { ownerTermMs, takeoverAt } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import { viewLease } from '../../machines/rules/replica.ts'
import { ENTRY_OVERHEAD_BYTES } from '../../machines/rules/table.ts'
import { update } from '../../machines/rules/update.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { type Assignment, remove, removeAny } from '../../machines/rules/write.ts'
import {
  at,
  batchOf,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  openBesideBob,
  put,
  slotOf,
  told,
  tried,
  trySet,
  valueAt,
} from './scene.ts'

const writing = suite('rules/write: set, update and remove')
const limits = suite('rules/write: limits')

const now = { reading: at(0) }
const LOST_AT = ownerTermMs(LEASE_MS)
const door = keyOf('door')

function pairs(...entries: (readonly [string, unknown])[]): Assignment[] {
  return entries.map(([name, value]) => ({ key: keyOf(name), value: admitValue(value) }))
}

writing('a set tells the key, its token and term, and who listens hears of it', () => {
  const alice = open('alice')
  const receipt = put(alice, ['door', 1], at(0), 60_000)
  assert.equal(receipt, {
    key: 'door',
    token: 1,
    leaseMs: 60_000,
    remainingMs: ownerTermMs(60_000),
  })
  const fact = { type: 'update', key: 'door', value: 1, previous: undefined }
  assert.equal(told(alice, 'update'), [{ ...fact, owner: 'alice', token: 1, local: true }])
  assert.is(put(alice, ['door', 2], at(10)).leaseMs, 60_000, 'the term goes on')
  assert.is(told(alice, 'update')[0]?.previous, 1)
  assert.is(put(alice, ['door', 2], at(20), 30_000).leaseMs, 30_000)
})

writing('keys that are bytes or names of every object are keys like any other', () => {
  const alice = open('alice')
  for (const name of [...Object.getOwnPropertyNames(Object.prototype), '']) {
    put(alice, [name, name], at(0))
    assert.is(valueAt(alice, name), name)
  }
  assert.is(alice.table.size, Object.getOwnPropertyNames(Object.prototype).length + 1)
})

writing('an update is done for all keys or for none', () => {
  const alice = openBesideBob()
  const some = pairs(['door', 1], ['gate', 2], ['wall', 3])
  assert.is(
    tried(alice, () => update(alice, some, now)),
    'held',
  )
  const receipts = doneBy(update(alice, pairs(['door', 1], ['wall', 3], ['door', 4]), now))
  assert.equal(
    receipts.map(({ key, token }) => `${key} ${token}`),
    ['door 1', 'wall 1', 'door 1'],
  )
  assert.is(valueAt(alice, 'door'), 4, 'the later value counts')
  assert.equal(doneBy(update(alice, [], now)), [])
})

writing(
  'remove gives the value back, gives the key up, and is false for a key without value',
  () => {
    const alice = openBesideBob()
    assert.is(
      tried(alice, () => remove(alice, keyOf('gate'), now)),
      'held',
    )
    assert.equal(doneBy(remove(alice, door, now)), { removed: false, value: undefined })
    put(alice, ['door', { x: 1 }], at(0))
    told(alice, 'update')
    assert.equal(doneBy(remove(alice, door, now)), { removed: true, value: { x: 1 } })
    const fact = { type: 'delete', key: 'door', previous: { x: 1 }, owner: 'alice', token: 1 }
    assert.equal(alice.facts, [{ ...fact, local: true }])
    assert.equal(doneBy(remove(alice, door, now)), { removed: false, value: undefined })
    assert.is(viewLease(alice, slotOf(alice, 'door'), at(0)), undefined)
    assert.is(alice.table.size, 1)
  },
)

writing('removeAny takes the oldest key that may be removed, until none is left', () => {
  const alice = openBesideBob()
  for (const name of ['one', 'two']) put(alice, [name, name], at(0))
  assert.equal(doneBy(removeAny(alice, now)), { key: 'one', value: 'one' })
  assert.equal(doneBy(removeAny(alice, now)), { key: 'two', value: 'two' })
  assert.is(
    tried(alice, () => removeAny(alice, now)),
    'missing',
  )
  const later = { reading: at(takeoverAt(LEASE_MS, LEASE_MS)) }
  assert.equal(doneBy(removeAny(alice, later)), { key: 'gate', value: 'bob' })
})

writing('a token writes under its own grant only', () => {
  const alice = openBesideBob()
  const withToken = (token: number, reading = at(0)) => ({ reading, token })
  assert.is(
    tried(alice, () => trySet(alice, ['door', 1], withToken(1))),
    'lost',
    'a free key',
  )
  put(alice, ['door', 1], at(0))
  assert.is(
    tried(alice, () => trySet(alice, ['door', 2], withToken(1))),
    'done',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['door', 3], withToken(2))),
    'lost',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['gate', 3], withToken(1))),
    'held',
    'a foreign key',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['door', 3], withToken(1, at(LOST_AT)))),
    'lost',
  )
  assert.is(
    tried(alice, () => remove(alice, door, withToken(2))),
    'lost',
  )
  assert.is(
    tried(alice, () => update(alice, pairs(['door', 5]), withToken(2))),
    'lost',
  )
  assert.is(
    tried(alice, () => remove(alice, door, withToken(1))),
    'done',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['door', 6], withToken(1))),
    'lost',
    'after the delete',
  )
  assert.is(
    tried(alice, () => renew(alice, door, withToken(1))),
    'not-held',
  )
})

limits(
  'a full dictionary refuses what is new, keeps what is there and says which limit it was',
  () => {
    const alice = open('alice', { limits: { entriesMax: 2, bytesMax: 1e6 } })
    put(alice, ['one', 1], at(0))
    assert.is(
      tried(alice, () => update(alice, pairs(['two', 2], ['three', 3]), now)),
      'full',
    )
    put(alice, ['two', 2], at(0))
    const full = trySet(alice, ['three', 3], now)
    assert.equal(full, { refused: { verdict: 'full', limit: 2 }, key: 'three' })
    assert.is(
      tried(alice, () => acquire(alice, keyOf('three'), now)),
      'full',
    )
    assert.is(
      tried(alice, () => update(alice, pairs(['one', 3], ['two', 4]), now)),
      'done',
    )
    doneBy(remove(alice, keyOf('two'), now))
    assert.is(
      tried(alice, () => trySet(alice, ['three', 3], now)),
      'full',
      'a tombstone counts',
    )
    assert.is(
      tried(alice, () => trySet(alice, ['two', 3], now)),
      'done',
    )
  },
)

limits('bytes are limited for new keys and for those that grow, alone and together', () => {
  const bytesMax = 2 * ENTRY_OVERHEAD_BYTES + 1_000
  const alice = open('alice', { limits: { entriesMax: 10, bytesMax } })
  const text = (length: number) => 'x'.repeat(length)
  put(alice, ['one', text(400)], at(0))
  const refused = trySet(alice, ['one', text(bytesMax)], now)
  assert.equal(refused, { refused: { verdict: 'full', limit: bytesMax }, key: 'one' })
  const both = (one: number, two: number) =>
    update(alice, pairs(['one', text(one)], ['two', text(two)]), now)
  assert.is(
    tried(alice, () => both(500, 500)),
    'full',
  )
  assert.is(
    tried(alice, () => both(100, 800)),
    'done',
  )
  assert.ok(alice.table.bytes <= bytesMax)
  const twice = pairs(['two', 'x'], ['two', text(950)])
  assert.is(
    tried(alice, () => update(alice, twice, now)),
    'full',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['two', text(700)], now)),
    'done',
    'it shrinks',
  )
})

limits('a known key does not outgrow the limit, whoever writes it, and may be made smaller', () => {
  const alice = open('alice', { limits: { entriesMax: 10, bytesMax: 500 } })
  const value = 'x'.repeat(150)
  const door = { key: 'door', writer: 'bob', epoch: 1, sequence: 1, value, released: true }
  assert.ok(mergeBatch(alice, batchOf([door]), at(0)))
  const grown = { ...door, sequence: 2, value: 'x'.repeat(600) }
  assert.not.ok(mergeBatch(alice, batchOf([grown]), at(0)))
  assert.is(
    tried(alice, () => trySet(alice, ['door', 'x'.repeat(600)], now)),
    'full',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['door', 'x'.repeat(140)], now)),
    'done',
  )
})

limits('a remote entry that does not fit is left out, and those beside it are taken', () => {
  const alice = open('alice', { limits: { entriesMax: 2, bytesMax: 1e6 } })
  const claims = ['one', 'two', 'three', 'one'].map((key, row) => {
    return { key, writer: 'bob', epoch: 1, sequence: row + 1, value: row }
  })
  assert.not.ok(mergeBatch(alice, batchOf(claims), at(0)))
  assert.equal(
    ['one', 'two', 'three'].map((key) => valueAt(alice, key)),
    [3, 1, undefined],
  )
})

writing.run()
limits.run()
