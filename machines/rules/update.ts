/** Several pairs that an application writes in one go: all of them, or none. */

import { hasRoom, limitBroken } from './grant.ts'
import { type Key, publicKey } from './key.ts'
import { writePlain } from './plainWrite.ts'
import type { Replica } from './replica.ts'
import { NOWHERE } from './table.ts'
import {
  type Assignment,
  assign,
  isPlain,
  permit,
  permitSet,
  type Receipt,
  type Verdict,
  type WriteOptions,
  type WriteRefusal,
} from './write.ts'

/** All pairs or none. A key that comes twice gets the later value. */
export function update(
  replica: Replica,
  assignments: readonly Assignment[],
  options: WriteOptions,
): Verdict<Receipt[]> {
  const permitted = permitAll(replica, assignments, options)
  if ('refused' in permitted) return permitted
  const { slots, epochs } = permitted
  const limit = limitBrokenByAll(replica, assignments)
  const [first] = assignments
  if (limit !== undefined && first !== undefined) {
    return { refused: { verdict: 'full', limit }, key: publicKey(first.key) }
  }
  const { reading, leaseMs, kind } = options
  const isPlainAll = isPlain(replica, options)
  const done: Receipt[] = []
  for (let index = 0; index < assignments.length; index++) {
    const assignment = assignments[index] as Assignment
    // A key that comes twice has a slot by now.
    const known = slots[index] as number
    const slot = known === NOWHERE ? replica.table.find(assignment.key) : known
    const write = leaseMs === undefined ? assignment : { ...assignment, leaseMs }
    const plain = isPlainAll ? writePlain(replica, slot, write, reading) : undefined
    const epoch = epochs[index] as number
    done.push(plain ?? assign(replica, assignment, { reading, leaseMs, kind, epoch, slot }))
  }
  return { done }
}

/** Where each of them goes, and under which epoch. */
function permitAll(
  replica: Replica,
  assignments: readonly Assignment[],
  options: WriteOptions,
): { slots: number[]; epochs: number[] } | { refused: WriteRefusal; key: Key } {
  const [slots, epochs]: [number[], number[]] = [[], []]
  // Where leases alone decide, all keys that nobody wrote are judged alike.
  const forNew = isPlain(replica, options) ? permit(replica, NOWHERE, options) : undefined
  for (const { key } of assignments) {
    const slot = replica.table.find(key)
    const isNew = slot === NOWHERE && forNew !== undefined
    const epoch = isNew ? forNew : permitSet(replica, key, slot, options)
    if (typeof epoch !== 'number') return { refused: epoch, key: publicKey(key) }
    slots.push(slot)
    epochs.push(epoch)
  }
  return { slots, epochs }
}

/** Only what comes near a limit is counted key by key. */
function limitBrokenByAll(replica: Replica, assignments: readonly Assignment[]) {
  let bytes = 0
  for (const { key, value } of assignments) bytes += key.length + value.bytes
  if (hasRoom(replica, { entries: assignments.length, bytes })) return undefined
  return limitBroken(replica, new Map(assignments.map(({ key, value }) => [key, value.bytes])))
}
