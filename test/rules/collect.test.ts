import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  collectedBeyond,
  collectTombstones,
  isStale,
  noteCollected,
} from '../../machines/rules/collect.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { takeoverAt } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import { Owed } from '../../machines/rules/owed.ts'
import { coverageBeyond } from '../../machines/rules/reconcile.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { remove } from '../../machines/rules/write.ts'
import { agree, ask, broadcast, collect, meet, receive } from './courier.ts'
import {
  at,
  batchOf,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  put,
  slotOf,
  trySet,
  valueAt,
  wordOf,
} from './scene.ts'

const collecting = suite('rules/collect: deletions that everybody has heard of')

const now = { reading: at(0) }
const LATE = takeoverAt(LEASE_MS, LEASE_MS)

/** Each peer drops what all of them have heard of. Returns how many each dropped. */
function collectAt(peers: readonly Replica[]): number[] {
  const members = peers.map((peer) => coverageList(peer))
  return peers.map((peer) => collectTombstones(peer, members))
}

function deleteDoor(alice: Replica): void {
  put(alice, ['door', 1], at(0))
  doneBy(remove(alice, keyOf('door'), now))
}

collecting('a deletion goes when every member has heard of it, and not before', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  deleteDoor(alice)
  broadcast(alice, [bob], now)
  assert.equal(collectAt([alice, bob, carol]), [0, 0, 0])
  ask(carol, bob, now)
  assert.equal(collectAt([alice, bob, carol]), [1, 1, 1])
  assert.equal(
    [alice, bob, carol].map((peer) => peer.table.entries),
    [0, 0, 0],
  )
  assert.equal(
    [alice, bob, carol].map((peer) => peer.table.bytes),
    [0, 0, 0],
  )
})

collecting('C6: a key that was deleted and collected starts again with a greater token', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  deleteDoor(alice)
  broadcast(alice, [bob], now)
  collectAt([alice, bob])
  assert.is(put(bob, ['door', 2], at(0)).token, 2)
})

collecting('L5: a token that gave way is not given out again after the key was collected', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  put(bob, ['door', 'bob'], at(0))
  broadcast(bob, [alice], now)
  put(bob, ['door', 'renewed'], at(5_000))
  const renewal = collect(bob, at(5_000))
  const { token } = put(alice, ['door', 'alice'], at(LATE))
  for (const parcel of renewal) receive(alice, parcel, { reading: at(LATE) })
  assert.is(valueAt(alice, 'door'), 'renewed')
  doneBy(remove(bob, keyOf('door'), { reading: at(6_000) }))
  meet(alice, bob, { reading: at(LATE) })
  assert.equal(collectAt([alice, bob]), [1, 1])
  const again = put(alice, ['door', 'again'], at(LATE)).token
  assert.ok(again > token, `${again} after ${token}`)
})

collecting('what one key left behind is nothing to the next one in its place', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  deleteDoor(alice)
  broadcast(alice, [bob], now)
  collectAt([alice, bob])
  put(alice, ['gate', 1], at(0))
  assert.is(slotOf(alice, 'gate'), 0, 'the room is used again')
  assert.is(slotOf(alice, 'door'), -1)
  meet(alice, bob, now)
  assert.ok(agree([alice, bob]))
  assert.is(valueAt(bob, 'gate'), 1)
  assert.is(wordOf(trySet(bob, ['gate', 2], now)), 'held')
})

collecting(
  'C5: a peer that missed the deletion and comes back from any age does not revive it',
  () => {
    const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
    deleteDoor(alice)
    put(alice, ['door', 'again'], at(0))
    put(alice, ['gate', 1], at(0))
    broadcast(alice, [bob, carol], now)
    doneBy(remove(alice, keyOf('door'), now))
    broadcast(alice, [bob], now)
    collectAt([alice, bob])
    const later = at(365 * 24 * 3_600_000)
    // Carol is told that she has missed something, and compares everything.
    assert.ok(ask(carol, bob, { reading: later }).differs)
    ask(carol, bob, { reading: later, all: true })
    meet(carol, alice, { reading: later })
    assert.equal(
      [alice, bob, carol].map((peer) => valueAt(peer, 'door')),
      [undefined, undefined, undefined],
    )
    assert.equal(
      [alice, bob, carol].map((peer) => valueAt(peer, 'gate')),
      [1, 1, 1],
    )
    assert.ok(agree([alice, bob, carol]))
  },
)

collecting('a live key that its owner is just writing is not taken for deleted', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  put(alice, ['door', 1], at(0))
  put(alice, ['gate', 1], at(0))
  broadcast(alice, [bob, carol], now)
  doneBy(remove(alice, keyOf('door'), now))
  broadcast(alice, [bob], now)
  collectAt([alice, bob])
  put(alice, ['gate', 2], at(1))
  assert.ok(ask(carol, alice, { reading: at(1) }).differs)
  ask(carol, alice, { reading: at(1), all: true })
  assert.is(valueAt(carol, 'door'), undefined)
  assert.is(valueAt(carol, 'gate'), 2)
  assert.is(wordOf(trySet(carol, ['gate', 3], { reading: at(1) })), 'held')
})

collecting('a joiner that has nothing asks once, however much was deleted and collected', () => {
  const [alice, bob, zoe] = [open('alice'), open('bob'), open('zoe')]
  deleteDoor(alice)
  put(alice, ['gate', 1], at(0))
  broadcast(alice, [bob], now)
  collectAt([alice, bob])
  assert.equal(ask(zoe, bob, now).differs, false)
  assert.ok(agree([alice, bob, zoe]))
  assert.is(put(zoe, ['door', 2], at(0)).token, 2, 'and knows which tokens were given out')
})

collecting('a deletion that is collected while it is asked for is made up for', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  put(alice, ['door', 1], at(0))
  broadcast(alice, [bob], now)
  doneBy(remove(alice, keyOf('door'), now))
  collect(alice, at(0))
  const question = { coverage: coverageList(bob), all: false }
  const owed = new Owed(alice, question)
  const told = coverageBeyond(alice, question)
  collectTombstones(alice, [])
  assert.equal(owed.next(), [], 'what is gone is not given')
  const collected = collectedBeyond(alice, question)
  assert.is(told.length, 1)
  assert.ok(isStale(bob, { told: question.coverage, collected }), 'so bob must compare everything')
})

collecting(
  'a stranger’s deletion under the greatest token leaves tokens for all other keys',
  () => {
    const alice = open('alice')
    const claim = { writer: 'bob', epoch: Number.MAX_SAFE_INTEGER, sequence: 1 }
    mergeBatch(alice, batchOf([claim]), at(0))
    alice.coverage[1]?.add(1)
    collectTombstones(alice, [coverageList(alice)])
    assert.is(wordOf(trySet(alice, ['door', 1], now)), 'full')
    assert.is(wordOf(trySet(alice, ['gate', 1], now)), 'done')
    noteCollected(alice, { collected: [], floor: Number.MAX_SAFE_INTEGER })
    assert.is(wordOf(trySet(alice, ['lift', 1], now)), 'done')
  },
)

collecting.run()
