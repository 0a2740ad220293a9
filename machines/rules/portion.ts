/** A portion: slots whose entries fit one batch together. */

import { BATCH_BYTES, BATCH_ORIGINS_MAX } from './batch.ts'
import { LINEAGE_MAX } from './lineage.ts'
import type { Origin } from './peer.ts'
import { entriesMaxOf } from './provenance.ts'
import type { Replica } from './replica.ts'

export class Portion {
  readonly slots: number[] = []
  readonly #replica: Replica
  readonly #entriesMax: number
  readonly #named: Named
  #bytes = 0

  /** `entriesMax` – if fewer are wanted than fit. */
  constructor(replica: Replica, entriesMax: number = entriesMaxOf(replica.provenance)) {
    this.#replica = replica
    this.#entriesMax = Math.min(entriesMax, entriesMaxOf(replica.provenance))
    this.#named = new Named(replica)
  }

  /** Takes one more slot, and the first one in any case. False if it does not fit. */
  take(slot: number): boolean {
    const size = this.#replica.table.sizeOf(slot)
    if (this.slots.length > 0) {
      if (this.slots.length >= this.#entriesMax || this.#named.isFull) return false
      if (this.#bytes + this.#named.bytes + size > BATCH_BYTES) return false
    }
    this.slots.push(slot)
    this.#bytes += size
    this.#named.add(slot)
    return true
  }
}

/** Whom a portion names so far: ids take room as well. */
class Named {
  /** What the ids take, in bytes. */
  bytes = 0
  readonly #writers = new Set<number>()
  /** Mostly one writer after the other is the same. */
  #last = -1
  readonly #replica: Replica

  constructor(replica: Replica) {
    this.#replica = replica
  }

  /** True if the next entry might name more writers than a batch may. */
  get isFull(): boolean {
    return this.#writers.size + 1 + LINEAGE_MAX > BATCH_ORIGINS_MAX
  }

  add(slot: number): void {
    const { table, lineages, heirs } = this.#replica
    this.#name(table.writer[slot] as number)
    if (lineages.size > 0) for (const [writer] of lineages.get(slot) ?? []) this.#name(writer)
    if (heirs.size > 0) this.bytes += heirs.get(slot)?.length ?? 0
  }

  #name(writer: number): void {
    if (writer === this.#last) return
    this.#last = writer
    if (this.#writers.has(writer)) return
    this.#writers.add(writer)
    const { peer, run } = this.#replica.origins[writer] as Origin
    this.bytes += peer.length + run.length
  }
}
