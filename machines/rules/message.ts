/**
 * The words on the wire.
 *
 * A connection begins with three messages. The dialler says `hello`, with a tag that only members
 * can make; the other side answers `reply`, or `refuse`, or nothing if the tag is wrong; the
 * dialler ends with `auth`, or refuses in its turn. `reply` and `auth` prove that who says them
 * knows the secret and has the key of its id, over all bytes so far. From then on the arbiter of
 * the pair (the greater peer id) decides which of several connections is used: `select`,
 * `acknowledge`, `confirm`, and `resume` when the choice broke. Data travels on the chosen
 * connection only: broadcasts (which fall over the waterfall), whispers, and the question and
 * answer of reconciliation.
 *
 * What a peer says is a message and nothing else: it never becomes an event that an actor could be
 * told by its own side.
 */

import type { BallotWord } from './ballot.ts'
import type { Batch } from './batch.ts'
import type { Presence } from './census.ts'
import type { CoverageList } from './coverage.ts'
import type { Measure } from './measure.ts'
import type { ConnectionId, Origin, PeerId, RunId } from './peer.ts'
import type { BroadcastRange } from './plumtree.ts'
import type { Proofs } from './provenance.ts'
import type { Waits } from './queue.ts'
import type { ReachWord } from './reach.ts'
import type { Renewal, RenewalWord } from './renewal.ts'
import type { Kept } from './value.ts'

/** The protocol versions that this build speaks, best first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1]

/** Longest body of a frame before the peer is known, in bytes. */
export const FRAME_BYTES_MAX_BEFORE_HELLO = 4 * 1024

/** Longest body of a frame after that, in bytes. */
export const FRAME_BYTES_MAX = 1024 * 1024

/** What the follower of a pair tells the arbiter about the connections it knows (see `pair.ts`). */
export interface PairEvidence {
  /** The connection that is nominal at the follower, or null. */
  readonly have: ConnectionId | null
  /**
   * The highest select number that the follower acknowledged to this run of the arbiter; 0 for
   * none.
   */
  readonly lastSelect: number
}

/** What each side says of itself in the handshake. Sizes of proofs: see `proof.ts`. */
export interface Introduction {
  readonly network: string
  readonly leasing: boolean
  /** Who decides about leases, as a fingerprint: equal at all peers of a network. */
  readonly safety: string
  /** What decides over acceptance, as a fingerprint: equal at all peers of a network. */
  readonly rules: string
  /** How large a key, a value and a frame may be: equal at all peers that meet. */
  readonly measures: string
  readonly peerId: PeerId
  readonly run: RunId
  readonly capabilities: readonly string[]
  /** Where others may dial this peer; empty if nowhere. */
  readonly addresses: readonly string[]
  /** Never used twice, so that what others prove in this handshake proves nothing in another. */
  readonly nonce: Uint8Array
  /** The key of `peerId`. */
  readonly publicKey: Uint8Array
}

export interface Hello extends Introduction {
  readonly kind: 'hello'
  readonly versions: readonly number[]
  /** Whom the dialler wants to reach, or null if anybody will do. */
  readonly expects: PeerId | null
  /** Made of the nonce and the secret. Who does not know the secret is not answered. */
  readonly tag: Uint8Array
}

export interface Reply extends Introduction {
  readonly kind: 'reply'
  readonly version: number
  readonly evidence: PairEvidence
  /** A MAC over all bytes so far, by the secret. */
  readonly proof: Uint8Array
  /** The same and the MAC, signed with the key of the peer. */
  readonly signature: Uint8Array
}

export interface Auth {
  readonly kind: 'auth'
  readonly evidence: PairEvidence
  readonly proof: Uint8Array
  readonly signature: Uint8Array
}

/** Why a handshake was refused. Stable: programs may compare them. */
export type RefusalReason =
  | 'network' // another network
  | 'secret' // who dialled does not know the secret
  | 'unanswered' // who was dialled went without a word, as it does for the reason above
  | 'bad-mac' // another secret, or not the bytes that were sent
  | 'bad-identity' // the key is not that of the id
  | 'bad-signature' // who shows the key does not have it
  | 'unproven' // a refusal by somebody who does not know the secret
  | 'version' // no protocol version in common
  | 'leasing' // leases on one side, none on the other
  | 'safety' // another safety mode, other voters or another longest term
  | 'rules' // entries are proven in another way, or other peers may write
  | `measure-${Measure}` // a key, a value, a term or a frame may be larger on one side
  | 'denied' // the lists of one side do not admit the other
  | 'self' // the peer dialled itself
  | 'id-clash' // somebody else claims this peer's id
  | 'id-mismatch' // another peer answers at that address
  | 'busy' // too many connections
  | 'closing' // the peer is about to leave
  | 'malformed' // the message makes no sense

/** Looks the same whatever the reason is. Who knows the secret finds out which one it proves. */
export interface Refuse {
  readonly kind: 'refuse'
  readonly proof: Uint8Array
}

/** Why a peer ends a connection in good order. */
export type FarewellReason =
  | 'leaving'
  | 'duplicate'
  | 'superseded'
  | 'disconnected'
  | 'slow'
  | 'surplus' // one neighbour too many, in a network where not everybody is connected

