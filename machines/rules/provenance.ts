/**
 * Provenance: what proves to anybody that an entry is its writer's.
 *
 * A peer signs what it writes as one batch: over a hash of each entry, its leaf, in order. The seal
 * is that signature with the leaves. Whoever holds an entry keeps the seal that it came under, and
 * can show it with the entry and the leaves of those rows that it does not show. One seal serves
 * all entries of its batch, and is gone when the last of them is.
 */

import { BATCH_ENTRIES_MAX, type Column } from './batch.ts'
import type { Origin } from './peer.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './proof.ts'
import type { Reach } from './reach.ts'

/** The most entries under one seal: a single one that is left keeps the leaves of all others. */
export const SEALED_ENTRIES_MAX = 128
/** A leaf is that much of SHA-256: as hard to imitate as the signature is. Bytes. */
export const LEAF_BYTES = 16
/** A public key and a signature, one after the other. Bytes. */
export const STAMP_BYTES = PUBLIC_KEY_BYTES + SIGNATURE_BYTES

/** One signature over the entries of one writer. */
export interface Seal {
  readonly origin: Origin
  /** The number of the broadcast that it came with; 0 if it was made for an answer. */
  readonly number: number
  /** The writes that the batch tells all about; 0 and 0 if it was made for an answer. */
  readonly from: number
  readonly to: number
  /** A hash of what was left of the terms when it was told; empty if all of them. */
  readonly left: Uint8Array
  /** The leaves of all rows, one after the other. */
  readonly leaves: Uint8Array
  /** Public key and signature. */
  readonly stamp: Uint8Array
}

/** A seal as it travels beside some of its entries: with the leaves of the others only. */
export interface PartialSeal {
  /** The writer, as an index of the batch's origins. */
  readonly writer: number
  readonly number: number
  readonly from: number
  readonly to: number
  readonly left: Uint8Array
  /** How many rows it has in all. */
  readonly rows: number
  /** The leaves of the rows that are not here, in order. */
  readonly missing: Uint8Array
  readonly stamp: Uint8Array
}

/** What proves a batch of entries of many writers. */
export interface Proofs {
  readonly seals: readonly PartialSeal[]
  /** For each row of the batch: its seal, and its row under that seal. */
  readonly seal: Column
  readonly row: Column
}

/** How many entries a batch may have: fewer where they are sealed. */
export function entriesMaxOf(provenance: Provenance | null): number {
  return provenance === null ? BATCH_ENTRIES_MAX : SEALED_ENTRIES_MAX
}

/** Under which seal each entry of a table came. */
export class Provenance {
  /** What proves how far each writer has written. */
  readonly reaches = new Map<number, Reach>()
  readonly #seals: (Seal | undefined)[] = []
  readonly #rows: number[] = []
  readonly #sequences: number[] = []

  /** The seal of the write with this number in a slot; undefined if what is noted is another's. */
  sealOf(slot: number, sequence: number): Seal | undefined {
    return this.#sequences[slot] === sequence ? this.#seals[slot] : undefined
  }

  rowOf(slot: number): number {
    return this.#rows[slot] ?? 0
  }

  note(slot: number, noted: { seal: Seal; row: number; sequence: number }): void {
    this.#seals[slot] = noted.seal
    this.#rows[slot] = noted.row
    this.#sequences[slot] = noted.sequence
  }

  /** The entry is gone. */
  forget(slot: number): void {
    this.#seals[slot] = undefined
  }

  /** The leaf of the entry in a slot, as it was signed. */
  leafOf(slot: number): Uint8Array | undefined {
    const seal = this.#seals[slot]
    return seal && leafAt(seal.leaves, this.rowOf(slot))
  }
}

/** The leaf of one row. */
export function leafAt(leaves: Uint8Array, row: number): Uint8Array {
  return leaves.subarray(row * LEAF_BYTES, (row + 1) * LEAF_BYTES)
}

/** How many rows these leaves are of. */
export function rowsOf(leaves: Uint8Array): number {
  return leaves.length / LEAF_BYTES
}

/** The leaves of all rows but these, in order. */
export function leavesBeside(leaves: Uint8Array, rows: ReadonlySet<number>): Uint8Array {
  const count = rowsOf(leaves)
  const missing = new Uint8Array((count - rows.size) * LEAF_BYTES)
  let at = 0
  for (let row = 0; row < count; row++) {
    if (rows.has(row)) continue
    missing.set(leafAt(leaves, row), at)
    at += LEAF_BYTES
  }
  return missing
}

/**
 * All leaves, from those of the rows that are here and those that came beside; undefined if they
 * are too many, too few, or two for one row.
 */
export function joinLeaves(
  rows: number,
  { shown, missing }: { shown: ReadonlyMap<number, Uint8Array>; missing: Uint8Array },
): Uint8Array | undefined {
  if (missing.length !== (rows - shown.size) * LEAF_BYTES) return undefined
  const leaves = new Uint8Array(rows * LEAF_BYTES)
  let at = 0
  let used = 0
  for (let row = 0; row < rows; row++) {
    const leaf = shown.get(row)
    if (leaf !== undefined) used++
    leaves.set(leaf ?? missing.subarray(at, at + LEAF_BYTES), row * LEAF_BYTES)
    if (leaf === undefined) at += LEAF_BYTES
  }
  return used === shown.size ? leaves : undefined
}

export function isSameLeaf(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && isSameBytes(one, other)
}

/** True if both say the same, whatever signed them. */
export function isSameSeal(one: Omit<Seal, 'stamp'>, other: Omit<Seal, 'stamp'>): boolean {
  const isSameTold = one.number === other.number && one.from === other.from && one.to === other.to
  const isSameOrigin = one.origin.peer === other.origin.peer && one.origin.run === other.origin.run
  if (!isSameTold || !isSameOrigin) return false
  return isSameBytes(one.left, other.left) && isSameBytes(one.leaves, other.leaves)
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
