import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judgeWrite } from '../../machines/rules/grant.ts'
import { acquire, bequeath, release, renew } from '../../machines/rules/holding.ts'
import {
  DRIFT,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  marginMs,
  mayTakeOver,
  ownerTermMs,
  type TakeoverPolicy,
  takeoverAt,
} from '../../machines/rules/lease.ts'
import { mergeBatch, releaseLeft } from '../../machines/rules/merge.ts'
import { ownRemainingMs, type Replica, viewLease } from '../../machines/rules/replica.ts'
import { remove } from '../../machines/rules/write.ts'
import { seedOfRun } from './chance.ts'
import { broadcast, collect, receive } from './courier.ts'
import {
  at,
  batchOf,
  type ClaimSpec,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  put,
  slotOf,
  trySet,
  wordOf,
} from './scene.ts'

const judging = suite('rules/grant: who may write')
const terms = suite('rules/lease: the owner gives up early, the others wait long')
const clocks = suite('rules/lease: clocks that step, drift or stand still')
const tokens = suite('rules/grant: tokens')

const DAY_MS = 24 * 3_600_000
const held: ClaimSpec = { writer: 'alice', epoch: 3, sequence: 1, value: 'x' }

/** What bob may do with a key of which he heard these claims, some time later. */
function judge(claims: readonly ClaimSpec[], laterMs = 0, bob = open('bob')): unknown {
  mergeBatch(bob, batchOf(claims), at(0))
  const verdict = judgeWrite(bob, slotOf(bob, 'door'), at(laterMs))
  return typeof verdict === 'number' ? verdict : verdict.verdict
}

judging('a key that nobody wrote is free, with the first token', () => {
  assert.is(judge([]), 1)
})

judging('a live lease is refused, with its owner and how long it lasts here', () => {
  const bob = open('bob')
  assert.is(judge([held], 5_000, bob), 'held')
  const refusal = judgeWrite(bob, slotOf(bob, 'door'), at(5_000))
  const remainingMs = takeoverAt(LEASE_MS, LEASE_MS) - 5_000
  assert.equal(refusal, { verdict: 'held', owner: 'alice', remainingMs })
  assert.equal(viewLease(bob, slotOf(bob, 'door'), at(5_000)), {
    ...{ owner: 'alice', token: 3, remainingMs, mine: false },
  })
})

judging('a lapsed, a released and a deleted key are free under the next token', () => {
  const end = takeoverAt(LEASE_MS, LEASE_MS)
  assert.is(judge([held], end - 0.001), 'held')
  assert.is(judge([held], end), 4)
  assert.is(judge([{ ...held, released: true }]), 4)
  assert.is(judge([{ ...held, value: undefined }]), 4)
})

judging('the own lease keeps its token until it lapses at its owner', () => {
  const alice = open('alice')
  put(alice, ['door', 1], at(0))
  const own = (now: number) => judgeWrite(alice, slotOf(alice, 'door'), at(now))
  assert.is(own(0), 1)
  assert.is(own(ownerTermMs(LEASE_MS) - 0.001), 1)
  assert.is(own(ownerTermMs(LEASE_MS)), 2)
  assert.is(viewLease(alice, slotOf(alice, 'door'), at(ownerTermMs(LEASE_MS))), undefined)
})

judging('what a peer owned in an earlier run is its own, under a new token', () => {
  const alice = open('alice', { self: originOf('alice', '2') })
  assert.is(judge([held], 0, alice), 4)
  const reserved = open('alice', { self: originOf('alice', '2') })
  assert.is(judge([{ ...held, heir: 'carol' }], 0, reserved), 'held')
})

judging('a key that is reserved is for its heir alone, until the term is over', () => {
  assert.is(judge([{ ...held, heir: 'bob' }]), 4)
  const carol = open('carol')
  assert.is(judge([{ ...held, heir: 'bob' }], LEASE_MS, carol), 'held')
  const refusal = judgeWrite(carol, slotOf(carol, 'door'), at(1)) as { owner: string }
  assert.is(refusal.owner, 'bob')
  assert.is(judge([{ ...held, heir: 'bob' }], takeoverAt(LEASE_MS, LEASE_MS), carol), 4)
})

