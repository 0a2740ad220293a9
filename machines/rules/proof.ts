/**
 * What the proofs of a handshake come to. They are computed outside, where cryptography may be
 * named, and come in with the message that they are about.
 */

import type { RefusalReason } from './message.ts'
import type { ConnectionId } from './peer.ts'

/** The sizes of all that proves something, in bytes. Nothing else is let through. */
export const NONCE_BYTES = 32
export const PUBLIC_KEY_BYTES = 32
export const TAG_BYTES = 8
export const MAC_BYTES = 32
export const SIGNATURE_BYTES = 64
export const REFUSAL_BYTES = 16

/** What a proof comes to. */
export type ProofVerdict =
  | {
      readonly verdict: 'proven'
      /** The id of the connection, made of all that both sides said; null after a hello. */
      readonly connection: ConnectionId | null
    }
  | { readonly verdict: 'refused'; readonly reason: RefusalReason }

/** True for so many bytes. */
export function isBytesOf(bytes: unknown, count: number): bytes is Uint8Array {
  return bytes instanceof Uint8Array && bytes.length === count
}
