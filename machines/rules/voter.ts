/**
 * One voter: whom it has promised to wait for, and to whom it has given its vote, for each key.
 *
 * A vote counts for as long as the holder may count on it and longer: from when it was given, with
 * what clocks may drift and a margin, by the monotonic clock alone. A vote is given to one holder
 * at a time, and two majorities have a voter in common: that is why two never hold a key.
 *
 * All of it is in memory. A promise may be forgotten when it is older than the longest term,
 * because whoever got it counts its own term from before it asked. A token is never forgotten, only
 * rounded up: what is dropped raises the floor.
 */

import {
  abstentionMs,
  type Ballot,
  type BallotAnswer,
  compareBallots,
  isSameOrigin,
  type Proposal,
  witnessesOf,
} from './ballot.ts'
import type { StoredKey } from './key.ts'
import { takeoverAt } from './lease.ts'
import type { PeerId } from './peer.ts'

/** The most keys that one voter knows at a time. */
export const BOXES_MAX = 250_000
/** The most that all of them may take, each charged so much beside its key. Bytes. */
export const BOXES_BYTES_MAX = 64 * 1024 * 1024
export const BOX_BYTES = 200
/** How often a full voter looks what it may forget, in milliseconds. */
const CLEAR_MS = 1_000

/** What a voter knows of one key. */
interface Box {
  /** The highest ballot that was promised. */
  promised: Ballot
  /** True until the promised ballot was accepted or given back: only then can it be proposed. */
  isOpen: boolean
  vote: { readonly ballot: Ballot; readonly until: number } | null
  /** The highest token that was accepted here. */
  token: number
  promisedAt: number
}

export interface Voter {
  /** The longest term that it votes for, in milliseconds. */
  readonly longestMs: number
  /** It abstains until then, by the monotonic clock. */
  readonly votesFrom: number
  /** How many voters there are, itself included. */
  readonly voters: number
  /** The other voters that told their highest token since then, and whether they vote. */
  readonly heard: Map<PeerId, boolean>
  readonly boxes: Map<StoredKey, Box>
  /** What the boxes take. */
  bytes: number
  /** When a full voter looked last what it may forget. */
  clearedAt: number
  /** No key that is not in `boxes` had a higher token. */
  floor: number
}

/** A voter that starts now, and remembers nothing. */
export function createVoter(options: {
  readonly now: number
  readonly longestMs: number
  /** How many voters there are, itself included. */
  readonly voters: number
}): Voter {
  const { now, longestMs, voters } = options
  return {
    longestMs,
    votesFrom: now + abstentionMs(longestMs),
    voters,
    heard: new Map(),
    boxes: new Map(),
    bytes: 0,
    clearedAt: Number.NEGATIVE_INFINITY,
    floor: 0,
  }
}

/**
 * True once every vote of an earlier run is over, and others told what was voted for: enough that
 * vote, or else all, since nobody knows more than all.
 */
export function isVoting({ votesFrom, voters, heard }: Voter, now: number): boolean {
  if (now < votesFrom) return false
  if (heard.size >= voters - 1) return true
  let witnesses = 0
  for (const isWitness of heard.values()) if (isWitness) witnesses++
  return witnesses >= witnessesOf(voters)
}

/** The highest token of any key that this voter knows, for one that restarted. */
export function ceilingOf(voter: Voter): number {
  let ceiling = voter.floor
  for (const { token } of voter.boxes.values()) ceiling = Math.max(ceiling, token)
  return ceiling
}

/**
 * Another voter told its highest token. It counts only if it was asked after the abstention: until
 * then a ballot may win with a vote from before.
 */
export function hearCeiling(
  voter: Voter,
  told: { readonly peer: PeerId; readonly token: number; readonly isVoting: boolean },
  now: number,
): void {
  const { peer, token } = told
  if (now < voter.votesFrom) return
  voter.heard.set(peer, told.isVoting || voter.heard.get(peer) === true)
  voter.floor = Math.max(voter.floor, token)
}

