/**
 * Newcomers: rows of a stretch whose keys are new here, entered together. What they have in common
 * is filled into the table's columns at once, so that little is left to do for each of them. It is
 * what a peer that joins is given, and it has done nothing of the kind before: code that runs for
 * the first time takes ten times as long, and there is little of it here.
 */

import { at } from './batch.ts'
import { NOTHING, tellChange } from './change.ts'
import { lapseOf } from './claim.ts'
import type { Replica } from './replica.ts'
import type { Stretch } from './stretch.ts'
import { roomFor, type Table } from './table.ts'

/** Fewer rows are entered one by one. */
export const NEWCOMERS_MIN = 4

/** Enters the first rows, as far as their keys are new and there is room. Returns how many. */
export function enterNewcomers(replica: Replica, stretch: Stretch): number {
  const { table } = replica
  const { keys } = stretch.batch
  // Where slots are free, those are used first, one by one.
  if (keys.length < NEWCOMERS_MIN || table.free.length > 0) return 0
  const first = table.keys.length
  while (first + keys.length > table.flags.length) table.grow()
  const rows = link(replica, stretch)
  if (rows === 0) return 0
  fill(table, stretch, { first, rows })
  if (!stretch.isHeard) return rows
  for (let slot = first; slot < first + rows; slot++) {
    tellChange(replica, slot, { former: NOTHING, local: false })
  }
  return rows
}

/** Gives the keys the next slots, up to the first that has one or has no room. */
function link({ table, limits }: Replica, { batch, share, most }: Stretch): number {
  const { keys, sizes } = batch
  const { slots } = table
  const first = table.keys.length
  const entriesMax = Math.min(most.entries - share.entries, limits.entriesMax - table.entries)
  const bytesMax = Math.min(most.bytes - share.bytes, limits.bytesMax - table.bytes)
  const end = Math.min(keys.length, entriesMax)
  let bytes = 0
  let row = 0
  for (; row < end; row++) {
    const key = keys[row] as (typeof keys)[number]
    const room = roomFor(key, sizes[row] as number)
    if (bytes + room > bytesMax || slots.has(key)) break
    bytes += room
    slots.set(key, first + row)
  }
  share.entries += row
  share.bytes += bytes
  table.bytes += bytes
  table.size += row
  return row
}

/** Writes the columns of so many rows. Nothing was ever in their slots. */
function fill(
  table: Table,
  { batch, row, remainingMs, reading }: Stretch,
  { first, rows }: { first: number; rows: number },
): void {
  const { keys, values, sizes, epoch, sequence } = batch
  const end = first + rows
  const isWhole = rows === keys.length
  table.keys.push(...(isWhole ? keys : keys.slice(0, rows)))
  table.values.push(...(isWhole ? values : values.slice(0, rows)))
  table.charge.set(isWhole ? sizes : sizes.slice(0, rows), first)
  table.payer.fill(row.writer + 1, first, end)
  table.writer.fill(row.writer, first, end)
  table.termMs.fill(row.termMs, first, end)
  table.flags.fill(row.flags, first, end)
  table.lapseAt.fill(row.lapseAt, first, end)
  if (typeof epoch === 'number') table.epoch.fill(epoch, first, end)
  else table.epoch.set(isWhole ? epoch : epoch.slice(0, rows), first)
  if (typeof sequence === 'number') count(table.sequence, sequence, { first, end })
  else table.sequence.set(isWhole ? sequence : sequence.slice(0, rows), first)
  if (typeof remainingMs === 'number') return
  for (let each = 0; each < rows; each++) {
    const left = { remainingMs: at(remainingMs, each), heir: undefined }
    table.lapseAt[first + each] = lapseOf(left, reading)
  }
}

/** Fills cells with numbers that rise by one. */
function count(
  cells: Float64Array,
  from: number,
  { first, end }: { first: number; end: number },
): void {
  for (let slot = first, number = from; slot < end; slot++) cells[slot] = number++
}
