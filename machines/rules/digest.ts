/**
 * The digest of a table: the sum of one hash for each slot, so that a change costs one hash and the
 * order of slots means nothing. Nothing is hashed before somebody asks, and most tables are never
 * asked: until then a new slot costs nothing here.
 */

import { originKey } from './coverage.ts'
import { Hash, hex } from './hash.ts'
import type { Origin } from './peer.ts'
import type { Replica } from './replica.ts'

/** Feeds what a slot holds into the hash. False if it holds nothing. */
export type Feed = (hash: Hash, slot: number) => boolean

const NOTHING = 0

export class TableDigest {
  /** Slots below this one were hashed when somebody asked last. */
  #hashed = 0
  #low = new Uint32Array(NOTHING)
  #high = new Uint32Array(NOTHING)
  #isStale = new Uint8Array(NOTHING)
  /** Those of them that have changed since. */
  #stale: number[] = []
  #sumLow = 0
  #sumHigh = 0

  /** A slot changes: takes it out of the sum until it is asked for. */
  touch(slot: number): void {
    if (slot >= this.#hashed || this.#isStale[slot] === 1) return
    this.#isStale[slot] = 1
    this.#stale.push(slot)
    this.#sumLow = (this.#sumLow - (this.#low[slot] as number)) >>> 0
    this.#sumHigh = (this.#sumHigh - (this.#high[slot] as number)) >>> 0
  }

  /** 16 hexadecimal digits for what so many slots hold. */
  read(slots: number, feed: Feed): string {
    if (slots > this.#low.length) this.#grow(slots)
    for (const slot of this.#stale) this.#refresh(slot, feed)
    this.#stale = []
    for (; this.#hashed < slots; this.#hashed++) this.#refresh(this.#hashed, feed)
    return hex(this.#sumHigh) + hex(this.#sumLow)
  }

  #refresh(slot: number, feed: Feed): void {
    this.#isStale[slot] = 0
    const isThere = feed(hash.start(), slot)
    hash.finish()
    const low = isThere ? hash.low : 0
    const high = isThere ? hash.high : 0
    this.#low[slot] = low
    this.#high[slot] = high
    this.#sumLow = (this.#sumLow + low) >>> 0
    this.#sumHigh = (this.#sumHigh + high) >>> 0
  }

  #grow(slots: number): void {
    const length = Math.max(slots, 2 * this.#low.length)
    const [low, high, isStale] = [this.#low, this.#high, this.#isStale]
    this.#low = new Uint32Array(length)
    this.#low.set(low)
    this.#high = new Uint32Array(length)
    this.#high.set(high)
    this.#isStale = new Uint8Array(length)
    this.#isStale.set(isStale)
  }
}

/** 16 hexadecimal digits, equal for replicas that hold the same. */
export function digestOf(replica: Replica): string {
  // Mostly the writer of one entry is that of the one before.
  const name = new Hash()
  let named = -1
  return replica.table.digest((writer) => {
    if (writer === named) return name
    named = writer
    const key = originKey(replica.origins[writer] as Origin)
    return name.start().text(key).finish()
  })
}

const hash = new Hash()
