import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { STOLEN } from '../../machines/rules/batch.ts'
import { acquire, inherit, release, waitNoMore } from '../../machines/rules/holding.ts'
import { ownerTermMs, takeoverAt } from '../../machines/rules/lease.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import {
  createQueue,
  firstInLine,
  forgetWaits,
  HANDOVER_MS,
  hearWaits,
  leaveLine,
  type Queue,
  standInLine,
  WAITING_PEERS_MAX,
  WAITS_MAX,
  WAITS_MS,
  WAITS_SILENT_MS,
  waitersAhead,
  waitsToTell,
} from '../../machines/rules/queue.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { remove } from '../../machines/rules/write.ts'
import { broadcast } from './courier.ts'
import { at, doneBy, keyOf, open, put, slotOf, told, trySet, wordOf } from './scene.ts'

const queues = suite('rules/queue: first come, first served')

const door = keyOf('door')
const [alice, bob, carol] = ['alice', 'bob', 'carol'] as PeerId[] as [PeerId, PeerId, PeerId]
const aliceAt = (now: number) => ({ self: alice, now })

/** What bob tells reaches alice after so long. */
function tell(from: Queue, to: Queue, { peer, now, delayMs = 0 }: Journey): void {
  const waits = waitsToTell(from, { now, chance: 0.5 })
  if (waits) hearWaits(to, peer, waits, now + delayMs)
}

interface Journey {
  peer: PeerId
  now: number
  delayMs?: number
}

/** A word of a peer that it has waited for the door for so long. */
const waited = (waitedMs: number | null) => ({ isAll: false, keys: [[door, waitedMs] as const] })

queues('who has waited longest is first, whoever was heard of first', () => {
  const queue = createQueue()
  standInLine(queue, door, { waiter: 1, now: 500 })
  hearWaits(queue, carol, waited(100), 1_000)
  hearWaits(queue, bob, waited(700), 1_000)
  assert.is(firstInLine(queue, door, aliceAt(1_000)), bob)
  forgetWaits(queue, bob)
  assert.is(firstInLine(queue, door, aliceAt(1_000)), alice)
  leaveLine(queue, door, 1)
  assert.is(firstInLine(queue, door, aliceAt(1_000)), carol)
  hearWaits(queue, carol, waited(null), 1_001)
  assert.is(firstInLine(queue, door, aliceAt(1_001)), undefined)
  assert.is(queue.others.size, 0)
})

queues('a peer tells of the longest of its waiters, and only what is new', () => {
  const [bobs, alices] = [createQueue(), createQueue()]
  standInLine(bobs, door, { waiter: 1, now: 0 })
  standInLine(bobs, door, { waiter: 2, now: 10 })
  standInLine(bobs, door, { waiter: 1, now: 900 })
  const word = waitsToTell(bobs, { now: 1_000, chance: 0.5 })
  assert.equal(word, { isAll: false, keys: [[door, 1_000]] })
  assert.is(waitsToTell(bobs, { now: 1_001, chance: 0.5 }), undefined)
  leaveLine(bobs, door, 1)
  tell(bobs, alices, { peer: bob, now: 2_000 })
  assert.is(firstInLine(alices, door, aliceAt(2_000)), bob)
  leaveLine(bobs, door, 2)
  leaveLine(bobs, door, 2)
  tell(bobs, alices, { peer: bob, now: 2_001 })
  assert.is(firstInLine(alices, door, aliceAt(2_001)), undefined)
})

queues('all waits are told again and again, and forgotten when that stops', () => {
  const [bobs, alices] = [createQueue(), createQueue()]
  standInLine(bobs, door, { waiter: 1, now: 0 })
  tell(bobs, alices, { peer: bob, now: 0 })
  assert.is(bobs.tellDueAt, WAITS_MS)
  assert.is(firstInLine(alices, door, aliceAt(WAITS_SILENT_MS)), bob)
  assert.is(firstInLine(alices, door, aliceAt(WAITS_SILENT_MS + 1)), undefined)
  bobs.isAllDue = true
  tell(bobs, alices, { peer: bob, now: WAITS_SILENT_MS, delayMs: 400 })
  const view = aliceAt(2 * WAITS_SILENT_MS)
  assert.is(firstInLine(alices, door, view), bob)
  standInLine(alices, door, { waiter: 1, now: 200 })
  assert.is(firstInLine(alices, door, view), bob, 'a slow word cost him no place')
})

