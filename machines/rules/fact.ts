/**
 * What an application may hear from the dictionary. Facts are in the past tense of what they tell.
 */

import type { HoldfastError } from './errors.ts'
import type { Key } from './key.ts'
import type { PeerId } from './peer.ts'

/** Why a lease ended. */
export type LeaseEnd =
  | 'expired' // its time ran out
  | 'superseded' // another grant of the key won
  | 'released' // given back
  | 'transferred' // handed over
  | 'conflict' // two grants met, and this one lost
  | 'quorum-lost' // no majority of voters is in reach
  | 'shutdown' // the dictionary closed

/** A key has a new value. */
export interface UpdateFact<V = unknown> {
  readonly type: 'update'
  readonly key: Key
  readonly value: V
  /** What it had before, if anything. */
  readonly previous: V | undefined
  readonly owner: PeerId
  readonly token: number
  /** True if this peer wrote it. */
  readonly local: boolean
}

/** A key has no value any more. */
export interface DeleteFact<V = unknown> {
  readonly type: 'delete'
  readonly key: Key
  readonly previous: V
  readonly owner: PeerId
  readonly token: number
  readonly local: boolean
}

/**
 * An ephemeral value is gone with its lease: lapsed, released, or its owner left. Told once for
 * each lapse; what is written down about it later tells nothing more.
 */
export interface ExpiredFact<V = unknown> {
  readonly type: 'expired'
  readonly key: Key
  readonly previous: V
  /** Whose it was, and under which token. */
  readonly owner: PeerId
  readonly token: number
}

/** A write that this peer had accepted lost to another. Told exactly once, at its writer. */
export interface ConflictFact<V = unknown> {
  readonly type: 'conflict'
  readonly key: Key
  /** The value that lost; undefined if it was a delete or a bare lease. */
  readonly lost: V | undefined
  /** The value that is kept; undefined if that is none. */
  readonly kept: V | undefined
  readonly winner: PeerId
  readonly token: number
  /**
   * `unwitnessed`: it was made while alone. `concurrent`: both were. `equivocation`: one version,
   * two contents.
   */
  readonly reason: 'unwitnessed' | 'concurrent' | 'equivocation'
}

/** The lease of a key changed: granted, renewed, released, reserved or taken over. */
export interface LeaseChangedFact {
  readonly type: 'lease.changed'
  readonly key: Key
  readonly owner: PeerId
  readonly token: number
}

/** Somebody took a lease that was in force, on purpose. Told at every peer. */
export interface LeaseStolenFact {
  readonly type: 'lease.stolen'
  readonly key: Key
  /** Who has it now. */
  readonly owner: PeerId
  /** Who had it. */
  readonly from: PeerId
  readonly token: number
}

/** This peer lost a lease that it had acquired. */
export interface LeaseLostFact {
  readonly type: 'lease.lost'
  readonly key: Key
  readonly token: number
  readonly reason: LeaseEnd
}

/** Something went wrong that no call could throw. It is in `status` too. */
export interface ErrorFact {
  readonly type: 'error'
  readonly error: HoldfastError
}

export type Fact<V = unknown> =
  | UpdateFact<V>
  | DeleteFact<V>
  | ExpiredFact<V>
  | ConflictFact<V>
  | LeaseChangedFact
  | LeaseStolenFact
  | LeaseLostFact
  | ErrorFact
