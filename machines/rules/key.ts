/**
 * Keys. A key is text or bytes; bytes that are valid UTF-8 are the same key as that text.
 *
 * Inside, every key is a string, so that a Map can hold it. Bytes that are no text become a string
 * that no text can be: a lone surrogate, then one character for each byte.
 */

import { HoldfastError } from './errors.ts'

declare const brand: unique symbol

/** A key as users and the wire see it. */
export type Key = string | Uint8Array

/** A key as the table holds it. */
export type StoredKey = string & { readonly [brand]: 'StoredKey' }

/** The longest key, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 1024

const RAW_MARK = '\udc00'
const RAW_UNIT = RAW_MARK.charCodeAt(0)
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The stored form of a key, or undefined if it is none. */
export function storedKey(key: unknown): StoredKey | undefined {
  if (typeof key === 'string') {
    const short = key.length * 3 <= KEY_BYTES_MAX || utf8Bytes(key) <= KEY_BYTES_MAX
    return short && key.isWellFormed() ? (key as StoredKey) : undefined
  }
  if (!(key instanceof Uint8Array) || key.length > KEY_BYTES_MAX) return undefined
  try {
    return decoder.decode(key) as StoredKey
  } catch {
    return (RAW_MARK + String.fromCharCode(...key)) as StoredKey
  }
}

/** The stored form of a user's key. Throws `KEY_INVALID`. */
export function requireKey(key: unknown): StoredKey {
  const stored = storedKey(key)
  if (stored !== undefined) return stored
  const what = typeof key === 'string' || key instanceof Uint8Array ? 'That key' : `A ${typeof key}`
  throw new HoldfastError('KEY_INVALID', `${what} cannot be a key.`)
}

/** The key as its user wrote it: text, or bytes if they are no text. */
export function publicKey(stored: StoredKey): Key {
  if (stored.charCodeAt(0) !== RAW_UNIT) return stored
  return Uint8Array.from({ length: stored.length - 1 }, (_, index) => stored.charCodeAt(index + 1))
}

/** How many bytes a text takes as UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // Each half of a surrogate pair takes two of the pair's four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}
