import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Origin, PeerId, RunId } from '../../machines/rules/peer.ts'
import {
  type BroadcastRange,
  createTree,
  GRAFT_AGAIN_MS,
  GRAFT_MS,
  graftDueAt,
  graftsDue,
  havesToTell,
  hearGraft,
  hearHave,
  hearPrune,
  loseNeighbour,
  MISSING_MAX,
  noteAgain,
  noteFresh,
  RANGES_TOLD_MAX,
  UNTOLD_MAX,
} from '../../machines/rules/plumtree.ts'
import { RECENT_BYTES_MAX, RECENT_MAX, Recent } from '../../machines/rules/recent.ts'

const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'] as PeerId[] as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]
const ALICE: Origin = { peer: alice, run: '1' as RunId }
const DAVE: Origin = { peer: dave, run: '1' as RunId }

const isEverybody = () => true
const nothing = () => false
const range = (first: number, last = first, origin = ALICE): BroadcastRange => {
  return { origin, first, last }
}

const tree = suite('rules/plumtree')

tree('a second copy makes its bringer lazy, a first one makes it eager again', () => {
  const mine = createTree()
  noteAgain(mine, carol)
  assert.equal([...mine.lazy], [carol])
  noteFresh(mine, { origin: ALICE, number: 2, from: carol })
  assert.equal([...mine.lazy], [])
})

tree('a prune makes a neighbour lazy, a graft eager, and one that comes back is eager', () => {
  const mine = createTree()
  hearPrune(mine, bob)
  hearPrune(mine, carol)
  hearGraft(mine, bob)
  assert.equal([...mine.lazy], [carol])
  loseNeighbour(mine, carol)
  assert.equal([...mine.lazy], [])
})

tree('lazy neighbours are told once of what came, in ranges, but not what they brought', () => {
  const mine = createTree()
  hearPrune(mine, bob)
  hearPrune(mine, carol)
  noteFresh(mine, { origin: DAVE, number: 7, from: alice })
  for (const number of [2, 1, 3, 9]) noteFresh(mine, { origin: ALICE, number, from: alice })
  const ranges = [range(7, 7, DAVE), range(1, 3), range(9)]
  assert.equal(
    [...havesToTell(mine)],
    [
      [bob, ranges],
      [carol, ranges],
    ],
  )
  assert.is(havesToTell(mine).size, 0)
  noteFresh(mine, { origin: ALICE, number: 10, from: bob })
  hearPrune(mine, bob)
  assert.equal([...havesToTell(mine)], [[carol, [range(10)]]])
})

tree('without lazy neighbours nothing is kept to be told', () => {
  const mine = createTree()
  noteFresh(mine, { origin: ALICE, number: 1, from: null })
  assert.equal(mine.untold, [])
})

tree('what was told of and comes in time is not asked for', () => {
  const mine = createTree()
  hearHave(mine, { from: bob, ranges: [range(1)], now: 0 }, nothing)
  assert.is(graftDueAt(mine), GRAFT_MS)
  assert.is(graftsDue(mine, { now: GRAFT_MS - 1, isNeighbour: isEverybody }).size, 0)
  noteFresh(mine, { origin: ALICE, number: 1, from: carol })
  assert.is(graftDueAt(mine), Number.POSITIVE_INFINITY)
})

tree('what came before is not missed', () => {
  const mine = createTree()
  hearHave(mine, { from: bob, ranges: [range(1, 4)], now: 0 }, (_, number) => number !== 3)
  assert.equal(
    [...graftsDue(mine, { now: GRAFT_MS, isNeighbour: isEverybody })],
    [[bob, [range(3)]]],
  )
})

tree('what does not come is asked of those that have it, one after the other', () => {
  const mine = createTree()
  hearPrune(mine, bob)
  hearHave(mine, { from: bob, ranges: [range(4, 6)], now: 0 }, nothing)
  hearHave(mine, { from: carol, ranges: [range(5)], now: 1 }, nothing)
  const due = (now: number, isNeighbour = isEverybody) =>
    Object.fromEntries(graftsDue(mine, { now, isNeighbour }))
  assert.equal(due(GRAFT_MS), { bob: [range(4, 6)] })
  assert.not(mine.lazy.has(bob), 'it is eager from now on')
  assert.equal(due(GRAFT_MS + GRAFT_AGAIN_MS), { carol: [range(5)] })
  assert.equal(due(GRAFT_MS + 2 * GRAFT_AGAIN_MS), {})
  assert.is(mine.missing.size, 0, 'the rest is left to reconciliation')
})

tree('who is no neighbour any more is not asked', () => {
  const mine = createTree()
  hearHave(mine, { from: bob, ranges: [range(1)], now: 0 }, nothing)
  hearHave(mine, { from: carol, ranges: [range(1)], now: 0 }, nothing)
  const isNeighbour = (peer: PeerId) => peer !== bob
  assert.equal([...graftsDue(mine, { now: GRAFT_MS, isNeighbour })], [[carol, [range(1)]]])
})

tree('nobody makes it grow without end', () => {
  const mine = createTree()
  hearPrune(mine, bob)
  hearHave(mine, { from: carol, ranges: [range(1, 2 * MISSING_MAX)], now: 0 }, nothing)
  assert.is(mine.missing.size, MISSING_MAX)
  for (let number = 1; number <= 2 * UNTOLD_MAX; number++) {
    noteFresh(mine, { origin: ALICE, number: 2 * number, from: alice })
  }
  assert.is(mine.untold.length, UNTOLD_MAX)
  assert.is(havesToTell(mine).get(bob)?.length, RANGES_TOLD_MAX)
})

tree('the last broadcasts are kept for who missed one, as far as there is room', () => {
  const recent = new Recent<Uint8Array>()
  for (let number = 0; number <= RECENT_MAX; number++) recent.keep(`${number}`, new Uint8Array(1))
  assert.is(recent.get('0'), undefined)
  assert.is(recent.get('1')?.length, 1)
  recent.keep('large', new Uint8Array(RECENT_BYTES_MAX))
  assert.is(recent.get('1'), undefined)
  assert.is(recent.get('large')?.length, RECENT_BYTES_MAX)
  recent.keep('too large', new Uint8Array(RECENT_BYTES_MAX + 1))
  assert.is(recent.get('too large'), undefined)
  assert.is(recent.get('large')?.length, RECENT_BYTES_MAX)
})

tree.run()