judging('who reserves a key for another waits as long as everybody else', () => {
  const alice = open('alice')
  put(alice, ['door', 1], at(0))
  doneBy(bequeath(alice, { key: keyOf('door'), heir: 'bob' as never }, { reading: at(0) }))
  assert.is(wordOf(trySet(alice, ['door', 2], { reading: at(LEASE_MS) })), 'held')
  assert.is(
    wordOf(trySet(alice, ['door', 2], { reading: at(takeoverAt(LEASE_MS, LEASE_MS)) })),
    'done',
  )
})

judging('the keys of a peer that left are free at once, even without a majority', () => {
  const bob = open('bob', { takeover: 'majority' })
  bob.peers = { known: 4, connected: 0 }
  assert.is(judge([held, { ...held, key: 'gate', sequence: 2, heir: 'carol' }], 0, bob), 'held')
  releaseLeft(bob, originOf('alice'))
  assert.is(judgeWrite(bob, slotOf(bob, 'door'), at(1)), 4)
  const gate = judgeWrite(bob, slotOf(bob, 'gate'), at(1)) as { owner: string }
  assert.is(gate.owner, 'carol', 'what alice reserved is still reserved')
})

judging('a lapsed lease of another is taken only by a peer that sees most of those it knew', () => {
  const late = takeoverAt(LEASE_MS, LEASE_MS)
  const rows: [TakeoverPolicy, known: number, connected: number, may: boolean][] = [
    ['auto', 0, 0, true],
    ['auto', 1, 0, true],
    ['auto', 2, 0, false],
    ['auto', 2, 1, true],
    ['auto', 3, 1, false],
    ['auto', 3, 2, true],
    ['auto', 4, 1, false],
    ['auto', 4, 2, true],
    ['majority', 0, 0, true],
    ['majority', 1, 0, false],
    ['majority', 1, 1, true],
    ['majority', 4, 1, false],
    ['any', 4, 0, true],
  ]
  for (const [takeover, known, connected, may] of rows) {
    assert.is(mayTakeOver(takeover, { known, connected }), may)
    const bob = open('bob', { takeover })
    bob.peers = { known, connected }
    const row = `${takeover} ${known} ${connected}`
    assert.is(judge([held], late, bob), may ? 4 : 'minority', row)
    assert.is(wordOf(trySet(bob, ['gate', 1], { reading: at(0) })), 'done', `${row}: a new key`)
    assert.is(judge([{ ...held, sequence: 2, released: true }], late, bob), 4, `${row}: released`)
  }
})

judging('without leases every key is free at once, and each write has the next token', () => {
  const bob = open('bob', { leasing: false })
  assert.is(judge([held], 0, bob), 4)
  const written = [1, 2, 3].map((value) => put(bob, ['door', value], at(0)))
  assert.equal(
    written.map(({ token }) => token),
    [4, 5, 6],
  )
  assert.ok(written.every(({ leaseMs, remainingMs }) => leaseMs === 0 && remainingMs === 0))
})

/** Terms from the shortest to the longest, evenly by their size. */
const anyTerm = fc
  .double({ min: Math.log(LEASE_MS_MIN), max: Math.log(LEASE_MS_MAX), noNaN: true })
  .map((log) => Math.min(LEASE_MS_MAX, Math.max(LEASE_MS_MIN, Math.round(Math.exp(log)))))
const anyRate = fc.double({ min: 1 - DRIFT, max: 1 + DRIFT, noNaN: true })
const anyShare = fc.double({ min: 0, max: 1, noNaN: true })

/**
 * How a term is shortened and lengthened; the checks are shown to catch allowances that are too
 * small.
 */
interface Allowances {
  readonly ownerTermMs: (termMs: number) => number
  readonly takeoverAt: (lapseAt: number, termMs: number) => number
}

/**
 * L1 in true time: the owner's clock runs at its rate from before it sends. Bob hears after a
 * while and tells carol after another, each by a clock of its own. Carol may take the key only
 * when the owner has lost it.
 */
