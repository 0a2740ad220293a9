/**
 * Values: what may be stored, and how it is kept.
 *
 * A structure of plain arrays, objects and scalars is kept frozen and handed out as it is: reading
 * costs nothing, and nobody can change the dictionary through it. Bytes, dates, maps and sets
 * cannot be frozen; a value that holds one is copied each time it is read.
 */

import { HoldfastError } from './errors.ts'
import { utf8Bytes } from './key.ts'

/** The largest value, in bytes on the wire. */
export const VALUE_BYTES_MAX = 512 * 1024
/** The deepest structure. */
export const VALUE_DEPTH_MAX = 32
/** The most parts that one value may have, counted over all levels. */
export const VALUE_PARTS_MAX = 65_536
/** The longest bigint, in decimal digits. */
export const BIGINT_DIGITS_MAX = 4_096

/** A value as the table keeps it. */
export type Kept = unknown

/** What checking a value found: the copy to keep, and its size on the wire in bytes, roughly. */
export interface Admitted {
  readonly kept: Kept
  readonly bytes: number
}

/**
 * Checks a user's value and copies it. Throws `VALUE_INVALID` or `VALUE_TOO_LARGE` with the `path`
 * of the offending part; nothing has changed then.
 */
export function admitValue(value: unknown): Admitted {
  if (isShortText(value)) return { kept: value, bytes: textBytes(value) }
  if (value === undefined) refuse('undefined cannot be stored; use null or delete the key.', [])
  const admission = new Admission()
  const kept = admission.copy(value, 0)
  return { kept, bytes: admission.bytes }
}

/** True for text that can be kept without another look: most values are. */
export function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length * 3 <= VALUE_BYTES_MAX && value.isWellFormed()
}

/** What short text is charged, in bytes. */
export function textBytes(text: string): number {
  return text.length + 1
}

/** What a reader gets: the kept value itself where that is safe, else a copy. */
export function exposeValue(kept: Kept): unknown {
  if (typeof kept !== 'object' || kept === null || Object.isFrozen(kept)) return kept
  return copyLoose(kept)
}

/** One walk over a user's value: copies, freezes, counts. */
class Admission {
  bytes = 0
  private parts = 0
  private readonly path: (string | number)[] = []
  private readonly ancestors: object[] = []
  private loose = 0

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value)
      case 'number':
        this.count(9)
        return plain(value)
      case 'boolean':
        this.count(1)
        return value
      case 'undefined':
        this.count(2)
        return value
      case 'bigint':
        return this.bigint(value)
      case 'object':
        return value === null ? this.nothing() : this.structure(value, depth)
      default:
        return refuse(`A ${typeof value} cannot be stored.`, this.path)
    }
  }

  private text(text: string): string {
    // Counted exactly: a list of short texts in wide letters must still fit a frame.
    this.count(utf8Bytes(text) + 1)
    if (!text.isWellFormed()) refuse('Text with half a surrogate pair cannot be stored.', this.path)
    return text
  }

  private nothing(): null {
    this.count(1)
    return null
  }

  private bigint(value: bigint): bigint {
    const digits = value.toString().length
    if (digits > BIGINT_DIGITS_MAX) tooLarge('A bigint has too many digits.', BIGINT_DIGITS_MAX)
    this.count(digits + 5)
    return value
  }

  private count(bytes: number): void {
    this.bytes += bytes
    if (this.bytes > VALUE_BYTES_MAX) tooLarge('The value is too large.', VALUE_BYTES_MAX)
    if (++this.parts > VALUE_PARTS_MAX) tooLarge('The value has too many parts.', VALUE_PARTS_MAX)
  }

  private structure(value: object, depth: number): unknown {
    if (this.ancestors.includes(value)) refuse('The value contains itself.', this.path)
    if (depth >= VALUE_DEPTH_MAX) tooLarge('The value is nested too deeply.', VALUE_DEPTH_MAX)
    this.ancestors.push(value)
    this.count(4)
    const looseBefore = this.loose
    const copy = this.members(value, depth + 1)
    this.ancestors.pop()
    return this.loose === looseBefore ? Object.freeze(copy) : copy
  }

  private members(value: object, depth: number): object {
    if (Array.isArray(value)) {
      return Array.from(value, (item, index) => this.member(index, item, depth))
    }
    if (value instanceof Uint8Array) return this.bytesCopy(value)
    if (value instanceof Date) return this.dateCopy(value)
    if (value instanceof Map) return this.mapCopy(value, depth)
    if (value instanceof Set) return this.setCopy(value, depth)
    const prototype = Object.getPrototypeOf(value)
    // A prototype that has none itself is Object.prototype, here or in another realm.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      refuse(`An instance of ${value.constructor?.name ?? 'a class'} cannot be stored.`, this.path)
    }
    if (Object.getOwnPropertySymbols(value).length > 0) {
      refuse('A property named by a symbol cannot be stored.', this.path)
    }
    const copy = {}
    for (const [name, item] of Object.entries(value)) {
      this.text(name)
      define(copy, name, this.member(name, item, depth))
    }
    return copy
  }

  private member(name: string | number, item: unknown, depth: number): unknown {
    this.path.push(name)
    const copy = this.copy(item, depth)
    this.path.pop()
    return copy
  }

  private bytesCopy(value: Uint8Array): Uint8Array {
    this.loose++
    this.count(value.length)
    return Uint8Array.from(value)
  }

  private dateCopy(value: Date): Date {
    this.loose++
    this.count(9)
    return new Date(value)
  }

  private mapCopy(value: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
    this.loose++
    const copy = new Map()
    for (const [key, item] of value) {
      // Turning any other key into text could run code of its own, or fail.
      const name = typeof key === 'string' || typeof key === 'number' ? String(key) : 'value'
      copy.set(this.member('key', key, depth), this.member(name, item, depth))
    }
    return copy
  }

  private setCopy(value: Set<unknown>, depth: number): Set<unknown> {
    this.loose++
    const copy = new Set()
    for (const item of value) copy.add(this.member('item', item, depth))
    return copy
  }
}

/** Minus zero does not survive the wire, and NaN has many forms: peers agree on one of each. */
function plain(number: number): number {
  return Number.isNaN(number) ? Number.NaN : number + 0
}

function copyLoose(kept: unknown): unknown {
  if (typeof kept !== 'object' || kept === null || Object.isFrozen(kept)) return kept
  if (kept instanceof Uint8Array) return Uint8Array.from(kept)
  if (kept instanceof Date) return new Date(kept)
  if (Array.isArray(kept)) return kept.map(copyLoose)
  if (kept instanceof Set) return new Set(Array.from(kept, copyLoose))
  if (kept instanceof Map) {
    return new Map(Array.from(kept, ([key, item]) => [copyLoose(key), copyLoose(item)]))
  }
  const copy = {}
  for (const [name, item] of Object.entries(kept)) define(copy, name, copyLoose(item))
  return copy
}

/**
 * Adds a property by definition, not assignment, which would take `__proto__` for the prototype.
 */
export function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}

function refuse(message: string, path: readonly (string | number)[]): never {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  const where = text === '' ? '' : ` (at ${text})`
  throw new HoldfastError('VALUE_INVALID', `${message}${where}`, { path: text })
}

function tooLarge(message: string, limit: number): never {
  throw new HoldfastError('VALUE_TOO_LARGE', message, { limit })
}
