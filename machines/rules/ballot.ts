/**
 * Ballots: how voters decide who holds a key, in majority mode.
 *
 * Who wants a lease asks every voter to `prepare` a ballot. A voter whose vote for the key is free
 * promises to take no lower ballot, and tells the highest token that it knows. When a majority has
 * promised, the asker chooses a token above all of theirs and says `propose` to those that did; a
 * voter gives its vote to a ballot that it has promised and to no other, for a time. When a
 * majority has accepted, the lease is held. A renewal is one more ballot under the same token; who
 * is done says `release`. Nothing is written to a disk: a voter that restarts abstains until every
 * vote that it may have given is over, and then asks the others for the highest token (`recall`,
 * `ceiling`) before it votes again.
 *
 * (Trencseni, Gazso, Reinhardt: PaxosLease, Diskless Paxos for Leases, 2012.) In one thing this is
 * stricter: a voter whose vote is given promises nothing to anybody else, so that whoever wants a
 * key cannot disturb the renewals of who has it.
 */

import { Hash } from './hash.ts'
import type { StoredKey } from './key.ts'
import { DRIFT, marginMs } from './lease.ts'
import type { Origin, PeerId, RunId } from './peer.ts'

/** The longest term in majority mode when none is asked for, in milliseconds. */
export const LEASE_MS_MAX_DEFAULT = 15_000

/** The most voters of one dictionary. */
export const VOTERS_MAX = 9

/** The most keys in one message. More go in several. */
export const WORD_KEYS_MAX = 2_000

/** One question to the voters: the how-manieth of whom, in which run. */
export interface Ballot extends Origin {
  readonly counter: number
}

/** Greater than zero if the first is the higher one. No two ballots are equal. */
export function compareBallots(first: Ballot, second: Ballot): number {
  if (first.counter !== second.counter) return first.counter - second.counter
  if (first.peer !== second.peer) return first.peer < second.peer ? -1 : 1
  if (first.run !== second.run) return first.run < second.run ? -1 : 1
  return 0
}

/** True if both are ballots of one peer in one run. */
export function isSameOrigin(first: Origin, second: Origin): boolean {
  return first.peer === second.peer && first.run === second.run
}

/** Tells voter lists and longest terms apart, whatever the order of the list. */
export function safetyFingerprint(voters: readonly PeerId[], leaseMsMax: number): string {
  const hash = new Hash().start().number(leaseMsMax)
  for (const voter of [...voters].sort()) hash.text(voter)
  const { high, low } = hash.finish()
  return `majority-${high.toString(16)}-${low.toString(16)}`
}

/** How many of the voters decide. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/**
 * How many voters with a memory one that restarted has to hear, to know of every token that its
 * vote was counted for: each majority that it was part of has at least one of them in it.
 */
export function witnessesOf(voters: number): number {
  return voters - majorityOf(voters) + 1
}

/** How long after a vote or a promise nobody can count on it any more, in milliseconds. */
export function abstentionMs(longestMs: number): number {
  return longestMs * (1 + DRIFT) + marginMs(longestMs)
}

/** What a voter says of one key. */
export type BallotAnswer =
  /** Promised. The highest token that is known here for this key. */
  | { readonly verdict: 'open'; readonly token: number }
  /** The vote is given. */
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'held'; readonly owner: PeerId; readonly remainingMs: number }
  /** Another ballot was promised meanwhile; a higher one has a chance. */
  | { readonly verdict: 'outbid'; readonly counter: number }
  /** It restarted, and votes when this is over and it has heard the others. */
  | { readonly verdict: 'abstaining'; readonly remainingMs: number }
  /** It has no room for another key, or the term is longer than it may be. */
  | { readonly verdict: 'unable' }

/** A lease as it is proposed. */
export interface Proposal {
  readonly key: StoredKey
  readonly token: number
  readonly leaseMs: number
}

/** What proposers and voters say to each other. `run` is the proposer's, also in the answer. */
export type BallotWord =
  | {
      readonly act: 'prepare'
      readonly run: RunId
      readonly counter: number
      readonly keys: readonly StoredKey[]
    }
  | {
      readonly act: 'release'
      readonly run: RunId
      readonly counter: number
      readonly keys: readonly StoredKey[]
    }
  | {
      readonly act: 'propose'
      readonly run: RunId
      readonly counter: number
      readonly proposals: readonly Proposal[]
    }
  | {
      readonly act: 'answer'
      readonly run: RunId
      readonly counter: number
      readonly answers: readonly (readonly [StoredKey, BallotAnswer])[]
    }
  /** A voter asks another one for the highest token that it knows, of all keys. */
  | { readonly act: 'recall'; readonly run: RunId }
  | {
      readonly act: 'ceiling'
      readonly run: RunId
      readonly token: number
      /** False if it has restarted itself and may not know all it once knew. */
      readonly isVoting: boolean
    }
