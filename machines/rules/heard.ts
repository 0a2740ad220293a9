/** How far this replica has heard each writer, as it is told: in lists that fit a frame. */

import { type Coverage, type CoverageList, fitting, LIST_BYTES_MAX } from './coverage.ts'
import type { Origin } from './peer.ts'
import { NO_ORIGIN, type Replica, SELF } from './replica.ts'

/**
 * What this replica has of each origin, as others may be told: own writes count once they were
 * sent. What is left out counts as not heard, so it may come once more; the runs that ended long
 * ago go first.
 */
export function coverageList(replica: Replica): CoverageList {
  return fitting(allCoverage(replica), LIST_BYTES_MAX)
}

/** The same, however long it is. */
export function allCoverage(replica: Replica): CoverageList {
  const all: CoverageList[number][] = []
  for (let writer = 0; writer < replica.origins.length; writer++) {
    if (replica.origins[writer] === NO_ORIGIN) continue
    const item = coverageItem(replica, writer)
    if (item !== undefined) all.push(item)
  }
  return all
}

/** The same of one origin; undefined if nothing of it was heard. */
export function coverageItem(replica: Replica, writer: number): CoverageList[number] | undefined {
  const { peer, run } = replica.origins[writer] as Origin
  const list =
    writer === SELF ? [replica.sentSequence] : (replica.coverage[writer] as Coverage).list()
  return list.length === 1 && list[0] === 0 ? undefined : [peer, run, ...list]
}
