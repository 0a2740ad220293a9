import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ConflictFact } from '../../machines/rules/fact.ts'
import { acquire, release } from '../../machines/rules/holding.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { compareVersions, type Version } from '../../machines/rules/version.ts'
import { remove } from '../../machines/rules/write.ts'
import { seedOfRun } from './chance.ts'
import { agree, ask, broadcast, collect, meet, receive } from './courier.ts'
import { alarming, echoing, type Merge, silent, unyielding } from './mergeMutants.ts'
import {
  at,
  conflictsAt,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  put,
  told,
  trySet,
  valueAt,
} from './scene.ts'

const conflicts = suite('rules/merge: a lost write is told once, at its writer')

/** Each scene returns what was told at alice and at bob, and says what should have been. */
type Scene = (merge: Merge) => { told: ConflictFact[][]; expected: Partial<ConflictFact>[][] }

const scenes: Record<string, Scene> = {
  'alice writes alone what bob holds since before': (merge) => {
    const { alice, bob, carol } = trio()
    put(bob, ['door', 'bob'], at(0))
    broadcast(bob, [carol], { reading: at(0), merge })
    put(alice, ['door', 'alice'], at(10))
    ask(alice, carol, { reading: at(20), merge })
    broadcast(alice, [bob, carol], { reading: at(20), merge })
    assert.is(valueAt(alice, 'door'), 'bob')
    const lost = { lost: 'alice', kept: 'bob', winner: 'bob', reason: 'unwitnessed', token: 1 }
    return outcome({ alice, bob }, [[lost], []] as never)
  },
  'alice and bob write at the same moment, and one of them loses': (merge) => {
    const { alice, bob } = trio()
    const key = keyThatLoses('alice', 'bob')
    put(alice, [key, 'alice'], at(0))
    put(bob, [key, 'bob'], at(0))
    const parcels = [...collect(alice, at(1)), ...collect(bob, at(1))]
    for (const parcel of [...parcels, ...parcels]) {
      const receiver = parcel.origin.peer === 'alice' ? bob : alice
      receive(receiver, parcel, { reading: at(2), merge })
    }
    meet(alice, bob, { reading: at(3), merge })
    assert.is(valueAt(alice, key), 'bob')
    assert.is(valueAt(bob, key), 'bob')
    const lost = { key, lost: 'alice', kept: 'bob', winner: 'bob', reason: 'concurrent' }
    return outcome({ alice, bob }, [[lost], []] as never)
  },
  'bob takes over without having seen the last write': (merge) => {
    const { alice, bob } = trio()
    put(alice, ['door', 'first'], at(0))
    broadcast(alice, [bob], { reading: at(0), merge })
    put(alice, ['door', 'second'], at(1))
    collect(alice, at(1))
    put(bob, ['door', 'bob'], at(2 * LEASE_MS))
    broadcast(bob, [alice], { reading: at(2 * LEASE_MS), merge })
    const lost = { lost: 'second', kept: 'bob', winner: 'bob', token: 2, reason: 'concurrent' }
    return outcome({ alice, bob }, [[lost], []] as never)
  },
  'bob takes over and has seen the last write, so nothing is lost': (merge) => {
    const { alice, bob } = trio()
    put(alice, ['door', 'alice'], at(0))
    broadcast(alice, [bob], { reading: at(0), merge })
    put(bob, ['door', 'bob'], at(2 * LEASE_MS))
    broadcast(bob, [alice], { reading: at(2 * LEASE_MS), merge })
    return outcome({ alice, bob }, [[], []])
  },
  'bob has seen it, and renews, lapses and takes it again before alice hears of him': (merge) => {
    const { alice, bob } = trio()
    put(alice, ['door', 'alice'], at(0))
    broadcast(alice, [bob], { reading: at(0), merge })
    for (const round of [2, 3, 6, 9]) put(bob, ['door', round], at(round * LEASE_MS))
    broadcast(bob, [alice], { reading: at(9 * LEASE_MS), merge })
    assert.is(valueAt(alice, 'door'), 9)
    return outcome({ alice, bob }, [[], []])
  },
  'bob never heard of it, and has granted himself the key three times': (merge) => {
    const { alice, bob, carol } = trio()
    put(alice, ['door', 'alice'], at(0))
    broadcast(alice, [carol], { reading: at(0), merge })
    ask(alice, carol, { reading: at(1), merge })
    doneBy(release(alice, keyOf('door'), { reading: at(2) }))
    broadcast(alice, [carol], { reading: at(2), merge })
    ask(alice, carol, { reading: at(3), merge })
    for (const round of [0, 2, 4]) put(bob, ['door', round], at(round * LEASE_MS))
    broadcast(bob, [alice, carol], { reading: at(4 * LEASE_MS), merge })
    const lost = { lost: 'alice', kept: 4, winner: 'bob', token: 3, reason: 'concurrent' }
    return outcome({ alice, bob }, [[lost], []] as never)
  },
  'a delete loses, and a delete wins': (merge) => {
    const { alice, bob } = trio()
    put(alice, ['door', 1], at(0))
    put(alice, ['gate', 1], at(0))
    broadcast(alice, [bob], { reading: at(0), merge })
    doneBy(remove(alice, keyOf('door'), { reading: at(1) }))
    put(alice, ['gate', 2], at(1))
    collect(alice, at(1))
    put(bob, ['door', 2], at(3 * LEASE_MS))
    doneBy(remove(bob, keyOf('gate'), { reading: at(3 * LEASE_MS) }))
    broadcast(bob, [alice], { reading: at(3 * LEASE_MS), merge })
    const deleted = { key: 'door', lost: undefined, kept: 2 }
    return outcome({ alice, bob }, [
      [deleted, { key: 'gate', lost: 2, kept: undefined }],
      [],
    ] as never)
  },
  'bob takes the key over with its value, and what wins has seen neither': (merge) => {
    const { alice, bob, carol } = trio()
    const late = at(2 * LEASE_MS)
    put(alice, ['door', 'alice'], at(0))
    broadcast(alice, [bob], { reading: at(0), merge })
    doneBy(acquire(bob, keyOf('door'), { reading: late }))
    broadcast(bob, [alice], { reading: late, merge })
    for (const round of [0, 2, 4]) put(carol, ['door', round], at(round * LEASE_MS))
    broadcast(carol, [alice, bob], { reading: at(4 * LEASE_MS), merge })
    const lost = { lost: 'alice', kept: 4, winner: 'carol', token: 3, reason: 'concurrent' }
    return outcome({ alice, bob }, [[lost], [{ ...lost, lost: undefined }]] as never)
  },
  'bob takes the key over with its value, and then writes his own': (merge) => {
    const { alice, bob, carol } = trio()
    const late = at(2 * LEASE_MS)
    put(alice, ['door', 'alice'], at(0))
    broadcast(alice, [bob], { reading: at(0), merge })
    const { token } = doneBy(acquire(bob, keyOf('door'), { reading: late }))
    broadcast(bob, [alice], { reading: late, merge })
    doneBy(trySet(bob, ['door', 'bob'], { reading: late, token }))
    broadcast(bob, [alice], { reading: late, merge })
    for (const round of [0, 2, 4]) put(carol, ['door', round], at(round * LEASE_MS))
    broadcast(carol, [alice, bob], { reading: at(4 * LEASE_MS), merge })
    const lost = { lost: 'bob', kept: 4, winner: 'carol', token: 3, reason: 'concurrent' }
    return outcome({ alice, bob }, [[], [lost]] as never)
  },
  'without leases, two write at once and the later write of either tells nothing': (merge) => {
    const [alice, bob] = [open('alice', { leasing: false }), open('bob', { leasing: false })]
    const key = keyThatLoses('alice', 'bob')
    put(alice, [key, 'alice'], at(0))
    put(bob, [key, 'bob'], at(0))
    meet(alice, bob, { reading: at(1), merge })
    put(alice, [key, 'later'], at(2))
    meet(alice, bob, { reading: at(3), merge })
    assert.is(valueAt(bob, key), 'later')
    return outcome({ alice, bob }, [[{ lost: 'alice', kept: 'bob' }], []])
  },
}

