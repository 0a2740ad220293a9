/**
 * What proofs and seals are computed with, by `node:crypto`. In a browser, which has none of it
 * that answers at once, `browser/primitives.ts` takes the place of this file.
 */

import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash as digestOf,
  randomBytes as draw,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { recall } from '../machines/rules/cache.ts'

/** The length of a secret key, a public key and a SHA-256, in bytes. */
const KEY_BYTES = 32
/** How many public keys are kept ready for use. */
const KEYS_MAX = 1_024
/** RFC 8410: what stands before the 32 bytes of an Ed25519 private key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** An Ed25519 key, made ready: that takes longer than a signature. */
export interface SigningKey {
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

export function randomBytes(count: number): Uint8Array {
  return draw(count)
}

/** SHA-256. */
export function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash('sha256')
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}

/** Writes the first bytes of the SHA-256 of something into the target, for many small ones. */
export type DigestWriter = (of: Uint8Array, place: { at: number; bytes: number }) => void

/** One view of the target for all, since a fresh one each would cost as much as the hash. */
export function sha256Writer(target: Uint8Array): DigestWriter {
  const view = Buffer.from(target.buffer, target.byteOffset, target.length)
  return (of, { at, bytes }) => view.write(digestOf('sha256', of, 'binary'), at, bytes, 'latin1')
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(bytes).digest()
}

/** HKDF with SHA-256: a key of 32 bytes. */
export function hkdfSha256(
  secret: Uint8Array,
  { salt, info }: { salt: string; info: string },
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, KEY_BYTES))
}

/** The Ed25519 key of these 32 bytes. */
export function signingKeyOf(seed: Uint8Array): SigningKey {
  const key = Buffer.concat([PKCS8_PREFIX, seed])
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  return {
    publicKey: Buffer.from(x as string, 'base64url'),
    sign: (bytes) => sign(null, bytes, privateKey),
  }
}

/** Whether that key has signed these bytes, by Ed25519. Throws if it is no point of the curve. */
export function isSignedBy(
  publicKey: Uint8Array,
  { bytes, signature }: { bytes: Uint8Array; signature: Uint8Array },
): boolean {
  return verify(null, bytes, publicKeyObject(publicKey), signature)
}

/** Whether two texts of one length are the same, in a time that tells nothing. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(one, other)
}

const publicKeys = new Map<string, KeyObject>()

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url')
  const make = () => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return recall(publicKeys, x, { make, most: KEYS_MAX })
}
