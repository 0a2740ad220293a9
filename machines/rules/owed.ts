/**
 * What an asker is owed: the entries that it has not heard of, or all that can be told. It is taken
 * portion by portion, with one look at each slot, so an answer takes no memory for what is left.
 *
 * The table may change meanwhile: what is written then is broadcast, and what is dropped is not
 * owed.
 */

import type { Coverage } from './coverage.ts'
import { Portion } from './portion.ts'
import { coverageByWriter, type Question } from './reconcile.ts'
import type { Replica } from './replica.ts'
import { GRANT_UNSENT } from './table.ts'

export class Owed {
  readonly #replica: Replica
  /** How far the asker has heard, by writer: of nobody if everything is to be told. */
  readonly #heard: readonly (Coverage | undefined)[]
  /** The same without what it heard beyond gaps, for a short look at most of the slots. */
  readonly #upTo: Float64Array
  /** Keys that come while the answer is on its way may stand behind those that were there. */
  readonly #end: number
  #slot = 0

  constructor(replica: Replica, { coverage, all }: Question) {
    this.#replica = replica
    this.#heard = all ? [] : coverageByWriter(replica, coverage)
    this.#upTo = Float64Array.from(replica.origins, (_, writer) => this.#heard[writer]?.upTo ?? 0)
    this.#end = replica.table.keys.length
  }

  /** The next slots, at most so many and as they fit a batch; none if that was all. */
  next(entriesMax?: number): readonly number[] {
    const { table } = this.#replica
    const { epoch, unsent, writer, sequence } = table
    const portion = new Portion(this.#replica, entriesMax)
    // A hundred thousand slots are passed over here for one that is owed.
    const [heard, upTo, end] = [this.#heard, this.#upTo, this.#end]
    let slot = this.#slot
    for (; slot < end; slot++) {
      const by = writer[slot] as number
      const number = sequence[slot] as number
      if (number <= (upTo[by] as number) || heard[by]?.covers(number)) continue
      // Free slots have no token, and what may still give way is not told.
      if (epoch[slot] === 0 || unsent[slot] === GRANT_UNSENT) continue
      if (!portion.take(slot)) break
    }
    this.#slot = slot
    return portion.slots
  }
}
