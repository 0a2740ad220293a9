/**
 * Whoever wants leases from the voters: its rounds of questions, and the tenures that it won.
 *
 * A tenure counts from before the first question of its round was sent, shortened by what clocks
 * may drift and a margin, and by whichever of the two clocks went further. A round that a majority
 * answers too late wins nothing. The token of a new tenure is above all that a majority of voters
 * knew; a renewal in time keeps the token.
 */

import { type Ballot, type BallotAnswer, majorityOf, type Proposal } from './ballot.ts'
import type { StoredKey } from './key.ts'
import { ownerTermMs, type Reading } from './lease.ts'
import type { Origin, PeerId } from './peer.ts'

/** A lease that a majority has voted for. */
export interface Tenure {
  readonly token: number
  readonly leaseMs: number
  /** Both clocks before the voters were first asked. */
  readonly asked: Reading
}

/** One round of questions about one key. */
export interface Round {
  readonly counter: number
  readonly leaseMs: number
  readonly asked: Reading
  /** The token of the tenure that is to be renewed; undefined for a new one. */
  readonly renews: number | undefined
  /** The highest token heard of until it is chosen; then the chosen one. */
  token: number
  isProposed: boolean
  readonly answers: Map<PeerId, 'open' | 'accepted' | 'refused'>
  /** Why voters refused; that somebody holds the key says most. */
  refusal: BallotAnswer | undefined
}

export interface Proposer {
  readonly self: Origin
  readonly voters: readonly PeerId[]
  /** How many voters decide. */
  readonly majority: number
  /** The counter of the last ballot. */
  counter: number
  readonly rounds: Map<StoredKey, Round>
  readonly tenures: Map<StoredKey, Tenure>
}

export function createProposer(self: Origin, voters: readonly PeerId[]): Proposer {
  const majority = majorityOf(voters.length)
  return { self, voters, majority, counter: 0, rounds: new Map(), tenures: new Map() }
}

/** A ballot above all that this peer has heard of. Several rounds may share it. */
export function nextBallot(proposer: Proposer): Ballot {
  proposer.counter++
  return { ...proposer.self, counter: proposer.counter }
}

/**
 * Begins a round; an earlier one about the key is over. `known` is the highest token of the key
 * that this peer knows itself.
 */
export function openRound(
  proposer: Proposer,
  asked: {
    readonly key: StoredKey
    readonly ballot: Ballot
    readonly leaseMs: number
    readonly known: number
  },
  reading: Reading,
): void {
  const { key, ballot, leaseMs, known } = asked
  endIfOver(proposer, key, reading)
  const renews = proposer.tenures.get(key)?.token
  proposer.rounds.set(key, {
    counter: ballot.counter,
    leaseMs,
    asked: reading,
    renews,
    token: renews ?? known,
    isProposed: false,
    answers: new Map(),
    refusal: undefined,
  })
}

/** What follows from an answer. */
export type RoundStep =
  | { readonly step: 'wait' }
  | { readonly step: 'propose'; readonly to: readonly PeerId[]; readonly proposal: Proposal }
  | { readonly step: 'won'; readonly tenure: Tenure }
  /** No majority can come of it any more, or it came too late. */
  | { readonly step: 'lost'; readonly refusal: BallotAnswer | undefined }

