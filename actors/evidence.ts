/** What is shown with entries that are given to another peer, to prove whose they are. */

import { at, type Batch, pressed, pressedRising } from '../machines/rules/batch.ts'
import { gather } from '../machines/rules/gather.ts'
import type { StoredKey } from '../machines/rules/key.ts'
import {
  leavesBeside,
  type PartialSeal,
  type Proofs,
  rowsOf,
  type Seal,
} from '../machines/rules/provenance.ts'
import { type Replica, SELF } from '../machines/rules/replica.ts'
import { SENT } from '../machines/rules/table.ts'
import { sealAt } from '../machines/rules/witness.ts'

/** No clock counts for what is signed: what is left of a term is not. */
const ANY_TIME = { now: 0, wall: 0 }

/** True if this entry can be proven to others: it is this peer's own, or came with its seal. */
export function isProvable(replica: Replica, slot: number): boolean {
  const { provenance, table } = replica
  return provenance === null || table.writer[slot] === SELF || sealAt(replica, slot) !== undefined
}

/** A seal that is shown, by some of its rows. */
interface Showing {
  readonly index: number
  readonly writer: number
  readonly rows: Set<number>
}

/**
 * The proofs of a batch that was gathered just now. Own entries that have no seal yet, or many, get
 * one together.
 */
export function showProofs(replica: Replica, batch: Batch, sealOwn: (own: Batch) => void): Proofs {
  const slots = batch.keys.map((key) => replica.table.find(key as StoredKey))
  const own = slots.filter((slot) => replica.table.writer[slot] === SELF)
  if (needSeal(replica, own)) sealOwn(gather(replica, own, ANY_TIME))
  const showings = new Map<Seal, Showing>()
  const seal: number[] = []
  const row: number[] = []
  for (const [index, slot] of slots.entries()) {
    const found = sealAt(replica, slot) as Seal
    const showing = showings.get(found) ?? {
      index: showings.size,
      writer: at(batch.writer, index),
      rows: new Set(),
    }
    showings.set(found, showing)
    const sealRow = replica.provenance?.rowOf(slot) ?? 0
    showing.rows.add(sealRow)
    seal.push(showing.index)
    row.push(sealRow)
  }
  const seals = Array.from(showings, ([each, showing]) => partOf(each, showing))
  return { seals, seal: pressed(seal), row: pressedRising(row) }
}

/** One signature is less than several seals, to make and to check. */
function needSeal(replica: Replica, own: readonly number[]): boolean {
  const seals = new Set(own.map((slot) => sealAt(replica, slot)))
  const isUnsent = own.some((slot) => replica.table.unsent[slot] !== SENT)
  return isUnsent || seals.has(undefined) || seals.size > 1
}

function partOf(seal: Seal, { writer, rows: shown }: Showing): PartialSeal {
  const { number, from, to, left, leaves, stamp } = seal
  const missing = leavesBeside(leaves, shown)
  return { writer, number, from, to, left, rows: rowsOf(leaves), missing, stamp }
}
