/** What an application hears when a key changes: its value, or its lease. */

import { EPHEMERAL, KEPT, STOLEN } from './batch.ts'
import { hashValue } from './flat.ts'
import { Hash } from './hash.ts'
import type { StoredKey } from './key.ts'
import type { Origin } from './peer.ts'
import { keyAt, type Replica, readValue } from './replica.ts'
import { exposeValue, type Kept } from './value.ts'

/** What a slot held before it was written anew. */
export interface Former {
  readonly hadValue: boolean
  readonly value: Kept
  readonly isEphemeral: boolean
  readonly writer: number
  readonly token: number
}

/** What a key was that nobody had written. */
export const NOTHING: Former = {
  hadValue: false,
  value: null,
  isEphemeral: false,
  writer: 0,
  token: 0,
}

export function formerOf(replica: Replica, slot: number): Former {
  const { table } = replica
  return {
    hadValue: table.shows(slot),
    value: table.values[slot],
    isEphemeral: ((table.flags[slot] as number) & EPHEMERAL) !== 0,
    writer: table.writer[slot] as number,
    token: table.epoch[slot] as number,
  }
}

/**
 * True if there is nobody to hear what a write with these flags changes in the slot, so that it may
 * be left untold. The end of an ephemeral value and a theft are always told.
 */
export function isUnheard(replica: Replica, slot: number, flags: number): boolean {
  if (replica.areChangesHeard || replica.watched.size > 0) return false
  const former = replica.table.flags[slot] as number
  return ((former | flags) & EPHEMERAL) === 0 && (flags & STOLEN) === 0
}

/** Tells what was written into the slot. A write that renews or releases only changes the lease. */
export function tellChange(
  replica: Replica,
  slot: number,
  { former, local }: { former: Former; local: boolean },
): void {
  const { table, facts } = replica
  const key = keyAt(replica, slot)
  const owner = writerOf(replica, slot).peer
  const token = table.epoch[slot] as number
  if (!table.shows(slot)) {
    // The trace of an ephemeral value says whether it was deleted or only came to its end.
    if (!former.hadValue) {
      tellTheft(replica, slot, former)
      return tellLeaseChange(replica, slot)
    }
    const isTrace = ((table.flags[slot] as number) & EPHEMERAL) !== 0
    const hasEnded = former.isEphemeral && former.token !== token
    if (isTrace || hasEnded) tellExpired(replica, slot, former)
    else {
      const previous = exposeValue(former.value)
      facts.push({ type: 'delete', key, previous, owner, token, local })
    }
  } else if (!isLeaseOnly(replica, slot, former)) {
    // Under another token it is not the same value that goes on: that one came to its end first.
    const hasEnded = former.hadValue && former.isEphemeral && former.token !== token
    if (hasEnded) tellExpired(replica, slot, former)
    const value = readValue(replica, slot)
    const previous = former.hadValue && !hasEnded ? exposeValue(former.value) : undefined
    facts.push({ type: 'update', key, value, previous, owner, token, local })
  }
  tellTheft(replica, slot, former)
  tellLeaseChange(replica, slot)
}

function tellTheft(replica: Replica, slot: number, former: Former): void {
  const { table, facts, origins } = replica
  const token = table.epoch[slot] as number
  const isStolen = ((table.flags[slot] as number) & STOLEN) !== 0
  if (!isStolen || former.token === token || former.token === 0) return
  const from = (origins[former.writer] as Origin).peer
  const owner = writerOf(replica, slot).peer
  facts.push({ type: 'lease.stolen', key: keyAt(replica, slot), owner, from, token })
}

/** Tells that an ephemeral value is gone with its lease. */
export function tellExpired(replica: Replica, slot: number, former: Former): void {
  replica.facts.push({
    type: 'expired',
    key: keyAt(replica, slot),
    previous: exposeValue(former.value),
    owner: (replica.origins[former.writer] as Origin).peer,
    token: former.token,
  })
}

/** Tells those who wait for this key that its lease changed. */
export function tellLeaseChange(replica: Replica, slot: number): void {
  if (replica.watched.size === 0) return
  if (!replica.watched.has(replica.table.keys[slot] as StoredKey)) return
  replica.facts.push({
    type: 'lease.changed',
    key: keyAt(replica, slot),
    owner: writerOf(replica, slot).peer,
    token: replica.table.epoch[slot] as number,
  })
}

/** A peer may have missed the value that the writer kept, so its word alone is not enough. */
function isLeaseOnly(replica: Replica, slot: number, former: Former): boolean {
  const { table } = replica
  if (!former.hadValue || ((table.flags[slot] as number) & KEPT) === 0) return false
  return isSameValue(table.values[slot] as Kept, former.value)
}

export function isSameValue(one: Kept, other: Kept): boolean {
  if (one === other) return true
  const [first, second] = [hashOf(one), hashOf(other)]
  return first.low === second.low && first.high === second.high
}

function hashOf(value: Kept): Hash {
  const hash = new Hash().start()
  hashValue(hash, value)
  return hash.finish()
}

function writerOf(replica: Replica, slot: number): Origin {
  return replica.origins[replica.table.writer[slot] as number] as Origin
}

/** From now on the lease of that key is told of, for one more who asks. */
export function watch({ watched }: Replica, key: StoredKey): void {
  watched.set(key, (watched.get(key) ?? 0) + 1)
}

export function unwatch({ watched }: Replica, key: StoredKey): void {
  const left = (watched.get(key) ?? 0) - 1
  if (left > 0) watched.set(key, left)
  else watched.delete(key)
}
