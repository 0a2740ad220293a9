/**
 * How TLS knows a network without a certificate: by a pre-shared key that comes from its secret.
 *
 * The dialler names the key, in clear, by an identity; the acceptor looks it up. So that the
 * identity tells a listener on the network nothing, not even that two connections belong to the
 * same network, it is made anew for each dial: a nonce, and a code over it that only somebody who
 * knows the secret can make or recognise.
 *
 * Whoever brings an identity that nobody knows is given a key that nobody knows. He fails in the
 * same way as one who has overheard an identity and has no key, so neither learns anything.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveKey } from './credentials.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 16
const CODE_BYTES = 16

export interface TlsSecretsOptions {
  readonly network: string
  /** The first is used to dial, all are accepted. */
  readonly secrets: readonly Uint8Array[]
}

/** What `node:tls` asks for at either end. */
export interface TlsSecrets {
  /** The name of a key and the key, for a dial. */
  offer(): { identity: string; psk: Uint8Array }
  /** The key for what a dialler named. */
  find(identity: string): Uint8Array
}

/** Derives the keys of a network's secrets. */
export function tlsSecrets({ network, secrets }: TlsSecretsOptions): TlsSecrets {
  const all = secrets.map((secret) => ({
    psk: deriveKey({ secret, network, label: 'tls' }),
    naming: deriveKey({ secret, network, label: 'tls identity' }),
  }))
  const first = all[0]
  if (first === undefined) throw new RangeError('There is no secret to derive a key from.')
  return {
    offer() {
      const nonce = randomBytes(NONCE_BYTES)
      const identity = Buffer.concat([nonce, codeOf(nonce, first.naming)]).toString('base64url')
      return { identity, psk: first.psk }
    },
    find(identity) {
      const bytes = Buffer.from(identity, 'base64url')
      if (bytes.length !== NONCE_BYTES + CODE_BYTES) return randomBytes(KEY_BYTES)
      const [nonce, code] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES)]
      const known = all.find(({ naming }) => timingSafeEqual(codeOf(nonce, naming), code))
      return known?.psk ?? randomBytes(KEY_BYTES)
    },
  }
}

function codeOf(nonce: Uint8Array, naming: Uint8Array): Uint8Array {
  return createHmac('sha256', naming).update(nonce).digest().subarray(0, CODE_BYTES)
}
