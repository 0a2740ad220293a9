/** The options of a dictionary: checked once, then complete. */

import { nanoid } from 'nanoid'
import { validAddress } from '../machines/rules/addressBook.ts'
import { LEASE_MS_MAX_DEFAULT, safetyFingerprint, VOTERS_MAX } from '../machines/rules/ballot.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import { HEARSAY_LIMITS, type HearsayLimits } from '../machines/rules/hearsay.ts'
import { NETWORK_CHARS_MAX } from '../machines/rules/hello.ts'
import { KNOCK_LIMITS, type KnockLimits } from '../machines/rules/knock.ts'
import {
  LEASE_MS_DEFAULT,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  type TakeoverPolicy,
} from '../machines/rules/lease.ts'
import { ID_CHARS_MAX, isId, type PeerId } from '../machines/rules/peer.ts'
import type { Permission } from '../machines/rules/permission.ts'
import { REPLICA_LIMITS, type ReplicaLimits } from '../machines/rules/replica.ts'
import { realClock } from '../transport/clock.ts'
import type { Clock, Random, Transport } from '../transport/ports.ts'
import { carriersOf } from './carriers.ts'
import { type Kept, PROVING_CHECKS, type Proven, type Proving, proveBy } from './identity.ts'
import { SEND_QUEUE_BYTES_MAX } from './line.ts'
import { areIds, arePermissions, NETWORK_RULES } from './permissions.ts'
import { requireSheltered, requireTransports } from './shelter.ts'

/** How much a dictionary may hold and do. */
export interface Limits extends ReplicaLimits, KnockLimits, HearsayLimits {
  /** Bytes that may wait for one slow peer. */
  readonly sendQueueBytesMax: number
  /** Messages that may wait for recv or messages(). */
  readonly inboxMax: number
}

export const LIMITS: Limits = {
  ...REPLICA_LIMITS,
  ...KNOCK_LIMITS,
  ...HEARSAY_LIMITS,
  sendQueueBytesMax: SEND_QUEUE_BYTES_MAX,
  inboxMax: 10_000,
}

/** Who decides about leases. */
export type Safety = 'eventual' | 'majority'

/** How entries are proven. */
export type Integrity = 'signed' | 'channel'

/** The options of `openDictionary` and the input of `syncLogic`. All may be left out. */
export interface DictionaryOptions extends Proving {
  /**
   * The network's name; peers of another one are refused, with a reason on both sides. Default
   * `holdfast`.
   */
  readonly network?: string
  /**
   * Addresses to be dialled at, such as `tcp://127.0.0.1:4444`; port 0 lets the system choose.
   * Default none.
   */
  readonly listen?: readonly string[]
  /** Peers to dial, again and again for as long as the dictionary is open. Default none. */
  readonly join?: readonly string[]
  /**
   * Where others may dial this peer, if that is not where it listens: behind a NAT, or on all
   * interfaces.
   */
  readonly advertise?: readonly string[]
  /** Whether keys have owners. Part of the network's identity. Default true. */
  readonly leasing?: boolean
  /**
   * How long a key stays its owner's after the last write. Milliseconds, 20 to ten years, default
   * 3,600,000.
   */
  readonly leaseMs?: number
  /**
   * Who decides about leases: `eventual` each peer for itself, at once; `majority` the voters, so
   * that there is never more than one holder. Part of the network's identity. Default `eventual`.
   */
  readonly safety?: Safety
  /** The ids of the peers that decide in majority mode: 1 to 9, the same at every peer. */
  readonly voters?: readonly string[]
  /**
   * The longest term in majority mode, and how long a voter that restarted abstains. The same at
   * every peer. Milliseconds, 20 to ten years, default 15,000; `leaseMs` is that long by default.
   */
  readonly leaseMsMax?: number
  /**
   * How entries are proven: `signed` by their writers, so that no member can write under another's
   * name; or by the `channel` that they came by: faster, among peers that trust each other. The
   * same at every peer. Default `signed` where a secret is given, by the option or in
   * HOLDFAST_SECRET; else `channel`, since only processes of one user know the secret then.
   */
  readonly integrity?: Integrity
  /** The ids of peers that may only read. The same at every peer. Default none. */
  readonly readOnly?: readonly string[]
  /**
   * Who may write which keys: see `Permission`. The same at every peer. Default no rules, and
   * everybody may write.
   */
  readonly permissions?: readonly Permission[]
  /**
   * How many connections this peer opens to peers that others told it of. `join` does not count.
   * Default 8.
   */
  readonly maxOutgoing?: number
  /** Who may take over a lapsed lease: see `TakeoverPolicy`. Default `auto`. */
  readonly takeover?: TakeoverPolicy
  readonly limits?: Partial<Limits>
  /** Time; a `SteppingClock` in scenarios. Default the real one. */
  readonly clock?: Clock
  /**
   * Chance, a number in [0, 1), for scenarios that replay: it makes the nonces of handshakes, too.
   * Default `Math.random`, and the system's own for nonces.
   */
  readonly random?: Random
  /** Makes ids. Default nanoid. */
  readonly makeId?: () => string
  /** Carriers in place of TCP and TLS, by scheme. Default these two. */
  readonly transports?: readonly Transport[]
}

