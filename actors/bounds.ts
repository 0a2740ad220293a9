/** How often each limit was reached since the dictionary was opened, and when that is told. */

import {
  LIMIT_TOLD_MS,
  LIMITS_REACHED,
  type LimitFact,
  type LimitName,
} from '../machines/rules/limit.ts'
import type { PeerId } from '../machines/rules/peer.ts'

/** Who reached a limit, as far as is known. */
export interface Culprit {
  readonly peerId?: PeerId | null
  readonly address?: string | null
}

/** The count of each limit. */
export type LimitCounts = { readonly [Name in LimitName]: number }

export class Bounds {
  readonly #counts = new Map<LimitName, number>()
  readonly #toldAt = new Map<LimitName, number>()

  /** Counts, and returns what to tell: a flood must not become a flood of facts. */
  reach(limit: LimitName, who: Culprit, now: number): LimitFact | undefined {
    const count = (this.#counts.get(limit) ?? 0) + 1
    this.#counts.set(limit, count)
    if (now - (this.#toldAt.get(limit) ?? Number.NEGATIVE_INFINITY) < LIMIT_TOLD_MS)
      return undefined
    this.#toldAt.set(limit, now)
    const { peerId = null, address = null } = who
    return { type: 'limit.reached', limit, count, peerId, address }
  }

  /** All limits, those that were never reached included. */
  get counts(): LimitCounts {
    const names = Object.keys(LIMITS_REACHED) as LimitName[]
    return Object.fromEntries(names.map((name) => [name, this.#counts.get(name) ?? 0])) as never
  }
}
