/**
 * Entries under way, in columns: a batch is one array of keys, one of values and a column for each
 * of the rest, where a column that holds the same number throughout is just that number. A frame of
 * a thousand new keys thus costs little more than its keys and values.
 */

import type { StoredKey } from './key.ts'
import type { Origin, PeerId } from './peer.ts'
import type { Kept } from './value.ts'

/** One number for all rows, or one number per row. */
export type Column = number | readonly number[]

/** The most entries in one batch. */
export const BATCH_ENTRIES_MAX = 2_000
/** The most writers that one batch may name, those that its lineages name included. */
export const BATCH_ORIGINS_MAX = 1_024
/** A batch is closed when its keys and values reach this size, in bytes. */
export const BATCH_BYTES = 256 * 1024

/** What is told of a lease that is over: others wait until their allowances have passed. */
export const OVER_MS = 0.5
/** What is told of a key that nobody owns, as after its owner's goodbye: it is free at once. */
export const FREED_MS = 0

/** For columns that say nothing, in most batches: a new list each would have to be made. */
export const NO_ROWS: readonly never[] = []

/** What an entry says beside its key and value, as bits. */
export const ABSENT = 1 // There is no value: a tombstone, or a bare lease on a key without value.
export const RELEASED = 2 // Nobody holds the key: the writer gave it up.
export const KEPT = 4 // The value is the one before; only the lease changed.
export const EPHEMERAL = 8 // The value is gone when its lease is.
export const RENEWING = 16 // The lease goes on with each renewal frame of its writer.
export const STOLEN = 32 // The grant took a lease that was in force.
export const HANDED = 64 // The heir is the next in the queue, and may have given up waiting.
export const FLAGS_ALL = ABSENT | RELEASED | KEPT | EPHEMERAL | RENEWING | STOLEN | HANDED

export interface Batch {
  /** The writers of these entries; `writer` points into it. */
  readonly origins: readonly Origin[]
  readonly keys: readonly StoredKey[]
  /** Null in rows that are absent. */
  readonly values: readonly Kept[]
  /** The size of each value, in bytes. */
  readonly sizes: readonly number[]
  readonly writer: Column
  readonly epoch: Column
  /** Either one per row, or the first of numbers that rise by one. */
  readonly sequence: Column
  readonly termMs: Column
  /**
   * What is left of the term, or null where it is the whole term in every row. Where that is
   * nothing: `OVER_MS` or `FREED_MS`.
   */
  readonly remainingMs: Column | null
  readonly flags: Column
  /** Rows that are reserved for somebody: row, peer. */
  readonly heirs: readonly (readonly [number, PeerId])[]
  /** The lineages, latest writer first: row, index in `origins`, last sequence seen. */
  readonly over: readonly (readonly [number, number, number])[]
}

/** Roughly what an entry takes in a batch, in bytes. */
export function wireBytes(key: StoredKey, bytes: number): number {
  return key.length + bytes + 16
}

/** The number of one row. */
export function at(column: Column, row: number): number {
  return typeof column === 'number' ? column : (column[row] as number)
}

/** The number of one row in a column where a single number is the first of a rising sequence. */
export function atRising(column: Column, row: number): number {
  return typeof column === 'number' ? column + row : (column[row] as number)
}

/** The shortest form of a column. */
export function pressed(column: readonly number[]): Column {
  const first = column[0]
  if (first === undefined) return 0
  return column.every((number) => number === first) ? first : column
}

/** The shortest form of a column where a single number is the first of a rising sequence. */
export function pressedRising(column: readonly number[]): Column {
  const first = column[0]
  if (first === undefined) return 0
  return column.every((number, row) => number === first + row) ? first : column
}
