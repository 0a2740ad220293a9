import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../machines/rules/digest.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { acquire, release } from '../../machines/rules/holding.ts'
import { takeoverAt } from '../../machines/rules/lease.ts'
import { mergeBatch, releaseLeft } from '../../machines/rules/merge.ts'
import { heardDigest } from '../../machines/rules/reconcile.ts'
import { type Replica, SELF } from '../../machines/rules/replica.ts'
import { compareVersions, type Version } from '../../machines/rules/version.ts'
import { remove } from '../../machines/rules/write.ts'
import { seedOfRun } from './chance.ts'
import {
  agree,
  ask,
  broadcast,
  collect,
  type Journey,
  meet,
  type Parcel,
  receive,
} from './courier.ts'
import { keepFirst, type Merge, withoutRank, withoutSequence } from './mergeMutants.ts'
import {
  at,
  batchOf,
  conflictsAt,
  doneBy,
  dump,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  put,
  slotOf,
  trySet,
  valueAt,
  wordOf,
} from './scene.ts'

const joining = suite('rules/reconcile: what is owed')
const healing = suite('rules/reconcile: after loss and splits')
const unsent = suite('rules/reconcile: what nobody was sent yet')

const LATE = takeoverAt(LEASE_MS, LEASE_MS)
const now = { reading: at(0) }

function fill(replica: Replica, count: number): void {
  for (let number = 0; number < count; number++) put(replica, [`key ${number}`, number], at(0))
}

joining('a joiner gets everything: values, deletes, leases and who wrote what', () => {
  const [alice, bob, zoe] = [open('alice'), open('bob'), open('zoe')]
  fill(alice, 3_000)
  doneBy(remove(alice, keyOf('key 7'), now))
  broadcast(alice, [bob], now)
  put(bob, ['bobs', new Map([['x', new Date(0)]])], at(0))
  doneBy(acquire(bob, keyOf('bare'), now))
  broadcast(bob, [alice], now)
  const { owed, differs } = ask(zoe, alice, { reading: at(1_000) })
  assert.is(owed, 3_002)
  assert.not.ok(differs)
  assert.is(dump(zoe), dump(alice))
  assert.is(wordOf(trySet(zoe, ['bare', 1], { reading: at(1_000) })), 'held')
  assert.is(wordOf(trySet(zoe, ['key 7', 1], { reading: at(1_000) })), 'done')
})

joining('equal replicas owe each other nothing', () => {
  const peers = [open('alice'), open('bob'), open('carol')] as const
  for (const peer of peers) {
    put(peer, [`of ${peer.origins[0]?.peer}`, 1], at(0))
    broadcast(
      peer,
      peers.filter((other) => other !== peer),
      now,
    )
  }
  for (const asker of peers) {
    for (const giver of peers) {
      assert.equal(ask(asker, giver, now), { owed: 0, bytes: 0, differs: false })
    }
  }
  assert.ok(agree(peers))
})

joining('the cost follows the difference: ten writes missed of 20,000 move a kilobyte', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  fill(alice, 20_000)
  broadcast(alice, [bob], now)
  for (let number = 0; number < 10; number++) put(alice, [`key ${number * 7}`, 'new'], at(1))
  const missed = collect(alice, at(1))
  const { owed, bytes } = ask(bob, alice, { reading: at(2) })
  assert.is(owed, 10)
  assert.ok(bytes < 1_024, `${bytes} bytes`)
  assert.ok(agree([alice, bob]))
  for (const parcel of missed) receive(bob, parcel, { reading: at(3) })
  assert.ok(agree([alice, bob]), 'and what comes late changes nothing')
})

