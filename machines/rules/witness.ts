/** What proves the entries that were merged is kept with them, so that they can be passed on. */

import { at, atRising, type Batch, type Column } from './batch.ts'
import { originKey } from './coverage.ts'
import type { StoredKey } from './key.ts'
import type { Origin } from './peer.ts'
import { isSameLeaf, leafAt, type Seal } from './provenance.ts'
import type { Replica } from './replica.ts'
import { NOWHERE } from './table.ts'

/** Under which of these seals each row of a batch came; all of them were verified. */
export interface Evidence {
  readonly seals: readonly Seal[]
  readonly seal: Column
  /** Which row under its seal; a single number is the first of rows that rise by one. */
  readonly row: Column
}

/**
 * Notes of each entry of a batch that the table holds now under which seal it came. Where a writer
 * signed one version with two contents, `leafOf` tells which of them the table holds.
 */
export function noteEvidence(
  replica: Replica,
  { batch, evidence }: { batch: Batch; evidence: Evidence },
  leafOf: (slot: number) => Uint8Array,
): void {
  const { table, provenance, originIndex } = replica
  const writers = batch.origins.map((origin) => originIndex.get(originKey(origin)))
  for (let row = 0; row < batch.keys.length; row++) {
    const slot = table.find(batch.keys[row] as StoredKey)
    if (slot === NOWHERE || provenance === null) continue
    const isHeld =
      table.writer[slot] === writers[at(batch.writer, row)] &&
      table.epoch[slot] === at(batch.epoch, row) &&
      table.sequence[slot] === atRising(batch.sequence, row)
    if (!isHeld) continue
    const seal = evidence.seals[at(evidence.seal, row)] as Seal
    const sealRow = atRising(evidence.row, row)
    const known = sealAt(replica, slot)
    const leaf = leafAt(seal.leaves, sealRow)
    const isNoted = known !== undefined && isSameLeaf(provenance.leafOf(slot), leaf)
    if (isNoted || (known !== undefined && !isSameLeaf(leafOf(slot), leaf))) continue
    provenance.note(slot, { seal, row: sealRow, sequence: sequenceAt(replica, slot) })
  }
}

/** The seal of the entry that is in a slot now, if it has one. */
export function sealAt(replica: Replica, slot: number): Seal | undefined {
  const { table, provenance, origins } = replica
  const seal = provenance?.sealOf(slot, sequenceAt(replica, slot))
  const writer = origins[table.writer[slot] as number] as Origin
  return seal?.origin.peer === writer.peer && seal.origin.run === writer.run ? seal : undefined
}

function sequenceAt({ table }: Replica, slot: number): number {
  return table.sequence[slot] as number
}

/** True if a batch names no writer that none of its rows speaks of: nobody signed for those. */
export function namesOnlyUsed({ origins, keys, writer, over }: Batch): boolean {
  const used = new Set(over.map(([, index]) => index))
  for (let row = 0; row < keys.length; row++) used.add(at(writer, row))
  return used.size === origins.length
}
