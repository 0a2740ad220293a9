/**
 * The table: every key that is known, in columns. A row is a slot number; its metadata lies in
 * typed arrays, which costs a quarter of what an object per entry does and leaves the garbage
 * collector nothing to walk.
 *
 * Slots are plain storage. What may be written into them is decided in `grant.ts` and `merge.ts`.
 */

import { ABSENT, EPHEMERAL } from './batch.ts'
import { Deadlines } from './deadlines.ts'
import { hashValue } from './flat.ts'
import { Hash, hex } from './hash.ts'
import type { StoredKey } from './key.ts'
import type { Kept } from './value.ts'

/** No such slot. */
export const NOWHERE = -1

/** Others were sent this entry, or it came from them. */
export const SENT = 0
/** An own write that nobody was sent yet, under a grant that others have seen. */
export const WRITE_UNSENT = 1
/** An own grant that nobody was sent yet: it may still give way. */
export const GRANT_UNSENT = 2

/**
 * What one entry is charged beside its key and value, in bytes: measured for a Map of a million
 * keys.
 */
export const ENTRY_OVERHEAD_BYTES = 300

const SLOTS_AT_FIRST = 64

/** What the entries of one peer take together. */
export interface Share {
  entries: number
  bytes: number
}

export class Table {
  readonly slots = new Map<StoredKey, number>()
  readonly keys: StoredKey[] = []
  readonly values: Kept[] = []
  /** Who wrote the entry: an index of the replica's origins. */
  writer = new Uint32Array(SLOTS_AT_FIRST)
  /** The token: rises at every change of owner. */
  epoch = new Float64Array(SLOTS_AT_FIRST)
  /** The number of this write among all writes of its writer. */
  sequence = new Float64Array(SLOTS_AT_FIRST)
  /** How long the lease was granted for, in milliseconds. */
  termMs = new Float64Array(SLOTS_AT_FIRST)
  /** When the lease ends, by this peer's monotonic clock; allowances are added when it is asked. */
  lapseAt = new Float64Array(SLOTS_AT_FIRST)
  /** The same by the wall clock, for own leases only: whichever comes first counts. */
  wallLapseAt = new Float64Array(SLOTS_AT_FIRST)
  flags = new Uint8Array(SLOTS_AT_FIRST)
  /** Whether other peers were sent what is in the slot: SENT, WRITE_UNSENT or GRANT_UNSENT. */
  unsent = new Uint8Array(SLOTS_AT_FIRST)
  /** What each writer's entries take, by its index; the runs of one peer have one share. */
  readonly shares: Share[] = []
  /** In whose share each slot is. */
  readonly charged: (Share | undefined)[] = []
  private charge = new Uint32Array(SLOTS_AT_FIRST)
  private low = new Uint32Array(SLOTS_AT_FIRST)
  private high = new Uint32Array(SLOTS_AT_FIRST)
  private stale = new Uint8Array(SLOTS_AT_FIRST)

  /** Ephemeral values and when to look at their lease; minus infinity for those just written. */
  readonly lapsing = new Deadlines()
  /** Ephemeral values whose lease is over, and when to write that down. Nobody is shown them. */
  readonly gone = new Deadlines()
  /** How far the wall clock was ahead of the monotonic one when the lapsing were looked at. */
  wallAheadMs = Number.POSITIVE_INFINITY
  /** How many keys have a value, those that are gone included. */
  size = 0
  /** What all entries are charged, in bytes. */
  bytes = 0

  private readonly free: number[] = []
  private readonly stales: number[] = []
  private sumLow = 0
  private sumHigh = 0

  find(key: StoredKey): number {
    return this.slots.get(key) ?? NOWHERE
  }

  /** Roughly what the entry takes on the wire, in bytes. */
  sizeOf(slot: number): number {
    return (this.keys[slot] as string).length + (this.charge[slot] as number) + 16
  }

  /** What the value in this slot is charged, in bytes. */
  chargeOf(slot: number): number {
    return this.charge[slot] as number
  }

  hasValue(slot: number): boolean {
    return ((this.flags[slot] as number) & ABSENT) === 0
  }

  /** Whether the slot has a value that is not gone with its lease. */
  shows(slot: number): boolean {
    return this.hasValue(slot) && (this.gone.size === 0 || !this.gone.has(slot))
  }

  /** A new slot for a key that has none. It starts absent and without lease. */
  insert(key: StoredKey): number {
    const slot = this.free.pop() ?? this.keys.length
    if (slot === this.flags.length) this.grow()
    this.keys[slot] = key
    this.values[slot] = null
    this.slots.set(key, slot)
    this.flags[slot] = ABSENT
    this.bytes += key.length + ENTRY_OVERHEAD_BYTES
    return slot
  }

