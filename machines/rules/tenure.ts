/**
 * What a ballot that was won does to the table: the key is this peer's under the chosen token, for
 * as long as the round allows. Everything else about the lease is as in `holding.ts`.
 */

import { KEPT, RELEASED } from './batch.ts'
import { endFlags } from './ephemeral.ts'
import type { LeaseEnd } from './fact.ts'
import { hold } from './holding.ts'
import { publicKey, type StoredKey } from './key.ts'
import { ownerTermMs, type Reading } from './lease.ts'
import { loseLease } from './loss.ts'
import type { Tenure } from './proposer.ts'
import { holdFor, type Replica, SELF } from './replica.ts'
import { NOWHERE } from './table.ts'
import { giveUp, keep, type Receipt, type Verdict } from './write.ts'

/** Takes the key under a token that a majority of voters has accepted. */
export function install(
  replica: Replica,
  key: StoredKey,
  { token, leaseMs, asked, kind }: Tenure & { readonly kind?: number | undefined },
): Verdict<Receipt> {
  const { table } = replica
  const slot = table.find(key)
  // Voters that lost their memory together may choose a token that others have seen before.
  if (slot !== NOWHERE && (table.epoch[slot] as number) >= token) {
    return { refused: { verdict: 'lost' }, key: publicKey(key) }
  }
  return hold(replica, key, { reading: asked, leaseMs, epoch: token, slot, kind })
}

/** A majority has renewed the lease. Others hear of it with the next renewal of this peer. */
export function extend(replica: Replica, key: StoredKey, { token, leaseMs, asked }: Tenure): void {
  const { table } = replica
  const slot = table.find(key)
  if (slot === NOWHERE || replica.held.get(slot) !== token || table.writer[slot] !== SELF) return
  // An entry that others have does not change; another term needs another write.
  const isSame = table.termMs[slot] === leaseMs
  table.termMs[slot] = leaseMs
  holdFor(table, slot, { reading: asked, ms: ownerTermMs(leaseMs) })
  if (isSame && replica.renewing.has(slot)) replica.isRenewalUnsent = true
  else keep(replica, key, { reading: asked, leaseMs, epoch: token, slot })
}

/** The lease cannot be kept: its holder gives it up before its time is over. */
export function forfeit(
  replica: Replica,
  { key, token, reason }: { key: StoredKey; token: number; reason: LeaseEnd },
  reading: Reading,
): void {
  const { table } = replica
  const slot = table.find(key)
  if (slot === NOWHERE || replica.held.get(slot) !== token) return
  loseLease(replica, slot, reason)
  const flags = endFlags((table.flags[slot] as number) | RELEASED | KEPT)
  if (table.writer[slot] === SELF) giveUp(replica, slot, { epoch: token, flags, reading })
}

/** The highest token of a key that this peer knows by its table. */
export function knownToken(replica: Replica, key: StoredKey): number {
  const slot = replica.table.find(key)
  if (slot === NOWHERE) return replica.floor
  return Math.max(replica.table.epoch[slot] as number, replica.floors.get(slot) ?? 0)
}
