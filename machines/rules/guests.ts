/**
 * Who may be connected here: two lists of peer ids, each peer's own. They judge connections and
 * nothing else. An entry that somebody wrote who is not admitted is taken in like any other when a
 * neighbour brings it: lists may differ, and whatever decides over entries must be the same
 * everywhere (see `permission.ts`).
 */

import type { PeerId } from './peer.ts'

/** The most ids in one list: as many as a network may have members. */
export const GUESTS_MAX = 4_096

/** The lists as an application gives them. */
export interface Guests {
  /** The ids of the peers that may be connected to this one, and no others. Default everybody. */
  readonly allow?: readonly string[]
  /** The ids of those that may not, even if `allow` names them. Default nobody. */
  readonly deny?: readonly string[]
}

/** The lists, made ready to be asked. */
export interface GuestList {
  /** Null for everybody. */
  readonly allowed: ReadonlySet<string> | null
  readonly denied: ReadonlySet<string>
}

export const EVERYBODY: GuestList = { allowed: null, denied: new Set() }

export function guestListOf({ allow, deny = [] }: Guests): GuestList {
  return { allowed: allow === undefined ? null : new Set(allow), denied: new Set(deny) }
}

/** True if this peer, which has proved that it is the one, may be connected. */
export function isGuest({ allowed, denied }: GuestList, peerId: PeerId): boolean {
  return !denied.has(peerId) && (allowed?.has(peerId) ?? true)
}
