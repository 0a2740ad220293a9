/**
 * Origins that are forgotten again. Every run of a peer is a writer of its own, and whoever writes
 * can name others besides; so those that wrote nothing of what is here are forgotten, sooner or
 * later. Of such a one old entries may be taken in once more.
 */

import { Coverage, originKey } from './coverage.ts'
import { LACKS_MAX, type RoomLimit } from './lacking.ts'
import type { Origin, PeerId } from './peer.ts'
import { NO_ORIGIN, ORIGINS_EASY, ORIGINS_KEPT_MAX, type Replica, SELF } from './replica.ts'
import { forgetShares } from './share.ts'

/**
 * True if there is room for these origins. It may take forgetting others; and no room is left if
 * hundreds of thousands are writers of what is here.
 */
export function admitsOrigins(replica: Replica, origins: readonly Origin[]): boolean {
  const { originIndex } = replica
  let strange = 0
  for (const origin of origins) if (!originIndex.has(originKey(origin))) strange++
  if (strange === 0 || originIndex.size + strange <= replica.originsEasy) return true
  forgetOrigins(replica)
  if (originIndex.size + strange <= ORIGINS_KEPT_MAX) return true
  const stranger = origins.find((origin) => !originIndex.has(originKey(origin)))
  if (stranger !== undefined) noteLack(replica, stranger.peer, 'origins')
  return false
}

/** Notes that something of that writer did not fit. */
export function noteLack({ lacks }: Replica, writer: PeerId, limit: RoomLimit): void {
  if (lacks.size < LACKS_MAX || lacks.has(writer)) lacks.set(writer, limit)
}

/**
 * Forgets origins until half of what is easy is left, or only writers of what is here: first runs
 * of peers that have had another since, then those that were met longest ago. The next time is when
 * there are twice as many as then.
 */
export function forgetOrigins(replica: Replica): void {
  const { originIndex } = replica
  const expendable = expendableOf(replica)
  const enough = ORIGINS_EASY / 2
  for (const writer of expendable) {
    if (originIndex.size <= enough) break
    forget(replica, writer)
  }
  forgetShares(replica)
  replica.originsEasy = Math.min(ORIGINS_KEPT_MAX, Math.max(ORIGINS_EASY, 2 * originIndex.size))
}

/** Writers of nothing that is here, those that may go first first. */
function expendableOf(replica: Replica): number[] {
  const { table, lineages, originIndex } = replica
  const used = new Set<number>([SELF])
  for (const slot of table.slotsInUse()) used.add(table.writer[slot] as number)
  for (const lineage of lineages.values()) for (const [writer] of lineage) used.add(writer)
  const latest = new Map<PeerId, number>()
  // The index keeps the order in which origins were met.
  for (const writer of originIndex.values()) latest.set(peerOf(replica, writer), writer)
  const [superseded, others]: [number[], number[]] = [[], []]
  for (const writer of originIndex.values()) {
    if (used.has(writer)) continue
    const isLatest = latest.get(peerOf(replica, writer)) === writer
    ;(isLatest ? others : superseded).push(writer)
  }
  return [...superseded, ...others]
}

function peerOf({ origins }: Replica, writer: number): PeerId {
  return (origins[writer] as Origin).peer
}

function forget(replica: Replica, writer: number): void {
  replica.originIndex.delete(originKey(replica.origins[writer] as Origin))
  replica.origins[writer] = NO_ORIGIN
  replica.coverage[writer] = new Coverage()
  replica.renewals.delete(writer)
  replica.collected.delete(writer)
  replica.left.delete(writer)
  replica.provenance?.reaches.delete(writer)
  replica.freeOrigins.push(writer)
}
