import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mergeBatch, releaseLeft } from '../../machines/rules/merge.ts'
import { compareVersions } from '../../machines/rules/version.ts'
import { chanceOf, seedOfRun } from './chance.ts'
import {
  allDeliveries,
  findClockInfluence,
  findDisagreement,
  findExtension,
  findStepBack,
  findUnlawfulJoin,
  someDeliveries,
} from './mergeChecks.ts'
import {
  blindToEquivocation,
  byArrival,
  byWallClock,
  extendedByHearsay,
  keepFirst,
  type Merge,
  withoutRank,
  withoutSequence,
  withoutTombstones,
} from './mergeMutants.ts'
import {
  at,
  batchOf,
  type ClaimSpec,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  slotOf,
  valueAt,
} from './scene.ts'

const order = suite('rules/merge: order of arrival')
const time = suite('rules/merge: time')
const versions = suite('rules/version')

const contents: Partial<ClaimSpec>[] = [
  { value: 'open' },
  { value: 'shut' },
  {},
  { value: 'open', released: true },
  { value: 'open', heir: 'dave' },
  { value: 'open', termMs: 2 * LEASE_MS, remainingMs: LEASE_MS },
  { value: 'open', over: ['dave', 1] },
]

/** Every claim that two peers could make in two epochs with two writes each. */
function universe(kinds: readonly Partial<ClaimSpec>[]): ClaimSpec[] {
  return ['alice', 'bob'].flatMap((writer) =>
    [1, 2].flatMap((epoch) =>
      [1, 2].flatMap((sequence) => kinds.map((kind) => ({ writer, epoch, sequence, ...kind }))),
    ),
  )
}

function pairsOf(claims: readonly ClaimSpec[]): ClaimSpec[][] {
  return claims.flatMap((one, index) => claims.slice(index).map((other) => [one, other]))
}

const histories: Record<string, readonly ClaimSpec[]> = {
  'a takeover': [
    { writer: 'alice', epoch: 1, sequence: 1, value: 'alice' },
    { writer: 'bob', epoch: 2, sequence: 1, value: 'bob', over: ['alice', 1] },
    { writer: 'carol', epoch: 3, sequence: 4, value: 'carol', over: ['bob', 1] },
  ],
  'a delete between two sets': [
    { writer: 'alice', epoch: 1, sequence: 1, value: 1 },
    { writer: 'alice', epoch: 1, sequence: 2 },
    { writer: 'bob', epoch: 2, sequence: 1, value: 2 },
    { writer: 'bob', epoch: 2, sequence: 2 },
  ],
  renewals: [1, 2, 3, 4].map((sequence) => {
    return { writer: 'alice', epoch: 1, sequence, value: 'same', termMs: 1_000 * sequence }
  }),
  'equal epochs': [
    { writer: 'alice', epoch: 2, sequence: 9, value: 'alice' },
    { writer: 'bob', epoch: 2, sequence: 1, value: 'bob' },
    { writer: 'carol', epoch: 2, sequence: 5, value: 'carol' },
    { writer: 'bob', epoch: 2, sequence: 2, value: 'bob again' },
  ],
  equivocation: [
    { writer: 'alice', epoch: 1, sequence: 1, value: ['one'], remainingMs: 500 },
    { writer: 'alice', epoch: 1, sequence: 1, value: ['two'], remainingMs: 400 },
    { writer: 'alice', epoch: 1, sequence: 1 },
    { writer: 'alice', epoch: 1, sequence: 1, value: ['one'], heir: 'bob' },
  ],
  'an heir and its rivals': [
    { writer: 'alice', epoch: 1, sequence: 2, value: 1, heir: 'bob' },
    { writer: 'bob', epoch: 2, sequence: 1, value: 1, over: ['alice', 2] },
    { writer: 'carol', epoch: 2, sequence: 1, value: 2, over: ['alice', 2] },
    { writer: 'alice', epoch: 1, sequence: 3, value: 1, released: true, termMs: 0 },
  ],
  'what only a stranger would claim': [
    { writer: 'mallory', epoch: Number.MAX_SAFE_INTEGER, sequence: 1, value: 1, remainingMs: 1e11 },
    { writer: 'mallory', epoch: Number.MAX_SAFE_INTEGER, sequence: 1, value: 1, termMs: 20 },
    { writer: 'bob', epoch: Number.MAX_SAFE_INTEGER, sequence: 2 ** 52, released: true, value: 0 },
    { writer: 'bob', epoch: 1, sequence: 1, value: 0, over: ['bob', 2 ** 52], heir: 'bob' },
  ],
}

