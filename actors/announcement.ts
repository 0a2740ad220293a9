/** What a dictionary lets its application hear: facts about keys, peers and messages. */

import type { CensusNews, MemberFullFact } from '../machines/rules/census.ts'
import type { HoldfastError } from '../machines/rules/errors.ts'
import type { Fact } from '../machines/rules/fact.ts'
import type { Offence } from '../machines/rules/ingress.ts'
import type { LimitFact } from '../machines/rules/limit.ts'
import type { ConnectionEnd } from '../machines/rules/line.ts'
import type { RefusalReason } from '../machines/rules/message.ts'
import type { PeerId } from '../machines/rules/peer.ts'

/** A peer is connected: data flows to and from it. */
export interface ConnectFact {
  readonly type: 'connect'
  readonly peerId: PeerId
}

/** The last connection to a peer is gone. */
export interface DisconnectFact {
  readonly type: 'disconnect'
  readonly peerId: PeerId
  /** True if it said goodbye; its leases are free then. */
  readonly hasLeft: boolean
}

/** A connection ended, nominal or not, and why. */
export interface ConnectionClosedFact {
  readonly type: 'connection.closed'
  readonly address: string
  /** Null if it ended before anybody was known at the other end. */
  readonly peerId: PeerId | null
  readonly cause: ConnectionEnd['cause']
  readonly reason: string
  /** Who ended it, where that is known. */
  readonly by: 'us' | 'them' | null
}

/** A connection was refused, by this peer or by the other one. */
export interface RefusedFact {
  readonly type: 'refused'
  readonly address: string
  readonly peerId: PeerId | null
  readonly reason: RefusalReason
  readonly by: 'us' | 'them'
}

/** Somebody sent a message, to everybody or to this peer alone. */
export interface MessageFact<V = unknown> {
  readonly type: 'message'
  readonly payload: V
  readonly from: PeerId
  readonly isWhisper: boolean
}

/**
 * A neighbour sent what no honest peer sends. It was refused and not passed on, and the connection
 * to that neighbour ended.
 */
export interface OffenceFact {
  readonly type: 'offence'
  /** Who sent it. */
  readonly peerId: PeerId | null
  readonly reason: Offence
  /** The kind of the message. */
  readonly message: string
}

/** More is written than the network takes: a writer does well to await `drained()`. */
export interface CongestedFact {
  readonly type: 'congested'
  /** What waits for the slowest neighbour, in bytes. */
  readonly backlogBytes: number
}

/** The network has caught up, or was given up for those that take nothing. */
export interface DrainedFact {
  readonly type: 'drained'
}

/** What was asked of the actor by an event, without waiting for a verdict, was refused. */
export interface EntryRefusedFact {
  readonly type: 'entry.refused'
  readonly error: HoldfastError
}

/** A call of `connect`, or a `peer.connect`, came to its end. */
export interface DialSettledFact {
  readonly type: 'dial.settled'
  /** What the event was given; empty if nothing. */
  readonly request: string
  readonly peerId: PeerId | null
  readonly error: HoldfastError | null
}

/** Everything that `on` offers. */
export type Announcement<V = unknown> =
  | Fact<V>
  | ConnectFact
  | DisconnectFact
  | ConnectionClosedFact
  | RefusedFact
  | CensusNews
  | MemberFullFact
  | MessageFact<V>
  | EntryRefusedFact
  | CongestedFact
  | DrainedFact
  | LimitFact
  | DialSettledFact
  | OffenceFact
