/**
 * What an application may do to the dictionary, decided at once: set, update, delete, pop, and the
 * lease of a key on purpose. Each returns what was done or why not; nothing has changed in the
 * second case.
 */

import { ABSENT, EPHEMERAL, HANDED, KEPT, RELEASED, RENEWING, STOLEN } from './batch.ts'
import { endsUnder } from './ephemeral.ts'
import { deny, judgeWrite, limitBrokenBy, type Refusal, writeOwn, writeOwnAt } from './grant.ts'
import { type Key, publicKey, type StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { loseLease, noteAuthored, noteBorrowed } from './loss.ts'
import type { PeerId } from './peer.ts'
import { operationsOf, termMsMax } from './permission.ts'
import { receipt, writePlain } from './plainWrite.ts'
import { firstInLine, HANDOVER_MS } from './queue.ts'
import { planRenewal } from './renewal.ts'
import { liveSlots, type Replica, readValue, SELF, selfOf } from './replica.ts'
import { NOWHERE } from './table.ts'
import type { Admitted } from './value.ts'

/** A write that was accepted. */
export interface Receipt {
  readonly key: Key
  /** The fencing token: rises at every change of owner of this key. */
  readonly token: number
  /** The term of the lease, in milliseconds; 0 without leases. */
  readonly leaseMs: number
  /** How long the writer may count on it, in milliseconds: a little less than the term. */
  readonly remainingMs: number
}

/** Why a write was not done. */
export type WriteRefusal =
  | Refusal
  | { readonly verdict: 'missing' }
  | { readonly verdict: 'lost' }
  | { readonly verdict: 'not-held' }
  /** In majority mode: the voters could not be won. */
  | { readonly verdict: 'quorum' }
  /** In majority mode: not at all. */
  | { readonly verdict: 'forbidden' }
  /** The dictionary closed before the voters had answered. */
  | { readonly verdict: 'closed' }

export type Verdict<Done> = { readonly done: Done } | { readonly refused: WriteRefusal; key: Key }

/** One pair of an update. */
export interface Assignment {
  readonly key: StoredKey
  readonly value: Admitted
}

export interface WriteOptions {
  readonly reading: Reading
  /** The term to ask for, in milliseconds. */
  readonly leaseMs?: number | undefined
  /** The grant under which the caller believes to write; another one is refused as lost. */
  readonly token?: number | undefined
  /** What the lease is to be: EPHEMERAL, RENEWING, STOLEN, or none of these. */
  readonly kind?: number | undefined
}

/** A value to be written, and how. */
export interface Write extends Assignment, Omit<WriteOptions, 'reading'> {}

export function set(replica: Replica, write: Write, reading: Reading): Verdict<Receipt> {
  const { key, value, leaseMs, kind } = write
  const slot = replica.table.find(key)
  if (isPlain(replica, write)) {
    const done = writePlain(replica, slot, write, reading)
    if (done !== undefined) return { done }
  }
  const epoch = permitSet(replica, key, slot, { reading, leaseMs, token: write.token, kind })
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  const limit = limitBrokenBy(replica, slot, { key, bytes: value.bytes })
  if (limit !== undefined) return { refused: { verdict: 'full', limit }, key: publicKey(key) }
  return { done: assign(replica, { key, value }, { reading, leaseMs, kind, epoch, slot }) }
}

/** True if nothing is asked but a value and a term, where leases alone decide. */
export function isPlain(
  { isUnruled }: Replica,
  { token, kind }: Omit<WriteOptions, 'reading'>,
): boolean {
  return isUnruled && token === undefined && !kind
}

/** Removes a key's value and gives the key up. False if it had none. */
export function remove(
  replica: Replica,
  key: StoredKey,
  options: WriteOptions,
): Verdict<{ removed: boolean; value: unknown }> {
  const slot = replica.table.find(key)
  if (slot === NOWHERE || !replica.table.shows(slot)) {
    return { done: { removed: false, value: undefined } }
  }
  const operations = operationsOf(ABSENT | RELEASED)
  const denied = deny(replica, { key, operations, termMs: 0 })
  const epoch = denied ?? permit(replica, slot, options)
  if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
  const value = readValue(replica, slot)
  giveUp(replica, slot, { epoch, flags: ABSENT | RELEASED, reading: options.reading })
  return { done: { removed: true, value } }
}

/** Removes the oldest pair that this peer may remove. */
export function removeAny(
  replica: Replica,
  options: WriteOptions,
): Verdict<{ key: Key; value: unknown }> {
  for (const slot of liveSlots(replica)) {
    const key = replica.table.keys[slot] as StoredKey
    const verdict = remove(replica, key, options)
    if ('done' in verdict) {
      return { done: { key: publicKey(key), value: verdict.done.value } }
    }
  }
  return { refused: { verdict: 'missing' }, key: '' }
}

/** The epoch for a write of a value, if the rules of the network permit it to this peer at all. */
export function permitSet(
  replica: Replica,
  key: StoredKey,
  slot: number,
  options: WriteOptions,
): number | WriteRefusal {
  const { readOnly, rules } = replica.permissions
  if (readOnly.size === 0 && rules.length === 0) return permit(replica, slot, options)
  const operations = operationsOf(options.kind ?? 0)
  const termMs = replica.leasing ? (options.leaseMs ?? 0) : 0
  return deny(replica, { key, operations, termMs }) ?? permit(replica, slot, options)
}

/**
 * The epoch for a plain write; a lease that was acquired and lost meanwhile forbids it until its
 * holder knows.
 */
export function permit(
  replica: Replica,
  slot: number,
  options: WriteOptions,
): number | WriteRefusal {
  const { reading, token } = options
  const epoch = judgeWrite(replica, slot, reading)
  const isNew = slot === NOWHERE || replica.held.size === 0
  const held = isNew ? undefined : replica.held.get(slot)
  if (held !== undefined && epoch !== held) return { verdict: 'lost' }
  if (token === undefined) return epoch
  const isHolder = slot !== NOWHERE && replica.table.writer[slot] === SELF
  // What this peer had last is over for it, though nobody else is known to have it.
  if (typeof epoch !== 'number')
    return isHolder && epoch.verdict === 'held' ? { verdict: 'lost' } : epoch
  return isHolder && epoch === token && replica.table.epoch[slot] === token
    ? epoch
    : { verdict: 'lost' }
}

/** A write that was permitted. */
export interface Granted extends WriteOptions {
  readonly epoch: number
  readonly slot: number
  readonly heir?: PeerId
}

export function assign(replica: Replica, { key, value }: Assignment, granted: Granted): Receipt {
  const { epoch, reading, slot: found, kind = 0 } = granted
  // A lease that was acquired to go on does so, whatever is written under it.
  const sticky = RENEWING | STOLEN
  const isHeld = replica.held.size > 0 && replica.held.get(found) === epoch
  const goesOn = isHeld ? flagsAt(replica, found) & sticky : 0
  const flags = kind | goesOn
  const termMs = termFor(replica, key, granted)
  noteAuthored(replica, found)
  const entry = { value: value.kept, bytes: value.bytes, flags, termMs, epoch, key, found }
  const slot = writeOwnAt(replica, entry, reading)
  if ((flags & RENEWING) !== 0) planRenewal(replica, slot, reading)
  return receipt(replica, slot, reading)
}

/** Writes the slot anew with the value that it has. */
export function keep(replica: Replica, key: StoredKey, granted: Granted): Receipt {
  const { table } = replica
  const { slot, epoch, reading, heir, kind } = granted
  // A value that is gone with its lease does not come back with another.
  const isNew = slot === NOWHERE || endsUnder(replica, slot, epoch)
  const entry = {
    value: isNew ? null : table.values[slot],
    bytes: isNew ? 0 : table.chargeOf(slot),
    flags: isNew ? ABSENT | (kind ?? 0) : keptFlags(replica, granted),
  }
  if (isNew) noteAuthored(replica, slot)
  else noteBorrowed(replica, slot)
  const termMs = termFor(replica, key, granted)
  const inherits = heir === undefined ? {} : { heir }
  const written = writeOwn(replica, key, { ...entry, termMs, epoch, ...inherits }, reading)
  planRenewal(replica, written, reading)
  return receipt(replica, written, reading)
}

/** The value stays what it is; how the lease goes on is the matter of each grant. */
function keptFlags(replica: Replica, { slot, epoch, kind }: Granted): number {
  const flags = flagsAt(replica, slot)
  const isSameGrant = replica.table.epoch[slot] === epoch
  const goesOn = isSameGrant ? flags & (STOLEN | (kind === undefined ? RENEWING : 0)) : 0
  const isAbsent = (flags & ABSENT) !== 0
  const value = isAbsent ? ABSENT : flags & EPHEMERAL
  return value | (kind ?? 0) | goesOn | KEPT
}

function flagsAt(replica: Replica, slot: number): number {
  return slot === NOWHERE ? 0 : (replica.table.flags[slot] as number)
}

/** The term asked for; else the one that the lease has; else the dictionary's, if permitted. */
function termFor(replica: Replica, key: StoredKey, { leaseMs, slot, epoch }: Granted): number {
  if (!replica.leasing) return 0
  if (leaseMs !== undefined) return leaseMs
  const { table } = replica
  const continues = slot !== NOWHERE && table.writer[slot] === SELF && table.epoch[slot] === epoch
  if (continues) return table.termMs[slot] as number
  return Math.min(replica.leaseMs, termMsMax(replica.permissions, selfOf(replica), key))
}

/** Gives a key up: to the first in line, or to whoever comes. */
export function giveUp(
  replica: Replica,
  slot: number,
  { epoch, flags, reading }: { epoch: number; flags: number; reading: Reading },
): void {
  const { table, queue } = replica
  const key = table.keys[slot] as StoredKey
  const self = selfOf(replica)
  const isHanded = replica.leasing && !replica.isMajority
  const heir = isHanded ? firstInLine(queue, key, { self, now: reading.now }) : undefined
  const isAbsent = (flags & ABSENT) !== 0
  const entry = {
    value: isAbsent ? null : table.values[slot],
    bytes: isAbsent ? 0 : table.chargeOf(slot),
    epoch,
    ...(heir === undefined
      ? { flags, termMs: 0 }
      : { flags: (flags & ~RELEASED) | HANDED, termMs: HANDOVER_MS, heir }),
  }
  loseLease(replica, slot, 'released')
  if (isAbsent) noteAuthored(replica, slot)
  writeOwn(replica, key, entry, reading)
}