/** Judges a `prepare`. `known` is the highest token of the key that this peer knows otherwise. */
export function promise(
  voter: Voter,
  asked: { readonly key: StoredKey; readonly ballot: Ballot; readonly known: number },
  now: number,
): BallotAnswer {
  const { key, ballot } = asked
  if (!isVoting(voter, now)) return abstains(voter, now)
  const box = voter.boxes.get(key)
  const rival = box && rivalVote(box, ballot, now)
  if (rival) return rival
  const known = Math.max(asked.known, box?.token ?? voter.floor)
  if (box === undefined) {
    if (!makeRoom(voter, key, now)) return { verdict: 'unable' }
    voter.bytes += bytesOf(key)
    const token = voter.floor
    voter.boxes.set(key, { promised: ballot, isOpen: true, vote: null, token, promisedAt: now })
    return { verdict: 'open', token: known }
  }
  const order = compareBallots(ballot, box.promised)
  if (order < 0 || (order === 0 && !box.isOpen)) return outbid(box)
  box.promised = ballot
  box.isOpen = true
  box.promisedAt = now
  return { verdict: 'open', token: known }
}

/** Judges a `propose`: the vote is given only to the ballot that was promised last. */
export function accept(
  voter: Voter,
  { key, token, leaseMs, ballot }: Proposal & { readonly ballot: Ballot },
  now: number,
): BallotAnswer {
  if (!isVoting(voter, now)) return abstains(voter, now)
  const box = voter.boxes.get(key)
  if (leaseMs > voter.longestMs) return { verdict: 'unable' }
  if (box === undefined) return { verdict: 'outbid', counter: 0 }
  if (compareBallots(ballot, box.promised) !== 0) return outbid(box)
  if (!box.isOpen) return isVoteFor(box, ballot, now) ? { verdict: 'accepted' } : outbid(box)
  box.isOpen = false
  // Whoever renews for a shorter time and does not hear of it still counts on the longer one.
  const until = Math.max(box.vote?.until ?? 0, takeoverAt(now + leaseMs, leaseMs))
  box.vote = { ballot, until }
  box.token = Math.max(box.token, token)
  return { verdict: 'accepted' }
}

/** The holder, or who tried to be, is done with all its ballots up to this one. */
export function release(voter: Voter, { key, ballot }: { key: StoredKey; ballot: Ballot }): void {
  const box = voter.boxes.get(key)
  if (box === undefined) return
  const isOver = (other: Ballot) => isSameOrigin(other, ballot) && other.counter <= ballot.counter
  if (box.vote !== null && isOver(box.vote.ballot)) box.vote = null
  // A proposal that comes later than its release must not bring the vote back.
  if (isOver(box.promised)) box.isOpen = false
}

/** Forgets the keys that nobody can hold or get by what was promised here. */
export function forgetIdle(voter: Voter, now: number): void {
  const idleMs = abstentionMs(voter.longestMs)
  for (const [key, box] of voter.boxes) {
    if (box.promisedAt + idleMs > now || (box.vote !== null && box.vote.until > now)) continue
    voter.floor = Math.max(voter.floor, box.token)
    voter.boxes.delete(key)
    voter.bytes -= bytesOf(key)
  }
}

/** A voter that is full is asked again and again, so it does not look at all boxes each time. */
function makeRoom(voter: Voter, key: StoredKey, now: number): boolean {
  const hasRoom = () => {
    return voter.boxes.size < BOXES_MAX && voter.bytes + bytesOf(key) <= BOXES_BYTES_MAX
  }
  if (hasRoom()) return true
  if (now < voter.clearedAt + CLEAR_MS) return false
  voter.clearedAt = now
  forgetIdle(voter, now)
  return hasRoom()
}

/** A character takes two bytes at most. */
function bytesOf(key: StoredKey): number {
  return BOX_BYTES + 2 * key.length
}

/** The refusal if another one has the vote. */
function rivalVote(box: Box, ballot: Ballot, now: number): BallotAnswer | undefined {
  const { vote } = box
  if (vote === null || vote.until <= now || isSameOrigin(vote.ballot, ballot)) return undefined
  return { verdict: 'held', owner: vote.ballot.peer, remainingMs: vote.until - now }
}

/** True if that very ballot has the vote: the proposal came twice. */
function isVoteFor({ vote }: Box, ballot: Ballot, now: number): boolean {
  return vote !== null && vote.until > now && compareBallots(vote.ballot, ballot) === 0
}

function outbid({ promised }: Box): BallotAnswer {
  return { verdict: 'outbid', counter: promised.counter }
}

function abstains(voter: Voter, now: number): BallotAnswer {
  return { verdict: 'abstaining', remainingMs: Math.max(0, voter.votesFrom - now) }
}
