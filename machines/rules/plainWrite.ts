/**
 * Plain writes: of a key that nobody has written, or of one that is this peer's by a lease in
 * force. There is no owner to ask and nothing to lose, so all there is to do is done here in one
 * go. Whatever is not plain takes the long way of `write.ts`, with the same result.
 */

import { formerOf, NOTHING, tellChange } from './change.ts'
import type { Coverage } from './coverage.ts'
import type { StoredKey } from './key.ts'
import { publicKey } from './key.ts'
import { ownerTermMs, type Reading } from './lease.ts'
import { noteAuthored } from './loss.ts'
import { ownRemainingMs, type Replica, SELF } from './replica.ts'
import { GRANT_UNSENT, NOWHERE, newRow, roomFor, SENT, type Share, WRITE_UNSENT } from './table.ts'
import type { Assignment, Receipt } from './write.ts'

/** What is written next; no write takes longer than its call. */
const row = newRow(SELF)

/** A value to be written, and for how long its key is to be this peer's. */
export interface PlainWrite extends Assignment {
  readonly leaseMs?: number | undefined
}

/**
 * Writes a plain value, where leases alone decide and nothing is asked but a term. Undefined, with
 * nothing done, if it takes the long way.
 */
export function writePlain(
  replica: Replica,
  slot: number,
  write: PlainWrite,
  reading: Reading,
): Receipt | undefined {
  if (slot === NOWHERE) return writeNew(replica, write, reading)
  return writeAgain(replica, slot, write, reading)
}

/** Enters a value under a key that has no slot. */
function writeNew(
  replica: Replica,
  { key, value, leaseMs }: PlainWrite,
  reading: Reading,
): Receipt | undefined {
  const { table, limits, most } = replica
  const room = roomFor(key, value.bytes)
  const share = table.shares[SELF] as Share
  if (share.entries >= most.entries || share.bytes + room > most.bytes) return undefined
  if (table.entries >= limits.entriesMax || table.bytes + room > limits.bytesMax) return undefined
  if (replica.floor >= Number.MAX_SAFE_INTEGER) return undefined
  const termMs = replica.leasing ? (leaseMs ?? replica.leaseMs) : 0
  const ownMs = ownerTermMs(termMs)
  row.key = key
  row.value = value.kept
  row.bytes = value.bytes
  row.sequence = nextSequence(replica)
  row.epoch = replica.floor + 1
  row.termMs = termMs
  row.lapseAt = reading.now + ownMs
  const slot = table.enter(row, share)
  table.wallLapseAt[slot] = reading.wall + ownMs
  table.unsent[slot] = GRANT_UNSENT
  replica.unsent.push(slot)
  replica.burst.add(row)
  if (isHeard(replica)) tellChange(replica, slot, { former: NOTHING, local: true })
  const remainingMs = replica.leasing ? ownMs : 0
  return { key: publicKey(key), token: row.epoch, leaseMs: termMs, remainingMs }
}

/** Replaces the value of a slot that is this peer's and stays so under the same token. */
function writeAgain(
  replica: Replica,
  slot: number,
  { key, value, leaseMs }: PlainWrite,
  reading: Reading,
): Receipt | undefined {
  const { table, limits, most, heirs, held } = replica
  // No flags: it has a value that stays, and a lease that goes on by being written.
  if (table.writer[slot] !== SELF || table.flags[slot] !== 0 || !replica.leasing) return undefined
  if (heirs.size > 0 || held.size > 0 || !(ownRemainingMs(table, slot, reading) > 0))
    return undefined
  const share = table.shares[SELF] as Share
  const more = value.bytes - table.chargeOf(slot)
  const isTooMuch = share.bytes + more > most.bytes || table.bytes + more > limits.bytesMax
  if (table.shareAt(slot) !== share || (more > 0 && isTooMuch)) return undefined
  const former = isHeard(replica) ? formerOf(replica, slot) : undefined
  noteAuthored(replica, slot)
  const termMs = leaseMs ?? (table.termMs[slot] as number)
  const ownMs = ownerTermMs(termMs)
  row.key = key
  row.value = value.kept
  row.bytes = value.bytes
  row.sequence = nextSequence(replica)
  row.epoch = table.epoch[slot] as number
  row.termMs = termMs
  table.termMs[slot] = termMs
  table.sequence[slot] = row.sequence
  table.lapseAt[slot] = reading.now + ownMs
  table.wallLapseAt[slot] = reading.wall + ownMs
  table.replace(slot, value, share)
  if (table.unsent[slot] === SENT) {
    table.unsent[slot] = WRITE_UNSENT
    replica.unsent.push(slot)
    replica.burst.add(row)
  } else replica.burst.spoil()
  if (former !== undefined) tellChange(replica, slot, { former, local: true })
  return { key: publicKey(key), token: row.epoch, leaseMs: termMs, remainingMs: ownMs }
}

function isHeard({ areChangesHeard, watched }: Replica): boolean {
  return areChangesHeard || watched.size > 0
}

function nextSequence(replica: Replica): number {
  const sequence = ++replica.sequence
  ;(replica.coverage[SELF] as Coverage).add(sequence)
  return sequence
}

/** What a writer is told of the lease that it has in this slot. */
export function receipt({ table, leasing }: Replica, slot: number, reading: Reading): Receipt {
  return {
    key: publicKey(table.keys[slot] as StoredKey),
    token: table.epoch[slot] as number,
    leaseMs: table.termMs[slot] as number,
    remainingMs: leasing ? Math.max(0, ownRemainingMs(table, slot, reading)) : 0,
  }
}
