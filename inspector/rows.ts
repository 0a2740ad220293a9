/** Follows what a dictionary holds, a bounded part of it, and tells what changed. */
import type { Reader } from '../actors/reader.ts'
import type { DictionaryMessage, Row } from './message.ts'
import { ROWS_MAX } from './message.ts'
import { cut, kindOf } from './redaction.ts'

/** A lease whose rest differs by less from what was told is told no more. Milliseconds. */
const DRIFT_MS = 400
const VALUE_CHARACTERS_MAX = 400

interface Told {
  readonly row: Row
  /** When the lease ends as far as was told. */
  readonly deadline: number | undefined
}

type Key = Parameters<Reader['get']>[0]

export class Rows {
  readonly #reader: Reader
  readonly #values: boolean
  /** By its text, since a page cannot tell keys of bytes otherwise. */
  readonly #keys = new Map<string, Key>()
  readonly #told = new Map<string, Told>()
  #summary = ''

  constructor(reader: Reader, { values }: { values: boolean }) {
    this.#reader = reader
    this.#values = values
    for (const key of firstOf(reader.keys())) this.touch(key)
    for (const { key } of firstOf(reader.leases())) this.touch(key)
  }

  /** Something happened to a key: it is shown, and the one that rested longest is not. */
  touch(key: Key): void {
    const text = textOf(key)
    this.#keys.delete(text)
    this.#keys.set(text, key)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= ROWS_MAX) break
      this.#keys.delete(oldest)
    }
  }

  /** What changed since the last look, or undefined. */
  look(
    now: number,
    listening: readonly string[],
  ): Omit<DictionaryMessage, 'source' | 'sessionId'> | undefined {
    const rows: Row[] = []
    for (const [text, key] of this.#keys) {
      const row = this.#row(text, key)
      if (row === undefined) this.#keys.delete(text)
      else if (this.#isNews(row, now)) rows.push(row)
    }
    const removed = [...this.#told.keys()].filter((text) => !this.#keys.has(text))
    for (const text of removed) this.#told.delete(text)
    const { peerId, size } = this.#reader
    const peers = this.#reader.peers().map(({ state: _, ...peer }) => peer)
    const summary = { peerId, size, digest: this.#reader.digest(), listening, peers }
    const text = JSON.stringify(summary)
    if (rows.length === 0 && removed.length === 0 && text === this.#summary) return undefined
    const isWhole = this.#summary === ''
    this.#summary = text
    const createdAt = String(now)
    return { type: '@holdfast.dictionary', createdAt, ...summary, isWhole, rows, removed }
  }

  #row(text: string, key: Key): Row | undefined {
    const lease = this.#reader.lease(key)
    const has = this.#reader.has(key)
    if (!has && lease === undefined) return undefined
    return {
      key: text,
      ...(has && { value: this.#show(this.#reader.get(key)) }),
      ...(lease && { owner: lease.owner, token: lease.token, remainingMs: lease.remainingMs }),
    }
  }

  #isNews(row: Row, now: number): boolean {
    const before = this.#told.get(row.key)
    const deadline = row.remainingMs === undefined ? undefined : now + row.remainingMs
    const isSame =
      before !== undefined &&
      before.row.owner === row.owner &&
      before.row.token === row.token &&
      before.row.value === row.value &&
      Math.abs((before.deadline ?? 0) - (deadline ?? 0)) < DRIFT_MS
    if (!isSame) this.#told.set(row.key, { row, deadline })
    return !isSame
  }

  #show(value: unknown): string {
    if (!this.#values) return kindOf(value)
    if (value instanceof Uint8Array) return kindOf(value)
    return cut(JSON.stringify(value) ?? kindOf(value), VALUE_CHARACTERS_MAX)
  }
}

function* firstOf<T>(items: Iterable<T>): Generator<T> {
  let count = 0
  for (const item of items) {
    if (count++ >= ROWS_MAX) return
    yield item
  }
}

function textOf(key: Key): string {
  return typeof key === 'string' ? key : `0x${Buffer.from(key).toString('hex')}`
}
