/**
 * A plain write of a key that nobody has written: the most common one. There is no owner to ask,
 * nothing to replace and nothing to lose, so all there is to do is done here in one go. Whatever is
 * not plain takes the long way of `write.ts`, with the same result.
 */

import { NOTHING, tellChange } from './change.ts'
import type { Coverage } from './coverage.ts'
import { publicKey } from './key.ts'
import { ownerTermMs } from './lease.ts'
import { type Replica, SELF } from './replica.ts'
import { GRANT_UNSENT, newRow, roomFor, type Share } from './table.ts'
import type { Assignment, Receipt, WriteOptions } from './write.ts'

/** What is written next; no write takes longer than its call. */
const row = newRow(SELF)

/**
 * Enters a value under a key that has no slot. Undefined, with nothing done, if the write is not
 * plain or does not fit.
 */
export function writeNew(
  replica: Replica,
  { key, value }: Assignment,
  { reading, token, kind, leaseMs }: WriteOptions,
): Receipt | undefined {
  const { table, limits, most, permissions } = replica
  if (token !== undefined || kind || replica.isMajority) return undefined
  if (permissions.rules.length > 0 || permissions.readOnly.size > 0) return undefined
  const room = roomFor(key, value.bytes)
  const share = table.shares[SELF] as Share
  if (share.entries >= most.entries || share.bytes + room > most.bytes) return undefined
  if (table.entries >= limits.entriesMax || table.bytes + room > limits.bytesMax) return undefined
  if (replica.floor >= Number.MAX_SAFE_INTEGER) return undefined
  const termMs = replica.leasing ? (leaseMs ?? replica.leaseMs) : 0
  const ownMs = ownerTermMs(termMs)
  const sequence = ++replica.sequence
  ;(replica.coverage[SELF] as Coverage).add(sequence)
  row.key = key
  row.value = value.kept
  row.bytes = value.bytes
  row.sequence = sequence
  row.epoch = replica.floor + 1
  row.termMs = termMs
  row.lapseAt = reading.now + ownMs
  const slot = table.enter(row, share)
  table.wallLapseAt[slot] = reading.wall + ownMs
  table.unsent[slot] = GRANT_UNSENT
  replica.unsent.push(slot)
  if (replica.areChangesHeard || replica.watched.size > 0) {
    tellChange(replica, slot, { former: NOTHING, local: true })
  }
  const remainingMs = replica.leasing ? Math.max(0, ownMs) : 0
  return { key: publicKey(key), token: row.epoch, leaseMs: termMs, remainingMs }
}
