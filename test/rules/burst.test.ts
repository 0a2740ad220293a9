/** What was written in one tick and leaves as it was kept, and what spoils that. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BATCH_BYTES, BATCH_ENTRIES_MAX } from '../../machines/rules/batch.ts'
import { gather, gatherUnsent, type OwnWrites } from '../../machines/rules/gather.ts'
import { endLeases } from '../../machines/rules/holding.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { remove } from '../../machines/rules/write.ts'
import { at, keyOf, LEASE_MS, open, originOf, put } from './scene.ts'

const bursts = suite('rules/burst')

const keysOf = (writes: readonly OwnWrites[]) => writes.map(({ batch }) => [...batch.keys])
const spanOf = (writes: readonly OwnWrites[]) => writes.map(({ from, to }) => [from, to])

/** What the table says of the keys that are told, row by row. */
function lookedUp(replica: Replica, told: OwnWrites | undefined, now: number) {
  const slots = (told?.batch.keys ?? []).map((key) => replica.table.find(key))
  return gather(replica, slots, at(now))
}

bursts('what alice wrote leaves as if it had been looked up again', () => {
  const alice = open('alice')
  for (let each = 0; each < 5; each++) put(alice, [`key ${each}`, { each }], at(each))
  const told = gatherUnsent(alice, at(6))
  assert.equal(spanOf(told), [[1, 5]])
  assert.equal(told[0]?.batch, lookedUp(alice, told[0], 6))
  put(alice, ['key 3', 'again'], at(7))
  put(alice, ['key 9', 'new'], at(7))
  const later = gatherUnsent(alice, at(7))
  assert.equal(spanOf(later), [[6, 7]])
  assert.equal(later[0]?.batch, lookedUp(alice, later[0], 7))
  assert.equal(gatherUnsent(alice, at(8)), [])
})

bursts('a key that is written twice in one tick leaves once', () => {
  const alice = open('alice')
  put(alice, ['door', 'open'], at(0))
  put(alice, ['lamp', 'on'], at(0))
  put(alice, ['door', 'shut'], at(0))
  const told = gatherUnsent(alice, at(0))
  assert.equal(keysOf(told), [[keyOf('lamp'), keyOf('door')]])
  assert.equal(told[0]?.batch.values, ['on', 'shut'])
  assert.equal(spanOf(told), [[1, 3]])
})

bursts('a value that is deleted in the tick in which it was written is not told', () => {
  const alice = open('alice')
  put(alice, ['door', 'open'], at(0))
  put(alice, ['lamp', 'on'], at(0))
  remove(alice, keyOf('door'), { reading: at(0) })
  put(alice, ['bell', 'rung'], at(0))
  const told = gatherUnsent(alice, at(0))
  assert.equal(keysOf(told), [[keyOf('lamp'), keyOf('door'), keyOf('bell')]])
  assert.equal(told[0]?.batch.values, ['on', null, 'rung'])
})

bursts('a grant that gave way before anybody saw it is not told', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  put(bob, ['door', 'by bob'], at(0))
  const [word] = gatherUnsent(bob, at(0))
  put(alice, ['door', 'by alice'], at(0))
  put(alice, ['lamp', 'on'], at(0))
  mergeBatch(alice, (word as OwnWrites).batch, at(0))
  assert.equal(keysOf(gatherUnsent(alice, at(0))), [[keyOf('lamp')]])
})

bursts('of a lease that has gone on for a while no more is told than is left', () => {
  const alice = open('alice')
  put(alice, ['door', 'open'], at(0))
  put(alice, ['lamp', 'on'], at(LEASE_MS / 2))
  const told = gatherUnsent(alice, at(LEASE_MS / 2))
  assert.equal(told[0]?.batch.remainingMs, [LEASE_MS / 2, LEASE_MS])
})

bursts('leases that end before they are told are told as over', () => {
  const alice = open('alice')
  put(alice, ['door', 'open'], at(0))
  endLeases(alice)
  const told = gatherUnsent(alice, at(0))
  assert.ok((told[0]?.batch.remainingMs as number) < LEASE_MS)
})

bursts('other terms and other tokens go row by row', () => {
  const alice = open('alice')
  put(alice, ['door', 'open'], at(0))
  put(alice, ['lamp', 'on'], at(0), LEASE_MS * 2)
  const told = gatherUnsent(alice, at(0))
  assert.equal(told[0]?.batch.termMs, [LEASE_MS, LEASE_MS * 2])
  assert.equal(told[0]?.batch, lookedUp(alice, told[0], 0))
  alice.floor = 7
  put(alice, ['door', 'shut'], at(1))
  put(alice, ['bell', 'rung'], at(1))
  assert.equal(gatherUnsent(alice, at(1))[0]?.batch.epoch, [1, 8])
})

bursts('what is too much for one batch leaves in several', () => {
  const alice = open('alice')
  for (let each = 0; each <= BATCH_ENTRIES_MAX; each++) put(alice, [`key ${each}`, 0], at(0))
  assert.equal(spanOf(gatherUnsent(alice, at(0))), [
    [1, BATCH_ENTRIES_MAX],
    [BATCH_ENTRIES_MAX + 1, BATCH_ENTRIES_MAX + 1],
  ])
  for (const name of ['door', 'lamp', 'bell'])
    put(alice, [name, 'x'.repeat(BATCH_BYTES / 3)], at(0))
  assert.is(gatherUnsent(alice, at(0)).length, 2)
})

bursts('nothing is kept of a tick that cannot leave as it is', () => {
  const alice = open('alice')
  const origin = originOf('alice')
  const isKept = (from: number, to: number) =>
    alice.burst.take({ from, to, origin, entriesMax: 9 }) !== undefined
  put(alice, ['door', 'open'], at(0))
  put(alice, ['door', 'shut'], at(0))
  // A tick that is spoilt stays so, or its first writes would be missing.
  put(alice, ['lamp', 'on'], at(0))
  assert.not(isKept(3, 3))
  assert.equal(keysOf(gatherUnsent(alice, at(0))), [[keyOf('door'), keyOf('lamp')]])
  put(alice, ['bell', 'rung'], at(0))
  remove(alice, keyOf('bell'), { reading: at(0) })
  assert.not(isKept(4, 4), 'a value that is deleted takes no room any more')
})

bursts.run()