joining('a summary is the same for equal replicas, in whatever order they met the writers', () => {
  const peers = [open('alice'), open('bob'), open('carol')] as const
  const [alice, bob, carol] = peers
  for (const peer of peers) put(peer, [`of ${peer.origins[0]?.peer}`, 1], at(0))
  for (const [one, other] of [
    [alice, bob],
    [carol, alice],
    [bob, carol],
    [alice, bob],
  ] as const) {
    meet(one, other, now)
  }
  const summaryOf = (peer: Replica) => heardDigest(peer) + digestOf(peer)
  assert.equal(peers.map(summaryOf), Array(3).fill(summaryOf(alice)))
  put(bob, ['door', 1], at(0))
  const before = summaryOf(alice)
  broadcast(bob, [alice], now)
  assert.is.not(summaryOf(alice), before)
  assert.is.not(summaryOf(carol), summaryOf(alice))
  doneBy(remove(bob, keyOf('door'), now))
  broadcast(bob, [alice], now)
  assert.is.not(summaryOf(alice), before, 'a deletion was heard of, though the same keys are left')
})

joining('what a third peer wrote is passed on, and only once', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  put(alice, ['door', 1], at(0))
  broadcast(alice, [bob], now)
  assert.is(ask(carol, bob, now).owed, 1)
  assert.is(ask(carol, bob, now).owed, 0)
  assert.is(ask(carol, alice, now).owed, 0)
  assert.is(valueAt(carol, 'door'), 1)
})

joining(
  'the same was heard and something else is held: it is noticed, and everything mends it',
  () => {
    const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
    for (const [peer, value] of [
      [bob, 'one'],
      [carol, 'two'],
    ] as const) {
      mergeBatch(peer, batchOf([{ writer: 'alice', epoch: 1, sequence: 1, value }]), at(0))
      peer.coverage[1]?.add(1)
    }
    assert.equal(coverageList(bob), coverageList(carol))
    assert.equal(ask(bob, carol, now), { owed: 0, bytes: 0, differs: true })
    ask(bob, carol, { ...now, all: true })
    ask(carol, bob, { ...now, all: true })
    assert.ok(agree([bob, carol]))
    assert.not.ok(ask(bob, carol, now).differs)
    put(alice, ['other', 1], at(0))
    assert.not.ok(ask(alice, bob, now).differs, 'an unsent write explains a difference')
  },
)

healing('a lost broadcast heals by asking anybody who has it', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  for (const value of [1, 2, 3]) {
    put(alice, ['door', value], at(value))
    put(alice, [`key ${value}`, value], at(value))
    broadcast(alice, value === 2 ? [bob] : [bob, carol], { reading: at(value) })
  }
  assert.is(valueAt(carol, 'key 2'), undefined)
  assert.ok(carol.coverage[1]?.hasGaps)
  assert.is(ask(carol, bob, { reading: at(9) }).owed, 1)
  assert.not.ok(carol.coverage[1]?.hasGaps)
  assert.ok(agree([alice, bob, carol]))
})

/** What one of three peers does next. What is posted arrives when it is delivered, in any order. */
const script = fc.array(
  fc.record({
    who: fc.nat(2),
    whom: fc.nat(2),
    what: fc.constantFrom(
      ...['set', 'set', 'set', 'set', 'remove', 'acquire', 'release'],
      ...['meet', 'send', 'post', 'post', 'deliver', 'deliver', 'deliver'],
    ),
    key: fc.constantFrom('door', 'gate'),
    pick: fc.nat(20),
    passes: fc.constantFrom(0, 1, LEASE_MS / 2, 2 * LEASE_MS),
  }),
  { minLength: 3, maxLength: 40 },
)

type Act = typeof script extends fc.Arbitrary<(infer Each)[]> ? Each : never

/** Three peers and what is under way between them. */
class World {
  readonly peers: readonly Replica[]
  private readonly mail: { parcel: Parcel; to: Replica }[] = []
  private readonly merge: Merge
  private ms = 0
  private written = 0

  constructor(merge: Merge, leasing: boolean) {
    this.merge = merge
    this.peers = ['alice', 'bob', 'carol'].map((name) => open(name, { leasing }))
  }

