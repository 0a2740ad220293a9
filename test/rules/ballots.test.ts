/**
 * Majority mode by its rules alone: scenes with one voter or one proposer, then random schedules
 * in a world that does its worst. `npm run ballots -- --schedules 100000 --seed 1` plays more.
 */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { abstentionMs, type Ballot, majorityOf, witnessesOf } from '../../machines/rules/ballot.ts'
import type { StoredKey } from '../../machines/rules/key.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import {
  abandon,
  createProposer,
  hearAnswer,
  nextBallot,
  openRound,
  tenureMs,
} from '../../machines/rules/proposer.ts'
import {
  accept,
  BOX_BYTES,
  BOXES_BYTES_MAX,
  ceilingOf,
  createVoter,
  forgetIdle,
  hearCeiling,
  isVoting,
  promise,
  release,
  type Voter,
} from '../../machines/rules/voter.ts'
import * as mutants from './ballotMutants.ts'
import { PRODUCTION, type Rule } from './ballotRule.ts'
import { playSchedules } from './ballotSchedules.ts'
import { seedOfRun } from './chance.ts'
import { at, originOf } from './scene.ts'

const ballots = suite('ballots')

const LONGEST_MS = 10_000
const key = 'door' as StoredKey
const [alice, bob, carol] = ['alice', 'bob', 'carol'] as PeerId[] as [PeerId, PeerId, PeerId]

/** A voter of three that has been there for long. */
function openVoter(): Voter {
  const voter = createVoter({ now: -2 * LONGEST_MS, longestMs: LONGEST_MS, voters: 3 })
  for (const peer of [bob, carol]) hearCeiling(voter, { peer, token: 0, isVoting: true }, 0)
  return voter
}

function ballotOf(peer: PeerId, counter: number): Ballot {
  return { ...originOf(peer), counter }
}

/** Asks for a promise, then for the vote, and returns the last verdict. */
function win(voter: Voter, ballot: Ballot, now: number, token = 1): string {
  const asked = promise(voter, { key, ballot, known: 0 }, now)
  if (asked.verdict !== 'open') return asked.verdict
  return accept(voter, { key, ballot, token, leaseMs: 1_000 }, now).verdict
}

ballots('of two, three, four and nine voters', () => {
  assert.equal([1, 2, 3, 4, 5, 9].map(majorityOf), [1, 2, 2, 3, 3, 5])
  assert.equal([2, 3, 5, 9].map(witnessesOf), [1, 2, 3, 5])
})

ballots('a vote that alice has is nobody elses until her term is over for everybody', () => {
  const voter = openVoter()
  assert.is(win(voter, ballotOf(alice, 1), 0), 'accepted')
  const answer = promise(voter, { key, ballot: ballotOf(bob, 9), known: 0 }, 500)
  assert.equal(answer, { verdict: 'held', owner: alice, remainingMs: 1_000 * 1.01 + 50 - 500 })
  assert.is(win(voter, ballotOf(bob, 9), 1_059), 'held')
  assert.is(win(voter, ballotOf(bob, 9), 1_060, 2), 'accepted')
})

ballots('alice gives back, and what comes late of hers does not bring her vote back', () => {
  const voter = openVoter()
  const ballot = ballotOf(alice, 3)
  win(voter, ballot, 0)
  release(voter, { key, ballot })
  const late = accept(voter, { key, ballot, token: 1, leaseMs: 1_000 }, 10)
  assert.equal(late, { verdict: 'outbid', counter: 3 })
  assert.is(win(voter, ballotOf(bob, 4), 20), 'accepted')
  release(voter, { key, ballot: ballotOf(alice, 9) })
  assert.is(win(voter, ballotOf(carol, 10), 30), 'held', 'nobody gives back what is anothers')
})