function ownerLosesFirst(allowances: Allowances) {
  const rates = fc.tuple(anyRate, anyRate, anyRate)
  return fc.property(
    anyTerm,
    rates,
    anyShare,
    anyShare,
    (termMs, [alice, bob, carol], heard, toldAt) => {
      const lostAt = allowances.ownerTermMs(termMs) / alice
      const sentAt = heard * lostAt
      const remainingAtBob = termMs - sentAt * alice
      const relayedAt = sentAt + (toldAt * remainingAtBob) / bob
      const remainingAtCarol = Math.max(0, remainingAtBob - (relayedAt - sentAt) * bob)
      const takenByBob = sentAt + allowances.takeoverAt(remainingAtBob, termMs) / bob
      const takenByCarol = relayedAt + allowances.takeoverAt(remainingAtCarol, termMs) / carol
      assert.ok(Math.min(takenByBob, takenByCarol) > lostAt)
    },
  )
}

terms(
  'L1, L9: for terms from 20 ms to ten years and clocks 1 % off, the owner loses it first',
  () => {
    const seed = printedSeed()
    fc.assert(ownerLosesFirst({ ownerTermMs, takeoverAt }), { seed, numRuns: 3_000 })
    const careless: Allowances[] = [
      { ownerTermMs: (termMs) => termMs, takeoverAt: (lapseAt) => lapseAt },
      {
        ownerTermMs: (termMs) => termMs,
        takeoverAt: (lapseAt, termMs) => lapseAt + termMs * DRIFT,
      },
    ]
    for (const allowances of careless) {
      assert.ok(fc.check(ownerLosesFirst(allowances), { seed, numRuns: 3_000 }).failed)
    }
  },
)

terms(
  'L9: a term of any length leaves its owner most of it, and both allowances grow with it',
  () => {
    for (const termMs of [20, 21, 100, 199, 200, 1_000, 60_000, 3_600_000, DAY_MS, LEASE_MS_MAX]) {
      assert.ok(ownerTermMs(termMs) >= 0.7 * termMs, `${termMs}`)
      assert.ok(takeoverAt(0, termMs) <= 1.3 * termMs + termMs, `${termMs}`)
      assert.ok(marginMs(termMs) >= 5, `${termMs}`)
    }
  },
)

terms('L1: alice writes, bob and carol hear of it; neither may write before alice may not', () => {
  const seed = printedSeed()
  const rates = fc.tuple(anyRate, anyRate, anyRate)
  const holds = fc.property(
    anyTerm,
    rates,
    anyShare,
    (termMs, [aliceRate, bobRate, carolRate], share) => {
      const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
      put(alice, ['door', 1], at(0), termMs)
      const lostAt = ownerTermMs(termMs) / aliceRate
      const sentAt = share * lostAt
      for (const parcel of collect(alice, at(sentAt * aliceRate))) {
        receive(bob, parcel, { reading: at(sentAt * bobRate) })
        receive(carol, parcel, { reading: at(sentAt * carolRate) })
      }
      const before = (lostAt * 99_999) / 100_000
      const mayWrite = (peer: Replica, clock: number) =>
        typeof judgeWrite(peer, slotOf(peer, 'door'), at(clock)) === 'number'
      assert.is(judgeWrite(alice, slotOf(alice, 'door'), at(before * aliceRate)), 1)
      for (const [peer, rate] of [
        [bob, bobRate],
        [carol, carolRate],
      ] as const) {
        assert.not.ok(mayWrite(peer, lostAt * rate))
        assert.ok(mayWrite(peer, 1.6 * termMs * rate), 'and some time later it may')
      }
    },
  )
  fc.assert(holds, { seed, numRuns: 300 })
})

clocks(
  'L2: after any pause the first look sees the loss, though the monotonic clock stood still',
  () => {
    const alice = open('alice')
    doneBy(acquire(alice, keyOf('door'), { reading: at(0) }))
    const woken = at(5, at(0).wall + DAY_MS)
    const options = { reading: woken, token: 1 }
    assert.ok(ownRemainingMs(alice.table, slotOf(alice, 'door'), woken) <= 0)
    assert.is(viewLease(alice, slotOf(alice, 'door'), woken), undefined)
    assert.is(wordOf(renew(alice, keyOf('door'), options)), 'lost')
    assert.is(wordOf(release(alice, keyOf('door'), options)), 'lost')
    assert.is(wordOf(trySet(alice, ['door', 2], options)), 'lost')
    assert.is(
      wordOf(trySet(alice, ['door', 2], { reading: woken })),
      'lost',
      'also without a token',
    )
    assert.is(wordOf(remove(alice, keyOf('door'), options)), 'done', 'there is no value to remove')
  },
)

