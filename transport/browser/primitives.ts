/**
 * `../primitives.ts` for a browser. What browsers compute themselves answers later, and a write is
 * decided at once; so this takes two packages that are pure JavaScript and audited.
 */

import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes, randomBytes } from '@noble/curves/utils.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as digestOf } from '@noble/hashes/sha2.js'
import type * as primitives from '../primitives.ts'

const KEY_BYTES = 32

export { randomBytes }

export const sha256: typeof primitives.sha256 = (parts) => {
  const hasher = digestOf.create()
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}

export const sha256Writer: typeof primitives.sha256Writer = (target) => {
  return (of, { at, bytes }) => target.set(digestOf(of).subarray(0, bytes), at)
}

export const hmacSha256: typeof primitives.hmacSha256 = (key, bytes) => hmac(digestOf, key, bytes)

export const hkdfSha256: typeof primitives.hkdfSha256 = (secret, { salt, info }) => {
  const encoder = new TextEncoder()
  return hkdf(digestOf, secret, encoder.encode(salt), encoder.encode(info), KEY_BYTES)
}

export const signingKeyOf: typeof primitives.signingKeyOf = (seed) => ({
  publicKey: ed25519.getPublicKey(seed),
  sign: (bytes) => ed25519.sign(bytes, seed),
})

/** By RFC 8032 as Node does it: no other way to write a point is taken. */
export const isSignedBy: typeof primitives.isSignedBy = (publicKey, { bytes, signature }) =>
  ed25519.verify(signature, bytes, publicKey, { zip215: false })

export const isSame: typeof primitives.isSame = equalBytes
