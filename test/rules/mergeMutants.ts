/**
 * Merges that are wrong on purpose. Each one is the real merge with one rule broken, so that a
 * check which passes it as well is known to be asleep.
 */
import { ABSENT, at, atRising, type Batch } from '../../machines/rules/batch.ts'
import { originKey } from '../../machines/rules/coverage.ts'
import type { Reading } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import { indexOrigin, type Replica } from '../../machines/rules/replica.ts'
import { GRANT_UNSENT, NOWHERE, SENT } from '../../machines/rules/table.ts'

export type Merge = typeof mergeBatch

/** What comes later is kept. */
export const byArrival: Merge = eachRow((replica, { batch, slot }, reading) => {
  if (slot !== NOWHERE) replica.table.epoch[slot] = 0
  return mergeBatch(replica, batch, reading)
})

/** What came first is kept. */
export const keepFirst: Merge = eachRow((replica, { batch, slot }, reading) => {
  return slot === NOWHERE ? mergeBatch(replica, batch, reading) : true
})

/** Two grants of one epoch: the first that comes is kept, since nothing ranks them. */
export const withoutRank: Merge = eachRow((replica, { batch, slot, writer }, reading) => {
  const isTie = slot !== NOWHERE && replica.table.epoch[slot] === at(batch.epoch, 0)
  if (isTie && replica.table.writer[slot] !== writer) return true
  return mergeBatch(replica, batch, reading)
})

/** Two writes of one owner: the one that comes later is kept. */
export const withoutSequence: Merge = eachRow((replica, { batch, slot, writer }, reading) => {
  const isSame = slot !== NOWHERE && replica.table.epoch[slot] === at(batch.epoch, 0)
  if (isSame && replica.table.writer[slot] === writer) replica.table.sequence[slot] = 0
  return mergeBatch(replica, batch, reading)
})

/** One version with two contents: the first that comes is kept. */
export const blindToEquivocation: Merge = eachRow((replica, row, reading) => {
  const { batch, slot, writer } = row
  const { table } = replica
  const isSame =
    slot !== NOWHERE &&
    table.writer[slot] === writer &&
    table.epoch[slot] === at(batch.epoch, 0) &&
    table.sequence[slot] === atRising(batch.sequence, 0)
  return isSame ? true : mergeBatch(replica, batch, reading)
})

/** A deletion removes the entry and leaves no trace of it. */
export const withoutTombstones: Merge = eachRow((replica, { batch, slot }, reading) => {
  const isDelete = (at(batch.flags, 0) & ABSENT) !== 0
  if (!isDelete) return mergeBatch(replica, batch, reading)
  if (slot === NOWHERE) return true
  replica.table.epoch[slot] = 0
  replica.table.put(slot, { value: null, bytes: 0, flags: ABSENT })
  return true
})

/** The version with the later date is kept, and leases end by the date. */
export const byWallClock: Merge = (replica, batch, { wall }) =>
  mergeBatch(replica, batch, { now: wall, wall })

/** Whoever tells of a lease extends it. */
export const extendedByHearsay: Merge = eachRow((replica, { batch, slot }, reading) => {
  const before = slot === NOWHERE ? 0 : (replica.table.lapseAt[slot] as number)
  const fits = mergeBatch(replica, batch, reading)
  const found = replica.table.find(batch.keys[0] as never)
  const heard = reading.now + at(batch.remainingMs ?? batch.termMs, 0)
  replica.table.lapseAt[found] = Math.max(before, heard)
  return fits
})

/** A grant that nobody has seen does not give way. */
export const unyielding: Merge = eachRow((replica, { batch, slot }, reading) => {
  if (replica.table.unsent[slot] === GRANT_UNSENT) replica.table.unsent[slot] = SENT
  return mergeBatch(replica, batch, reading)
})

/** A lost write is not told. */
export const silent: Merge = (replica, batch, reading) => {
  const fits = mergeBatch(replica, batch, reading)
  replica.facts = replica.facts.filter(({ type }) => type !== 'conflict')
  return fits
}

/** A lost write is told twice. */
export const echoing: Merge = (replica, batch, reading) => {
  const before = replica.facts.length
  const fits = mergeBatch(replica, batch, reading)
  replica.facts.push(...replica.facts.slice(before).filter(({ type }) => type === 'conflict'))
  return fits
}

/** A write that its successor had seen is told as lost. */
export const alarming: Merge = (replica, batch, reading) =>
  mergeBatch(replica, { ...batch, over: [] }, reading)

interface Row {
  readonly batch: Batch
  readonly slot: number
  readonly writer: number
}

/** A merge that takes the rows of a batch one by one. */
function eachRow(merge: (replica: Replica, row: Row, reading: Reading) => boolean): Merge {
  return (replica, batch, reading) =>
    batch.keys
      .map((key, row) => {
        const origin = batch.origins[at(batch.writer, row)] as Batch['origins'][number]
        const known = replica.originIndex.get(originKey(origin))
        const writer = known ?? indexOrigin(replica, origin)
        return merge(
          replica,
          { batch: rowOf(batch, row), slot: replica.table.find(key), writer },
          reading,
        )
      })
      .every((fits) => fits)
}

function rowOf(batch: Batch, row: number): Batch {
  const pick = (column: Batch['writer']) => at(column, row)
  return {
    origins: batch.origins,
    keys: batch.keys.slice(row, row + 1),
    values: batch.values.slice(row, row + 1),
    sizes: batch.sizes.slice(row, row + 1),
    writer: pick(batch.writer),
    epoch: pick(batch.epoch),
    sequence: atRising(batch.sequence, row),
    termMs: pick(batch.termMs),
    remainingMs: batch.remainingMs === null ? null : pick(batch.remainingMs),
    flags: pick(batch.flags),
    heirs: batch.heirs.filter(([at]) => at === row).map(([, heir]) => [0, heir]),
    over: batch.over.filter(([at]) => at === row).map(([, ...rest]) => [0, ...rest]),
  }
}
