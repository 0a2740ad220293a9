/**
 * Shares: how much of the room the writes of one peer may take, in all its runs. A writer keeps to
 * it by itself, so an honest one is never refused by others with the same limits; of one that does
 * not, the rest is not taken in, and there is room left for what others write.
 */

import type { Origin, PeerId } from './peer.ts'
import type { Replica, ReplicaLimits } from './replica.ts'
import { ENTRY_OVERHEAD_BYTES, NOWHERE, type Share } from './table.ts'

/** Which part of the room one peer may take, if nothing else is said. */
export const SHARE_MAX = 0.25
/** So much each peer may take in the smallest dictionary that has room for it. */
export const SHARE_ENTRIES_LEAST = 10_000
export const SHARE_BYTES_LEAST = 4 * 1024 * 1024

/** What one peer may take. */
export function shareOf({ entriesMax, bytesMax, shareMax = SHARE_MAX }: ReplicaLimits): Share {
  const entries = Math.max(SHARE_ENTRIES_LEAST, Math.floor(entriesMax * shareMax))
  return { entries, bytes: Math.max(SHARE_BYTES_LEAST, Math.floor(bytesMax * shareMax)) }
}

/** All runs of one peer have one share. */
export function openShare({ table, shares }: Replica, writer: number, { peer }: Origin): void {
  const share = shares.get(peer) ?? { entries: 0, bytes: 0 }
  shares.set(peer, share)
  table.shares[writer] = share
}

/** Shares of peers of whom no run is remembered. */
export function forgetShares({ shares, origins }: Replica): void {
  const known = new Set<PeerId>(origins.map(({ peer }) => peer))
  for (const peer of shares.keys()) if (!known.has(peer)) shares.delete(peer)
}

/** Which part of its share a write would break: the most entries or bytes; undefined if neither. */
export function shareBroken(
  { table, most }: Replica,
  slot: number,
  write: { readonly writer: number; readonly keyBytes: number; readonly bytes: number },
): number | undefined {
  const share = table.shares[write.writer]
  if (share === undefined) return undefined
  const isOwn = slot !== NOWHERE && table.shareAt(slot) === share
  const more = isOwn
    ? write.bytes - table.chargeOf(slot)
    : write.keyBytes + ENTRY_OVERHEAD_BYTES + write.bytes
  if (!isOwn && share.entries >= most.entries) return most.entries
  return more > 0 && share.bytes + more > most.bytes ? most.bytes : undefined
}
