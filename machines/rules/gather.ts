/** Entries on their way out: from slots of the table to batches. */

import {
  BATCH_BYTES,
  BATCH_ENTRIES_MAX,
  type Batch,
  pressed,
  pressedRising,
  RELEASED,
} from './batch.ts'
import type { StoredKey } from './key.ts'
import { ownerTermMs, type Reading } from './lease.ts'
import { NO_LINEAGE } from './lineage.ts'
import type { Origin, PeerId } from './peer.ts'
import { type Replica, SELF } from './replica.ts'
import { SENT } from './table.ts'
import type { Kept } from './value.ts'

/** Own entries that belong together: the writes `from` to `to`, of which these are left to tell. */
export interface OwnWrites {
  readonly from: number
  readonly to: number
  readonly batch: Batch
}

/** All own writes that nobody was sent yet, in order. They count as sent from now on. */
export function gatherUnsent(replica: Replica, reading: Reading): OwnWrites[] {
  const { table } = replica
  // A slot may have lost its own entry to another peer's since it was written.
  const own = new Set(replica.unsent.filter((slot) => table.unsent[slot] !== SENT))
  const slots = [...own]
  slots.sort(
    (first, second) => (table.sequence[first] as number) - (table.sequence[second] as number),
  )
  replica.unsent = []
  const writes: OwnWrites[] = []
  for (const [first, end] of cuts(replica, slots)) {
    const isLast = end === slots.length
    const to = isLast ? replica.sequence : (table.sequence[slots[end - 1] as number] as number)
    const batch = gather(replica, slots.slice(first, end), reading)
    writes.push({ from: replica.sentSequence + 1, to, batch })
    replica.sentSequence = to
  }
  for (const slot of slots) {
    table.unsent[slot] = SENT
    replica.replaced.delete(slot)
  }
  return writes
}

/** Splits slots into runs that fit a batch each, as pairs of first and end. */
export function* cuts(replica: Replica, slots: readonly number[]): Generator<[number, number]> {
  let first = 0
  let bytes = 0
  for (let position = 0; position < slots.length; position++) {
    const slot = slots[position] as number
    const size = replica.table.sizeOf(slot)
    const isFullBatch = position - first >= BATCH_ENTRIES_MAX || bytes + size > BATCH_BYTES
    if (position > first && isFullBatch) {
      yield [first, position]
      first = position
      bytes = 0
    }
    bytes += size
  }
  if (first < slots.length) yield [first, slots.length]
}

/** The entries in these slots, as they are now. */
export function gather(replica: Replica, slots: readonly number[], reading: Reading): Batch {
  const { table } = replica
  const names = new Names(replica)
  const keys: StoredKey[] = []
  const values: Kept[] = []
  const sizes: number[] = []
  const heirs: [number, PeerId][] = []
  const over: [number, number, number][] = []
  const columns = { writer: [] as number[], epoch: [] as number[], sequence: [] as number[] }
  const times = { termMs: [] as number[], remainingMs: [] as number[], flags: [] as number[] }
  slots.forEach((slot, row) => {
    keys.push(table.keys[slot] as StoredKey)
    values.push(table.values[slot])
    sizes.push(table.chargeOf(slot))
    columns.writer.push(names.of(table.writer[slot] as number))
    columns.epoch.push(table.epoch[slot] as number)
    columns.sequence.push(table.sequence[slot] as number)
    times.termMs.push(table.termMs[slot] as number)
    times.remainingMs.push(remainingMs(replica, slot, reading))
    times.flags.push(table.flags[slot] as number)
    const heir = replica.heirs.get(slot)
    if (heir !== undefined) heirs.push([row, heir])
    for (const [writer, sequence] of replica.lineages.get(slot) ?? NO_LINEAGE) {
      over.push([row, names.of(writer), sequence])
    }
  })
  const isWhole = times.remainingMs.every((left, row) => left === times.termMs[row])
  return {
    origins: names.origins,
    keys,
    values,
    sizes,
    writer: pressed(columns.writer),
    epoch: pressed(columns.epoch),
    sequence: pressedRising(columns.sequence),
    termMs: pressed(times.termMs),
    remainingMs: isWhole ? null : pressed(times.remainingMs),
    flags: pressed(times.flags),
    heirs,
    over,
  }
}

/** The writers that one batch names, each once. */
class Names {
  readonly origins: Origin[] = []
  private readonly indexes = new Map<number, number>()
  private readonly replica: Replica

  constructor(replica: Replica) {
    this.replica = replica
  }

  of(writer: number): number {
    const known = this.indexes.get(writer)
    if (known !== undefined) return known
    this.indexes.set(writer, this.origins.length)
    return this.origins.push(this.replica.origins[writer] as Origin) - 1
  }
}

/**
 * What is left of the lease, without the allowances that either side makes for itself. Never
 * negative.
 */
function remainingMs(replica: Replica, slot: number, reading: Reading): number {
  const { table } = replica
  const termMs = table.termMs[slot] as number
  if (termMs === 0 || ((table.flags[slot] as number) & RELEASED) !== 0) return 0
  const isOwn = table.writer[slot] === SELF && !replica.heirs.has(slot)
  // The owner's own deadline is the early one; what it tells is the plain end of the term.
  const early = isOwn ? termMs - ownerTermMs(termMs) : 0
  const left = (table.lapseAt[slot] as number) + early - reading.now
  return Math.min(termMs, Math.max(0, Math.ceil(left)))
}