  play(act: Act): void {
    this.ms += act.passes
    const journey = { reading: at(this.ms), merge: this.merge }
    const one = this.peers[act.who] as Replica
    const other = this.peers[act.whom] as Replica
    const others = this.peers.filter((peer) => peer !== one)
    const key = keyOf(act.key)
    if (act.what === 'set') trySet(one, [act.key, ++this.written], journey)
    if (act.what === 'remove') remove(one, key, journey)
    if (act.what === 'acquire') acquire(one, key, journey)
    if (act.what === 'release') release(one, key, journey)
    if (act.what === 'meet' && one !== other) meet(one, other, journey)
    if (act.what === 'send') broadcast(one, others, journey)
    if (act.what === 'post') {
      const parcels = collect(one, journey.reading)
      this.mail.push(...parcels.flatMap((parcel) => others.map((to) => ({ parcel, to }))))
    }
    if (act.what === 'deliver') this.deliver(act.pick, journey)
  }

  /** Two rounds, in which each pair meets once; what is still under way comes between them. */
  heal(): void {
    for (let round = 0; round < 2; round++) {
      for (const [one, other] of [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const) {
        const journey = { reading: at(this.ms), merge: this.merge }
        meet(this.peers[one] as Replica, this.peers[other] as Replica, journey)
      }
      while (this.mail.length > 0) this.deliver(0, { reading: at(this.ms), merge: this.merge })
    }
  }

  private deliver(pick: number, journey: Journey): void {
    const [letter] = this.mail.splice(pick % Math.max(1, this.mail.length), 1)
    if (letter) receive(letter.to, letter.parcel, journey)
  }
}

healing('C2: whatever three writers did and lost, two rounds of asking make them equal', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const heals = (merge: Merge) =>
    fc.property(script, fc.boolean(), (acts, leasing) => {
      const world = new World(merge, leasing)
      for (const act of acts) world.play(act)
      world.heal()
      assert.ok(agree(world.peers))
      const [alice, ...others] = world.peers.map((peer) => dump(peer))
      for (const other of others) assert.is(other, alice)
      // L6: whoever still believes to hold a key is the one that all others know as its owner.
      for (const { held, table } of world.peers) {
        for (const [slot, token] of held) {
          assert.equal([table.writer[slot], table.epoch[slot]], [SELF, token])
        }
      }
    })
  fc.assert(heals(mergeBatch), { seed, numRuns: 400 })
  for (const [name, merge] of Object.entries({ keepFirst, withoutRank, withoutSequence })) {
    assert.ok(fc.check(heals(merge), { seed, numRuns: 2_000, endOnFailure: true }).failed, name)
  }
})

unsent('a write that nobody was sent is not given, and does not make the replicas differ', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  put(alice, ['door', 1], at(0))
  assert.equal(ask(bob, alice, now), { owed: 0, bytes: 0, differs: false })
  assert.equal(ask(bob, alice, { ...now, all: true }), { owed: 0, bytes: 0, differs: false })
  meet(alice, bob, now)
  assert.is(valueAt(bob, 'door'), 1)
})

unsent('a peer started offline cannot snatch a live key, however often it took it alone', () => {
  for (const rounds of [1, 2, 5]) {
    const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
    put(bob, ['door', 'bob'], at(0))
    broadcast(bob, [carol], now)
    for (let round = 0; round < rounds; round++) {
      put(alice, ['door', round], at(0))
      if (round + 1 < rounds) doneBy(remove(alice, keyOf('door'), now))
    }
    meet(alice, carol, { reading: at(1) })
    meet(carol, bob, { reading: at(1) })
    assert.equal(
      [alice, bob, carol].map((peer) => valueAt(peer, 'door')),
      ['bob', 'bob', 'bob'],
    )
    assert.equal(
      conflictsAt(alice).map(({ lost, reason }) => `${lost} ${reason}`),
      [`${rounds - 1} unwitnessed`],
    )
    assert.is(wordOf(trySet(alice, ['door', 1], { reading: at(1) })), 'held')
  }
})