clocks('L4: a wall clock that steps by a day makes an owner lose early at most', () => {
  for (const step of [-DAY_MS, -1, 1, DAY_MS]) {
    const [alice, bob] = [open('alice'), open('bob')]
    put(alice, ['door', 1], at(0))
    broadcast(alice, [bob], { reading: at(0) })
    const stepped = (now: number) => at(now, at(now).wall + step)
    const end = ownerTermMs(LEASE_MS)
    const mine = (now: number) => judgeWrite(alice, slotOf(alice, 'door'), stepped(now)) === 1
    assert.is(mine(end - 2), step < DAY_MS, `step ${step}`)
    assert.is(mine(end), false, `step ${step}: the monotonic clock counts as well`)
    const others = (now: number) => judgeWrite(bob, slotOf(bob, 'door'), stepped(now))
    assert.is(typeof others(takeoverAt(LEASE_MS, LEASE_MS) - 1), 'object', `step ${step}`)
    assert.is(others(takeoverAt(LEASE_MS, LEASE_MS)), 2, `step ${step}`)
  }
})

clocks('L8: passing time changes nothing that is kept', () => {
  const alice = open('alice')
  put(alice, ['door', 1], at(0))
  const before = JSON.stringify([
    ...alice.table.lapseAt,
    ...alice.table.flags,
    ...alice.table.epoch,
  ])
  for (const now of [1, LEASE_MS, 10 * DAY_MS]) {
    viewLease(alice, slotOf(alice, 'door'), at(now))
    judgeWrite(alice, slotOf(alice, 'door'), at(now))
  }
  const after = JSON.stringify([...alice.table.lapseAt, ...alice.table.flags, ...alice.table.epoch])
  assert.is(after, before)
})

tokens(
  'C6, L5: each new grant of a key has a greater token, also over delete and hand-over',
  () => {
    const [alice, bob] = [open('alice'), open('bob')]
    const seen: number[] = []
    let now = 0
    for (let round = 0; round < 4; round++) {
      for (const [one, other] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        seen.push(put(one, ['door', round], at(now)).token)
        doneBy(remove(one, keyOf('door'), { reading: at(now) }))
        seen.push(put(one, ['door', round], at(now)).token)
        now += 2 * LEASE_MS
        seen.push(put(one, ['door', round], at(now)).token)
        doneBy(release(one, keyOf('door'), { reading: at(now) }))
        broadcast(one, [other], { reading: at(now) })
      }
    }
    assert.equal(
      seen,
      seen.map((_, index) => index + 1),
    )
  },
)

tokens('L5: a token that gave way is not given out a second time', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  put(bob, ['door', 'bob'], at(0))
  broadcast(bob, [alice], { reading: at(0) })
  const late = 2 * LEASE_MS
  const first = put(alice, ['door', 'alice'], at(late)).token
  const renewedAt = ownerTermMs(LEASE_MS) - 1
  put(bob, ['door', 'bob renews'], at(renewedAt))
  for (const parcel of collect(bob, at(renewedAt))) receive(alice, parcel, { reading: at(late) })
  assert.is(wordOf(trySet(alice, ['door', 'alice'], { reading: at(late) })), 'held')
  const second = put(alice, ['door', 'alice'], at(2 * late)).token
  assert.ok(second > first, `${second} after ${first}`)
})

tokens('a token that no peer would take is refused before it is given out', () => {
  const greatest = { ...held, epoch: Number.MAX_SAFE_INTEGER, released: true }
  assert.is(judge([greatest]), 'full')
})

function printedSeed(): number {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  return seed
}

judging.run()
terms.run()
clocks.run()
tokens.run()