queues('a word that everything is over ends all waits', () => {
  const [bobs, alices] = [createQueue(), createQueue()]
  standInLine(bobs, door, { waiter: 1, now: 0 })
  tell(bobs, alices, { peer: bob, now: 0 })
  leaveLine(bobs, door, 1)
  bobs.isAllDue = true
  tell(bobs, alices, { peer: bob, now: 1 })
  assert.is(alices.others.size, 0)
  assert.is(bobs.tellDueAt, Number.POSITIVE_INFINITY)
})

queues('who stands in line counts those before it, here and elsewhere', () => {
  const queue = createQueue()
  standInLine(queue, door, { waiter: 1, now: 0 })
  hearWaits(queue, bob, waited(0), 5)
  standInLine(queue, door, { waiter: 2, now: 10 })
  const ahead = (waiter: number, isReserved = false) =>
    waitersAhead(queue, door, { waiter, now: 20, isReserved })
  assert.equal([ahead(1), ahead(2), ahead(3)], [0, 2, 3])
  assert.equal([ahead(1, true), ahead(2, true)], [0, 1], 'what is for alice is not for bob')
})

queues('what others tell has its limits', () => {
  const queue = createQueue()
  const many = Array.from({ length: WAITS_MAX + 5 }, (_, index) => [keyOf(`k${index}`), 1] as const)
  hearWaits(queue, bob, { isAll: true, keys: many }, 0)
  assert.is(queue.others.get(bob)?.since.size, WAITS_MAX)
  for (let index = 0; index < WAITING_PEERS_MAX + 5; index++) {
    hearWaits(queue, `peer${index}` as PeerId, waited(1), 0)
  }
  assert.is(queue.others.size, WAITING_PEERS_MAX)
})

/** Alice holds the door; bob and carol wait for it, bob longer. */
function scene() {
  const people = { alice: open('alice'), bob: open('bob'), carol: open('carol') }
  doneBy(acquire(people.alice, door, { reading: at(0) }))
  standInLine(people.bob.queue, door, { waiter: 1, now: 100 })
  standInLine(people.carol.queue, door, { waiter: 1, now: 200 })
  const all = Object.values(people)
  broadcast(people.alice, [people.bob, people.carol], { reading: at(0) })
  for (const [peer, from] of [
    [bob, people.bob],
    [carol, people.carol],
  ] as const) {
    const waits = waitsToTell(from.queue, { now: 300, chance: 0 })
    for (const to of all) if (to !== from && waits) hearWaits(to.queue, peer, waits, 300)
  }
  return people
}

const tryAcquire = (replica: Replica, now: number, waiter = 1) =>
  wordOf(acquire(replica, door, { reading: at(now), waiter }))

queues('what is released is reserved for the first in line, and for nobody else', () => {
  const { alice, bob, carol } = scene()
  doneBy(release(alice, door, { reading: at(1_000) }))
  broadcast(alice, [bob, carol], { reading: at(1_001) })
  assert.is(tryAcquire(carol, 1_002), 'held')
  assert.is(wordOf(trySet(carol, ['door', 1], { reading: at(1_002) })), 'held')
  assert.is(wordOf(trySet(alice, ['door', 1], { reading: at(1_002) })), 'held')
  const { token } = doneBy(acquire(bob, door, { reading: at(1_002), waiter: 1 }))
  assert.is(token, 2)
  broadcast(bob, [alice, carol], { reading: at(1_003) })
  leaveLine(bob.queue, door, 1)
  for (const each of [alice, carol]) forgetWaits(each.queue, 'bob' as PeerId)
  doneBy(release(bob, door, { reading: at(2_000) }))
  broadcast(bob, [alice, carol], { reading: at(2_001) })
  assert.is(doneBy(acquire(carol, door, { reading: at(2_002), waiter: 1 })).token, 3)
})

queues('a delete hands the key over as well', () => {
  const { alice, bob, carol } = scene()
  put(alice, ['door', 'open'], at(900))
  doneBy(remove(alice, door, { reading: at(1_000) }))
  broadcast(alice, [bob, carol], { reading: at(1_001) })
  assert.is(bob.table.hasValue(slotOf(bob, 'door')), false)
  assert.is(tryAcquire(carol, 1_002), 'held')
  assert.is(tryAcquire(bob, 1_002), 'done')
})

