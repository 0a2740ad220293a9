/**
 * Reach: how far a writer has said itself that it has written.
 *
 * Who has heard all of a writer up to some number takes nothing older of it any more. So where
 * peers sign, nobody is believed that it has heard further than the writer has reached, which is
 * shown by the writer's own signature: that of the batch which told of the number. Otherwise one
 * member could let another one's writes vanish before they are made.
 */

import { type CoverageList, originKey } from './coverage.ts'
import type { PeerId, RunId } from './peer.ts'
import type { Seal } from './provenance.ts'
import type { Replica } from './replica.ts'

/** What was signed of the batch that reached furthest; `root` is the hash of its leaves. */
export interface Reach extends Omit<Seal, 'origin' | 'leaves'> {
  readonly root: Uint8Array
}

/** The reach of one writer in the word of another peer. */
export interface ReachWord extends Reach {
  readonly peer: PeerId
  readonly run: RunId
}

/** What one word takes on the wire beside the ids of its writer, in bytes. */
export const REACH_WORD_BYTES = 200

/** How far this writer is known to have written; 0 if nothing of it was proven. */
export function reachOf({ provenance }: Replica, writer: number): number {
  return provenance?.reaches.get(writer)?.to ?? 0
}

/** Notes a reach that was verified. */
export function noteReach({ provenance }: Replica, writer: number, reach: Reach): void {
  if (provenance === null || reach.to <= (provenance.reaches.get(writer)?.to ?? 0)) return
  provenance.reaches.set(writer, reach)
}

/**
 * What shows that these writers have written so far, as far as the asker may not know it.
 * Undefined where peers do not sign.
 */
export function reachWords(
  { provenance, originIndex }: Replica,
  { asked, told }: { asked: CoverageList; told: readonly CoverageList[] },
): ReachWord[] | undefined {
  if (provenance === null) return undefined
  const known = new Map(asked.map((item) => [keyOf(item), lastOf(item)]))
  const words = new Map<string, ReachWord>()
  for (const item of told.flat()) {
    const key = keyOf(item)
    const reach = provenance.reaches.get(originIndex.get(key) ?? -1)
    if (reach === undefined || lastOf(item) <= (known.get(key) ?? 0)) continue
    words.set(key, { peer: item[0], run: item[1], ...reach })
  }
  return [...words.values()]
}

/**
 * The words that must be true if these lists are: null in place of one that is missing. Writers
 * that are known to have reached so far need none, and of itself nobody believes others.
 */
export function reachesToShow(
  replica: Replica,
  { told, words }: { told: readonly CoverageList[]; words: readonly ReachWord[] },
): Map<string, ReachWord | null> {
  const { originIndex, origins } = replica
  const shown = new Map(words.map((word) => [originKey(word), word]))
  const needed = new Map<string, ReachWord | null>()
  const self = origins[0]
  for (const item of told.flat()) {
    const key = keyOf(item)
    const last = lastOf(item)
    const isOwn = self !== undefined && key === originKey(self)
    if (isOwn || last <= reachOf(replica, originIndex.get(key) ?? -1)) continue
    const word = shown.get(key)
    needed.set(key, word !== undefined && word.to >= last ? word : null)
  }
  return needed
}

function keyOf([peer, run]: CoverageList[number]): string {
  return originKey({ peer, run })
}

function lastOf(item: CoverageList[number]): number {
  return item.at(-1) as number
}