/** A voter answered. What belongs to no round that is under way changes nothing. */
export function hearAnswer(
  proposer: Proposer,
  heard: {
    readonly key: StoredKey
    readonly counter: number
    readonly voter: PeerId
    readonly answer: BallotAnswer
  },
  reading: Reading,
): RoundStep {
  const { key, counter, voter, answer } = heard
  const round = proposer.rounds.get(key)
  if (round?.counter !== counter || !proposer.voters.includes(voter)) return WAIT
  const before = round.answers.get(voter)
  if (before === 'accepted' || before === 'refused') return WAIT
  if (answer.verdict === 'open') {
    if (before !== undefined) return WAIT
    // Only a stranger's claim gets a key here; a greater token would be refused by every voter.
    if (answer.token >= Number.MAX_SAFE_INTEGER) return abandon(proposer, key, reading)
    return hearPromise(round, key, { voter, token: answer.token, majority: proposer.majority })
  }
  if (answer.verdict === 'accepted') {
    if (before !== 'open' || !round.isProposed) return WAIT
    round.answers.set(voter, 'accepted')
    return count(round, 'accepted') < proposer.majority ? WAIT : conclude(proposer, key, reading)
  }
  round.answers.set(voter, 'refused')
  if (round.refusal?.verdict !== 'held') round.refusal = answer
  if (answer.verdict === 'outbid') proposer.counter = Math.max(proposer.counter, answer.counter)
  const left = proposer.voters.length - count(round, 'refused')
  return left < proposer.majority ? abandon(proposer, key, reading) : WAIT
}

/** Gives a round up. */
export function abandon(proposer: Proposer, key: StoredKey, reading: Reading): RoundStep {
  const refusal = proposer.rounds.get(key)?.refusal
  proposer.rounds.delete(key)
  endIfOver(proposer, key, reading)
  return { step: 'lost', refusal }
}

/**
 * What was found to be over is over for good: its votes may be given back now, and a clock that is
 * set back must not revive it.
 */
function endIfOver(proposer: Proposer, key: StoredKey, reading: Reading): void {
  if (!isTenured(proposer, key, reading)) proposer.tenures.delete(key)
}

/** True if this peer holds the key at this moment, as far as its clocks can tell. */
export function isTenured(proposer: Proposer, key: StoredKey, reading: Reading): boolean {
  const tenure = proposer.tenures.get(key)
  return tenure !== undefined && tenureMs(tenure, reading) > 0
}

/** How long the tenure can be counted on, in milliseconds; zero or less if it is over. */
export function tenureMs({ asked, leaseMs }: Omit<Tenure, 'token'>, reading: Reading): number {
  const passedMs = Math.max(reading.now - asked.now, reading.wall - asked.wall)
  return ownerTermMs(leaseMs) - passedMs
}

const WAIT: RoundStep = { step: 'wait' }

function hearPromise(
  round: Round,
  key: StoredKey,
  { voter, token, majority }: { voter: PeerId; token: number; majority: number },
): RoundStep {
  round.answers.set(voter, 'open')
  if (round.isProposed) return proposed(round, key, [voter])
  if (round.renews === undefined) round.token = Math.max(round.token, token)
  if (count(round, 'open') < majority) return WAIT
  round.isProposed = true
  if (round.renews === undefined) round.token++
  return proposed(round, key, [...round.answers.keys()].filter(isOpenIn(round)))
}

/** Only voters that have promised are asked: the others would have to refuse. */
function proposed({ token, leaseMs }: Round, key: StoredKey, to: readonly PeerId[]): RoundStep {
  return { step: 'propose', to, proposal: { key, token, leaseMs } }
}

/** A majority has accepted; it is worth nothing if the time is over meanwhile. */
function conclude(proposer: Proposer, key: StoredKey, reading: Reading): RoundStep {
  const { token, leaseMs, asked, renews } = proposer.rounds.get(key) as Round
  const tenure = { token, leaseMs, asked }
  const isBroken = renews !== undefined && !isTenured(proposer, key, reading)
  if (isBroken || tenureMs(tenure, reading) <= 0) return abandon(proposer, key, reading)
  proposer.rounds.delete(key)
  proposer.tenures.set(key, tenure)
  return { step: 'won', tenure }
}

function count({ answers }: Round, wanted: 'open' | 'accepted' | 'refused'): number {
  let counted = 0
  for (const answer of answers.values()) if (answer === wanted) counted++
  return counted
}

function isOpenIn({ answers }: Round): (voter: PeerId) => boolean {
  return (voter) => answers.get(voter) === 'open'
}
