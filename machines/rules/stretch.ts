/**
 * A stretch: a batch whose entries share all but their keys, values and numbers, which is how plain
 * writes travel. What decides over such an entry is looked up once for all of them, so that a key
 * that is new here costs little more than its place in the table.
 *
 * Everything else goes the long way of `merge.ts`, with the same result.
 */

import { ABSENT, type Batch, EPHEMERAL, RELEASED, STOLEN } from './batch.ts'
import { NOTHING, tellChange } from './change.ts'
import { lapseOf } from './claim.ts'
import type { Coverage } from './coverage.ts'
import type { StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { type Replica, SELF } from './replica.ts'
import { type NewRow, newRow, roomFor, type Share } from './table.ts'

export interface Stretch {
  readonly batch: Batch
  /** The number of the first entry. */
  readonly first: number
  /** What the next entry is to be; its own fields are written row by row. */
  readonly row: NewRow
  /** What the writer may take, and has taken. */
  readonly most: Share
  readonly share: Share
  /** True if somebody hears of changes. */
  readonly isHeard: boolean
}

/** The stretch that a batch is, or undefined if its rows have to be looked at one by one. */
export function stretchOf(
  replica: Replica,
  batch: Batch,
  { writers, reading }: { writers: readonly number[]; reading: Reading },
): Stretch | undefined {
  const { epoch, sequence, termMs, flags } = batch
  if (typeof batch.writer !== 'number' || typeof epoch !== 'number') return undefined
  if (typeof sequence !== 'number' || typeof termMs !== 'number') return undefined
  const remainingMs = batch.remainingMs ?? termMs
  if (typeof remainingMs !== 'number' || typeof flags !== 'number') return undefined
  // What ends, is reserved, or descends from another grant has more to be looked at.
  const isPlain = batch.heirs.length === 0 && batch.over.length === 0
  if (!isPlain || (flags & (ABSENT | RELEASED | EPHEMERAL | STOLEN)) !== 0) return undefined
  const writer = writers[batch.writer] ?? SELF
  const share = replica.table.shares[writer]
  if (writer === SELF || share === undefined || !isNews(replica, writer, sequence)) return undefined
  const hasLeft = replica.left.size > 0 && replica.left.has(writer)
  const lapseAt = hasLeft
    ? Number.NEGATIVE_INFINITY
    : lapseOf({ remainingMs, heir: undefined }, reading)
  const row = Object.assign(newRow(writer), { epoch, termMs, lapseAt, flags })
  const isHeard = replica.areChangesHeard || replica.watched.size > 0
  return { batch, first: sequence, row, most: replica.most, share, isHeard }
}

/**
 * Nothing of it was heard before: what was heard of and is not here was deleted. While everything
 * is compared that is not so simple.
 */
function isNews(replica: Replica, writer: number, first: number): boolean {
  const coverage = replica.coverage[writer] as Coverage
  return replica.comparison === null && !coverage.hasGaps && first > coverage.upTo
}

/** Enters a row whose key is not known here. False if there is no room for it. */
export function enterRow(replica: Replica, stretch: Stretch, at: number): boolean {
  const { table, limits } = replica
  const { batch, row, share, most } = stretch
  row.key = batch.keys[at] as StoredKey
  row.value = batch.values[at]
  row.bytes = batch.sizes[at] as number
  row.sequence = stretch.first + at
  const room = roomFor(row.key, row.bytes)
  if (share.entries >= most.entries || share.bytes + room > most.bytes) return false
  if (table.entries >= limits.entriesMax || table.bytes + room > limits.bytesMax) return false
  const slot = table.enter(row, share)
  if (replica.replaced.size > 0) replica.replaced.delete(slot)
  if (stretch.isHeard) tellChange(replica, slot, { former: NOTHING, local: false })
  return true
}