for (const [name, scene] of Object.entries(scenes)) {
  conflicts(`C8: ${name}`, () => assert.is(findWrong(scene, mergeBatch), undefined))
}

conflicts(
  'C8: silence, an echo, a false alarm and a grant that does not give way are caught',
  () => {
    for (const [name, merge] of Object.entries({ silent, echoing, alarming, unyielding })) {
      const found = Object.values(scenes).some((scene) => findWrong(scene, merge) !== undefined)
      assert.ok(found, name)
    }
  },
)

/** What one of three writers does next; a meeting with another delivers everything. */
const acts = fc.array(
  fc.record({
    who: fc.nat(2),
    step: fc.constantFrom(1, 2),
    what: fc.constantFrom('set', 'set', 'set', 'remove', 'release', 'meet', 'send', 'lose', 'wait'),
    key: fc.constantFrom('door', 'gate'),
  }),
  { minLength: 4, maxLength: 40 },
)

conflicts('C8: whatever three writers do, each loss is told once, and nothing else is', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const exact = (merge: Merge) =>
    fc.property(acts, fc.boolean(), (script, leasing) => {
      const world = new History(merge, leasing)
      for (const act of script) world.play(act)
      for (const who of [0, 1, 2, 0, 1, 2]) {
        world.play({ who, step: 1, what: 'meet', key: 'door' })
      }
      assert.ok(agree(world.peers))
    })
  fc.assert(exact(mergeBatch), { seed, numRuns: 800 })
  for (const [name, merge] of Object.entries({ silent, echoing, alarming })) {
    assert.ok(fc.check(exact(merge), { seed, numRuns: 800, endOnFailure: true }).failed, name)
  }
})

