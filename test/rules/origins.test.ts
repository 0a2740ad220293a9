/** Writers are remembered while there is something of theirs, and lists of them fit a frame. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BATCH_ORIGINS_MAX } from '../../machines/rules/batch.ts'
import { membersToTell } from '../../machines/rules/census.ts'
import { fitting, LIST_BYTES_MAX, RANGES_MAX } from '../../machines/rules/coverage.ts'
import { gather, runsOf } from '../../machines/rules/gather.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { LACKS_MAX } from '../../machines/rules/lacking.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import { FRAME_BYTES_MAX } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { createQueue, standInLine, waitsToTell } from '../../machines/rules/queue.ts'
import { hearRenewal } from '../../machines/rules/renewal.ts'
import { indexOrigin, ORIGINS_EASY, type Replica } from '../../machines/rules/replica.ts'
import { decode, encode } from '../../transport/codec.ts'
import { at, keyOf, open, originOf, put, slotOf, valueAt } from './scene.ts'

const origins = suite('rules/origins')

const LONG = 'x'.repeat(120)

/** Gives bob everything that alice has, batch by batch. */
function give(alice: Replica, bob: Replica): number[] {
  const slots = alice.table.slotsInUse()
  return [...runsOf(alice, slots)].map((run) => {
    const batch = gather(alice, run, at(1))
    const frame = encode({ kind: 'sync.give', ask: 1, batch })
    assert.ok(frame.length < FRAME_BYTES_MAX, `${frame.length} bytes`)
    assert.ok(decode(frame), `${batch.origins.length} origins`)
    assert.ok(mergeBatch(bob, batch, at(1)))
    return batch.origins.length
  })
}

origins('of writers that are only named few are remembered, and what is here stays whole', () => {
  const bob = open('bob')
  put(bob, ['gate', 'shut'], at(0))
  const alice = open('alice')
  put(alice, ['door', 'open'], at(0))
  give(alice, bob)
  for (let run = 0; run < 3 * ORIGINS_EASY; run++) {
    const origin = originOf(`mallory${run % 7}`, `${run}`)
    hearRenewal(bob, { origin, renewal: { number: 1, through: 1 } }, at(1))
  }
  assert.ok(bob.originIndex.size <= ORIGINS_EASY, `${bob.originIndex.size}`)
  assert.ok(bob.origins.length <= ORIGINS_EASY + 1, `${bob.origins.length}`)
  assert.ok(bob.renewals.size <= ORIGINS_EASY)
  put(alice, ['door', 'ajar'], at(1))
  give(alice, bob)
  assert.equal([valueAt(bob, 'door'), valueAt(bob, 'gate')], ['ajar', 'shut'])
  const fresh = open('carol')
  give(bob, fresh)
  assert.equal([valueAt(fresh, 'door'), valueAt(fresh, 'gate')], ['ajar', 'shut'])
})

origins('who has had another run since goes before who was met once', () => {
  const bob = open('bob')
  indexOrigin(bob, originOf('carol'))
  for (let run = 0; run <= ORIGINS_EASY; run++) {
    const origin = originOf('mallory', `${run}`)
    hearRenewal(bob, { origin, renewal: { number: 1, through: 1 } }, at(1))
  }
  assert.ok(bob.originIndex.has('carol 1'))
  assert.ok(bob.originIndex.has(`mallory ${ORIGINS_EASY}`))
  assert.not(bob.originIndex.has('mallory 0'))
})

origins('entries of many writers with long names are cut into frames that fit', () => {
  const alice = open('alice')
  const count = 3 * BATCH_ORIGINS_MAX
  for (let number = 0; number < count; number++) {
    put(alice, [`key${number}`, number], at(0))
    const slot = slotOf(alice, `key${number}`)
    alice.table.writer[slot] = indexOrigin(alice, originOf(`${LONG}${number}`, `${LONG}${number}`))
    const formers = [1, 2, 3, 4, 5, 6, 7, 8].map((run) => {
      const former = originOf(`${LONG}${number % 900}`, `${LONG}-${run}`)
      return [indexOrigin(alice, former), 1] as const
    })
    alice.lineages.set(slot, formers)
  }
  const bob = open('bob')
  const named = give(alice, bob)
  assert.ok(Math.max(...named) <= BATCH_ORIGINS_MAX)
  assert.is(bob.table.entries, count)
})

origins('what a peer tells of others fits a frame, whatever it has heard', () => {
  const alice = open('alice')
  const members = new Map()
  for (let each = 0; each < 4_000; each++) {
    const origin = originOf(`${LONG}${each}`, `${LONG}${each}`)
    const coverage = alice.coverage[indexOrigin(alice, origin)]
    for (let number = 2; number <= 2 * (each < 3_900 ? 0 : RANGES_MAX / 4); number += 2) {
      coverage?.add(2 ** 40 + number)
    }
    const seen = { isNeighbour: false, heardAt: 0, isReachable: true, presence: null }
    members.set(origin.peer, { peerId: origin.peer, run: origin.run, ...seen })
  }
  const coverage = coverageList(alice)
  const lacks = Array.from({ length: LACKS_MAX }, (_, each) => {
    return [`${each}${LONG}` as PeerId, 'entries'] as const
  })
  const presence = { addresses: [], coverage, members: membersToTell(members, 1e9), lacks }
  const body = { kind: 'presence', presence } as const
  const origin = originOf('alice')
  const lists = [
    { kind: 'sync.ask', ask: 1, coverage, all: false },
    { kind: 'broadcast', origin, number: 1, body },
  ] as const
  for (const message of lists) {
    const frame = encode(message)
    assert.ok(frame.length < FRAME_BYTES_MAX, `${message.kind}: ${frame.length} bytes`)
    assert.ok(decode(frame))
  }
  assert.is(fitting([['a', 'b', 1] as const], LIST_BYTES_MAX).length, 1)
})

origins('waits for keys as long as keys may be fit a frame', () => {
  const queue = createQueue()
  for (let waiter = 0; waiter < 1_000; waiter++) {
    standInLine(queue, keyOf(`${waiter}${'é'.repeat(500)}`), { waiter, now: 0 })
  }
  const waits = waitsToTell(queue, { now: 1, chance: 0.5 })
  const body = { kind: 'waits', isAll: false, keys: waits?.keys ?? [] } as const
  const frame = encode({ kind: 'broadcast', origin: originOf('alice'), number: 1, body })
  assert.ok(frame.length < FRAME_BYTES_MAX, `${frame.length} bytes`)
  assert.ok((waits?.keys.length ?? 0) > 300)
})

origins.run()
