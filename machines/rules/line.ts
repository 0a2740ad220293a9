/**
 * What is said about one connection at this end: by its wire, by the mesh, and by the connection
 * itself. The agreed `ConnectionId` is known only when both have proved who they are; until then
 * and beside it there is the handle.
 */

import type {
  Auth,
  ControlMessage,
  FarewellReason,
  Hello,
  PairEvidence,
  RefusalReason,
  Reply,
} from './message.ts'
import type { PairMessage } from './nomination.ts'
import type { Handle, PeerId, RunId } from './peer.ts'
import type { Place } from './place.ts'
import type { ProofVerdict } from './proof.ts'

/**
 * Why a connection ended: a refusal, a farewell, the end of the wire, a limit of ours, or a defect.
 */
export type ConnectionEnd =
  | { readonly cause: 'refused'; readonly reason: RefusalReason; readonly by: 'us' | 'them' }
  | { readonly cause: 'farewell'; readonly reason: FarewellReason; readonly by: 'us' | 'them' }
  | { readonly cause: 'wire'; readonly reason: string; readonly detail?: string | undefined }
  | {
      readonly cause: 'limit'
      readonly reason: 'connect' | 'handshake' | 'acknowledge' | 'silence' | 'protocol'
    }
  | { readonly cause: 'defect'; readonly reason: 'failed' }

/** What a connection is told at its start. */
export interface ConnectionBirth {
  readonly handle: Handle
  readonly direction: 'incoming' | 'outgoing'
  /** What was dialled, or where the other side called from. */
  readonly address: string
  /** Who must answer, or null if anybody will do. */
  readonly expects: PeerId | null
  /** Where the peer was that told of the address; its name may lead no nearer. Else null. */
  readonly toldFrom: Place | null
}

/** What the hands of one dictionary share. Machines carry it and never look inside. */
export interface Shared {
  /** What of it belongs in the JSON of a snapshot. */
  toJSON(): unknown
}

export interface ConnectionInput extends ConnectionBirth {
  readonly shared: Shared
}

export interface ConnectionContext extends ConnectionInput {
  readonly peerId: PeerId | null
  readonly run: RunId | null
  readonly end: ConnectionEnd | null
}

/** What a connection leaves behind. */
export interface ConnectionOutput {
  readonly handle: Handle
  readonly peerId: PeerId | null
  readonly address: string
  readonly end: ConnectionEnd
}

/** What the mesh, which alone decides, tells a connection. */
export type ConnectionCommand =
  | {
      readonly type: 'peer.welcomed'
      readonly peerId: PeerId
      readonly run: RunId
      readonly version: number
      readonly evidence: PairEvidence
    }
  /** With the id of who has proved it, if that is the reason. */
  | { readonly type: 'peer.refused'; readonly reason: RefusalReason; readonly peerId?: PeerId }
  /** Who dialled has proved who it is. */
  | { readonly type: 'peer.admitted' }
  | { readonly type: 'pair.say'; readonly message: PairMessage }
  | { readonly type: 'connection.nominate' }
  | { readonly type: 'connection.demote' }
  | { readonly type: 'connection.close'; readonly reason: FarewellReason }
  /** The other side does not answer: it is treated like one that fell silent. */
  | { readonly type: 'wire.silent' }

export type ConnectionEvent =
  | ConnectionCommand
  | { readonly type: 'wire.opened' }
  | { readonly type: 'wire.closed'; readonly reason: string; readonly detail?: string | undefined }
  /** What came in breaks the protocol. */
  | { readonly type: 'wire.broken' }
  | { readonly type: 'heartbeat.due' }
  | {
      readonly type: 'message.received'
      readonly message: ControlMessage
      /** Of a message of the handshake: what it proves, or the reason that a refusal gives. */
      readonly proof?: ProofVerdict
    }

/** What a connection tells the mesh. */
export type ConnectionReport =
  | ({ readonly type: 'hello.received'; readonly hello: Hello } & Proven)
  | ({ readonly type: 'reply.received'; readonly reply: Reply } & Proven)
  | ({ readonly type: 'auth.received'; readonly auth: Auth } & Proven)
  | { readonly type: 'pair.said'; readonly handle: Handle; readonly message: PairMessage }
  | {
      readonly type: 'farewell.received'
      readonly handle: Handle
      readonly reason: FarewellReason
    }

/** Which connection heard it, and what it proves. */
export interface Proven {
  readonly handle: Handle
  readonly proof: ProofVerdict
  /** Where the other side is, if that is known better than by its address. */
  readonly place?: Place
}