conflicts('one version with two contents is told by whoever replaces the one by the other', () => {
  const replicas = ['one', 'two'].map((value) => {
    const replica = open('alice')
    put(replica, ['door', value], at(0))
    return replica
  })
  const parcels = replicas.flatMap((replica) => collect(replica, at(0)))
  const told = [parcels, [...parcels].reverse()].map((inOrder) => {
    const carol = open('carol')
    for (const parcel of [...inOrder, ...inOrder]) receive(carol, parcel, { reading: at(1) })
    return { value: valueAt(carol, 'door'), facts: conflictsAt(carol) }
  })
  assert.is(told[0]?.value, told[1]?.value)
  const [fact, ...rest] = told.flatMap(({ facts }) => facts)
  assert.equal(rest, [])
  assert.is(fact?.reason, 'equivocation')
  assert.is(fact?.kept, told[0]?.value)
})

conflicts('L6: whoever believed to hold the key is told once that it does not', () => {
  const { alice, bob } = trio()
  const key = keyThatLoses('alice', 'bob')
  for (const peer of [alice, bob]) {
    doneBy(acquire(peer, keyOf(key), { reading: at(0) }))
  }
  const parcels = [collect(alice, at(0)), collect(bob, at(0))] as const
  for (const parcel of [...parcels[0], ...parcels[0]]) receive(bob, parcel, { reading: at(1) })
  for (const parcel of [...parcels[1], ...parcels[1]]) receive(alice, parcel, { reading: at(1) })
  const lost = told(alice, 'lease.lost')
  assert.equal(lost, [{ type: 'lease.lost', key, token: 1, reason: 'conflict' }])
  assert.equal(told(bob, 'lease.lost'), [])
  assert.is(alice.held.size, 0)
  assert.is(bob.held.size, 1)
})

