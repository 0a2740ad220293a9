/** Who this peer is and what it can prove, from its options, its environment and its files. */

import { HoldfastError } from '../machines/rules/errors.ts'
import { type Protection, secretBitsOf } from '../machines/rules/exposure.ts'
import { GUESTS_MAX, type GuestList, type Guests, guestListOf } from '../machines/rules/guests.ts'
import { isId } from '../machines/rules/peer.ts'
import { createCredentials, isDerivedId } from '../transport/credentials.ts'
import type { Credentials, Random } from '../transport/ports.ts'
import type { TlsCertificates } from '../transport/tlsCertificates.ts'
import { keptKey, namedSecret, secretPath } from './keyFile.ts'
import { areIds } from './permissions.ts'

/** The longest secret, in bytes or characters. */
export const SECRET_LENGTH_MAX = 1_024
/** How many secrets are accepted while one takes the place of another. */
export const SECRETS_MAX = 2
/** The longest path of a file, in characters. */
const PATH_CHARS_MAX = 4_096

type Secret = string | Uint8Array

/** The one way to say that nobody else is on that network. */
export const INSECURE = 'plain-text-on-this-network'

/** What a dictionary proves itself with. */
export interface Proving extends Guests {
  /**
   * This peer's name: 1 to 128 printable characters. Whoever knows the secret can take any name.
   * Default an id that is derived from a key, which nobody else can take.
   */
  readonly peerId?: string
  /**
   * What all peers of the network know, and nobody else: text or bytes, as `npx holdfast secret`
   * prints them. Of two, the first is used and both are accepted, so that the secret can be changed
   * while peers run. Default the variable HOLDFAST_SECRET, else a file of this user, which is made
   * at the first start: `~/.config/holdfast/secret`.
   */
  readonly secret?: Secret | readonly Secret[]
  /**
   * A file that keeps this peer's key, so that it has the same `peerId` after a restart; it is made
   * at the first start. Without it the key, and the id with it, is a fresh one at each opening.
   * Not together with `peerId`.
   */
  readonly identity?: string
  /**
   * Lets plain text leave this machine: whoever is between two peers can read and change everything
   * then. The same at every peer, since their proofs do not cover the addresses of the connection
   * any more; a port that is forwarded needs it too.
   */
  readonly insecure?: typeof INSECURE
  /**
   * Certificates of an authority of your own, with which `tls://` knows who belongs here: `ca`,
   * `cert` and `key`, as PEM texts or paths. Default none, and the secret lets peers in.
   */
  readonly tls?: TlsCertificates
}

/** What of it is not shown to anybody. */
export type Kept = 'secret' | 'identity' | 'insecure' | 'tls' | keyof Guests

/** What each of these can be. */
export const PROVING_CHECKS: { readonly [Name in keyof Proving]-?: (value: unknown) => boolean } = {
  peerId: isId,
  secret: areSecrets,
  identity: isPath,
  insecure: (value) => value === INSECURE,
  tls: (value) => typeof value === 'object' && value !== null,
  allow: areGuests,
  deny: areGuests,
}

/** True for a list of those who may be connected, or may not. */
export function areGuests(value: unknown): boolean {
  return areIds(value, GUESTS_MAX)
}

/** True for a secret, or two of them. */
function areSecrets(value: unknown): boolean {
  const list = Array.isArray(value) ? value : [value]
  return list.length >= 1 && list.length <= SECRETS_MAX && list.every(isSecret)
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 1 && value.length <= PATH_CHARS_MAX
}

/** What comes of it. */
export interface Proven {
  readonly credentials: Credentials
  readonly protection: Protection
  /** Who may be connected, when the dictionary is opened. */
  readonly guests: GuestList
}

/** What comes of it, and the secrets, for the carrier that takes its keys from them. */
export interface Proof extends Proven {
  readonly secrets: readonly Uint8Array[]
  /** By default: see `DictionaryOptions`. */
  readonly integrity: 'signed' | 'channel'
}

/** Throws `OPTION_INVALID` or `SECRET_FILE_REFUSED`. */
export function proveBy(options: Proving & { network: string; random?: Random }): Proof {
  const { network, peerId, identity, random } = options
  const given = givenSecrets(options)
  const secrets = given.length > 0 ? given.map(bytesOf) : [keptKey(secretPath())]
  const key = identity === undefined ? undefined : keptKey(identity)
  const name = identity === undefined ? peerId : undefined
  const credentials = createCredentials({ network, secrets, peerId: name, identity: key, random })
  const isOwn = peerId === undefined || credentials.isKeyOf(credentials.publicKey, peerId)
  if (!isOwn) {
    const message = isDerivedId(peerId)
      ? `The peerId '${peerId}' has the form of an id that belongs to a key, and not to this one.`
      : 'A peer with the option peerId has a key that the secret gives, so identity has no place.'
    throw new HoldfastError('OPTION_INVALID', message, { option: 'peerId' })
  }
  const secretBits = given.length > 0 ? Math.min(...given.map(secretBitsOf)) : undefined
  const isInsecure = options.insecure !== undefined
  const protection = { secretBits, hasAllowList: admitsKeysOnly(options), isInsecure }
  const proven = { credentials, protection, guests: guestListOf(options) }
  // Who was given a secret may share it with whom it does not trust; a user's file is not shared.
  return { ...proven, secrets, integrity: given.length > 0 ? 'signed' : 'channel' }
}

/**
 * True if only peers are admitted whose ids belong to keys: to come as one of these takes more than
 * to guess the secret. A name is as good as the secret, so a list of names keeps nobody out.
 */
export function admitsKeysOnly({ allow }: Guests): boolean {
  return allow?.every(isDerivedId) ?? false
}

/** By the option or by the environment; without any, that which is kept for this user is used. */
function givenSecrets({ secret }: Pick<Proving, 'secret'>): readonly Secret[] {
  if (secret !== undefined) return typeof secret === 'string' || !isList(secret) ? [secret] : secret
  const named = namedSecret()
  return named === undefined ? [] : [named]
}

function isList(secret: Uint8Array | readonly Secret[]): secret is readonly Secret[] {
  return Array.isArray(secret)
}

function isSecret(value: unknown): boolean {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return false
  return value.length >= 1 && value.length <= SECRET_LENGTH_MAX
}

function bytesOf(secret: Secret): Uint8Array {
  return typeof secret === 'string' ? new TextEncoder().encode(secret) : Uint8Array.from(secret)
}
