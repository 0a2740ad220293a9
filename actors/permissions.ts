/** The rules of a network about who may write what, as an application gives them. */

import { LEASE_MS_MAX, LEASE_MS_MIN } from '../machines/rules/lease.ts'
import { isId } from '../machines/rules/peer.ts'
import {
  OPERATIONS,
  type Operation,
  PERMISSIONS_MAX,
  PERMITTED_IDS_MAX,
  type Permission,
} from '../machines/rules/permission.ts'
import { hexOf } from '../transport/credentials.ts'
import { sha256 } from '../transport/primitives.ts'

/** The longest prefix, in characters. */
const PREFIX_CHARS_MAX = 1_024

const RULE_FIELDS: ReadonlySet<string> = new Set(['prefix', 'ids', 'ops', 'maxTtlMs'])

export function arePermissions(value: unknown): value is readonly Permission[] {
  return Array.isArray(value) && value.length <= PERMISSIONS_MAX && value.every(isPermission)
}

/** True for a list of peer ids, each of them once. */
export function areIds(value: unknown, most = PERMITTED_IDS_MAX): value is readonly string[] {
  if (!Array.isArray(value) || value.length > most) return false
  return value.every(isId) && new Set(value).size === value.length
}

function isPermission(value: unknown): value is Permission {
  if (typeof value !== 'object' || value === null) return false
  if (!Object.keys(value).every((name) => RULE_FIELDS.has(name))) return false
  const { prefix, ids, ops, maxTtlMs } = value as Partial<Permission>
  if (typeof prefix !== 'string' || prefix.length > PREFIX_CHARS_MAX) return false
  if (!prefix.isWellFormed() || (ids !== undefined && !areIds(ids))) return false
  if (ops !== undefined && !areOperations(ops)) return false
  return maxTtlMs === undefined || (maxTtlMs >= LEASE_MS_MIN && maxTtlMs <= LEASE_MS_MAX)
}

function areOperations(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => OPERATIONS.includes(each as Operation))
}

/** What decides over acceptance, and so must be the same at every peer of a network. */
export interface NetworkRules {
  readonly integrity: 'signed' | 'channel'
  readonly readOnly: readonly string[]
  readonly permissions: readonly Permission[]
}

/** What holds where nothing is said. */
export const NETWORK_RULES: NetworkRules = {
  integrity: 'channel',
  readOnly: [],
  permissions: [],
}

/**
 * A fingerprint of the rules, for the handshake: 32 hexadecimal digits of SHA-256 over their
 * canonical form, in which no order counts; and the word for how entries are proven.
 */
export function fingerprintOf({ integrity, readOnly, permissions }: NetworkRules): string {
  if (readOnly.length === 0 && permissions.length === 0) return integrity
  const rules = permissions.map(({ prefix, ids, ops, maxTtlMs }) =>
    JSON.stringify([prefix, sorted(ids), sorted(ops), maxTtlMs ?? null]),
  )
  const canonical = JSON.stringify([sorted(readOnly), rules.sort()])
  return `${integrity}-${hexOf(sha256([new TextEncoder().encode(canonical)])).slice(0, 32)}`
}

function sorted(list: readonly string[] | undefined): string[] | null {
  return list === undefined ? null : [...list].sort()
}