for (const [name, claims] of Object.entries(histories)) {
  order(`C1: ${name} ends the same in every order, doubled and in any batches`, () => {
    assert.is(findDisagreement(mergeBatch, claims, allDeliveries(claims.length)), undefined)
  })
}

order('C1: any two claims, and any three of the common kinds, end the same in every order', () => {
  const twos = allDeliveries(2)
  for (const pair of pairsOf(universe(contents))) {
    assert.is(findDisagreement(mergeBatch, pair, twos), undefined)
  }
  const threes = allDeliveries(3).filter(({ length }) => length === 3)
  const few = universe([{ value: 'open' }, {}])
  for (const pair of pairsOf(few)) {
    for (const third of few) {
      assert.is(findDisagreement(mergeBatch, [...pair, third], threes), undefined)
    }
  }
})

order('C1: each broken order of merging is caught by the same check', () => {
  const orders = { byArrival, keepFirst, withoutRank, withoutSequence, withoutTombstones }
  const pairs = pairsOf(universe(contents))
  for (const [name, merge] of Object.entries({ ...orders, blindToEquivocation })) {
    const found = pairs.some((pair) => findDisagreement(merge, pair, allDeliveries(2)))
    assert.ok(found, name)
  }
})

/** Claims as anybody may send them, most of them about one key and close to one another. */
const anyClaim: fc.Arbitrary<ClaimSpec> = fc
  .record({
    key: fc.constantFrom('door', 'door', 'gate', '__proto__'),
    writer: fc.constantFrom('alice', 'bob', 'carol'),
    epoch: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.maxSafeNat()),
    sequence: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.maxSafeNat()),
    value: fc.constantFrom<unknown>(
      undefined,
      0,
      'x',
      ['x'],
      { x: [1n] },
      new Map([[1, 2]]),
      Number.NaN,
    ),
    released: fc.boolean(),
    termMs: fc.constantFrom(20, LEASE_MS, 3e11),
    remains: fc.double({ min: 0, max: 1, noNaN: true }),
    heir: fc.option(fc.constantFrom('alice', 'dave'), { nil: undefined }),
    over: fc.option(fc.tuple(fc.constantFrom('alice', 'dave'), fc.nat(3)), { nil: undefined }),
  })
  .map(({ remains, value, released, epoch, sequence, heir, over, ...claim }) => ({
    ...claim,
    ...{ value, released, epoch: Math.max(1, epoch), sequence: Math.max(1, sequence) },
    ...(heir === undefined ? {} : { heir }),
    ...(over === undefined ? {} : { over }),
    remainingMs: Math.floor(remains * claim.termMs),
  }))

const anyClaims = fc.array(anyClaim, { minLength: 2, maxLength: 9 })

order('C1: random claims, hostile ones too, end the same however they come', () => {
  const seed = printedSeed()
  const agrees = (merge: Merge) =>
    fc.property(anyClaims, fc.integer(), (claims, dice) => {
      const deliveries = someDeliveries(chanceOf(dice), claims.length)
      const everyRow = deliveries.filter((rows) => new Set(rows.flat()).size === claims.length)
      assert.is(findDisagreement(merge, claims, everyRow), undefined)
    })
  fc.assert(agrees(mergeBatch), { seed, numRuns: 600 })
  expectCaught(agrees, { byArrival, withoutRank, blindToEquivocation }, seed)
})

order('C3: joining tables is commutative, associative and idempotent', () => {
  const seed = printedSeed()
  const lawful = (merge: Merge) =>
    fc.property(anyClaims, anyClaims, anyClaims, (...claims) => {
      assert.is(findUnlawfulJoin(merge, claims), undefined)
    })
  fc.assert(lawful(mergeBatch), { seed, numRuns: 300 })
  expectCaught(lawful, { byArrival, keepFirst, withoutRank }, seed)
})

order('C7: a version never goes backwards, nor does a token', () => {
  const seed = printedSeed()
  const rises = (merge: Merge) =>
    fc.property(anyClaims, (claims) => assert.is(findStepBack(merge, claims), undefined))
  fc.assert(rises(mergeBatch), { seed, numRuns: 1_000 })
  expectCaught(rises, { byArrival, withoutSequence }, seed)
})

