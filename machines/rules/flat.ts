/**
 * How values travel, and how they are hashed.
 *
 * A scalar (null, boolean, number, text, bytes) is sent as it is. Anything structured is sent flat,
 * as an array that opens with a tag: plain MessagePack without maps or extensions, so that a
 * property named `__proto__` is a name like any other and a decoder has nothing dangerous to build.
 */

import type { Hash } from './hash.ts'
import {
  type Admitted,
  admitValue,
  BIGINT_DIGITS_MAX,
  define,
  type Kept,
  VALUE_DEPTH_MAX,
  VALUE_PARTS_MAX,
} from './value.ts'

/** A value as it travels. */
export type FlatValue = null | boolean | number | string | Uint8Array | readonly FlatValue[]

const ARRAY = 0
const OBJECT = 1
const MAP = 2
const SET = 3
const DATE = 4
const BIGINT = 5
const UNDEFINED = 6

/** The value as it travels. */
export function flattenValue(kept: Kept): FlatValue {
  if (kept === undefined) return [UNDEFINED]
  if (typeof kept === 'bigint') return [BIGINT, kept.toString()]
  if (typeof kept !== 'object' || kept === null) return kept as FlatValue
  if (kept instanceof Uint8Array) return kept
  if (Array.isArray(kept)) return [ARRAY, ...kept.map(flattenValue)]
  if (kept instanceof Date) return [DATE, kept.getTime()]
  if (kept instanceof Set) return [SET, ...Array.from(kept, flattenValue)]
  const flat: FlatValue[] = [kept instanceof Map ? MAP : OBJECT]
  for (const [name, item] of kept instanceof Map ? kept : Object.entries(kept)) {
    flat.push(kept instanceof Map ? flattenValue(name) : name, flattenValue(item))
  }
  return flat
}

/** Thrown inside `unflattenValue` only: what came is not a value of ours. */
const MALFORMED = Symbol('malformed')
/** Likewise: it may be one of ours, and is more than one may be. */
const EXCESSIVE = Symbol('excessive')

/**
 * The value to keep, from what travelled; undefined if it is none. A stranger may have sent it:
 * depth, parts and kinds are all checked here.
 */
export function unflattenValue(flat: unknown): Admitted | undefined {
  if (flat === undefined) return undefined
  try {
    return admitValue(unflatten(flat, 0))
  } catch {
    return undefined
  }
}

/** True for what travelled and is no value for its size alone. */
export function isTooLarge(flat: unknown): boolean {
  try {
    admitValue(unflatten(flat, 0))
    return false
  } catch (cause) {
    return cause === EXCESSIVE || (cause as { code?: unknown }).code === 'VALUE_TOO_LARGE'
  }
}

function unflatten(flat: unknown, depth: number): unknown {
  if (!Array.isArray(flat)) {
    if (typeof flat === 'bigint' || typeof flat === 'undefined') throw MALFORMED
    if (typeof flat === 'object' && flat !== null && !(flat instanceof Uint8Array)) throw MALFORMED
    return flat
  }
  // A bigint or undefined travels as an array too, so it may lie one level below the deepest
  // structure; how deep structures go is checked by admission.
  if (depth > VALUE_DEPTH_MAX || flat.length > 2 * VALUE_PARTS_MAX) throw EXCESSIVE
  const items = flat.slice(1)
  switch (flat[0]) {
    case ARRAY:
      return items.map((item) => unflatten(item, depth + 1))
    case OBJECT:
      return unflattenObject(items, depth + 1)
    case MAP:
      return new Map(
        pairs(items).map((pair) => pair.map((item) => unflatten(item, depth + 1)) as never),
      )
    case SET:
      return new Set(items.map((item) => unflatten(item, depth + 1)))
    case DATE:
      if (items.length !== 1 || typeof items[0] !== 'number') throw MALFORMED
      return new Date(items[0])
    case BIGINT:
      return unflattenBigint(items)
    case UNDEFINED:
      if (items.length !== 0 || depth === 0) throw MALFORMED
      return undefined
    default:
      throw MALFORMED
  }
}

function unflattenObject(items: unknown[], depth: number): object {
  const copy = {}
  for (const [name, item] of pairs(items)) {
    if (typeof name !== 'string') throw MALFORMED
    define(copy, name, unflatten(item, depth))
  }
  return copy
}

function unflattenBigint(items: unknown[]): bigint {
  const [digits] = items
  if (typeof digits !== 'string') throw MALFORMED
  if (digits.length > BIGINT_DIGITS_MAX) throw EXCESSIVE
  if (items.length !== 1 || !/^-?\d+$/.test(digits)) throw MALFORMED
  return BigInt(digits)
}

function pairs(items: unknown[]): [unknown, unknown][] {
  if (items.length % 2 !== 0) throw MALFORMED
  return Array.from({ length: items.length / 2 }, (_, at) => [items[2 * at], items[2 * at + 1]])
}

/** Feeds a kept value into a hash, so that equal content gives equal hashes at every peer. */
export function hashValue(hash: Hash, kept: Kept): void {
  if (typeof kept === 'string') hash.integer(1).text(kept)
  else if (typeof kept === 'number') hash.integer(2).number(kept)
  else if (typeof kept === 'boolean') hash.integer(kept ? 3 : 4)
  else if (kept === null) hash.integer(5)
  else if (kept instanceof Uint8Array) hash.integer(6).bytes(kept)
  else {
    const flat = flattenValue(kept) as readonly FlatValue[]
    hash.integer(7).integer(flat.length)
    for (const item of flat) hashFlat(hash, item)
  }
}

function hashFlat(hash: Hash, flat: FlatValue): void {
  if (Array.isArray(flat)) {
    hash.integer(7).integer(flat.length)
    for (const item of flat) hashFlat(hash, item)
  } else hashValue(hash, flat)
}