/** Messages that steer one connection. */
export type ControlMessage =
  | Hello
  | Reply
  | Auth
  | Refuse
  | { readonly kind: 'select'; readonly number: number }
  | { readonly kind: 'acknowledge'; readonly number: number }
  | { readonly kind: 'confirm'; readonly number: number }
  | { readonly kind: 'resume' }
  | { readonly kind: 'end' }
  | { readonly kind: 'ping'; readonly sentMs: number }
  | { readonly kind: 'pong'; readonly sentMs: number }
  | { readonly kind: 'farewell'; readonly reason: FarewellReason }

/** Addresses by which a peer can be dialled. */
export interface PeerAddresses {
  readonly peerId: PeerId
  readonly addresses: readonly string[]
}

/** What a broadcast carries. */
export type BroadcastBody =
  | { readonly kind: 'entries'; readonly from: number; readonly to: number; readonly batch: Batch }
  | { readonly kind: 'note'; readonly payload: Kept; readonly to: PeerId | null }
  /** Goodbye. With `keepsLeases` what the origin owns stays its own until it lapses. */
  | { readonly kind: 'left'; readonly keepsLeases: boolean }
  | ({ readonly kind: 'renewal' } & Renewal)
  | ({ readonly kind: 'waits' } & Waits)
  /** To one peer that is no neighbour. */
  | { readonly kind: 'ballot'; readonly to: PeerId; readonly word: BallotWord }
  | { readonly kind: 'presence'; readonly presence: Presence }

/**
 * A message that falls over every peer's waterfall once. `number` counts the origin's broadcasts in
 * its run.
 */
export interface Broadcast {
  readonly kind: 'broadcast'
  readonly origin: Origin
  readonly number: number
  readonly body: BroadcastBody
  /** The origin's public key and signature, in a network whose peers sign. */
  readonly stamp?: Uint8Array
}

/** Messages that carry data between two peers. */
export type DataMessage =
  | Broadcast
  /** To this neighbour only, so no number is needed. */
  | { readonly kind: 'whisper'; readonly payload: Kept }
  /** Between a proposer and a voter; likewise. */
  | { readonly kind: 'ballot'; readonly word: BallotWord }
  /** With whom this peer is connected, as a digest, and with how many (see `view.ts`). */
  | { readonly kind: 'view.tell'; readonly digest: string; readonly degree: number }
  /** "I have it from elsewhere", "I have these", "I lack these" (see `plumtree.ts`). */
  | { readonly kind: 'tree.prune' }
  | { readonly kind: 'tree.have'; readonly ranges: readonly BroadcastRange[] }
  | { readonly kind: 'tree.graft'; readonly ranges: readonly BroadcastRange[] }
  /** "Whom do you know?" and the answer. */
  | { readonly kind: 'peers.ask' }
  | { readonly kind: 'peers.tell'; readonly peers: readonly PeerAddresses[] }
  /** "Have you heard what I have, and of the same renewals?" Both are digests. */
  | {
      readonly kind: 'sync.compare'
      readonly ask: number
      readonly heard: string
      readonly renewed: string
    }
  /** "I have"; a digest of what is held here, and what is known of renewals if that differs. */
  | {
      readonly kind: 'sync.same'
      readonly ask: number
      readonly digest: string
      readonly renewals: readonly RenewalWord[]
    }
  /** "I do not; ask me." */
  | { readonly kind: 'sync.differs'; readonly ask: number }
  /** "This is what I have of each origin; `all` if I want every entry named, covered or not." */
  | {
      readonly kind: 'sync.ask'
      readonly ask: number
      readonly coverage: CoverageList
      readonly all: boolean
    }
  | {
      readonly kind: 'sync.give'
      readonly ask: number
      readonly batch: Batch
      /** What proves the entries, in a network whose peers sign. */
      readonly proofs?: Proofs
    }
  /** "That was all; now you have what I have." */
  | {
      readonly kind: 'sync.done'
      readonly ask: number
      /** What was heard beyond the asker. */
      readonly coverage: CoverageList
      /** True if there are writes that nobody was sent yet: they come soon. */
      readonly isPending: boolean
      /** How far deletions were collected beyond the asker, and the highest epoch of one. */
      readonly collected: CoverageList
      readonly floor: number
      /** Which leases go on: what the other side knows of renewals. */
      readonly renewals: readonly RenewalWord[]
      /** In a network whose peers sign: what shows that the writers have written so far. */
      readonly reaches?: readonly ReachWord[]
    }
  /** "You missed something of mine; ask me." */
  | { readonly kind: 'sync.hint' }

export type Message = ControlMessage | DataMessage

/** Splits the union: control goes to the connection's machine, data goes past it. */
export function isControl(message: Message): message is ControlMessage {
  return CONTROL_KINDS.has(message.kind)
}

const CONTROL_KINDS: ReadonlySet<string> = new Set<ControlMessage['kind']>([
  'hello',
  'reply',
  'auth',
  'refuse',
  'select',
  'acknowledge',
  'confirm',
  'resume',
  'end',
  'ping',
  'pong',
  'farewell',
])
