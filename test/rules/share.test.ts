/** Nobody takes more than its share of the room, and there is room left for the others. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gather, runsOf } from '../../machines/rules/gather.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { SELF } from '../../machines/rules/replica.ts'
import { SHARE_BYTES_LEAST, SHARE_ENTRIES_LEAST } from '../../machines/rules/share.ts'
import { update } from '../../machines/rules/update.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { remove } from '../../machines/rules/write.ts'
import { at, keyOf, LEASE_MS, open, originOf, put, trySet, valueAt, wordOf } from './scene.ts'

const shares = suite('rules/share')

const limits = { entriesMax: SHARE_ENTRIES_LEAST * 4, bytesMax: SHARE_BYTES_LEAST * 16 }
const now = { reading: at(0) }

/** Gives bob everything that alice has. True if all of it fitted. */
function give(alice: Replica, bob: Replica): boolean {
  const runs = [...runsOf(alice, alice.table.slotsInUse())]
  return runs.map((run) => mergeBatch(bob, gather(alice, run, at(1)), at(1))).every(Boolean)
}

function fill(replica: Replica, count = SHARE_ENTRIES_LEAST): void {
  const name = replica.origins[SELF]?.peer
  for (let each = 0; each < count; each++) put(replica, [`${name}${each}`, each], at(0))
}

shares('a writer keeps to its share of entries, and goes on with what it has', () => {
  const alice = open('alice', { limits })
  fill(alice)
  const refused = trySet(alice, ['one more', 1], now)
  assert.equal(refused, {
    refused: { verdict: 'full', limit: SHARE_ENTRIES_LEAST },
    key: 'one more',
  })
  const pair = { key: keyOf('one more'), value: admitValue(1) }
  assert.is(wordOf(update(alice, [pair], now)), 'full')
  assert.is(wordOf(trySet(alice, ['alice0', 'changed'], now)), 'done')
  assert.is(wordOf(remove(alice, keyOf('alice0'), now)), 'done')
})

shares('a writer keeps to its share of bytes', () => {
  const alice = open('alice', { limits: { ...limits, bytesMax: SHARE_BYTES_LEAST } })
  const value = 'x'.repeat(500_000)
  for (let each = 0; each < 8; each++) put(alice, [`key${each}`, value], at(0))
  assert.is(wordOf(trySet(alice, ['key8', value], now)), 'full')
  const wide = open('alice', { limits: { ...limits, shareMax: 1 } })
  for (let each = 0; each < 20; each++) put(wide, [`key${each}`, value], at(0))
})

shares('of one that takes more the rest is not taken in, whatever runs it has', () => {
  const bob = open('bob', { limits })
  const greedy = { ...limits, shareMax: 1 }
  const first = open('mallory', { limits: greedy })
  fill(first)
  assert.ok(give(first, bob))
  const second = open('mallory', { self: originOf('mallory', '2'), limits: greedy })
  put(second, ['and more', 1], at(0))
  assert.not(give(second, bob))
  assert.equal([...bob.lacks] as unknown, [['mallory', 'share']])
  assert.is(valueAt(bob, 'and more'), undefined)
  const alice = open('alice', { limits })
  put(alice, ['door', 'open'], at(0))
  assert.ok(give(alice, bob), 'there is room for others')
  put(bob, ['gate', 'shut'], at(0))
  assert.equal([valueAt(bob, 'door'), valueAt(bob, 'gate')], ['open', 'shut'])
})

shares('a share shrinks by what others take over and by what is gone, in any order', () => {
  const [alice, bob] = [open('alice', { limits }), open('bob', { limits })]
  put(alice, ['door', 'x'.repeat(1_000)], at(0))
  put(alice, ['gate', 1], at(0))
  give(alice, bob)
  const later = at(3 * LEASE_MS)
  put(bob, ['door', 'mine'], later)
  give(bob, alice)
  for (const replica of [alice, bob]) {
    const [his, hers] = ['bob', 'alice'].map((peer) => replica.shares.get(peer as never))
    assert.equal([his?.entries, hers?.entries], [1, 1])
    assert.is((his?.bytes ?? 0) + (hers?.bytes ?? 0), replica.table.bytes)
  }
})

shares.run()