type Decided = Required<Omit<DictionaryOptions, 'limits' | Kept>>

/** The options when all are decided. Secrets are in the credentials, where nobody sees them. */
export interface Settings extends Decided, Proven {
  readonly limits: Limits
}

const settled = new WeakSet<object>()

const ADDRESSES_MAX = 64

const CHECKS: { readonly [Name in keyof DictionaryOptions]-?: (value: unknown) => boolean } = {
  network: isNetwork,
  listen: areAddresses,
  join: areAddresses,
  advertise: areAddresses,
  leasing: (value) => typeof value === 'boolean',
  leaseMs: isLeaseMs,
  safety: (value) => value === 'eventual' || value === 'majority',
  voters: areVoters,
  leaseMsMax: isLeaseMs,
  integrity: (value) => value === 'signed' || value === 'channel',
  readOnly: (value) => areIds(value),
  permissions: arePermissions,
  ...PROVING_CHECKS,
  maxOutgoing: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  takeover: (value) => ['auto', 'majority', 'any'].includes(value as string),
  limits: areLimits,
  clock: (value) => has(value, ['now', 'wall', 'setTimeout', 'clearTimeout', 'defer']),
  random: (value) => typeof value === 'function',
  makeId: (value) => typeof value === 'function',
  transports: (value) =>
    Array.isArray(value) && value.every((each) => has(each, ['dial', 'listen']) && hasScheme(each)),
}

/**
 * The complete settings; those that are complete stay as they are. Throws `OPTION_UNKNOWN`,
 * `OPTION_INVALID`, `ADDRESS_INVALID`, `ADDRESS_EXPOSED` or `SECRET_FILE_REFUSED`.
 */
export function settle(options: DictionaryOptions | Settings = {}): Settings {
  if (settled.has(options)) return options as Settings
  const given = givenOptions(options)
  requireSafety(given)
  const { secret, identity, insecure, tls, allow, deny, ...open } = given
  const network = given.network ?? 'holdfast'
  const limits = { ...LIMITS, ...given.limits }
  const isMajority = given.safety === 'majority'
  const leaseMsMax = given.leaseMsMax ?? (isMajority ? LEASE_MS_MAX_DEFAULT : LEASE_MS_MAX)
  const { secrets, integrity, ...proven } = proveBy({ ...given, network })
  const bounds = { queueBytesHigh: limits.sendQueueBytesMax, isBound: insecure === undefined }
  const transports = carriersOf({ network, secrets, tls, ...bounds })
  const settings: Settings = {
    network,
    listen: [],
    join: [],
    advertise: [],
    leasing: true,
    leaseMs: isMajority ? leaseMsMax : LEASE_MS_DEFAULT,
    safety: 'eventual',
    voters: [],
    ...NETWORK_RULES,
    integrity,
    peerId: proven.credentials.peerId,
    maxOutgoing: 8,
    takeover: 'auto',
    clock: realClock(),
    random: Math.random,
    makeId: () => nanoid(),
    transports,
    ...open,
    leaseMsMax,
    limits,
    ...proven,
  }
  requireTransports(settings)
  requireSheltered(settings)
  settled.add(settings)
  return settings
}

