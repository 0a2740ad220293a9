/**
 * The bytes that are signed, and seals as they travel.
 *
 * A leaf is a hash of one entry: key, token, number, term, flags, heir, lineage and value, in plain
 * MessagePack. What is left of the term is not in it, for it changes on the way; a fresh broadcast
 * signs it beside the leaves.
 */

import { Packr } from 'msgpackr'
import { at, atRising, type Batch, type Column } from '../machines/rules/batch.ts'
import { ORIGINS_MAX } from '../machines/rules/coverage.ts'
import { flattenValue } from '../machines/rules/flat.ts'
import { publicKey, type StoredKey } from '../machines/rules/key.ts'
import { isId, type Origin } from '../machines/rules/peer.ts'
import { isBytesOf } from '../machines/rules/proof.ts'
import {
  LEAF_BYTES,
  type PartialSeal,
  type Proofs,
  SEALED_ENTRIES_MAX,
  STAMP_BYTES,
} from '../machines/rules/provenance.ts'
import type { Reach, ReachWord } from '../machines/rules/reach.ts'
import type { Kept } from '../machines/rules/value.ts'
import { isCount } from './controlCodec.ts'
import { FRAME_HEADER_BYTES } from './framing.ts'
import type { Frame } from './ports.ts'
import { sha256, sha256Writer } from './primitives.ts'

const packr = new Packr({ useRecords: false, mapsAsObjects: false, int64AsType: 'number' })
const NOTHING = new Uint8Array(0)
/** A root is all of SHA-256. Bytes. */
const ROOT_BYTES = 32

/** The leaves of all rows of a batch, one after the other. */
export function leavesOf(batch: Batch): Uint8Array {
  const { keys, values, origins } = batch
  const leaves = new Uint8Array(keys.length * LEAF_BYTES)
  const write = sha256Writer(leaves)
  const heirs = new Map(batch.heirs)
  const over = new Map<number, unknown[]>()
  for (const [row, writer, sequence] of batch.over) {
    const { peer, run } = origins[writer] as Origin
    const lineage = over.get(row) ?? []
    over.set(row, lineage)
    lineage.push([peer, run, sequence])
  }
  for (let row = 0; row < keys.length; row++) {
    const bytes = packr.encode([
      publicKey(keys[row] as StoredKey),
      at(batch.epoch, row),
      atRising(batch.sequence, row),
      at(batch.termMs, row),
      at(batch.flags, row),
      heirs.get(row) ?? null,
      over.get(row) ?? null,
      flattenValue(values[row] as Kept),
    ])
    write(bytes, { at: row * LEAF_BYTES, bytes: LEAF_BYTES })
  }
  return leaves
}

/** A hash of what is left of the terms in a batch; empty if that is all of them. */
export function leftOf({ remainingMs }: Batch): Uint8Array {
  if (remainingMs === null) return NOTHING
  return sha256([packr.encode(remainingMs)]).subarray(0, LEAF_BYTES)
}

/** What stands for all leaves of a seal in what is signed. */
export function rootOf(leaves: Uint8Array): Uint8Array {
  return sha256([leaves])
}

/** What a writer signs of its entries. */
export function sealStatement(
  network: string,
  seal: Omit<Reach, 'stamp'> & { readonly origin: Origin },
): Uint8Array {
  const { origin, number, from, to, left, root } = seal
  return packr.encode(['entries', network, origin.peer, origin.run, number, from, to, left, root])
}

/** What a peer signs of anything else that it says: the very bytes of the frame. */
export function wordStatement(network: string, frame: Frame): Uint8Array {
  const said = frame.subarray(FRAME_HEADER_BYTES, frame.length - STAMP_BYTES)
  return packr.encode(['word', network, sha256([said])])
}

export function flattenProofs({ seals, seal, row }: Proofs): unknown[] {
  const flat = seals.map(({ writer, number, from, to, left, rows, missing, stamp }) => {
    return [writer, number, from, to, left, rows, missing, stamp]
  })
  return [flat, seal, row]
}

export function flattenReach({ peer, run, ...reach }: ReachWord): unknown[] {
  const { number, from, to, left, root, stamp } = reach
  return [peer, run, number, from, to, left, root, stamp]
}

/** The words of how far writers have written, or undefined if those are none. */
export function unflattenReaches(list: unknown): ReachWord[] | undefined {
  if (!Array.isArray(list) || list.length > 2 * ORIGINS_MAX) return undefined
  const words: ReachWord[] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 8 || !isId(item[0]) || !isId(item[1])) {
      return undefined
    }
    const [peer, run, number, from, to, left, root, stamp] = item
    if (![number, from, to].every(isCount)) return undefined
    if (!isBytesOf(root, ROOT_BYTES) || !isBytes(left, LEAF_BYTES)) return undefined
    if (!isBytesOf(stamp, STAMP_BYTES)) return undefined
    const kept = { left: Uint8Array.from(left), root: Uint8Array.from(root) }
    const ids = { peer, run } as Origin
    words.push({ ...ids, number, from, to, ...kept, stamp: Uint8Array.from(stamp) })
  }
  return words
}

/** The proofs of a batch, or undefined if those are none. */
export function unflattenProofs(flat: readonly unknown[], batch: Batch): Proofs | undefined {
  const [list, seal, row, ...rest] = flat
  const rows = batch.keys.length
  if (!Array.isArray(list) || list.length > rows || rest.length > 0) return undefined
  const seals: PartialSeal[] = []
  for (const item of list) {
    const found = readSeal(item, batch.origins.length)
    if (found === undefined) return undefined
    seals.push(found)
  }
  if (!isColumn(seal, rows, seals.length - 1)) return undefined
  if (!isColumn(row, rows, SEALED_ENTRIES_MAX)) return undefined
  return { seals, seal, row }
}

function readSeal(item: unknown, writers: number): PartialSeal | undefined {
  if (!Array.isArray(item) || item.length !== 8) return undefined
  const [writer, number, from, to, left, rows, missing, stamp] = item
  if (!isIndex(writer, writers - 1) || !isIndex(rows, SEALED_ENTRIES_MAX)) return undefined
  if (![number, from, to].every(isCount)) return undefined
  if (!isBytes(left, LEAF_BYTES) || !isBytesOf(stamp, STAMP_BYTES)) return undefined
  if (!isBytes(missing, rows * LEAF_BYTES)) return undefined
  // They outlive the memory of the frame.
  const kept = { left: Uint8Array.from(left), stamp: Uint8Array.from(stamp) }
  return { writer, number, from, to, rows, missing: Uint8Array.from(missing), ...kept }
}

function isColumn(column: unknown, rows: number, max: number): column is Column {
  if (!Array.isArray(column)) return isIndex(column, max) || (rows === 0 && column === 0)
  return column.length === rows && column.every((each) => isIndex(each, max))
}

function isIndex(number: unknown, max: number): number is number {
  return isCount(number) && number <= max
}

function isBytes(bytes: unknown, bytesMax: number): bytes is Uint8Array {
  return bytes instanceof Uint8Array && bytes.length <= bytesMax
}
