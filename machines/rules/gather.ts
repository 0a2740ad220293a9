/** Entries on their way out: from slots of the table to batches. */

import {
  at,
  BATCH_BYTES,
  type Batch,
  type Column,
  FREED_MS,
  OVER_MS,
  RELEASED,
  RENEWING,
} from './batch.ts'
import { NAMES_BYTES_MAX } from './burst.ts'
import type { StoredKey } from './key.ts'
import { ownerTermMs, type Reading } from './lease.ts'
import { NO_LINEAGE } from './lineage.ts'
import type { Origin, PeerId } from './peer.ts'
import { Portion } from './portion.ts'
import { entriesMaxOf } from './provenance.ts'
import { foreignLapseAt, isMine, type Replica, SELF } from './replica.ts'
import { SENT, type Table } from './table.ts'
import type { Kept } from './value.ts'

/** An own lease counts as whole for the first part of its term: so much of it. */
const JUST_NOW = 1 / 256

/** Columns by which entries are told apart that are alike. */
type Common = Pick<Batch, 'writer' | 'termMs' | 'flags'>

/** Own entries that belong together: the writes `from` to `to`, of which these are left to tell. */
export interface OwnWrites {
  readonly from: number
  readonly to: number
  readonly batch: Batch
}

/** All own writes that nobody was sent yet, in order. They count as sent from now on. */
export function gatherUnsent(replica: Replica, reading: Reading): OwnWrites[] {
  const burst = takeBurst(replica, reading)
  if (burst !== undefined) return [burst]
  const { table } = replica
  const slots = unsentSlots(replica)
  replica.unsent.length = 0
  const writes: OwnWrites[] = []
  let count = 0
  for (const run of fitsOne(replica, slots) ? [slots] : runsOf(replica, slots)) {
    count += run.length
    const isLast = count === slots.length
    const to = isLast ? replica.sequence : (table.sequence[run.at(-1) as number] as number)
    writes.push({ from: replica.sentSequence + 1, to, batch: gather(replica, run, reading) })
    replica.sentSequence = to
  }
  noteSent(replica, slots)
  return writes
}

/** The same if they were nothing but plain writes of one tick, which have been kept as a batch. */
function takeBurst(replica: Replica, reading: Reading): OwnWrites | undefined {
  const { unsent, sentSequence, sequence: to } = replica
  const [from, origin] = [sentSequence + 1, replica.origins[SELF] as Origin]
  const entriesMax = entriesMaxOf(replica.provenance)
  const batch = replica.burst.take({ from, to, origin, entriesMax })
  // Whom a grant descends from is not in it, and for whom it is reserved.
  if (batch === undefined || replica.heirs.size > 0 || replica.lineages.size > 0) return undefined
  // What was written first has been held longest.
  if (!isWholeTerm(replica, unsent.slice(0, 1), reading)) return undefined
  noteSent(replica, unsent)
  unsent.length = 0
  replica.sentSequence = to
  return { from, to, batch }
}

function noteSent({ table, replaced }: Replica, slots: readonly number[]): void {
  for (const slot of slots) table.unsent[slot] = SENT
  if (replaced.size > 0) for (const slot of slots) replaced.delete(slot)
}

/** The slots of own entries that nobody was sent yet, each once, in the order of their writes. */
function unsentSlots({ table, unsent }: Replica): number[] {
  const slots: number[] = []
  let last = 0
  let isInOrder = true
  for (const slot of unsent) {
    // A slot may have lost its own entry to another peer's since it was written.
    if (table.unsent[slot] === SENT) continue
    const sequence = table.sequence[slot] as number
    if (sequence <= last) isInOrder = false
    last = sequence
    slots.push(slot)
  }
  if (isInOrder) return slots
  const sequenceOf = (slot: number) => table.sequence[slot] as number
  return [...new Set(slots)].sort((one, other) => sequenceOf(one) - sequenceOf(other))
}

/** True if all of it fits one batch, and names nobody but this peer. */
function fitsOne(replica: Replica, slots: number[]): boolean {
  const { table, heirs, lineages } = replica
  if (slots.length === 0 || slots.length > entriesMaxOf(replica.provenance)) return false
  if (heirs.size > 0 || lineages.size > 0) return false
  let bytes = NAMES_BYTES_MAX
  for (const slot of slots) bytes += table.sizeOf(slot)
  return bytes <= BATCH_BYTES
}

/** Splits slots into runs that fit a batch each. */
export function* runsOf(replica: Replica, slots: Iterable<number>): Generator<number[]> {
  let portion = new Portion(replica)
  for (const slot of slots) {
    if (portion.take(slot)) continue
    yield portion.slots
    portion = new Portion(replica)
    portion.take(slot)
  }
  if (portion.slots.length > 0) yield portion.slots
}

/** The entries in these slots, as they are now. */
export function gather(replica: Replica, slots: readonly number[], reading: Reading): Batch {
  const { table } = replica
  const names = new Names(replica)
  const { keys, values, sizes } = cellsOf(table, slots)
  const writer = columnOf(table.writer, slots)
  const termMs = columnOf(table.termMs, slots)
  const flags = columnOf(table.flags, slots)
  return {
    // Written out, since names behind a spread are each a slow call.
    keys,
    values,
    sizes,
    writer: slots.length === 0 ? 0 : renamed(writer, (each) => names.of(each)),
    epoch: columnOf(table.epoch, slots),
    sequence: columnOf(table.sequence, slots, 1),
    termMs,
    remainingMs: remainingOf(replica, slots, { reading, writer, termMs, flags }),
    flags,
    heirs: heirsOf(replica, slots),
    over: lineagesOf(replica, slots, names),
    origins: names.origins,
  }
}

