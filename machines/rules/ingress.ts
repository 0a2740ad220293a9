/**
 * What is refused at the door, whoever passed it on: an entry that its writer may not write by the
 * rules of the network. Every peer asks the same before it relays, so whoever brings one has not
 * asked: it is no honest peer, and its connection ends.
 */

import type { Broadcast, DataMessage } from './message.ts'
import { judgeBatch, type Permissions } from './permission.ts'

/** What a peer did that none of ours does. */
export type Offence =
  | 'not-permitted' // an entry that its writer may not write
  | 'not-signed' // a word of another peer that this one did not sign
  | 'not-proven' // an entry or a renewal without proof that its writer made it

/** What is wrong with this message by the rules about who may write what, if anything. */
export function judgeIngress(permissions: Permissions, message: DataMessage): Offence | undefined {
  if (message.kind === 'sync.give') {
    return judgeBatch(permissions, message.batch) && 'not-permitted'
  }
  return message.kind === 'broadcast' ? judgeBroadcast(permissions, message) : undefined
}

function judgeBroadcast(
  permissions: Permissions,
  { origin, body }: Broadcast,
): Offence | undefined {
  if (body.kind === 'entries') return judgeBatch(permissions, body.batch) && 'not-permitted'
  const isWrite = body.kind === 'renewal' || body.kind === 'waits'
  return isWrite && permissions.readOnly.has(origin.peer) ? 'not-permitted' : undefined
}
