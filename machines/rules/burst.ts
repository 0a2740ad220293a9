/**
 * A burst: plain writes of one tick, kept as the batch that they will leave in while they are made.
 * Most ticks write nothing else, and then nothing has to be gathered from the table again.
 *
 * It is only kept as long as it is what `gather.ts` would find. Whatever else touches an unsent
 * entry spoils it, and the tick is gathered slot by slot.
 */

import { BATCH_BYTES, BATCH_ENTRIES_MAX, type Batch, NO_ROWS, wireBytes } from './batch.ts'
import type { StoredKey } from './key.ts'
import { ID_CHARS_MAX, type Origin } from './peer.ts'
import type { Kept } from './value.ts'

/** What the ids of one writer take at most, in bytes. */
export const NAMES_BYTES_MAX = 2 * ID_CHARS_MAX

/** One write, as the table takes it. */
export interface Written {
  readonly key: StoredKey
  readonly value: Kept
  /** The size of the value, in bytes. */
  readonly bytes: number
  readonly epoch: number
  readonly termMs: number
}

/** Which batch is wanted: all own writes `from` to `to`, under leases that are whole. */
export interface Wanted {
  readonly from: number
  readonly to: number
  readonly origin: Origin
  readonly entriesMax: number
}

/**
 * Each plain write passes here, so this is made for what compiles it: lists that stay the same, and
 * nothing that is done only once in a tick.
 */
export class Burst {
  readonly #keys: StoredKey[] = []
  readonly #values: Kept[] = []
  readonly #sizes: number[] = []
  /** Under which token and for how long all of them are; those of the burst before at first. */
  #epoch = Number.NaN
  #termMs = Number.NaN
  #isSpoilt = false

  /** Takes in a write, which must be the next one of this peer, of a slot with nothing unsent. */
  add(written: Written): void {
    if (this.#isSpoilt) return
    const { epoch, termMs } = written
    const isAlike = epoch === this.#epoch && termMs === this.#termMs
    if (!isAlike && !this.#turn(epoch, termMs)) return
    if (this.#keys.length === BATCH_ENTRIES_MAX) return this.spoil()
    this.#keys.push(written.key)
    this.#values.push(written.value)
    this.#sizes.push(written.bytes)
  }

  /** From now on, and until it is taken, it is nothing. */
  spoil(): void {
    if (this.#keys.length === 0) return
    this.#empty()
    this.#isSpoilt = true
  }

  /** The batch that is wanted, if it is just these and they fit one. The next write begins anew. */
  take({ from, to, origin, entriesMax }: Wanted): Batch | undefined {
    const keys = this.#keys.slice()
    const values = this.#values.slice()
    const sizes = this.#sizes.slice()
    this.#empty()
    if (this.#isSpoilt) this.#isSpoilt = false
    const isAll = keys.length > 0 && to === from + keys.length - 1
    const fits = keys.length <= entriesMax && bytesOf(keys, sizes) <= BATCH_BYTES
    if (!isAll || !fits) return undefined
    // Written out, since what is behind a spread is put together by slow calls.
    return {
      keys,
      values,
      sizes,
      writer: 0,
      epoch: this.#epoch,
      sequence: from,
      termMs: this.#termMs,
      remainingMs: null,
      flags: 0,
      heirs: NO_ROWS,
      over: NO_ROWS,
      origins: [origin],
    }
  }

  /** The next writes are of another kind. False if they do not go together with those before. */
  #turn(epoch: number, termMs: number): boolean {
    if (this.#keys.length > 0) {
      this.spoil()
      return false
    }
    this.#epoch = epoch
    this.#termMs = termMs
    return true
  }

  #empty(): void {
    this.#keys.length = 0
    this.#values.length = 0
    this.#sizes.length = 0
  }
}

/** What a batch of these takes, in bytes. */
function bytesOf(keys: readonly StoredKey[], sizes: readonly number[]): number {
  let bytes = NAMES_BYTES_MAX
  for (let row = 0; row < keys.length; row++) {
    bytes += wireBytes(keys[row] as StoredKey, sizes[row] as number)
  }
  return bytes
}
