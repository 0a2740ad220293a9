/** A claim: one remote entry on its way into the table, and what it says beside its version. */

import { type Batch, FREED_MS, OVER_MS } from './batch.ts'
import { originKey } from './coverage.ts'
import { hashValue } from './flat.ts'
import { Hash } from './hash.ts'
import type { Reading } from './lease.ts'
import { isSameLineage, type Lineage, NO_LINEAGE } from './lineage.ts'
import type { Origin, PeerId } from './peer.ts'
import type { Replica } from './replica.ts'
import type { Kept } from './value.ts'

/** One remote entry, read out of a batch. One object serves all rows of a merge. */
export interface Claim {
  writer: number
  epoch: number
  sequence: number
  termMs: number
  remainingMs: number
  flags: number
  value: Kept
  bytes: number
  heir: PeerId | undefined
  lineage: Lineage
  /** True if what is left of the term is only the word of another peer than the writer. */
  isHearsay: boolean
}

/** To whom rows of a batch are reserved, and from which grants they descend. */
interface Legacies {
  readonly heirs: ReadonlyMap<number, PeerId>
  /** In this replica's writer indexes. */
  readonly lineages: ReadonlyMap<number, Lineage>
}

const NO_LEGACIES: Legacies = { heirs: new Map(), lineages: new Map() }

/** What is out of the ordinary in the rows of a batch: in most of them nothing is. */
export function legaciesOf({ heirs, over }: Batch, writers: readonly number[]): Legacies {
  if (heirs.length === 0 && over.length === 0) return NO_LEGACIES
  const lineages = new Map<number, [number, number][]>()
  for (const [row, writer, sequence] of over) {
    const lineage = lineages.get(row) ?? []
    lineage.push([writers[writer] as number, sequence])
    lineages.set(row, lineage)
  }
  return { heirs: new Map(heirs), lineages }
}

/** What a claim says beside its version. */
type Content = Pick<Claim, 'value' | 'flags' | 'termMs' | 'heir' | 'lineage'>

/**
 * Greater than zero if the claim has other content and the smaller hash, which is kept everywhere.
 */
export function compareContent(replica: Replica, slot: number, claim: Claim): number {
  const { table } = replica
  const mine = {
    value: table.values[slot],
    flags: table.flags[slot] as number,
    termMs: table.termMs[slot] as number,
    heir: replica.heirs.get(slot),
    lineage: replica.lineages.get(slot) ?? NO_LINEAGE,
  }
  if (isSame(mine, claim)) return 0
  const kept = contentHash(replica, mine)
  const claimed = contentHash(replica, claim)
  return kept.high - claimed.high || kept.low - claimed.low
}

/**
 * True without hashing for what comes twice most often; a structure is never the same object again.
 */
function isSame(one: Content, other: Content): boolean {
  const isSameLease = one.termMs === other.termMs && one.heir === other.heir
  const isSameValue = one.flags === other.flags && one.value === other.value
  return isSameLease && isSameValue && isSameLineage(one.lineage, other.lineage)
}

/** Everything counts that is passed on, or else the order of arrival would decide over the rest. */
function contentHash(replica: Replica, { value, flags, termMs, heir, lineage }: Content): Hash {
  const hash = new Hash()
    .start()
    .integer(flags)
    .number(termMs)
    .text(heir ?? '')
  for (const [writer, sequence] of lineage) {
    hash.text(originKey(replica.origins[writer] as Origin)).number(sequence)
  }
  hashValue(hash, value)
  return hash.finish()
}

/** Whoever came later has not heard the goodbye of an owner that left, and is told of it so. */
export function lapseOf(
  { remainingMs, heir }: Pick<Claim, 'remainingMs' | 'heir'>,
  reading: Reading,
): number {
  if (remainingMs === FREED_MS && heir === undefined) return Number.NEGATIVE_INFINITY
  return reading.now + (remainingMs === OVER_MS ? 0 : remainingMs)
}