function cellsOf(table: Table, slots: readonly number[]): Pick<Batch, 'keys' | 'values' | 'sizes'> {
  const first = slots[0] as number
  const end = first + slots.length
  if (slots.every((slot, row) => slot === first + row)) {
    // Slots in a row, as a table is given: their cells are copied in one go.
    const sizes = Array.from(table.charge.subarray(first, end))
    return { keys: table.keys.slice(first, end), values: table.values.slice(first, end), sizes }
  }
  const [keys, values, sizes]: [StoredKey[], Kept[], number[]] = [[], [], []]
  for (const slot of slots) {
    keys.push(table.keys[slot] as StoredKey)
    values.push(table.values[slot])
    sizes.push(table.chargeOf(slot))
  }
  return { keys, values, sizes }
}

/** A column of the table, in its shortest form: one number if all are alike or rise by a step. */
function columnOf(cells: ArrayLike<number>, slots: readonly number[], step: 0 | 1 = 0): Column {
  const first = cells[slots[0] as number] ?? 0
  for (let row = 1; row < slots.length; row++) {
    if (cells[slots[row] as number] === first + step * row) continue
    return slots.map((slot) => cells[slot] as number)
  }
  return first
}

function renamed(column: Column, name: (writer: number) => number): Column {
  return typeof column === 'number' ? name(column) : column.map(name)
}

function remainingOf(
  replica: Replica,
  slots: readonly number[],
  { reading, writer, termMs, flags }: Common & { readonly reading: Reading },
): Column | null {
  if (writer === SELF && typeof termMs === 'number' && isWholeTerm(replica, slots, reading)) {
    return null
  }
  const { table, heirs } = replica
  // Leases that are alike end with what was written together. What goes on does so by its number.
  const isPlain = typeof flags === 'number' && (flags & RENEWING) === 0 && heirs.size === 0
  const areAlike = isPlain && typeof writer === 'number' && typeof termMs === 'number'
  const isReckonedOnce = areAlike && table.gone.size === 0
  const remaining: number[] = []
  let [lapseAt, leftMs, isOne] = [Number.NaN, 0, true]
  for (const slot of slots) {
    if (!isReckonedOnce || table.lapseAt[slot] !== lapseAt) {
      lapseAt = table.lapseAt[slot] as number
      leftMs = remainingMs(replica, slot, reading)
      if (remaining.length > 0 && leftMs !== remaining[0]) isOne = false
    }
    remaining.push(leftMs)
  }
  if (isOne) return leftMs === termMs ? null : leftMs
  return remaining.every((left, row) => left === at(termMs, row)) ? null : remaining
}

/** True for own leases of one term that have just begun, without a look at each of them. */
function isWholeTerm(replica: Replica, slots: readonly number[], { now }: Reading): boolean {
  const { table, heirs } = replica
  const termMs = table.termMs[slots[0] as number] as number
  if (termMs === 0) return true
  if (table.gone.size > 0 || heirs.size > 0) return false
  const from = now + ownerTermMs(termMs) - termMs * JUST_NOW
  for (const slot of slots) {
    const isOver = ((table.flags[slot] as number) & RELEASED) !== 0
    if (isOver || !((table.lapseAt[slot] as number) > from)) return false
  }
  return true
}

function heirsOf(replica: Replica, slots: readonly number[]): [number, PeerId][] {
  const heirs: [number, PeerId][] = []
  if (replica.heirs.size === 0) return heirs
  slots.forEach((slot, row) => {
    const heir = replica.heirs.get(slot)
    if (heir !== undefined) heirs.push([row, heir])
  })
  return heirs
}

function lineagesOf(
  replica: Replica,
  slots: readonly number[],
  names: Names,
): [number, number, number][] {
  const lineages: [number, number, number][] = []
  if (replica.lineages.size === 0) return lineages
  slots.forEach((slot, row) => {
    for (const [writer, sequence] of replica.lineages.get(slot) ?? NO_LINEAGE) {
      lineages.push([row, names.of(writer), sequence])
    }
  })
  return lineages
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
 * What is left of the lease, without the allowances that either side makes for itself; `OVER_MS` or
 * `FREED_MS` if that is nothing.
 */
function remainingMs(replica: Replica, slot: number, reading: Reading): number {
  const { table } = replica
  const termMs = table.termMs[slot] as number
  if (termMs === 0 || ((table.flags[slot] as number) & RELEASED) !== 0) return 0
  if (table.gone.size > 0 && table.gone.has(slot)) return OVER_MS
  const isOwn = isMine(replica, slot)
  // The owner's own deadline is the early one; what it tells is the plain end of the term.
  const early = isOwn ? termMs - ownerTermMs(termMs) : 0
  const lapseAt = isOwn ? (table.lapseAt[slot] as number) : foreignLapseAt(replica, slot)
  if (lapseAt === Number.NEGATIVE_INFINITY && !replica.heirs.has(slot)) return FREED_MS
  const left = lapseAt + early - reading.now
  if (left <= 0) return OVER_MS
  // One number for all rows of a batch says it shorter, and to wait a little longer is safe.
  if (isOwn && left > termMs - termMs * JUST_NOW) return termMs
  return Math.min(termMs, Math.ceil(left))
}
