/**
 * Overwrites: one more value for a key that is its writer's already, under the same token. Most
 * single writes travel so. All that has to be asked is asked here in one go; whatever is not as
 * plain as that takes the long way of `merge.ts`, with the same result.
 */

import { type Batch, OVER_MS } from './batch.ts'
import { formerOf, tellChange } from './change.ts'
import type { StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import type { Origin } from './peer.ts'
import { indexOrigin, type Replica, SELF } from './replica.ts'
import { NOWHERE, SENT } from './table.ts'

/** Takes a batch of one row in. False, with nothing done, if that takes the long way. */
export function overwrite(replica: Replica, batch: Batch, reading: Reading): boolean {
  const { epoch, sequence, termMs, flags } = batch
  if (flags !== 0 || typeof sequence !== 'number' || typeof termMs !== 'number') return false
  if (batch.heirs.length > 0 || batch.over.length > 0 || batch.remainingMs !== null) return false
  if (!(termMs > OVER_MS) || typeof batch.writer !== 'number' || isBusy(replica)) return false
  const { table, limits, most } = replica
  const slot = table.find(batch.keys[0] as StoredKey)
  const writer = indexOrigin(replica, batch.origins[batch.writer] as Origin)
  if (slot === NOWHERE || writer === SELF || table.writer[slot] !== writer) return false
  // No flags: it has a value that stays.
  if (table.flags[slot] !== 0 || table.unsent[slot] !== SENT) return false
  if (table.epoch[slot] !== epoch || !(sequence > (table.sequence[slot] as number))) return false
  const share = table.shares[writer]
  const bytes = batch.sizes[0] as number
  const more = bytes - table.chargeOf(slot)
  if (share === undefined || table.shareAt(slot) !== share) return false
  const isTooMuch = share.bytes + more > most.bytes || table.bytes + more > limits.bytesMax
  if (more > 0 && isTooMuch) return false
  const isHeard = replica.areChangesHeard || replica.watched.size > 0
  const former = isHeard ? formerOf(replica, slot) : undefined
  table.sequence[slot] = sequence
  table.termMs[slot] = termMs
  table.lapseAt[slot] = reading.now + termMs
  table.replace(slot, { kept: batch.values[0], bytes }, share)
  if (former !== undefined) tellChange(replica, slot, { former, local: false })
  return true
}

/** True while there is anything in this replica that one more value could concern. */
function isBusy(replica: Replica): boolean {
  const { comparison, provenance, heirs, lineages, lent, left, replaced } = replica
  if (comparison !== null || provenance !== null || replaced.size > 0) return true
  return heirs.size > 0 || lineages.size > 0 || lent.size > 0 || left.size > 0
}