order('a peer does not take its own entries from others, who may have older ones', () => {
  const alice = open('alice')
  mergeBatch(alice, batchOf([{ writer: 'alice', epoch: 5, sequence: 5, value: 'forged' }]), at(0))
  assert.is(valueAt(alice, 'door'), undefined)
})

time('C4: clocks that show any date change nothing that is kept', () => {
  const seed = printedSeed()
  const day = 24 * 3_600_000
  const walls = fc.array(fc.integer({ min: -365 * day, max: 365 * day }), { minLength: 1 })
  const unmoved = (merge: Merge) =>
    fc.property(anyClaims, walls, (claims, dates) => {
      assert.is(findClockInfluence(merge, claims, dates), undefined)
    })
  fc.assert(unmoved(mergeBatch), { seed, numRuns: 500 })
  expectCaught(unmoved, { byWallClock }, seed)
})

time('L3: hearsay never extends a lease, and may end it earlier', () => {
  const seed = printedSeed()
  const ms = fc.integer({ min: 0, max: LEASE_MS })
  const heard = fc.array(fc.tuple(ms, ms), { minLength: 1 })
  const claim: ClaimSpec = { writer: 'alice', epoch: 1, sequence: 1, value: 'x' }
  const never = (merge: Merge) =>
    fc.property(heard, (hearsay) => assert.is(findExtension(merge, claim, hearsay), undefined))
  fc.assert(never(mergeBatch), { seed })
  expectCaught(never, { extendedByHearsay }, seed)

  const carol = open('carol')
  mergeBatch(carol, batchOf([claim]), at(0))
  mergeBatch(carol, batchOf([{ ...claim, remainingMs: 10 }]), at(100))
  assert.is(carol.table.lapseAt[slotOf(carol, 'door')], 110)
})

time('a newer write of the owner extends the lease, whoever brings it', () => {
  const carol = open('carol')
  const claim: ClaimSpec = { writer: 'alice', epoch: 1, sequence: 1, value: 'x' }
  mergeBatch(carol, batchOf([claim]), at(0))
  mergeBatch(carol, batchOf([{ ...claim, sequence: 2 }]), at(5_000))
  assert.is(carol.table.lapseAt[slotOf(carol, 'door')], 5_000 + LEASE_MS)
})

time('who leaves frees its keys at once, but not those that it reserved for an heir', () => {
  const carol = open('carol')
  const mine: ClaimSpec = { writer: 'alice', epoch: 1, sequence: 1, value: 'x' }
  mergeBatch(carol, batchOf([mine, { ...mine, key: 'gate', sequence: 2, heir: 'bob' }]), at(0))
  releaseLeft(carol, originOf('alice', '2'))
  assert.is(carol.table.lapseAt[slotOf(carol, 'door')], LEASE_MS, 'another run left')
  releaseLeft(carol, originOf('alice'))
  assert.is(carol.table.lapseAt[slotOf(carol, 'door')], Number.NEGATIVE_INFINITY)
  assert.is(carol.table.lapseAt[slotOf(carol, 'gate')], LEASE_MS)
})

versions(
  'any two versions have an order, which is the same from both ends and fair to both',
  () => {
    let aliceWins = 0
    for (let number = 0; number < 1_000; number++) {
      const key = keyOf(`key ${number}`)
      const alice = { epoch: 1, writer: originOf('alice'), sequence: 1 }
      const bob = { epoch: 1, writer: originOf('bob'), sequence: 2 }
      const verdict = Math.sign(compareVersions(key, alice, bob))
      assert.is(verdict, -Math.sign(compareVersions(key, bob, alice)))
      assert.is(Math.sign(compareVersions(key, { ...alice, sequence: 9 }, bob)), verdict)
      assert.ok(compareVersions(key, { ...alice, epoch: 2 }, bob) > 0)
      if (verdict > 0) aliceWins++
    }
    assert.ok(aliceWins > 400 && aliceWins < 600, `alice won ${aliceWins} of 1,000`)
  },
)

/** The check that the real merge passed finds each of the broken ones. */
function expectCaught<Values>(
  check: (merge: Merge) => fc.IProperty<Values>,
  mutants: Record<string, Merge>,
  seed: number,
): void {
  for (const [name, merge] of Object.entries(mutants)) {
    const { failed } = fc.check(check(merge), { seed, numRuns: 1_500, endOnFailure: true })
    assert.ok(failed, name)
  }
}

function printedSeed(): number {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  return seed
}

order.run()
time.run()
versions.run()
