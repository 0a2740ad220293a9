/**
 * What is refused at the door, whoever passed it on: an entry that its writer may not write by the
 * rules of the network. Every peer asks the same before it relays, so whoever brings one has not
 * asked: it is no honest peer, and its connection ends.
 */

import { at, type Batch } from './batch.ts'
import type { StoredKey } from './key.ts'
import type { Broadcast, DataMessage } from './message.ts'
import type { PeerId } from './peer.ts'
import { judgeBatch, type Permissions } from './permission.ts'
import type { Replica } from './replica.ts'
import { NOWHERE } from './table.ts'

/** What a peer did that none of ours does. */
export type Offence =
  | 'not-permitted' // an entry that its writer may not write
  | 'not-signed' // a word of another peer that this one did not sign
  | 'not-proven' // an entry or a renewal without proof that its writer made it
  | 'token-raised' // a grant of its own whose token is far above the one before

/** How far above the token that is known here that of a new grant may be. */
export const TOKEN_RISE_MAX: number = 2 ** 32

/** What is wrong with this message by the rules about who may write what, if anything. */
export function judgeIngress(
  replica: Replica,
  { message, teller }: { message: DataMessage; teller: PeerId | null },
): Offence | undefined {
  const { permissions } = replica
  if (message.kind === 'sync.give') {
    if (judgeBatch(permissions, message.batch) !== undefined) return 'not-permitted'
    return raises(replica, message.batch, teller) ? 'token-raised' : undefined
  }
  if (message.kind !== 'broadcast') return undefined
  const { body } = message
  const isFree = permissions.rules.length === 0 && permissions.readOnly.size === 0
  const offence = isFree ? undefined : judgeBroadcast(permissions, message)
  if (offence !== undefined || body.kind !== 'entries') return offence
  return raises(replica, body.batch, teller) ? 'token-raised' : undefined
}

/**
 * True if the teller itself claims a token that cannot have come about: one claim could leave a key
 * no token for anybody, and takes millions this way. Who only passes it on may not have known
 * better. Without leases a token counts writes, and nobody knows how many there were.
 */
function raises(replica: Replica, batch: Batch, teller: PeerId | null): boolean {
  const { table, floor } = replica
  if (!replica.leasing) return false
  if (typeof batch.epoch === 'number' && batch.epoch <= TOKEN_RISE_MAX) return false
  for (let row = 0; row < batch.keys.length; row++) {
    const token = at(batch.epoch, row)
    if (token <= TOKEN_RISE_MAX || batch.origins[at(batch.writer, row)]?.peer !== teller) continue
    const slot = table.find(batch.keys[row] as StoredKey)
    const known = slot === NOWHERE ? floor : Math.max(floor, table.epoch[slot] as number)
    if (token > known + TOKEN_RISE_MAX) return true
  }
  return false
}

function judgeBroadcast(
  permissions: Permissions,
  { origin, body }: Broadcast,
): Offence | undefined {
  if (body.kind === 'entries') return judgeBatch(permissions, body.batch) && 'not-permitted'
  const isWrite = body.kind === 'renewal' || body.kind === 'waits'
  return isWrite && permissions.readOnly.has(origin.peer) ? 'not-permitted' : undefined
}
