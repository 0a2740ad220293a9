/**
 * The order of entries: `(epoch, rank, writer, sequence)`, and the greater one is kept, everywhere.
 *
 * The epoch is the fencing token and rises at every change of owner. Two grants of one epoch were
 * made without knowing of each other; their rank, a hash of key, epoch and writer, decides the same
 * way at every peer and favours nobody on all keys. The sequence counts the writer's writes, so it
 * orders the writes of one owner inside an epoch. No clock takes part.
 */

import { originKey } from './coverage.ts'
import { Hash } from './hash.ts'
import type { StoredKey } from './key.ts'
import type { Origin } from './peer.ts'

/** What places an entry among all others of its key. */
export interface Version {
  readonly epoch: number
  readonly writer: Origin
  readonly sequence: number
}

/**
 * Greater than zero if the first version is kept, less if the second is, zero if they are one and
 * the same.
 */
export function compareVersions(key: StoredKey, first: Version, second: Version): number {
  if (first.epoch !== second.epoch) return first.epoch - second.epoch
  const firstWriter = originKey(first.writer)
  const secondWriter = originKey(second.writer)
  if (firstWriter === secondWriter) return first.sequence - second.sequence
  const byRank = rank(key, first.epoch, firstWriter) - rank(key, second.epoch, secondWriter)
  if (byRank !== 0) return byRank
  return firstWriter > secondWriter ? 1 : -1
}

const hash = new Hash()

function rank(key: StoredKey, epoch: number, writer: string): number {
  return hash.start().text(key).number(epoch).text(writer).finish().low
}
