/**
 * A stretch: a batch whose entries have one writer, one term and the same flags, which is how plain
 * writes travel. What decides over such an entry is looked up once for all of them, so that a key
 * that is new here, or was this writer's before, costs little more than its place in the table.
 *
 * Everything else goes the long way of `merge.ts`, with the same result.
 */

import {
  ABSENT,
  at,
  atRising,
  type Batch,
  type Column,
  EPHEMERAL,
  FREED_MS,
  RELEASED,
  STOLEN,
} from './batch.ts'
import { formerOf, NOTHING, tellChange } from './change.ts'
import { lapseOf } from './claim.ts'
import type { Coverage } from './coverage.ts'
import type { StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { type Replica, SELF } from './replica.ts'
import { type NewRow, NOWHERE, newRow, roomFor, type Share } from './table.ts'

export interface Stretch {
  readonly batch: Batch
  /** What is left of each lease: the same for all, or told row by row. */
  readonly remainingMs: Column
  readonly reading: Reading
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
  const { termMs, flags } = batch
  if (typeof batch.writer !== 'number' || typeof flags !== 'number') return undefined
  if (typeof termMs !== 'number') return undefined
  // What ends, is reserved, or descends from another grant has more to be looked at.
  const isPlain = batch.heirs.length === 0 && batch.over.length === 0
  if (!isPlain || (flags & (ABSENT | RELEASED | EPHEMERAL | STOLEN)) !== 0) return undefined
  const writer = writers[batch.writer] ?? SELF
  const share = replica.table.shares[writer]
  if (writer === SELF || share === undefined || !isNews(replica, writer, batch)) return undefined
  const hasLeft = replica.left.size > 0 && replica.left.has(writer)
  const remainingMs = hasLeft ? FREED_MS : (batch.remainingMs ?? termMs)
  const row = Object.assign(newRow(writer), { termMs, flags })
  row.lapseAt = lapseOf({ remainingMs: at(remainingMs, 0), heir: undefined }, reading)
  const isHeard = replica.areChangesHeard || replica.watched.size > 0
  return { batch, remainingMs, reading, row, most: replica.most, share, isHeard }
}

/**
 * Nothing of it was heard before: what was heard of and is not here was deleted. While everything
 * is compared that is not so simple.
 */
function isNews(replica: Replica, writer: number, { sequence }: Batch): boolean {
  const { upTo, hasGaps } = replica.coverage[writer] as Coverage
  if (replica.comparison !== null || hasGaps) return false
  return typeof sequence === 'number' ? sequence > upTo : sequence.every((each) => each > upTo)
}

/** Takes a row in. False, with nothing done, if it goes the long way. */
export function takeRow(replica: Replica, stretch: Stretch, slot: number, index: number): boolean {
  if (slot === NOWHERE) return enterRow(replica, stretch, index)
  return renewRow(replica, stretch, slot, index)
}

/** Enters a row whose key is not known here. False if there is no room for it. */
function enterRow(replica: Replica, stretch: Stretch, index: number): boolean {
  const { table, limits } = replica
  const { batch, row, share, most, remainingMs, reading } = stretch
  row.key = batch.keys[index] as StoredKey
  row.value = batch.values[index]
  row.bytes = batch.sizes[index] as number
  row.epoch = at(batch.epoch, index)
  row.sequence = atRising(batch.sequence, index)
  if (typeof remainingMs !== 'number') {
    row.lapseAt = lapseOf({ remainingMs: at(remainingMs, index), heir: undefined }, reading)
  }
  const room = roomFor(row.key, row.bytes)
  if (share.entries >= most.entries || share.bytes + room > most.bytes) return false
  if (table.entries >= limits.entriesMax || table.bytes + room > limits.bytesMax) return false
  const slot = table.enter(row, share)
  if (replica.replaced.size > 0) replica.replaced.delete(slot)
  if (stretch.isHeard) tellChange(replica, slot, { former: NOTHING, local: false })
  return true
}

/**
 * Writes a row over one of the same writer that it comes after, where nothing else hangs on either.
 * False, with nothing done, if there is more to be looked at.
 */
function renewRow(replica: Replica, stretch: Stretch, slot: number, index: number): boolean {
  const { table } = replica
  const { batch, row, share, remainingMs, reading } = stretch
  if (!isPlainRow(replica, stretch, slot)) return false
  const bytes = batch.sizes[index] as number
  if (!mayGrow(replica, stretch, bytes - table.chargeOf(slot))) return false
  const epoch = at(batch.epoch, index)
  const sequence = atRising(batch.sequence, index)
  const known = table.epoch[slot] as number
  if (epoch < known || (epoch === known && sequence <= (table.sequence[slot] as number)))
    return false
  const former = stretch.isHeard ? formerOf(replica, slot) : undefined
  table.epoch[slot] = epoch
  table.sequence[slot] = sequence
  table.termMs[slot] = row.termMs
  table.flags[slot] = row.flags
  table.lapseAt[slot] =
    typeof remainingMs === 'number'
      ? row.lapseAt
      : lapseOf({ remainingMs: at(remainingMs, index), heir: undefined }, reading)
  table.replace(slot, { kept: batch.values[index], bytes }, share)
  if (replica.replaced.size > 0) replica.replaced.delete(slot)
  if (former !== undefined) tellChange(replica, slot, { former, local: false })
  return true
}

/** True for a value that stays, by the writer of the stretch, which nobody else has a claim to. */
function isPlainRow(replica: Replica, { row }: Stretch, slot: number): boolean {
  const { table, heirs, lineages, lent, provenance } = replica
  // Where peers sign, it counts who tells how long a lease goes on.
  if (table.writer[slot] !== row.writer || provenance !== null) return false
  if (heirs.size > 0 || lineages.size > 0 || lent.size > 0 || table.gone.size > 0) return false
  const isPaid = table.payer[slot] === row.writer + 1
  return isPaid && ((table.flags[slot] as number) & (ABSENT | EPHEMERAL)) === 0
}

function mayGrow({ table, limits }: Replica, { share, most }: Stretch, more: number): boolean {
  return more <= 0 || (share.bytes + more <= most.bytes && table.bytes + more <= limits.bytesMax)
}