unsent('it gives way to a renewal it had not heard of, not to what it knew to have lapsed', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  for (const name of ['door', 'gate']) put(bob, [name, 'bob'], at(0))
  const parcels = collect(bob, at(0))
  for (const parcel of parcels) receive(alice, parcel, now)
  put(bob, ['gate', 'renewed'], at(5_000))
  // Carol hears of both late, so that she still counts on a lease that alice has seen lapse.
  for (const parcel of [...parcels, ...collect(bob, at(5_000))]) {
    receive(carol, parcel, { reading: at(LATE - 10) })
  }
  for (const name of ['door', 'gate']) put(alice, [name, 'alice'], at(LATE))
  meet(alice, carol, { reading: at(LATE) })
  assert.equal(
    ['door', 'gate'].map((name) => valueAt(carol, name)),
    ['alice', 'renewed'],
  )
  assert.equal(
    ['door', 'gate'].map((name) => valueAt(alice, name)),
    ['alice', 'renewed'],
  )
  assert.equal(
    conflictsAt(alice).map(({ key, lost }) => [key, lost]),
    [['gate', 'alice']],
  )
})

unsent('a rival that had lost already when the key was taken is nothing to give way to', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  put(bob, ['door', 'bob'], at(0))
  put(carol, ['door', 'carol'], at(LATE - 1))
  const parcels = [...collect(bob, at(0)), ...collect(carol, at(LATE - 1))]
  const judge = open('judge')
  for (const parcel of parcels) receive(judge, parcel, { reading: at(LATE - 1) })
  const kept = valueAt(judge, 'door')
  const [winner, loser] = kept === 'bob' ? parcels : [...parcels].reverse()
  if (winner) receive(alice, winner, { reading: at(0) })
  put(alice, ['door', 'alice'], at(LATE))
  if (loser) receive(alice, loser, { reading: at(LATE) })
  assert.is(valueAt(alice, 'door'), 'alice')
})

unsent(
  'a claim that came too late still counts: what is less than it is nothing to give way to',
  () => {
    const versions = ['carol', 'dave'].map((name) => ({
      epoch: 1,
      sequence: 1,
      writer: originOf(name),
    }))
    const [higher, lower] = versions as [Version, Version]
    const keys = Array.from({ length: 64 }, (_, number) => `key ${number}`)
    const key = keys.find((name) => compareVersions(keyOf(name), higher, lower) > 0)
    assert.ok(key)
    const alice = open('alice')
    for (const now of [0, LATE]) put(alice, [key, 'alice'], at(now))
    const claim = { key, epoch: 1, sequence: 1 }
    for (const [writer, remainingMs] of [
      ['carol', 0],
      ['dave', LEASE_MS],
    ] as const) {
      mergeBatch(alice, batchOf([{ ...claim, writer, value: writer, remainingMs }]), at(LATE))
      assert.is(valueAt(alice, key), 'alice', writer)
    }
  },
)

unsent('one key that was lost and taken again is sent once', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  put(bob, ['door', 'bob'], at(0))
  put(alice, ['door', 'alice'], at(0))
  broadcast(bob, [alice], now)
  doneBy(release(bob, keyOf('door'), now))
  broadcast(bob, [alice], now)
  put(alice, ['door', 'again'], at(0))
  const [parcel, ...rest] = collect(alice, at(0))
  assert.equal(rest, [])
  assert.equal(parcel?.writes.batch.keys, ['door'])
})

unsent('who left frees its keys for a peer that hears of it, and a joiner learns that too', () => {
  const [alice, bob, zoe] = [open('alice'), open('bob'), open('zoe')]
  put(alice, ['door', 1], at(0))
  broadcast(alice, [bob], now)
  releaseLeft(bob, originOf('alice'))
  ask(zoe, bob, now)
  assert.is(wordOf(trySet(bob, ['door', 2], now)), 'done')
  assert.is(wordOf(trySet(zoe, ['door', 2], now)), 'done')
  assert.ok(slotOf(zoe, 'door') >= 0)
})

joining.run()
healing.run()
unsent.run()
