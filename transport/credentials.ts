/**
 * Proofs and keys. No other file of this room makes any, but for the names of keys in
 * `tlsSecret.ts`.
 *
 * From one secret come five keys, one for each purpose, by HKDF-SHA256 with the network's name as
 * salt; and, for each name, the Ed25519 key of the peer that bears it. So a name is only as good as
 * everybody who knows the secret. A peer without a name has a key that nobody else knows, and its
 * id is a hash of that key.
 */

import { recall } from '../machines/rules/cache.ts'
import {
  MAC_BYTES,
  PUBLIC_KEY_BYTES,
  REFUSAL_BYTES,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from '../machines/rules/proof.ts'
import type { Credentials, Membership, ProofPurpose, Random, Signed } from './ports.ts'
import {
  hkdfSha256,
  hmacSha256,
  isSame,
  isSignedBy,
  randomBytes,
  type SigningKey,
  sha256,
  signingKeyOf,
} from './primitives.ts'

/** The length of a private key, in bytes. */
const KEY_BYTES = 32
/** How much of SHA-256 an id holds, in bytes. 160 bits are 32 characters of five bits each. */
const ID_BYTES = 20
/** How many keys are kept ready for use: derived ones, those of names and those of peers met. */
const KEYS_MAX = 1_024
/** RFC 4648, in small letters. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

const PROOF_BYTES: Readonly<Record<ProofPurpose, number>> = {
  tag: TAG_BYTES,
  'mac-dialler': MAC_BYTES,
  'mac-acceptor': MAC_BYTES,
  refusal: REFUSAL_BYTES,
  connection: 16,
}

export interface CredentialsOptions {
  readonly network: string
  /** What all members of the network know. The first is used to prove, all are accepted. */
  readonly secrets: readonly Uint8Array[]
  /** A name. Without one the peer is who its key says. */
  readonly peerId?: string | undefined
  /** The 32 bytes of a private key, of a peer without a name. Default fresh ones. */
  readonly identity?: Uint8Array | undefined
  /**
   * Chance for nonces, in scenarios that replay from a seed. Default the system's, which is the
   * only one that is safe.
   */
  readonly random?: Random | undefined
}

/** Makes the credentials of one peer. */
export function createCredentials(options: CredentialsOptions): Credentials {
  const { network, secrets, peerId, random } = options
  const named = (name: string) => secrets.map((secret) => pairOf(seedOf(name, { network, secret })))
  const own =
    peerId === undefined
      ? pairOf(options.identity ?? randomBytes(KEY_BYTES))
      : (named(peerId)[0] as SigningKey)
  return {
    peerId: peerId ?? idOf(own.publicKey),
    publicKey: own.publicKey,
    memberships: membershipsOf(secrets, network),
    membershipsIn: (other) => membershipsOf(secrets, other),
    sign: (purpose, bytes) => own.sign(labelled(purpose, bytes)),
    verify: isSigned,
    idOf,
    publicKeyOf: (name) => (isDerivedId(name) ? undefined : named(name)[0]?.publicKey),
    isKeyOf: (publicKey, id) => {
      if (publicKey.length !== PUBLIC_KEY_BYTES) return false
      if (isDerivedId(id)) return idOf(publicKey) === id
      return named(id).some((pair) => isEqual(pair.publicKey, publicKey))
    },
    hash: sha256,
    isEqual,
    randomBytes: random === undefined ? randomBytes : (count) => drawn(count, random),
  }
}

/** True for a text of the form that ids have which are derived from a key. */
export function isDerivedId(text: string): boolean {
  return /^[a-z2-7]{32}$/.test(text)
}

function membershipsOf(secrets: readonly Uint8Array[], network: string): Membership[] {
  return secrets.map((secret) => {
    return {
      prove: (purpose, bytes) => {
        const key = deriveKey({ secret, network, label: purpose })
        return hmacSha256(key, bytes).subarray(0, PROOF_BYTES[purpose])
      },
    }
  })
}

/** A key for one purpose: HKDF-SHA256 with the network's name as salt. */
export function deriveKey(from: {
  secret: Uint8Array
  network: string
  label: string
}): Uint8Array {
  const { secret, network, label } = from
  const info = `holdfast/1 ${label}`
  const name = JSON.stringify([network, info, latin1Of(secret)])
  const make = () => hkdfSha256(secret, { salt: network, info })
  return recall(derived, name, { make, most: KEYS_MAX })
}

function seedOf(name: string, { network, secret }: { network: string; secret: Uint8Array }) {
  return deriveKey({ secret, network, label: `name ${name}` })
}

const encoder = new TextEncoder()
const derived = new Map<string, Uint8Array>()
const pairs = new Map<string, SigningKey>()

/** Making a key ready takes longer than a signature, so it is done once. */
function pairOf(seed: Uint8Array): SigningKey {
  return recall(pairs, latin1Of(seed), { make: () => signingKeyOf(seed), most: KEYS_MAX })
}

/** A name for some bytes: a character for each. */
export function latin1Of(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Two hexadecimal digits for each byte. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function isSigned({ publicKey, purpose, bytes, signature }: Signed): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  try {
    return isSignedBy(publicKey, { bytes: labelled(purpose, bytes), signature })
  } catch {
    // These bytes are no point of the curve.
    return false
  }
}

function labelled(purpose: string, bytes: Uint8Array): Uint8Array {
  return joined(encoder.encode(`holdfast/1 ${purpose}\n`), bytes)
}

/** All of them, one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const each of parts) {
    all.set(each, at)
    at += each.length
  }
  return all
}

function idOf(publicKey: Uint8Array): string {
  const bytes = sha256([encoder.encode('holdfast/1 id'), publicKey]).subarray(0, ID_BYTES)
  let text = ''
  for (let bit = 0; bit < ID_BYTES * 8; bit += 5) {
    const window = ((bytes[bit >> 3] as number) << 8) | (bytes[(bit >> 3) + 1] ?? 0)
    text += BASE32[(window >> (11 - (bit & 7))) & 31]
  }
  return text
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && isSame(one, other)
}

function drawn(count: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
}
