/**
 * Holding a lease on purpose: acquired, renewed, released, handed over. Each returns what was done
 * or why not, as in `write.ts`; nothing has changed in the second case.
 */

import { HANDED, KEPT, RELEASED, STOLEN } from './batch.ts'
import { endFlags } from './ephemeral.ts'
import { deny, heldUp, judgeWrite, limitBroken, nextEpoch, type Refusal } from './grant.ts'
import { publicKey, type StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { loseLease } from './loss.ts'
import type { PeerId } from './peer.ts'
import { operationsOf } from './permission.ts'
import { receipt } from './plainWrite.ts'
import { firstInLine, leaveLine, standInLine, TURN_MS, waitersAhead } from './queue.ts'
import { isMine, ownRemainingMs, type Replica, SELF, selfOf } from './replica.ts'
import { NOWHERE } from './table.ts'
import {
  type Granted,
  giveUp,
  keep,
  type Receipt,
  type Verdict,
  type WriteOptions,
  type WriteRefusal,
} from './write.ts'

const LONG_AGO = Number.NEGATIVE_INFINITY

/**
 * Takes the lease of a key on purpose, with or without a value. Two holders in one process exclude
 * each other.
 */
export function acquire(
  replica: Replica,
  key: StoredKey,
  options: AcquireOptions,
): Verdict<Receipt> {
  const slot = replica.table.find(key)
  const epoch = denyAcquire(replica, key, options) ?? judgeAcquire(replica, key, options)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  return hold(replica, key, { ...options, epoch, slot })
}

/** Why the rules of the network forbid this peer to hold that key, if they do. */
export function denyAcquire(
  replica: Replica,
  key: StoredKey,
  { kind = 0, leaseMs = 0 }: Pick<WriteOptions, 'kind' | 'leaseMs'>,
): Refusal | undefined {
  return deny(replica, { key, operations: operationsOf(kind), termMs: leaseMs })
}

/** Holds a key under a grant that was decided, if there is room for it. */
export function hold(replica: Replica, key: StoredKey, granted: Granted): Verdict<Receipt> {
  const limit = granted.slot === NOWHERE ? limitBroken(replica, [[key, 0]]) : undefined
  if (limit !== undefined) return { refused: { verdict: 'full', limit }, key: publicKey(key) }
  const done = keep(replica, key, granted)
  replica.held.set(replica.table.find(key), granted.epoch)
  return { done }
}

export interface AcquireOptions extends WriteOptions {
  /** The number of a waiter, who lets those pass that stand before it in the queue. */
  readonly waiter?: number | undefined
  /** True if that waiter has waited for its turn. */
  readonly isTurn?: boolean
}

function judgeAcquire(
  replica: Replica,
  key: StoredKey,
  { reading, kind = 0, waiter, isTurn = false }: AcquireOptions,
): number | WriteRefusal {
  const { table, held } = replica
  const slot = table.find(key)
  const isStealing = (kind & STOLEN) !== 0
  if (slot !== NOWHERE && held.has(slot)) {
    const remainingMs = ownRemainingMs(table, slot, reading)
    const owner = selfOf(replica)
    if (remainingMs > 0 && !isStealing) return { verdict: 'held', owner, remainingMs }
    loseLease(replica, slot, remainingMs > 0 ? 'superseded' : 'expired')
    if (isStealing) return nextEpoch(replica, slot)
  }
  // A plain write of a free key is decided at once. Who asks for the lease can be asked to wait
  // until it is known that nobody else has it.
  if (!replica.isCurrent && !isStealing) return heldUp(selfOf(replica))
  const epoch = judgeWrite(replica, slot, reading)
  if (typeof epoch !== 'number') {
    return isStealing && epoch.verdict !== 'full' ? nextEpoch(replica, slot) : epoch
  }
  if (waiter === undefined || isTurn) return epoch
  if (turnMs(replica, key, { waiter, now: reading.now }) === 0) return epoch
  const self = selfOf(replica)
  const owner = firstInLine(replica.queue, key, { self, now: reading.now }) ?? self
  return { verdict: 'held', owner, remainingMs: 0 }
}

/** How long a waiter leaves a free key to those before it, in milliseconds. */
export function turnMs(
  replica: Replica,
  key: StoredKey,
  { waiter, now }: { waiter: number; now: number },
): number {
  const slot = replica.table.find(key)
  const isReserved = replica.heirs.get(slot) === selfOf(replica)
  return TURN_MS * waitersAhead(replica.queue, key, { waiter, now, isReserved })
}

/** Extends a lease that was acquired, without changing the value. */
export function renew(replica: Replica, key: StoredKey, options: WriteOptions): Verdict<Receipt> {
  const slot = replica.table.find(key)
  const epoch = denyAcquire(replica, key, options) ?? permitHolder(replica, slot, options)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  // In majority mode the voters are asked meanwhile.
  if (replica.isMajority) return { done: receipt(replica, slot, options.reading) }
  return { done: keep(replica, key, { ...options, epoch, slot }) }
}

/**
 * Gives a lease back, to the first in line if somebody waits. The value stays, unless it is
 * ephemeral. Done twice it does nothing the second time.
 */
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
  if (replica.isMajority) return { refused: { verdict: 'forbidden' }, key: publicKey(key) }
  loseLease(replica, slot, 'transferred')
  return { done: keep(replica, key, { ...options, epoch, slot, heir }) }
}

