/**
 * Writers whose entries a peer has no room for. How much each has room for is its own affair, so a
 * writer cannot know beforehand that another one is full; the full one tells, beside what else it
 * tells of itself, for as long as it is.
 */

import type { LimitName } from './limit.ts'
import { isId, type PeerId } from './peer.ts'

/** Of how many writers a peer tells at once that it has no room for them. */
export const LACKS_MAX = 64

/**
 * For how long it is told that something did not fit, in milliseconds. What did not fit is asked
 * for about twice a minute, so whoever is still full finds that out before.
 */
export const LACK_MS = 100_000

/** The limits of room. */
export type RoomLimit = Extract<LimitName, 'entries' | 'bytes' | 'share' | 'origins'>

const ROOM_LIMITS: ReadonlySet<unknown> = new Set<RoomLimit>([
  'entries',
  'bytes',
  'share',
  'origins',
])

/** Whose entries did not fit, and why. */
export type Lack = readonly [writer: PeerId, limit: RoomLimit]

/** What did not fit lately, and when that was, the longest ago first. */
export type Lacking = Map<PeerId, { readonly limit: RoomLimit; readonly at: number }>

/** Notes what did not fit. True if one of the writers has not been told of. */
export function noteLacks(lacking: Lacking, lacks: readonly Lack[], now: number): boolean {
  let isNew = false
  for (const [writer, limit] of lacks) {
    isNew ||= lacking.get(writer)?.limit !== limit
    lacking.delete(writer)
    lacking.set(writer, { limit, at: now })
  }
  for (const writer of lacking.keys()) {
    if (lacking.size <= LACKS_MAX) break
    lacking.delete(writer)
  }
  return isNew
}

/** What is to be told. Forgets what fitted since, or was not asked for. */
export function lacksToTell(lacking: Lacking, now: number): Lack[] {
  for (const [writer, { at }] of lacking) if (now - at >= LACK_MS) lacking.delete(writer)
  return [...lacking].map(([writer, { limit }]) => [writer, limit])
}

/** True for a list as a peer of ours would send it; a stranger may have sent it. */
export function areLacks(list: unknown): list is Lack[] {
  if (!Array.isArray(list) || list.length > LACKS_MAX) return false
  return list.every((lack) => {
    return Array.isArray(lack) && lack.length === 2 && isId(lack[0]) && ROOM_LIMITS.has(lack[1])
  })
}