interface Act {
  readonly who: number
  /** How far on the other peer is. */
  readonly step: number
  readonly what: string
  readonly key: string
}

/** Three writers, and who wrote what after having seen which writes. */
class History {
  readonly peers: readonly Replica[]
  private readonly merge: Merge
  private now = 0
  private written = 0
  /** For each write, the writes that it replaced knowingly, itself included. */
  private readonly seen = new Map<string, ReadonlySet<string>>()

  constructor(merge: Merge, leasing: boolean) {
    const told: Merge = (replica, batch, reading) => this.watch(merge, [replica, batch, reading])
    this.merge = told
    this.peers = ['alice', 'bob', 'carol'].map((name) => open(name, { leasing }))
  }

  play({ who, step, what, key }: Act): void {
    const one = this.peers[who] as Replica
    const other = this.peers[(who + step) % this.peers.length] as Replica
    const reading = at(++this.now)
    const journey = { reading, merge: this.merge }
    if (what === 'wait') this.now += 2 * LEASE_MS
    if (what === 'meet') meet(one, other, journey)
    if (what === 'send') broadcast(one, [other], journey)
    if (what === 'lose') collect(one, reading)
    const before = versionOf(one, key)
    if (what === 'set') trySet(one, [key, `write ${++this.written}`], { reading })
    if (what === 'remove') remove(one, keyOf(key), { reading })
    if (what === 'release') release(one, keyOf(key), { reading })
    const after = versionOf(one, key)
    if (after === before || ['meet', 'send', 'lose'].includes(what)) return
    this.seen.set(after, new Set([...(this.seen.get(before) ?? []), after]))
  }

  /** Compares what the merge tells with what was lost, for each key that it changed. */
  private watch(merge: Merge, [replica, batch, reading]: Parameters<Merge>): boolean {
    const self = replica.origins[0]?.peer
    const before = ['door', 'gate'].map((key) => ({ key, version: versionOf(replica, key) }))
    replica.facts = []
    const fits = merge(replica, batch, reading)
    const expected = before.filter(({ key, version }) => {
      const after = versionOf(replica, key)
      const isOwn = version.startsWith(`${key} ${self} `)
      return isOwn && after !== version && !this.seen.get(after)?.has(version)
    })
    const keys = conflictsAt(replica).map(({ key }) => key)
    assert.equal(keys.sort(), expected.map(({ key }) => key).sort())
    return fits
  }
}

function versionOf({ table, origins }: Replica, key: string): string {
  const slot = table.find(keyOf(key))
  if (slot < 0) return `${key} nobody`
  return `${key} ${origins[table.writer[slot] as number]?.peer} ${table.sequence[slot]}`
}

function findWrong(scene: Scene, merge: Merge): string | undefined {
  try {
    const { told, expected } = scene(merge)
    for (const [index, facts] of told.entries()) {
      assert.is(facts.length, expected[index]?.length)
      for (const [at, fact] of facts.entries())
        assert.equal({ ...fact, ...expected[index]?.[at] }, fact)
    }
    return undefined
  } catch (error) {
    return String(error)
  }
}

function outcome(
  peers: Record<string, Replica>,
  expected: Partial<ConflictFact>[][],
): ReturnType<Scene> {
  return { told: Object.values(peers).map(conflictsAt), expected }
}

function trio(): { alice: Replica; bob: Replica; carol: Replica } {
  return { alice: open('alice'), bob: open('bob'), carol: open('carol') }
}

/** A key on which the rank of the first peer is the lower one. */
function keyThatLoses(loser: string, winner: string): string {
  const versions = [loser, winner].map((name) => ({
    epoch: 1,
    sequence: 1,
    writer: originOf(name),
  }))
  const [lower, higher] = versions as [Version, Version]
  const keys = Array.from({ length: 64 }, (_, number) => `key ${number}`)
  const key = keys.find((name) => compareVersions(keyOf(name), lower, higher) < 0)
  assert.ok(key)
  return key
}

conflicts.run()