ballots('a proposal that comes twice is accepted twice, and counts from the first time', () => {
  const voter = openVoter()
  const ballot = ballotOf(alice, 1)
  win(voter, ballot, 0)
  const again = accept(voter, { key, ballot, token: 1, leaseMs: 1_000 }, 900)
  assert.equal(again, { verdict: 'accepted' })
  assert.is(win(voter, ballotOf(bob, 2), 1_060), 'accepted')
})

ballots('an answer tells the highest token, whether it was voted for or heard of', () => {
  const voter = openVoter()
  win(voter, ballotOf(alice, 1), 0, 7)
  const ask = (known: number) => promise(voter, { key, ballot: ballotOf(alice, 2), known }, 1)
  assert.equal(ask(3), { verdict: 'open', token: 7 })
  assert.equal(ask(12), { verdict: 'open', token: 12 })
})

ballots('a voter forgets what nobody can use any more, and no token', () => {
  const voter = openVoter()
  win(voter, ballotOf(alice, 1), 0, 7)
  forgetIdle(voter, abstentionMs(LONGEST_MS) - 1)
  assert.is(voter.boxes.size, 1)
  forgetIdle(voter, abstentionMs(LONGEST_MS))
  assert.is(voter.boxes.size, 0)
  assert.is(ceilingOf(voter), 7)
  const other = { key: 'gate' as StoredKey, ballot: ballotOf(bob, 1), known: 0 }
  assert.equal(promise(voter, other, LONGEST_MS * 2), { verdict: 'open', token: 7 })
})

ballots('keys that are long fill no more than their room, and make it when they are idle', () => {
  const voter = openVoter()
  const ask = (each: number, now: number) => {
    const long = `${each}`.padEnd(1_024, 'x') as StoredKey
    return promise(voter, { key: long, ballot: ballotOf(bob, 1), known: 0 }, now).verdict
  }
  const most = Math.floor(BOXES_BYTES_MAX / (BOX_BYTES + 2 * 1_024))
  for (let each = 0; each < most; each++) assert.is(ask(each, 0), 'open')
  for (let each = 0; each < 100; each++) assert.is(ask(most + each, 0), 'unable')
  assert.is(voter.boxes.size, most)
  assert.is(ask(1, 0), 'open', 'a key that is known is judged as ever')
  const later = abstentionMs(LONGEST_MS)
  assert.is(ask(most, later), 'open')
  assert.is(voter.boxes.size, 1)
  assert.is(voter.bytes, BOX_BYTES + 2 * 1_024)
})

ballots('a voter that starts abstains for the longest term, and until it has heard others', () => {
  const voter = createVoter({ now: 0, longestMs: LONGEST_MS, voters: 5 })
  const end = abstentionMs(LONGEST_MS)
  const tell = (peer: string, isWitness: boolean, now: number) => {
    hearCeiling(voter, { peer: peer as PeerId, token: 5, isVoting: isWitness }, now)
    return isVoting(voter, now)
  }
  assert.is(win(voter, ballotOf(alice, 1), end - 1), 'abstaining')
  for (const peer of ['b', 'c', 'd', 'e']) assert.is(tell(peer, true, end - 1), false)
  assert.is(isVoting(voter, end), false, 'what was told during the abstention does not count')
  assert.equal(
    [tell('b', true, end), tell('c', false, end), tell('d', true, end), tell('e', true, end)],
    [false, false, false, true],
  )
  assert.is(win(voter, ballotOf(alice, 1), end), 'accepted')
  assert.is(ceilingOf(voter), 5)
})

