/**
 * The end of an answer: what the asker may conclude from it.
 *
 * Mostly that it has heard now what the other side has heard. Twice a second question is needed,
 * for everything: when both have heard the same and hold different things, and when the other side
 * has collected deletions that the asker never heard of.
 */

import { isStale, noteCollected, purge, raiseOwn } from './collect.ts'
import type { CoverageList } from './coverage.ts'
import type { Reading } from './lease.ts'
import type { DataMessage } from './message.ts'
import { admitsOrigins } from './origins.ts'
import { noteReach, reachesToShow } from './reach.ts'
import { differsUnheard, type Holding, settle } from './reconcile.ts'
import { hearRenewalWords } from './renewal.ts'
import { indexOrigin, type Replica } from './replica.ts'

export interface Answered {
  readonly done: Extract<DataMessage, { kind: 'sync.done' }>
  /** How far the asker had heard when it asked. */
  readonly told: CoverageList
  /** True if the asker had nothing of others when it asked. */
  readonly isFresh: boolean
  /** True if everything was asked for. */
  readonly isAll: boolean
  /** What the other side holds, if it has heard the same. */
  readonly holding?: Holding | undefined
}

/** Takes an answer's end in. True if the asker must ask once more, for everything. */
export function conclude(
  replica: Replica,
  { done, told, isFresh, isAll, holding }: Answered,
  reading: Reading,
): boolean {
  hearRenewalWords(replica, done.renewals, reading)
  heedReaches(replica, done)
  const wasCut = replica.isAnswerCut
  replica.isAnswerCut = false
  if (wasCut) {
    // What did not fit was not heard; it is asked for again some time, when there may be room.
    replica.comparison = null
    return false
  }
  if (isAll) {
    const wasStale = replica.comparison?.isStale ?? false
    settle(replica, done.coverage)
    noteCollected(replica, done)
    if (wasStale) {
      purge(replica, done.coverage)
      raiseOwn(replica, reading)
    }
    replica.comparison = null
    return false
  }
  const stale = !isFresh && isStale(replica, { told, collected: done.collected })
  // A stale replica counts as having heard nothing new until it has compared everything.
  if (!stale) settle(replica, done.coverage)
  if (stale || (holding !== undefined && differsUnheard(replica, holding))) {
    replica.comparison = { seen: new Set(), isStale: stale }
    return true
  }
  noteCollected(replica, done)
  return false
}

/** Those that were needed have been verified, so they hold from now on. */
function heedReaches(replica: Replica, { coverage, collected, reaches = [] }: Answered['done']) {
  const needed = reachesToShow(replica, { told: [coverage, collected], words: reaches })
  for (const word of needed.values()) {
    if (word === null || replica.provenance === null) continue
    const { peer, run, ...reach } = word
    if (!admitsOrigins(replica, [{ peer, run }])) continue
    noteReach(replica, indexOrigin(replica, { peer, run }), reach)
  }
}