/** Takes over what other peers reserved for this one. */
export function inherit(replica: Replica, reading: Reading): void {
  const { table, heirs, queue } = replica
  const slots = new Set(replica.inherited)
  const self = selfOf(replica)
  replica.inherited = []
  for (const slot of slots) {
    const key = table.keys[slot] as StoredKey
    const flags = table.flags[slot] as number
    const isHanded = (flags & HANDED) !== 0
    // What the queue handed over is taken by whoever waits for it here.
    if (heirs.get(slot) !== self || (isHanded && queue.own.has(key))) continue
    const termMs = table.termMs[slot] as number
    // What was reserved for a peer that may not have it stays so until its term is over.
    if (deny(replica, { key, operations: operationsOf(flags), termMs })) continue
    const epoch = judgeWrite(replica, slot, reading)
    if (typeof epoch !== 'number') {
      if (!replica.isCurrent) replica.inherited.push(slot)
    } else if (isHanded) {
      giveUp(replica, slot, { epoch, flags: (flags & ~HANDED) | RELEASED | KEPT, reading })
    } else keep(replica, key, { reading, leaseMs: termMs, epoch, slot })
  }
}

/**
 * An heir left before it took what this peer had reserved for it: the next in line has it, or
 * whoever comes. Others cannot tell: to one who heard the goodbye first, the heir may be back.
 */
export function reclaim(replica: Replica, heir: PeerId, reading: Reading): void {
  const { table, heirs } = replica
  for (const [slot, reserved] of [...heirs]) {
    if (reserved !== heir || table.writer[slot] !== SELF) continue
    const epoch = table.epoch[slot] as number
    const flags = endFlags(((table.flags[slot] as number) & ~HANDED) | RELEASED | KEPT)
    giveUp(replica, slot, { epoch, flags, reading })
  }
}

/** A waiter of this peer stands in line. Of who may only read all others refuse to hear it. */
export function wait(
  replica: Replica,
  { key, waiter }: { key: StoredKey; waiter: number },
  now: number,
): void {
  if (replica.permissions.readOnly.has(selfOf(replica))) return
  standInLine(replica.queue, key, { waiter, now })
}

/** A waiter of this peer waits no more; what was handed over to it goes to the next in line. */
export function waitNoMore(
  replica: Replica,
  { key, waiter }: { key: StoredKey; waiter: number },
  reading: Reading,
): void {
  leaveLine(replica.queue, key, waiter)
  const slot = replica.table.find(key)
  if (slot === NOWHERE || ((replica.table.flags[slot] as number) & HANDED) === 0) return
  replica.inherited.push(slot)
  inherit(replica, reading)
}

/** The dictionary closes: every lease of this peer is over, but what it reserved for an heir. */
export function endLeases(replica: Replica): void {
  const { table } = replica
  for (const slot of [...replica.held.keys()]) loseLease(replica, slot, 'shutdown')
  for (const slot of table.slotsInUse()) {
    if (isMine(replica, slot)) table.lapseAt[slot] = LONG_AGO
  }
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
  if (slot === NOWHERE || !isMine(replica, slot)) return { verdict: 'not-held' }
  if (((table.flags[slot] as number) & RELEASED) !== 0) return { verdict: 'not-held' }
  return ownRemainingMs(table, slot, reading) > 0 ? epoch : { verdict: 'lost' }
}