ballots('alice wins with two of three, under a token above what both knew', () => {
  const proposer = createProposer(originOf('alice'), [alice, bob, carol])
  const ballot = nextBallot(proposer)
  openRound(proposer, { key, ballot, leaseMs: 1_000, known: 2 }, at(100))
  const hear = (voter: PeerId, answer: Parameters<typeof hearAnswer>[1]['answer'], now: number) =>
    hearAnswer(proposer, { key, counter: ballot.counter, voter, answer }, at(now))
  assert.is(hear(alice, { verdict: 'open', token: 4 }, 110).step, 'wait')
  assert.is(hear(alice, { verdict: 'open', token: 4 }, 111).step, 'wait', 'twice is once')
  const proposal = { key, token: 5, leaseMs: 1_000 }
  assert.equal(hear(carol, { verdict: 'open', token: 3 }, 120), {
    step: 'propose',
    to: [alice, carol],
    proposal,
  })
  assert.is(hear(bob, { verdict: 'outbid', counter: 8 }, 125).step, 'wait')
  assert.is(hear(alice, { verdict: 'accepted' }, 130).step, 'wait')
  const won = hear(carol, { verdict: 'accepted' }, 150)
  assert.equal(won, { step: 'won', tenure: { token: 5, leaseMs: 1_000, asked: at(100) } })
  assert.is(tenureMs({ asked: at(100), leaseMs: 1_000 }, at(150)), 990 - 50 - 50)
  assert.is(nextBallot(proposer).counter, 9, 'above the one that was promised instead')
})

ballots('alice loses when two of three refuse, or when the majority comes too late', () => {
  const proposer = createProposer(originOf('alice'), [alice, bob, carol])
  const begin = () => {
    const ballot = nextBallot(proposer)
    openRound(proposer, { key, ballot, leaseMs: 1_000, known: 0 }, at(0))
    return (voter: PeerId, answer: Parameters<typeof hearAnswer>[1]['answer'], now = 1) =>
      hearAnswer(proposer, { key, counter: ballot.counter, voter, answer }, at(now))
  }
  const held = { verdict: 'held', owner: bob, remainingMs: 5 } as const
  const first = begin()
  first(bob, held)
  assert.equal(first(carol, { verdict: 'unable' }), { step: 'lost', refusal: held })
  const second = begin()
  for (const voter of [alice, bob]) second(voter, { verdict: 'open', token: 0 })
  second(alice, { verdict: 'accepted' })
  assert.is(second(bob, { verdict: 'accepted' }, 940).step, 'lost')
  assert.is(second(carol, { verdict: 'accepted' }, 941).step, 'wait', 'it is over')
  assert.is(abandon(proposer, key, at(950)).step, 'lost')
})

ballots('3,000 random schedules: never two holders, and tokens rise', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const findings = playSchedules(PRODUCTION, { schedules: 3_000, seed })
  assert.equal(findings.offences, [])
  assert.ok(findings.changes > 3_000 && findings.restarts > 500, JSON.stringify(findings))
})

/** What each mutant does wrong, and the seed from which on it is soon found. */
const CAUGHT: Readonly<Record<keyof typeof mutants, { offence: string; seed: number }>> = {
  withoutAbstention: { offence: 'two holders', seed: 1 },
  withoutRecall: { offence: 'token', seed: 200 },
  withoutMargin: { offence: 'two holders', seed: 80 },
  withWallClock: { offence: 'two holders', seed: 100 },
  withoutWallClock: { offence: 'two holders', seed: 80 },
  fromTheAnswer: { offence: 'two holders', seed: 2_060 },
  withMinority: { offence: 'two holders', seed: 1 },
  withoutPromise: { offence: 'token', seed: 6 },
  withTokenOfOne: { offence: 'token', seed: 1 },
  withHastyRelease: { offence: 'two holders', seed: 40 },
  withShortenedVote: { offence: 'two holders', seed: 230 },
  withLateRenewal: { offence: 'two holders', seed: 50 },
  withRevival: { offence: 'two holders', seed: 75_200 },
}

const rules = new Map<string, Rule>(Object.entries(mutants))

for (const [name, { offence, seed }] of Object.entries(CAUGHT)) {
  ballots(`the world notices the rules ${inWords(name)}`, () => {
    const rule = rules.get(name) as Rule
    const { offences } = playSchedules(rule, { schedules: 4_000, seed }, (findings) => {
      return findings.offences.length > 0
    })
    assert.is(offences[0]?.offence, offence)
  })
}

/** `withoutRecall` → `without recall`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

ballots.run()
