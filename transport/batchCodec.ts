/**
 * Batches of entries as they travel: an array of eleven columns. What a stranger sends is checked
 * here field by field; a batch that passes can be merged without another look.
 */

import {
  ABSENT,
  at,
  BATCH_ENTRIES_MAX,
  BATCH_ORIGINS_MAX,
  type Batch,
  type Column,
  FLAGS_ALL,
} from '../machines/rules/batch.ts'
import { flattenValue, unflattenValue } from '../machines/rules/flat.ts'
import { publicKey, type StoredKey, storedKey } from '../machines/rules/key.ts'
import { LEASE_MS_MAX } from '../machines/rules/lease.ts'
import { LINEAGE_MAX } from '../machines/rules/lineage.ts'
import { isId, type Origin, type PeerId } from '../machines/rules/peer.ts'
import { isShortText, type Kept, textBytes } from '../machines/rules/value.ts'

export function flattenBatch(batch: Batch): unknown[] {
  return [
    batch.origins.map(({ peer, run }) => [peer, run]),
    batch.keys.map(publicKey),
    batch.values.map(flattenValue),
    batch.writer,
    batch.epoch,
    batch.sequence,
    batch.termMs,
    batch.remainingMs,
    batch.flags,
    batch.heirs,
    batch.over,
  ]
}

/** The batch, or undefined if that is none. */
export function unflattenBatch(flat: unknown): Batch | undefined {
  if (!Array.isArray(flat) || flat.length !== 11) return undefined
  const [origins, keys, values, writer, epoch, sequence, termMs, remainingMs, flags] = flat
  if (!Array.isArray(keys) || !Array.isArray(values) || keys.length !== values.length) {
    return undefined
  }
  const rows = keys.length
  const writers = readOrigins(origins)
  if (writers === undefined || rows > BATCH_ENTRIES_MAX) return undefined
  const isSound =
    isColumn(writer, { rows, max: writers.length - 1 }) &&
    isColumn(epoch, { rows, min: 1, max: Number.MAX_SAFE_INTEGER }) &&
    isColumn(sequence, { rows, min: 1, max: Number.MAX_SAFE_INTEGER - rows }) &&
    isColumn(termMs, { rows, max: LEASE_MS_MAX, fraction: true }) &&
    (remainingMs === null || isColumn(remainingMs, { rows, max: LEASE_MS_MAX, fraction: true })) &&
    isColumn(flags, { rows, max: FLAGS_ALL })
  if (!isSound) return undefined
  const heirs = readHeirs(flat[9], rows)
  const over = readOver(flat[10], { rows, origins: writers.length })
  const cells = readCells(keys, values, flags)
  if (heirs === undefined || over === undefined || cells === undefined) return undefined
  const columns = { writer, epoch, sequence, termMs, remainingMs, flags }
  return { origins: writers, ...cells, ...columns, heirs, over }
}

function readOrigins(list: unknown): Origin[] | undefined {
  if (!Array.isArray(list) || list.length > BATCH_ORIGINS_MAX) return undefined
  const origins: Origin[] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 2 || !isId(item[0]) || !isId(item[1])) {
      return undefined
    }
    origins.push({ peer: item[0], run: item[1] } as Origin)
  }
  return origins
}

interface ColumnRule {
  readonly rows: number
  readonly min?: number
  readonly max: number
  /** Times may have a fraction; counts may not. */
  readonly fraction?: boolean
}

function isColumn(column: unknown, rule: ColumnRule): column is Column {
  if (rule.rows === 0) return column === 0
  if (!Array.isArray(column)) return isNumber(column, rule)
  return column.length === rule.rows && column.every((number) => isNumber(number, rule))
}

function isNumber(number: unknown, { min = 0, max, fraction = false }: ColumnRule): boolean {
  if (typeof number !== 'number' || !(number >= min) || number > max) return false
  return fraction || Number.isInteger(number)
}

function readHeirs(list: unknown, rows: number): [number, PeerId][] | undefined {
  if (!Array.isArray(list) || list.length > rows) return undefined
  const isSound = list.every(
    (item) => Array.isArray(item) && item.length === 2 && isRow(item[0], rows) && isId(item[1]),
  )
  return isSound ? list : undefined
}

function readOver(
  list: unknown,
  { rows, origins }: { rows: number; origins: number },
): [number, number, number][] | undefined {
  if (!Array.isArray(list) || list.length > rows * LINEAGE_MAX) return undefined
  const isSound = list.every(
    (item) =>
      Array.isArray(item) &&
      item.length === 3 &&
      isRow(item[0], rows) &&
      isRow(item[1], origins) &&
      Number.isSafeInteger(item[2]) &&
      item[2] >= 0,
  )
  return isSound ? list : undefined
}

function isRow(row: unknown, rows: number): boolean {
  return Number.isInteger(row) && (row as number) >= 0 && (row as number) < rows
}

interface Cells {
  readonly keys: StoredKey[]
  readonly values: Kept[]
  readonly sizes: number[]
}

/** The cells, in the lists that came: they were made for this frame and are nobody else's. */
function readCells(keys: unknown[], values: unknown[], flags: Column): Cells | undefined {
  const sizes: number[] = []
  for (let row = 0; row < keys.length; row++) {
    const key = storedKey(keys[row])
    const isAbsent = (at(flags, row) & ABSENT) !== 0
    const value = values[row]
    if (key === undefined || (isAbsent && value !== null)) return undefined
    keys[row] = key
    if (isShortText(value)) {
      sizes.push(textBytes(value))
      continue
    }
    const admitted = isAbsent ? { kept: null, bytes: 0 } : unflattenValue(value)
    if (admitted === undefined) return undefined
    values[row] = admitted.kept
    sizes.push(admitted.bytes)
  }
  return { keys: keys as StoredKey[], values, sizes }
}