function givenOptions(options: DictionaryOptions): DictionaryOptions {
  const entries = Object.entries(options)
  for (const [name, value] of entries) {
    const check = Object.hasOwn(CHECKS, name) && CHECKS[name as keyof DictionaryOptions]
    if (!check) {
      throw new HoldfastError('OPTION_UNKNOWN', `There is no option '${name}'.`, { option: name })
    }
    if (value !== undefined && !check(value)) throw invalid(name, value)
  }
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** True for a term that a lease may have, in milliseconds. */
export function isLeaseMs(value: unknown): boolean {
  return typeof value === 'number' && value >= LEASE_MS_MIN && value <= LEASE_MS_MAX
}

/** How the network decides about leases, for the handshake. */
export function safetyOf({ safety, voters, leaseMsMax }: Settings): string {
  return safety === 'majority' ? safetyFingerprint(voters as PeerId[], leaseMsMax) : ''
}

/** Throws `OPTION_INVALID` if a term is asked for that no lease may have. */
export function requireLeaseMs(leaseMs: number | undefined, leaseMsMax = LEASE_MS_MAX): void {
  if (leaseMs === undefined || (isLeaseMs(leaseMs) && leaseMs <= leaseMsMax)) return
  const message = `leaseMs must be ${LEASE_MS_MIN} to ${leaseMsMax} milliseconds.`
  throw new HoldfastError('OPTION_INVALID', message, { option: 'leaseMs' })
}

/** Throws `LEASES_OFF` in a dictionary without leases. */
export function requireLeases({ leasing }: Pick<Settings, 'leasing'>): void {
  if (!leasing) throw new HoldfastError('LEASES_OFF', 'This dictionary has no leases.')
}

function invalid(name: string, value: unknown): HoldfastError {
  if (name === 'listen' || name === 'join' || name === 'advertise') {
    const list = Array.isArray(value) ? value : [value]
    const address = list.find((each) => !validAddress(each))
    const message = `The option '${name}' has no valid address in ${String(address)}.`
    return new HoldfastError('ADDRESS_INVALID', message, { option: name, address: String(address) })
  }
  const hint = HINTS[name] ?? ''
  return new HoldfastError('OPTION_INVALID', `The option '${name}' is no valid value${hint}.`, {
    option: name,
  })
}

const HINTS: Readonly<Record<string, string>> = {
  peerId: ` of 1 to ${ID_CHARS_MAX} printable characters`,
  voters: `: with safety 'majority', and only then, 1 to ${VOTERS_MAX} different peer ids`,
  leaseMsMax: ": with safety 'majority', and only then, a term in milliseconds",
  leasing: ": safety 'majority' needs leases",
}

/** Throws `OPTION_INVALID` unless the options of majority mode fit each other. */
function requireSafety(given: DictionaryOptions): void {
  const { safety, voters, leaseMsMax, leasing, leaseMs } = given
  const isMajority = safety === 'majority'
  if (isMajority && voters === undefined) throw invalid('voters', voters)
  if (!isMajority && voters !== undefined) throw invalid('voters', voters)
  if (!isMajority && leaseMsMax !== undefined) throw invalid('leaseMsMax', leaseMsMax)
  if (isMajority && leasing === false) throw invalid('leasing', leasing)
  if (isMajority) requireLeaseMs(leaseMs, leaseMsMax ?? LEASE_MS_MAX_DEFAULT)
}

function areVoters(value: unknown): boolean {
  if (!Array.isArray(value) || !isLength(value.length, VOTERS_MAX)) return false
  return value.every(isId) && new Set(value).size === value.length
}

/** Half a character would not come through the wire as it is. */
function isNetwork(value: unknown): boolean {
  if (typeof value !== 'string' || !value.isWellFormed()) return false
  return isLength(value.length, NETWORK_CHARS_MAX)
}

function areAddresses(value: unknown): boolean {
  return Array.isArray(value) && value.length <= ADDRESSES_MAX && value.every(validAddress)
}

function areLimits(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, limit]) => Object.hasOwn(LIMITS, name) && typeof limit === 'number' && limit > 0,
  )
}

function hasScheme(transport: { scheme?: unknown }): boolean {
  return typeof transport.scheme === 'string' && transport.scheme !== ''
}

function has(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}

function isLength(length: number, max: number): boolean {
  return length >= 1 && length <= max
}
