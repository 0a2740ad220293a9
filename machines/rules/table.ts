/**
 * The table: every key that is known, in columns. A row is a slot number; its metadata lies in
 * typed arrays, which costs a quarter of what an object per entry does and leaves the garbage
 * collector nothing to walk.
 *
 * Slots are plain storage. What may be written into them is decided in `grant.ts` and `merge.ts`.
 */

import { ABSENT, EPHEMERAL, wireBytes } from './batch.ts'
import { Deadlines } from './deadlines.ts'
import { TableDigest } from './digest.ts'
import { hashValue } from './flat.ts'
import type { Hash } from './hash.ts'
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

/** An entry with a value for a key that has no slot yet. */
export interface NewRow {
  key: StoredKey
  value: Kept
  /** The size of the value, in bytes. */
  bytes: number
  readonly writer: number
  epoch: number
  sequence: number
  termMs: number
  lapseAt: number
  flags: number
}

/** A row of that writer, to be filled in: one serves for many entries. */
export function newRow(writer: number): NewRow {
  const version = { writer, epoch: 0, sequence: 0 }
  return {
    key: '' as StoredKey,
    value: null,
    bytes: 0,
    ...version,
    termMs: 0,
    lapseAt: 0,
    flags: 0,
  }
}

/** What a new entry takes of the room, in bytes. */
export function roomFor(key: StoredKey, bytes: number): number {
  return key.length + ENTRY_OVERHEAD_BYTES + bytes
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
  /** What the value of each slot is charged, in bytes. */
  charge = new Uint32Array(SLOTS_AT_FIRST)
  /** In whose share each slot is: the writer's index and one, or 0 for none. */
  payer = new Uint32Array(SLOTS_AT_FIRST)

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

  /** Slots below the highest that hold nothing. */
  readonly free: number[] = []
  private readonly hashes = new TableDigest()

  find(key: StoredKey): number {
    return this.slots.get(key) ?? NOWHERE
  }

  /** Roughly what the entry takes on the wire, in bytes. */
  sizeOf(slot: number): number {
    return wireBytes(this.keys[slot] as StoredKey, this.charge[slot] as number)
  }

  /** What the value in this slot is charged, in bytes. */
  chargeOf(slot: number): number {
    return this.charge[slot] as number
  }

  /** In whose share the slot is. */
  shareAt(slot: number): Share | undefined {
    return this.shares[(this.payer[slot] as number) - 1]
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

  /**
   * Enters a plain value under a key that has no slot: what `insert` and `put` do together, for
   * what comes by the thousand. It must be neither absent nor ephemeral.
   */
  enter(row: NewRow, share: Share): number {
    const { key, bytes, writer } = row
    const slot = this.free.pop() ?? this.keys.length
    if (slot === this.flags.length) this.grow()
    this.keys[slot] = key
    this.values[slot] = row.value
    this.slots.set(key, slot)
    this.writer[slot] = writer
    this.epoch[slot] = row.epoch
    this.sequence[slot] = row.sequence
    this.termMs[slot] = row.termMs
    this.lapseAt[slot] = row.lapseAt
    this.flags[slot] = row.flags
    this.charge[slot] = bytes
    this.payer[slot] = writer + 1
    const room = roomFor(key, bytes)
    share.entries++
    share.bytes += room
    this.bytes += room
    this.size++
    this.hashes.touch(slot)
    return slot
  }

  /** Puts another value that stays into a slot that has one, by the writer whose share it is in. */
  replace(slot: number, { kept, bytes }: { kept: Kept; bytes: number }, share: Share): void {
    const more = bytes - (this.charge[slot] as number)
    share.bytes += more
    this.bytes += more
    this.values[slot] = kept
    this.charge[slot] = bytes
    this.hashes.touch(slot)
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
    this.hashes.touch(slot)
  }

  /**
   * A digest of all entries that have a value, with their versions, as 16 hexadecimal digits. Equal
   * tables have equal digests; only entries changed since the last call are hashed. `nameOf` gives
   * the hash of a writer's name.
   */
  digest(nameOf: (writer: number) => Hash): string {
    return this.hashes.read(this.keys.length, (hash, slot) => {
      if (!this.hasValue(slot)) return false
      const { low, high } = nameOf(this.writer[slot] as number)
      hash
        .text(this.keys[slot] as string)
        .number(this.epoch[slot] as number)
        .integer(low)
        .integer(high)
        .number(this.sequence[slot] as number)
      hashValue(hash, this.values[slot])
      return true
    })
  }

  private enterShare(slot: number, bytes: number): void {
    const writer = this.writer[slot] as number
    const share = this.shares[writer]
    if (share !== undefined && this.shareAt(slot) === share) {
      share.bytes += bytes - (this.charge[slot] as number)
      // The run that wrote it first may be forgotten, and its index be another peer's.
      this.payer[slot] = writer + 1
      return
    }
    this.leaveShare(slot)
    if (share === undefined) return
    share.entries++
    share.bytes += (this.keys[slot] as StoredKey).length + ENTRY_OVERHEAD_BYTES + bytes
    this.payer[slot] = writer + 1
  }

  private leaveShare(slot: number): void {
    const share = this.shareAt(slot)
    if (share === undefined) return
    share.entries--
    const keyBytes = (this.keys[slot] as StoredKey).length
    share.bytes -= keyBytes + ENTRY_OVERHEAD_BYTES + (this.charge[slot] as number)
    this.payer[slot] = 0
  }

  /** Room for twice as many slots. */
  grow(): void {
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
    this.payer = widened(this.payer, new Uint32Array(length))
  }
}

function widened<A extends { set(from: A): void }>(narrow: A, wide: A): A {
  wide.set(narrow)
  return wide
}
