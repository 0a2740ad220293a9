/** What an application hears when a key changes: its value, or its lease. */

import { KEPT } from './batch.ts'
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
}

export function formerOf(replica: Replica, slot: number): Former {
  return { hadValue: replica.table.hasValue(slot), value: replica.table.values[slot] }
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
  const previous = former.hadValue ? exposeValue(former.value) : undefined
  if (!table.hasValue(slot)) {
    if (former.hadValue) facts.push({ type: 'delete', key, previous, owner, token, local })
  } else if (!isLeaseOnly(replica, slot, former)) {
    const value = readValue(replica, slot)
    facts.push({ type: 'update', key, value, previous, owner, token, local })
  }
  tellLeaseChange(replica, slot)
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
  const value = table.values[slot]
  if (value === former.value) return true
  const [now, before] = [hashOf(value), hashOf(former.value)]
  return now.low === before.low && now.high === before.high
}

function hashOf(value: Kept): Hash {
  const hash = new Hash().start()
  hashValue(hash, value)
  return hash.finish()
}

function writerOf(replica: Replica, slot: number): Origin {
  return replica.origins[replica.table.writer[slot] as number] as Origin
}
