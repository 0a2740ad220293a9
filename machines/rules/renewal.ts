/**
 * Renewals: one small frame renews all leases of a peer that are to go on, however many there are.
 *
 * A renewal names no key. It says "what I wrote up to here, and marked as renewing, goes on for
 * another term", so it costs its sender and every receiver the same for one lease as for ten
 * thousand, and changes no entry. A lease that lapsed at its owner before the renewal was made is
 * given up by an entry of its own first; no renewal brings it back.
 */

import { KEPT, RELEASED, RENEWING } from './batch.ts'
import { fitting, LIST_BYTES_MAX, originKey } from './coverage.ts'
import { entryAt, writeOwn } from './grant.ts'
import type { StoredKey } from './key.ts'
import { ownerTermMs, type Reading } from './lease.ts'
import { loseLease } from './loss.ts'
import { admitsOrigins } from './origins.ts'
import type { Origin } from './peer.ts'
import { STAMP_BYTES } from './provenance.ts'
import { holdFor, indexOrigin, isMine, ownRemainingMs, type Replica, SELF } from './replica.ts'

/** Which part of the shortest term passes between two renewals. */
const RENEWALS_PER_TERM = 3

/** A renewal as it travels. */
export interface Renewal {
  /** Counts the renewals of its origin. */
  readonly number: number
  /** Writes of its origin up to this one go on, if they are renewing. */
  readonly through: number
}

/** What proves a renewal: the number of the broadcast that it was, and the stamp of its origin. */
export type RenewalProof = readonly [broadcast: number, stamp: Uint8Array]

/** The last renewal of a peer that was heard, and when. */
export interface HeardRenewal extends Renewal {
  readonly at: number
  readonly proof?: RenewalProof | undefined
}

/** A renewal in the word of another peer, and how long ago that one heard it, in milliseconds. */
export type RenewalWord = readonly [
  peer: Origin['peer'],
  run: Origin['run'],
  number: number,
  through: number,
  agoMs: number,
  /** In a network whose peers sign: the number of the broadcast that it was, and its stamp. */
  ...proof: RenewalProof | readonly [],
]

/** A lease that voters are to be asked to renew. */
export interface DueLease {
  readonly key: StoredKey
  readonly leaseMs: number
}

/**
 * Renews every own lease that is to go on, and gives up those that lapsed meanwhile. In majority
 * mode it renews none, and returns those that the voters are to be asked about.
 */
export function renewAll(replica: Replica, reading: Reading): DueLease[] {
  const { table, renewing } = replica
  const due: DueLease[] = []
  let shortestMs = Number.POSITIVE_INFINITY
  for (const slot of renewing) {
    if (!isRenewing(replica, slot)) {
      renewing.delete(slot)
      continue
    }
    if (ownRemainingMs(table, slot, reading) <= 0) {
      endLapsed(replica, slot, reading)
      continue
    }
    const termMs = table.termMs[slot] as number
    if (replica.isMajority) due.push({ key: table.keys[slot] as StoredKey, leaseMs: termMs })
    else holdFor(table, slot, { reading, ms: ownerTermMs(termMs) })
    shortestMs = Math.min(shortestMs, termMs)
  }
  replica.renewDueAt = reading.now + shortestMs / RENEWALS_PER_TERM
  if (renewing.size > 0 && !replica.isMajority) replica.isRenewalUnsent = true
  return due
}

/** The renewal to send, now that all own writes went out; undefined if none is due. */
export function renewalToSend(replica: Replica, reading: Reading): Renewal | undefined {
  if (!replica.isRenewalUnsent) return undefined
  replica.isRenewalUnsent = false
  const number = (replica.renewals.get(SELF)?.number ?? 0) + 1
  const renewal = { number, through: replica.sentSequence }
  replica.renewals.set(SELF, { ...renewal, at: reading.now })
  return renewal
}

/** Own leases that are to go on are renewed when a third of the shortest term is over. */
export function planRenewal(replica: Replica, slot: number, reading: Reading): void {
  if (!isRenewing(replica, slot)) return
  replica.renewing.add(slot)
  const dueAt = reading.now + (replica.table.termMs[slot] as number) / RENEWALS_PER_TERM
  replica.renewDueAt = Math.min(replica.renewDueAt, dueAt)
}

/** Another peer renewed its leases. */
export function hearRenewal(
  replica: Replica,
  heard: { origin: Origin; renewal: Renewal; agoMs?: number; proof?: RenewalProof | undefined },
  reading: Reading,
): void {
  const { origin, renewal, agoMs = 0, proof } = heard
  const { number, through } = renewal
  if (!admitsOrigins(replica, [origin])) return
  const writer = indexOrigin(replica, origin)
  const known = replica.renewals.get(writer)?.number ?? 0
  // An older one that comes late, or the same by another way, extends nothing.
  if (writer === SELF || replica.left.has(writer) || renewal.number <= known) return
  replica.renewals.set(writer, { number, through, at: reading.now - agoMs, proof })
}

/** What this peer knows of renewals, for one that may have missed them. */
export function renewalWords(replica: Replica, reading: Reading): readonly RenewalWord[] {
  // Where peers sign, a word without proof would be refused.
  const told = [...replica.renewals].filter(([, { proof }]) => proof || !replica.provenance)
  const words = told.map(([writer, { number, through, at, proof }]): RenewalWord => {
    const { peer, run } = replica.origins[writer] as Origin
    const word = [peer, run, number, through, Math.max(0, reading.now - at)] as const
    return proof === undefined ? word : [...word, ...proof]
  })
  return fitting(words, LIST_BYTES_MAX, replica.provenance === null ? 0 : STAMP_BYTES)
}

export function hearRenewalWords(
  replica: Replica,
  words: readonly RenewalWord[],
  reading: Reading,
): void {
  for (const [peer, run, number, through, agoMs, ...proof] of words) {
    // Who is told of by others and has written nothing here has no lease that could be renewed.
    if (!replica.originIndex.has(originKey({ peer, run }))) continue
    const heard = { origin: { peer, run }, renewal: { number, through }, agoMs }
    hearRenewal(replica, { ...heard, ...(proof.length === 2 && { proof }) }, reading)
  }
}

/** The words that would change what is known here; the others need no proof. */
export function newRenewals(replica: Replica, words: readonly RenewalWord[]): RenewalWord[] {
  return words.filter(([peer, run, number]) => {
    const writer = replica.originIndex.get(originKey({ peer, run }))
    return writer !== undefined && number > (replica.renewals.get(writer)?.number ?? 0)
  })
}

function isRenewing(replica: Replica, slot: number): boolean {
  const flags = replica.table.flags[slot] as number
  return isMine(replica, slot) && (flags & RENEWING) !== 0 && (flags & RELEASED) === 0
}

/**
 * Its end is told at once, and written down as soon as this peer knows what happened while it was
 * held up: before that it must not count the key as free.
 */
function endLapsed(replica: Replica, slot: number, reading: Reading): void {
  loseLease(replica, slot, 'expired')
  if (!replica.isCurrent) return
  replica.renewing.delete(slot)
  giveUpLapsed(replica, slot, reading)
}

/** Written under the old epoch, so it loses to whoever has taken the key meanwhile. */
function giveUpLapsed(replica: Replica, slot: number, reading: Reading): void {
  const { table } = replica
  const entry = entryAt(table, slot)
  const released = { ...entry, flags: entry.flags | RELEASED | KEPT, termMs: 0 }
  writeOwn(replica, table.keys[slot] as StoredKey, released, reading)
}
