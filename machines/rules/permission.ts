/**
 * Who may write what. These rules decide over acceptance, so they are equal at every peer of a
 * network and look only at what an entry itself says: never at a clock or at what is known here.
 * Whatever one peer refuses, all refuse, and no two replicas part over it.
 *
 * Of the rules whose prefix a key begins with, those with the longest one count, and one of them
 * must permit the entry. A key that no rule speaks of is free for all who may write at all.
 */

import { ABSENT, at, type Batch, EPHEMERAL, KEPT, RELEASED, STOLEN } from './batch.ts'
import type { StoredKey } from './key.ts'
import type { PeerId } from './peer.ts'

/**
 * What a rule speaks of: `set` writes a value or takes a lease, `delete` removes a value, `steal`,
 * beside `set`, takes a lease that is in force, on purpose.
 */
export type Operation = 'set' | 'delete' | 'steal'

export const OPERATIONS: readonly Operation[] = ['set', 'delete', 'steal']

/** One rule about the keys with a prefix. */
export interface Permission {
  /** Text that the keys begin with; empty for all keys. Keys that are no text match only that. */
  readonly prefix: string
  /** Who is permitted; left out for everybody. */
  readonly ids?: readonly string[]
  /** What is permitted; left out for everything. */
  readonly ops?: readonly Operation[]
  /** The longest term of a lease. Milliseconds, default without limit. */
  readonly maxTtlMs?: number
}

/** The rules of a network, made ready to be asked. */
export interface Permissions {
  readonly readOnly: ReadonlySet<string>
  /** Longest prefix first. */
  readonly rules: readonly Permission[]
}

/** The most rules, and the most ids in one list. */
export const PERMISSIONS_MAX = 256
export const PERMITTED_IDS_MAX = 1_024

/** Why an entry is not permitted. */
export type Denial = 'read-only' | 'prefix' | 'term'

export function permissionsOf(
  readOnly: readonly string[],
  rules: readonly Permission[],
): Permissions {
  const sorted = [...rules].sort((one, other) => other.prefix.length - one.prefix.length)
  return { readOnly: new Set(readOnly), rules: sorted }
}

/** What somebody wants to write. */
export interface Intent {
  readonly peer: PeerId
  readonly key: StoredKey
  /** All of these must be permitted. */
  readonly operations: readonly Operation[]
  readonly termMs: number
}

/** Why this may not be written, or undefined if it may. */
export function judgeIntent({ readOnly, rules }: Permissions, intent: Intent): Denial | undefined {
  const { peer, key, operations, termMs } = intent
  if (readOnly.has(peer)) return 'read-only'
  let denial: Denial | undefined
  let length: number | undefined
  for (const { prefix, ids, ops, maxTtlMs } of rules) {
    if (length !== undefined && prefix.length < length) break
    if (!key.startsWith(prefix)) continue
    length = prefix.length
    const isAllowed = ops === undefined || operations.every((each) => ops.includes(each))
    const isPermitted = (ids?.includes(peer) ?? true) && isAllowed
    if (isPermitted && termMs <= (maxTtlMs ?? Number.POSITIVE_INFINITY)) return undefined
    if (denial !== 'term') denial = isPermitted ? 'term' : 'prefix'
  }
  return denial
}

/** The longest term that this peer may ask for, in milliseconds, of those that its rules name. */
export function termMsMax({ rules }: Permissions, peer: PeerId, key: StoredKey): number {
  let longest: number | undefined
  let length: number | undefined
  for (const { prefix, ids, maxTtlMs = Number.POSITIVE_INFINITY } of rules) {
    if (length !== undefined && prefix.length < length) break
    if (!key.startsWith(prefix)) continue
    length = prefix.length
    if (ids?.includes(peer) ?? true) longest = Math.max(longest ?? 0, maxTtlMs)
  }
  return longest ?? Number.POSITIVE_INFINITY
}

const SET: readonly Operation[] = ['set']
const DELETE: readonly Operation[] = ['delete']
const STEAL: readonly Operation[] = ['set', 'steal']

/** What an entry with these flags does. */
export function operationsOf(flags: number): readonly Operation[] {
  if ((flags & STOLEN) !== 0) return STEAL
  // A bare lease that is given back removes nothing, and an ephemeral value ends by itself.
  const relevant = flags & (ABSENT | RELEASED | KEPT | EPHEMERAL)
  return relevant === (ABSENT | RELEASED) ? DELETE : SET
}

/** Why the first row of a batch that is not permitted is none, or undefined if all are. */
export function judgeBatch(permissions: Permissions, batch: Batch): Denial | undefined {
  const { readOnly, rules } = permissions
  if (readOnly.size === 0 && rules.length === 0) return undefined
  for (let row = 0; row < batch.keys.length; row++) {
    const { peer } = batch.origins[at(batch.writer, row)] as { peer: PeerId }
    const key = batch.keys[row] as StoredKey
    const operations = operationsOf(at(batch.flags, row))
    const termMs = at(batch.termMs, row)
    const denial = judgeIntent(permissions, { peer, key, operations, termMs })
    if (denial !== undefined) return denial
  }
  return undefined
}
