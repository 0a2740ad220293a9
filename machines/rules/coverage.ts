/**
 * Which numbers of a growing sequence have been seen: all up to one, and some ranges above.
 *
 * The waterfall uses one per origin to let every broadcast fall once; the store uses one per origin
 * to know which writes it has incorporated (a version vector with gaps). Neither grows with
 * traffic: a gap costs two numbers until it is filled.
 */

import type { Origin, PeerId, RunId } from './peer.ts'
import { isId } from './peer.ts'

/** The most ranges kept above the contiguous part. */
export const RANGES_MAX = 1_024

export class Coverage {
  /** Every number from 1 to this one has been seen. */
  upTo = 0
  /** Seen ranges above, as ascending pairs: first, last, first, last. */
  private ranges: number[] = []

  covers(number: number): boolean {
    if (number <= this.upTo) return true
    for (let at = 0; at < this.ranges.length; at += 2) {
      if (number < (this.ranges[at] as number)) return false
      if (number <= (this.ranges[at + 1] as number)) return true
    }
    return false
  }

  /** Marks `first` to `last` as seen. */
  add(first: number, last: number = first): void {
    if (last <= this.upTo) return
    if (first <= this.upTo + 1) this.upTo = last
    else this.insert(first, last)
    if (this.ranges.length > 0) this.absorb()
  }

  /** True if numbers below the highest one seen are missing. */
  get hasGaps(): boolean {
    return this.ranges.length > 0
  }

  /**
   * Gives up waiting for the oldest gap when there are too many, and counts it as seen. For a
   * sequence whose members are only ever told apart as seen or not, late ones are dropped then,
   * never doubled. True if it did.
   */
  closeOldestGap(): boolean {
    if (this.ranges.length / 2 <= RANGES_MAX) return false
    this.upTo = this.ranges[1] as number
    this.ranges.splice(0, 2)
    this.absorb()
    return true
  }

  /** `[upTo, first, last, …]`, for the wire: the lowest ranges, as many as may travel. */
  list(): number[] {
    return [this.upTo, ...this.ranges.slice(0, 2 * RANGES_MAX)]
  }

  /** Takes in what `list` gave. */
  union(list: readonly number[]): void {
    this.add(1, list[0] as number)
    for (let at = 1; at + 1 < list.length; at += 2) {
      this.add(list[at] as number, list[at + 1] as number)
    }
  }

  private insert(first: number, last: number): void {
    const kept: number[] = []
    let low = first
    let high = last
    let placed = false
    for (let at = 0; at < this.ranges.length; at += 2) {
      const from = this.ranges[at] as number
      const to = this.ranges[at + 1] as number
      if (to + 1 < low) kept.push(from, to)
      else if (from > high + 1) {
        if (!placed) kept.push(low, high)
        placed = true
        kept.push(from, to)
      } else {
        low = Math.min(low, from)
        high = Math.max(high, to)
      }
    }
    if (!placed) kept.push(low, high)
    // A range that is forgotten at the far end counts as not seen, and what it held may come again.
    this.ranges = kept.slice(0, 2 * (RANGES_MAX + 1))
  }

  private absorb(): void {
    while (this.ranges.length > 0 && (this.ranges[0] as number) <= this.upTo + 1) {
      this.upTo = Math.max(this.upTo, this.ranges[1] as number)
      this.ranges.splice(0, 2)
    }
  }
}

/** Coverage of several origins, as it travels: peer, run, then what `Coverage.list` gives. */
export type CoverageList = readonly (readonly [PeerId, RunId, ...number[]])[]

/** The most origins that one list may name. */
export const ORIGINS_MAX = 4_096

/** The most bytes that one list may take: three of them fit a frame beside other things. */
export const LIST_BYTES_MAX = 192 * 1024
/** What one number takes at most, and one item beside its ids and numbers. Bytes. */
const NUMBER_BYTES = 9
const ITEM_BYTES = 8

/** What a list may take, on the wire and about as much in memory. Bytes. */
export function listBytes(list: CoverageList): number {
  let bytes = 0
  for (const item of list) {
    bytes += ITEM_BYTES + item[0].length + item[1].length + NUMBER_BYTES * item.length
  }
  return bytes
}

/** The last items of a list that fit so many bytes, if each takes `extraBytes` more. */
export function fitting<Item extends readonly unknown[]>(
  list: readonly Item[],
  bytesMax: number,
  extraBytes = 0,
): readonly Item[] {
  let bytes = 0
  let first = Math.max(0, list.length - ORIGINS_MAX)
  for (let at = list.length - 1; at >= first; at--) {
    const [peer, run] = list[at] as unknown as readonly [string, string]
    const idBytes = peer.length + run.length
    bytes += ITEM_BYTES + idBytes + NUMBER_BYTES * (list[at] as Item).length
    // What is told of a writer elsewhere in the same message names it again.
    if (extraBytes > 0) bytes += extraBytes + idBytes
    if (bytes > bytesMax) first = at + 1
  }
  return first === 0 ? list : list.slice(first)
}

/** True for a list as a peer of ours would send it; a stranger may have sent it. */
export function isCoverageList(list: unknown): list is CoverageList {
  return Array.isArray(list) && list.length <= ORIGINS_MAX && list.every(isCoverageItem)
}

function isCoverageItem(item: unknown): boolean {
  if (!Array.isArray(item) || item.length < 3 || item.length % 2 !== 1) return false
  if (item.length > 3 + 2 * RANGES_MAX || !isId(item[0]) || !isId(item[1])) return false
  let previous = -1
  for (let at = 2; at < item.length; at++) {
    const number = item[at]
    if (!Number.isSafeInteger(number) || number < previous || number < 0) return false
    previous = number
  }
  return true
}

/** The origin that was asked for last: the way of one frame asks for the same one several times. */
let lastOrigin: Origin | undefined
let lastKey = ''

/** One text for an origin, to key a Map by. Ids hold no space, so it is unambiguous. */
export function originKey(origin: Origin): string {
  if (origin === lastOrigin) return lastKey
  lastOrigin = origin
  // A template would make a text in parts, which each look into a Map puts together again.
  lastKey = [origin.peer, origin.run].join(' ')
  return lastKey
}
