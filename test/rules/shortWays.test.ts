/**
 * Plain writes take a short way into the table. Whatever comes, it leads where the long way does.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Batch,
  type Column,
  EPHEMERAL,
  OVER_MS,
  RENEWING,
} from '../../machines/rules/batch.ts'
import type { Coverage } from '../../machines/rules/coverage.ts'
import { gather, gatherUnsent, type OwnWrites } from '../../machines/rules/gather.ts'
import { acquire, bequeath, release, renew } from '../../machines/rules/holding.ts'
import { mergeBatch, releaseLeft } from '../../machines/rules/merge.ts'
import { enterNewcomers } from '../../machines/rules/newcomers.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { permissionsOf } from '../../machines/rules/permission.ts'
import {
  indexOrigin,
  type Replica,
  type ReplicaOptions,
  viewLease,
} from '../../machines/rules/replica.ts'
import { type Stretch, stretchOf } from '../../machines/rules/stretch.ts'
import { update } from '../../machines/rules/update.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { remove } from '../../machines/rules/write.ts'
import { chanceOf, seedOfRun } from './chance.ts'
import { at, dump, keyOf, LEASE_MS, open, originOf, slotOf, trySet } from './scene.ts'

const ways = suite('rules/plainWrite, rules/stretch, rules/overwrite')

const HISTORIES = 150
const STEPS = 12
/** A rule that permits everything, and has to be asked each time. */
const asked = permissionsOf([], [{ prefix: '' }])

/** The same batch with a number for each row, which is looked at row by row. */
function rowByRow(batch: Batch): Batch {
  const spread = (column: Column, step = 0) =>
    typeof column === 'number' ? batch.keys.map((_, row) => column + step * row) : column
  return { ...batch, writer: spread(batch.writer), sequence: spread(batch.sequence, 1) }
}

/** Takes in what alice told, as the store does. */
function hear(replica: Replica, { from, to, batch }: OwnWrites, now: number): boolean {
  const fits = mergeBatch(replica, batch, at(now))
  if (fits) (replica.coverage[indexOrigin(replica, originOf('alice'))] as Coverage).add(from, to)
  return fits
}

/** All that a replica is and has told, as text. */
function stateOf(replica: Replica, now: number): string {
  const { facts, shares, sequence, unsent } = replica
  const lacks = [...replica.lacks]
  const heard = replica.coverage.map((coverage) => coverage.list())
  const taken = [...shares].map(([peer, share]) => [peer, share])
  const leases = [...replica.table.slots].map(([key, slot]) => [
    key,
    viewLease(replica, slot, at(now)),
    replica.table.unsent[slot],
  ])
  return [
    dump(replica, at(now)),
    JSON.stringify({ facts, taken, lacks, heard, sequence, unsent, leases }),
  ].join()
}

interface Pair {
  readonly short: Replica
  readonly long: Replica
}

function openWriters(options: Partial<ReplicaOptions>): Pair {
  return { short: open('alice', options), long: open('alice', { ...options, permissions: asked }) }
}

/** Lets both do the same thing, and what alice does next is drawn. */
function act({ short, long }: Pair, random: () => number, now: number): void {
  const reading = at(now)
  const any = (count: number) => Math.floor(random() * count)
  const name = `key${any(9)}`
  const deed = any(12)
  const leaseMs = random() < 0.2 ? 500 : undefined
  const value = random() < 0.2 ? { n: any(9) } : 'x'.repeat(any(600))
  const kind = random() < 0.1 ? [EPHEMERAL, RENEWING][any(2)] : 0
  const first = any(9)
  const isRow = random() < 0.5
  const names = Array.from({ length: 1 + any(7) }, (_, at) => `key${isRow ? first + at : any(9)}`)
  const [one, other] = [short, long].map((replica) => {
    if (deed === 0) return remove(replica, keyOf(name), { reading })
    if (deed === 1) return release(replica, keyOf(name), { reading })
    if (deed === 2) return acquire(replica, keyOf(name), { reading, leaseMs, isTurn: false })
    if (deed === 3) return renew(replica, keyOf(name), { reading, leaseMs })
    if (deed === 4)
      return bequeath(replica, { key: keyOf(name), heir: 'bob' as PeerId }, { reading })
    if (deed > 6) return trySet(replica, [name, value], { reading, leaseMs, kind })
    const pairs = names.map((each) => ({ key: keyOf(each), value: admitValue(value) }))
    return update(replica, pairs, { reading, leaseMs })
  })
  assert.equal(one, other)
}