  /** Forgets a key that has no value. Its slot is given to another one later. */
  remove(slot: number): void {
    const key = this.keys[slot] as StoredKey
    this.put(slot, { value: null, bytes: 0, flags: ABSENT })
    this.bytes -= key.length + ENTRY_OVERHEAD_BYTES
    this.leaveShare(slot)
    this.slots.delete(key)
    this.keys[slot] = '' as StoredKey
    this.epoch[slot] = 0
    this.unsent[slot] = SENT
    this.free.push(slot)
  }

  /** How many keys have an entry, deleted ones included. */
  get entries(): number {
    return this.slots.size
  }

  /** The slots that hold an entry, in no order that means anything. */
  slotsInUse(): IterableIterator<number> {
    return this.slots.values()
  }

  /**
   * Puts value and flags into a slot. Other columns are written by the caller, who must do so
   * first.
   */
  put(slot: number, entry: { value: Kept; bytes: number; flags: number }): void {
    if (this.hasValue(slot)) this.size--
    this.enterShare(slot, entry.bytes)
    this.values[slot] = entry.value
    this.flags[slot] = entry.flags
    if (this.hasValue(slot)) this.size++
    this.bytes += entry.bytes - (this.charge[slot] as number)
    this.charge[slot] = entry.bytes
    if (this.gone.size > 0) this.gone.delete(slot)
    if ((entry.flags & (EPHEMERAL | ABSENT)) === EPHEMERAL) {
      this.lapsing.set(slot, Number.NEGATIVE_INFINITY)
    } else if (this.lapsing.size > 0) this.lapsing.delete(slot)
    this.touch(slot)
  }

  /**
   * A digest of all entries that have a value, with their versions, as 16 hexadecimal digits. Equal
   * tables have equal digests; only entries changed since the last call are hashed.
   */
  digest(writerName: (writer: number) => string): string {
    for (const slot of this.stales) this.refresh(slot, writerName)
    this.stales.length = 0
    return hex(this.sumHigh) + hex(this.sumLow)
  }

  private enterShare(slot: number, bytes: number): void {
    const share = this.shares[this.writer[slot] as number]
    if (share !== undefined && this.charged[slot] === share) {
      share.bytes += bytes - (this.charge[slot] as number)
      return
    }
    this.leaveShare(slot)
    if (share === undefined) return
    share.entries++
    share.bytes += (this.keys[slot] as StoredKey).length + ENTRY_OVERHEAD_BYTES + bytes
    this.charged[slot] = share
  }

  private leaveShare(slot: number): void {
    const share = this.charged[slot]
    if (share === undefined) return
    share.entries--
    const keyBytes = (this.keys[slot] as StoredKey).length
    share.bytes -= keyBytes + ENTRY_OVERHEAD_BYTES + (this.charge[slot] as number)
    this.charged[slot] = undefined
  }

  /** Takes the slot out of the digest until it is asked for. */
  private touch(slot: number): void {
    if (this.stale[slot] === 1) return
    this.stale[slot] = 1
    this.stales.push(slot)
    this.sumLow = (this.sumLow - (this.low[slot] as number)) >>> 0
    this.sumHigh = (this.sumHigh - (this.high[slot] as number)) >>> 0
  }

  private refresh(slot: number, writerName: (writer: number) => string): void {
    this.stale[slot] = 0
    this.low[slot] = 0
    this.high[slot] = 0
    if (!this.hasValue(slot)) return
    hash
      .start()
      .text(this.keys[slot] as string)
      .number(this.epoch[slot] as number)
      .text(writerName(this.writer[slot] as number))
      .number(this.sequence[slot] as number)
    hashValue(hash, this.values[slot])
    hash.finish()
    this.low[slot] = hash.low
    this.high[slot] = hash.high
    this.sumLow = (this.sumLow + hash.low) >>> 0
    this.sumHigh = (this.sumHigh + hash.high) >>> 0
  }

  private grow(): void {
    const length = this.flags.length * 2
    this.writer = widened(this.writer, new Uint32Array(length))
    this.epoch = widened(this.epoch, new Float64Array(length))
    this.sequence = widened(this.sequence, new Float64Array(length))
    this.termMs = widened(this.termMs, new Float64Array(length))
    this.lapseAt = widened(this.lapseAt, new Float64Array(length))
    this.wallLapseAt = widened(this.wallLapseAt, new Float64Array(length))
    this.flags = widened(this.flags, new Uint8Array(length))
    this.unsent = widened(this.unsent, new Uint8Array(length))
    this.charge = widened(this.charge, new Uint32Array(length))
    this.low = widened(this.low, new Uint32Array(length))
    this.high = widened(this.high, new Uint32Array(length))
    this.stale = widened(this.stale, new Uint8Array(length))
  }
}

const hash = new Hash()

function widened<A extends { set(from: A): void }>(narrow: A, wide: A): A {
  wide.set(narrow)
  return wide
}