queues(
  'who does not take what was handed over loses its turn, before anybody else takes it',
  () => {
    const { alice, bob, carol } = scene()
    doneBy(release(alice, door, { reading: at(1_000) }))
    broadcast(alice, [bob, carol], { reading: at(1_000) })
    const bobs = 1_000 + ownerTermMs(HANDOVER_MS)
    const others = takeoverAt(1_000 + HANDOVER_MS, HANDOVER_MS)
    assert.ok(bobs < others)
    assert.is(tryAcquire(bob, bobs + 1), 'held', 'too late, and nobody may have it yet')
    assert.is(wordOf(acquire(carol, door, { reading: at(others - 1), isTurn: true })), 'held')
    assert.is(wordOf(acquire(carol, door, { reading: at(others + 1), isTurn: true })), 'done')
  },
)

queues('who waits no more passes on what it was handed', () => {
  const { alice, bob, carol } = scene()
  doneBy(release(alice, door, { reading: at(1_000) }))
  broadcast(alice, [bob, carol], { reading: at(1_001) })
  waitNoMore(bob, { key: door, waiter: 1 }, at(1_002))
  broadcast(bob, [alice, carol], { reading: at(1_003) })
  assert.is(tryAcquire(carol, 1_004), 'done')
})

queues('what comes when nobody waits for it any more is passed on', () => {
  const { alice, bob, carol } = scene()
  waitNoMore(bob, { key: door, waiter: 1 }, at(999))
  doneBy(release(alice, door, { reading: at(1_000) }))
  broadcast(alice, [bob, carol], { reading: at(1_001) })
  inherit(bob, at(1_001))
  broadcast(bob, [alice, carol], { reading: at(1_002) })
  assert.is(tryAcquire(carol, 1_003), 'done')
})

queues('waiters of one peer have the key one after the other', () => {
  const alice = open('alice')
  doneBy(acquire(alice, door, { reading: at(0) }))
  standInLine(alice.queue, door, { waiter: 1, now: 1 })
  standInLine(alice.queue, door, { waiter: 2, now: 2 })
  doneBy(release(alice, door, { reading: at(10) }))
  assert.is(tryAcquire(alice, 11, 2), 'held')
  assert.is(tryAcquire(alice, 11, 1), 'done')
})

queues('a waiter leaves a free key to those before it until its turn has come', () => {
  const { bob, carol } = scene()
  const free = takeoverAt(10_000, 10_000) + 1
  for (const each of [bob, carol]) {
    hearWaits(each.queue, (each === bob ? 'carol' : 'bob') as PeerId, waited(free - 100), free - 1)
  }
  carol.queue.own.get(door)?.set(1, free - 50)
  assert.is(tryAcquire(carol, free), 'held')
  assert.is(wordOf(acquire(carol, door, { reading: at(free), waiter: 1, isTurn: true })), 'done')
  bob.queue.own.get(door)?.set(1, 0)
  assert.is(tryAcquire(bob, free), 'done')
})

queues('a lease that is stolen is told at every peer, and its holder loses it', () => {
  const { alice, bob, carol } = scene()
  for (const each of [alice, bob, carol]) each.facts = []
  const { token } = doneBy(acquire(carol, door, { reading: at(1_000), kind: STOLEN }))
  assert.is(token, 2)
  broadcast(carol, [alice, bob], { reading: at(1_001) })
  const theft = { type: 'lease.stolen', key: 'door', owner: 'carol', from: 'alice', token: 2 }
  const lost = alice.facts.flatMap((fact) => (fact.type === 'lease.lost' ? fact.reason : []))
  assert.equal(lost, ['superseded'])
  for (const each of [alice, bob, carol]) assert.equal(told(each, 'lease.stolen'), [theft])
  doneBy(trySet(carol, ['door', 1], { reading: at(1_002) }))
  broadcast(carol, [alice, bob], { reading: at(1_003) })
  assert.is(told(bob, 'lease.stolen').length, 0, 'once for each theft')
})

queues('even from a holder in the same process', () => {
  const alice = open('alice')
  const first = doneBy(acquire(alice, door, { reading: at(0) }))
  const second = doneBy(acquire(alice, door, { reading: at(1), kind: STOLEN }))
  assert.is(second.token, first.token + 1)
  assert.equal(
    told(alice, 'lease.lost').map(({ token, reason }) => [token, reason]),
    [[1, 'superseded']],
  )
})

queues.run()