function play(seed: number): void {
  const random = chanceOf(seed)
  const bytesMax = random() < 0.5 ? 3_000 : 1_000_000
  const limits = { entriesMax: random() < 0.5 ? 6 : 100, bytesMax }
  const areChangesHeard = random() < 0.5
  const options = { limits, leasing: random() < 0.8 }
  const writers = openWriters(options)
  // Bob may have less room than alice, and both have seen keys come and go.
  const entriesMax = random() < 0.5 ? 4 : 100
  const less = { ...options, limits: { entriesMax, bytesMax: random() < 0.5 ? 2_000 : bytesMax } }
  const readers = { short: open('bob', less), long: open('bob', less) }
  writers.short.floor = Math.floor(random() * 5)
  writers.long.floor = writers.short.floor
  for (const each of [writers, readers].flatMap(({ short, long }) => [short, long])) {
    each.areChangesHeard = areChangesHeard
  }
  let now = 0
  for (let step = 0; step < STEPS; step++) {
    now += Math.floor(random() * LEASE_MS * 0.4)
    for (let each = 0; each < 3; each++) act(writers, random, now)
    assert.is(stateOf(writers.short, now), stateOf(writers.long, now))
    const told = gatherUnsent(writers.short, at(now))
    assert.equal(gatherUnsent(writers.long, at(now)), told)
    // Some of it is lost on the way, and some comes twice.
    for (const words of random() < 0.2 ? [] : random() < 0.2 ? [...told, ...told] : told) {
      const fits = hear(readers.short, words, now)
      assert.is(hear(readers.long, { ...words, batch: rowByRow(words.batch) }, now), fits)
    }
    if (random() < 0.05) {
      releaseLeft(readers.short, originOf('alice'))
      releaseLeft(readers.long, originOf('alice'))
    }
    assert.is(stateOf(readers.short, now), stateOf(readers.long, now))
  }
  join(writers.short, less, now)
}

/** Somebody new is given all there is, whenever each of it was written. */
function join(alice: Replica, options: Partial<ReplicaOptions>, now: number): void {
  const [short, long] = [open('carol', options), open('carol', options)]
  const batch = gather(alice, [...alice.table.slotsInUse()], at(now))
  const fits = mergeBatch(short, batch, at(now), 'alice' as PeerId)
  assert.is(mergeBatch(long, rowByRow(batch), at(now), 'alice' as PeerId), fits)
  assert.is(stateOf(short, now), stateOf(long, now))
}

ways('both ways end in the same tables and tell the same, whatever alice does', () => {
  const seed = seedOfRun()
  console.log(`seed ${seed}`)
  for (let history = 0; history < HISTORIES; history++) play(seed + history)
})

ways('plain writes do take the short way', () => {
  const alice = open('alice')
  trySet(alice, ['door', 'open'], { reading: at(0) })
  trySet(alice, ['gate', 'open'], { reading: at(0) })
  const [words] = gatherUnsent(alice, at(0))
  const bob = open('bob')
  const batch = words?.batch as Batch
  const writers = [indexOrigin(bob, originOf('alice'))]
  assert.ok(stretchOf(bob, batch, { writers, reading: at(0) }))
  assert.is(stretchOf(bob, rowByRow(batch), { writers, reading: at(0) }), undefined)
})

ways('new keys are entered together, up to one that is known or has no room', () => {
  const alice = open('alice')
  const names = Array.from({ length: 8 }, (_, number) => `key${number}`)
  const pairs = names.map((name) => ({ key: keyOf(name), value: admitValue(name) }))
  update(alice, pairs, { reading: at(0) })
  const [words] = gatherUnsent(alice, at(0)) as [OwnWrites]
  const enteredBy = (bob: Replica) => {
    const writers = [indexOrigin(bob, originOf('alice'))]
    const stretch = stretchOf(bob, words.batch, { writers, reading: at(0) }) as Stretch
    return enterNewcomers(bob, stretch)
  }
  assert.is(enteredBy(open('bob')), 8)
  const knowing = open('bob')
  trySet(knowing, ['key5', 'mine'], { reading: at(0) })
  assert.is(enteredBy(knowing), 5)
  assert.is(enteredBy(open('bob', { limits: { entriesMax: 3, bytesMax: 1_000_000 } })), 3)
  assert.is(enteredBy(open('bob', { limits: { entriesMax: 100, bytesMax: 1_000 } })), 3)
  const holed = open('bob')
  trySet(holed, ['door', 1], { reading: at(0) })
  holed.table.put(slotOf(holed, 'door'), { value: null, bytes: 0, flags: 1 })
  holed.table.remove(slotOf(holed, 'door'))
  assert.is(enteredBy(holed), 0)
})

ways('a lease that began a while ago is told with what is left of it', () => {
  for (const [heldMs, remainingMs] of [
    [0, null],
    [LEASE_MS / 512, null],
    [LEASE_MS / 4, (LEASE_MS * 3) / 4],
    [LEASE_MS * 2, OVER_MS],
  ] as const) {
    const alice = open('alice')
    trySet(alice, ['door', 'open'], { reading: at(0) })
    const [words] = gatherUnsent(alice, at(heldMs))
    assert.is(words?.batch.remainingMs, remainingMs)
  }
})

ways('what bob has heard of and has no more was deleted, and does not come back', () => {
  const alice = open('alice')
  trySet(alice, ['door', 'open'], { reading: at(0) })
  const [words] = gatherUnsent(alice, at(0)) as [OwnWrites]
  const bob = open('bob')
  hear(bob, words, 0)
  bob.table.put(slotOf(bob, 'door'), { value: null, bytes: 0, flags: 1 })
  bob.table.remove(slotOf(bob, 'door'))
  hear(bob, words, 0)
  assert.is(slotOf(bob, 'door'), -1)
})

ways.run()
