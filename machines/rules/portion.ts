/** A portion: slots whose entries fit one batch together. */

import { BATCH_BYTES, BATCH_ORIGINS_MAX } from './batch.ts'
import { LINEAGE_MAX } from './lineage.ts'
import type { Origin } from './peer.ts'
import { entriesMaxOf } from './provenance.ts'
import type { Replica } from './replica.ts'

/** No writer's index. */
const NOBODY = -1

export class Portion {
  readonly slots: number[] = []
  readonly #replica: Replica
  readonly #entriesMax: number
  readonly #writers = new Set<number>()
  /** Who wrote the last entry, if that entry named nobody else: mostly the next one is the same. */
  #writer = NOBODY
  /** True if the next entry might name more writers than a batch may. */
  #isFull = false
  /** What the entries and the ids that they name take: these travel once. */
  #bytes = 0

  /** `entriesMax` – if fewer are wanted than fit. */
  constructor(replica: Replica, entriesMax: number = entriesMaxOf(replica.provenance)) {
    this.#replica = replica
    this.#entriesMax = Math.min(entriesMax, entriesMaxOf(replica.provenance))
  }

  /** Takes one more slot, and the first one in any case. False if it does not fit. */
  take(slot: number): boolean {
    const { slots } = this
    const { table } = this.#replica
    const bytes = this.#bytes + table.sizeOf(slot)
    const isOver = bytes > BATCH_BYTES || slots.length >= this.#entriesMax || this.#isFull
    if (isOver && slots.length > 0) return false
    slots.push(slot)
    this.#bytes = bytes
    const writer = table.writer[slot] as number
    if (writer !== this.#writer) this.#nameAll(slot, writer)
    return true
  }

  #nameAll(slot: number, writer: number): void {
    const { lineages, heirs } = this.#replica
    this.#name(writer)
    if (lineages.size > 0) for (const [each] of lineages.get(slot) ?? []) this.#name(each)
    if (heirs.size > 0) this.#bytes += heirs.get(slot)?.length ?? 0
    if (lineages.size === 0 && heirs.size === 0) this.#writer = writer
    this.#isFull = this.#writers.size + 1 + LINEAGE_MAX > BATCH_ORIGINS_MAX
  }

  #name(writer: number): void {
    if (this.#writers.has(writer)) return
    this.#writers.add(writer)
    const { peer, run } = this.#replica.origins[writer] as Origin
    this.#bytes += peer.length + run.length
  }
}
