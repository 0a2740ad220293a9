/**
 * Holding a lease on purpose: acquired, renewed, released, handed over. Each returns what was done
 * or why not, as in `write.ts`; nothing has changed in the second case.
 */

import { KEPT, RELEASED } from './batch.ts'
import { endFlags } from './ephemeral.ts'
import { judgeWrite, limitBroken } from './grant.ts'
import { publicKey, type StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { loseLease } from './loss.ts'
import type { PeerId } from './peer.ts'
import { ownRemainingMs, type Replica, SELF } from './replica.ts'
import { NOWHERE } from './table.ts'
import {
  giveUp,
  keep,
  type Receipt,
  type Verdict,
  type WriteOptions,
  type WriteRefusal,
} from './write.ts'

/**
 * Takes the lease of a key on purpose, with or without a value. Two holders in one process exclude
 * each other.
 */
export function acquire(replica: Replica, key: StoredKey, options: WriteOptions): Verdict<Receipt> {
  const slot = replica.table.find(key)
  if (slot !== NOWHERE && replica.held.has(slot)) {
    const remainingMs = ownRemainingMs(replica.table, slot, options.reading)
    const owner = replica.origins[SELF]?.peer as PeerId
    if (remainingMs > 0) {
      return { refused: { verdict: 'held', owner, remainingMs }, key: publicKey(key) }
    }
    loseLease(replica, slot, 'expired')
  }
  const epoch = judgeWrite(replica, slot, options.reading)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  const limit = slot === NOWHERE ? limitBroken(replica, [[key, 0]]) : undefined
  if (limit !== undefined) return { refused: { verdict: 'full', limit }, key: publicKey(key) }
  const done = keep(replica, key, { ...options, epoch, slot })
  replica.held.set(replica.table.find(key), epoch)
  return { done }
}

/** Extends a lease that was acquired, without changing the value. */
export function renew(replica: Replica, key: StoredKey, options: WriteOptions): Verdict<Receipt> {
  const slot = replica.table.find(key)
  const epoch = permitHolder(replica, slot, options)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  return { done: keep(replica, key, { ...options, epoch, slot }) }
}

/** Gives a lease back; the value stays, unless it is ephemeral. Done twice it does nothing the second time. */
export function release(replica: Replica, key: StoredKey, options: WriteOptions): Verdict<boolean> {
  const slot = replica.table.find(key)
  const epoch = permitHolder(replica, slot, options)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  const flags = endFlags((replica.table.flags[slot] as number) | RELEASED | KEPT)
  giveUp(replica, slot, { epoch, flags, reading: options.reading })
  return { done: true }
}

/** Reserves the key for another peer, which alone may take it until the term is over. */
export function bequeath(
  replica: Replica,
  { key, heir }: { key: StoredKey; heir: PeerId },
  options: WriteOptions,
): Verdict<Receipt> {
  const slot = replica.table.find(key)
  const epoch = permitHolder(replica, slot, options)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  loseLease(replica, slot, 'transferred')
  return { done: keep(replica, key, { ...options, epoch, slot, heir }) }
}

/** Takes over what other peers reserved for this one. */
export function inherit(replica: Replica, reading: Reading): void {
  const slots = replica.inherited
  replica.inherited = []
  for (const slot of slots) {
    const epoch = judgeWrite(replica, slot, reading)
    const key = replica.table.keys[slot] as StoredKey
    const leaseMs = replica.table.termMs[slot] as number
    if (typeof epoch === 'number') keep(replica, key, { reading, leaseMs, epoch, slot })
  }
}

/** The dictionary closes: every lease that was acquired is over. */
export function endLeases(replica: Replica): void {
  for (const slot of [...replica.held.keys()]) loseLease(replica, slot, 'shutdown')
}

/** Forgets a lease whose time is over at its holder; the key is free to be taken from now on. */
export function lapse(replica: Replica, key: StoredKey, token: number): void {
  const slot = replica.table.find(key)
  if (slot === NOWHERE || replica.held.get(slot) !== token) return
  loseLease(replica, slot, 'expired')
}

/** The epoch of the own lease in this slot, or why there is none. */
function permitHolder(
  replica: Replica,
  slot: number,
  { reading, token }: WriteOptions,
): number | WriteRefusal {
  const { table } = replica
  const epoch = slot === NOWHERE ? 0 : (table.epoch[slot] as number)
  if (token !== undefined && token !== epoch) return { verdict: 'lost' }
  const isMine = slot !== NOWHERE && table.writer[slot] === SELF && !replica.heirs.has(slot)
  if (!isMine || ((table.flags[slot] as number) & RELEASED) !== 0) return { verdict: 'not-held' }
  return ownRemainingMs(table, slot, reading) > 0 ? epoch : { verdict: 'lost' }
}
