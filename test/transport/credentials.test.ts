import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CredentialsOptions, createCredentials } from '../../transport/credentials.ts'
import type { ProofPurpose } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'

const text = (words: string) => new TextEncoder().encode(words)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const secret = text('the winter is long and the door is blue')
const later = text('the summer is short and the gate is green')

const credentials = (options: Partial<CredentialsOptions> = {}) =>
  createCredentials({ network: 'lab', secrets: [secret], ...options })

const proving = suite('credentials')

proving('keys and signatures are those of RFC 8032, test 1', () => {
  const identity = Buffer.from(
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  )
  const alice = credentials({ identity })
  assert.is(
    hex(alice.publicKey),
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  )
  assert.is(alice.sign('batch', text('door')).length, 64)
  // The id, computed another way: five bits for each letter of 40 hexadecimal digits.
  const digest = createHash('sha256').update('holdfast/1 id').update(alice.publicKey).digest('hex')
  const number = BigInt(`0x${digest.slice(0, 40)}`)
    .toString(32)
    .padStart(32, '0')
  const letters = [...number].map(
    (digit) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(digit, 32)],
  )
  assert.is(alice.peerId, letters.join(''))
  assert.is(alice.idOf(alice.publicKey), alice.peerId)
})

proving('a signature holds for its key, its purpose and its bytes only', () => {
  const [alice, bob] = [credentials(), credentials()]
  const bytes = text('alice has the door')
  const signature = alice.sign('batch', bytes)
  const signed = { publicKey: alice.publicKey, purpose: 'batch', bytes, signature } as const
  assert.is(bob.verify(signed), true)
  assert.is(bob.verify({ ...signed, publicKey: bob.publicKey }), false)
  assert.is(bob.verify({ ...signed, purpose: 'auth-dialler' }), false)
  assert.is(bob.verify({ ...signed, bytes: text('alice has the gate') }), false)
  for (let bit = 0; bit < signature.length * 8; bit++) {
    const altered = Uint8Array.from(signature)
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
    assert.is(bob.verify({ ...signed, signature: altered }), false, `bit ${bit}`)
  }
  const senseless = [new Uint8Array(0), new Uint8Array(31), new Uint8Array(65), text('nonsense')]
  for (const wrong of senseless) {
    assert.is(bob.verify({ ...signed, publicKey: wrong }), false)
    assert.is(bob.verify({ ...signed, signature: wrong }), false)
  }
  assert.is(bob.verify({ ...signed, publicKey: new Uint8Array(32).fill(0xff) }), false)
})

proving('the key of a name is known to all who know the secret, and to nobody else', () => {
  const alice = credentials({ peerId: 'alice' })
  const bob = credentials({ peerId: 'bob' })
  assert.is(alice.peerId, 'alice')
  assert.equal(bob.publicKeyOf('alice'), alice.publicKey)
  assert.is(bob.isKeyOf(alice.publicKey, 'alice'), true)
  assert.is(bob.isKeyOf(bob.publicKey, 'alice'), false)
  assert.is(bob.isKeyOf(alice.publicKey.subarray(1), 'alice'), false)
  for (const elsewhere of [{ secrets: [later] }, { network: 'cafe' }]) {
    assert.is(
      credentials({ peerId: 'carol', ...elsewhere }).isKeyOf(alice.publicKey, 'alice'),
      false,
    )
  }
})

proving('an id that is derived from a key is that of no other key', () => {
  const [alice, bob] = [credentials(), credentials()]
  assert.match(alice.peerId, /^[a-z2-7]{32}$/)
  assert.is.not(alice.peerId, bob.peerId)
  assert.is(bob.publicKeyOf(alice.peerId), undefined)
  assert.is(bob.isKeyOf(alice.publicKey, alice.peerId), true)
  assert.is(bob.isKeyOf(bob.publicKey, alice.peerId), false)
  // Who takes such an id for a name has the key of the name, which is not that of the id.
  const thief = credentials({ peerId: alice.peerId })
  assert.is(bob.isKeyOf(thief.publicKey, alice.peerId), false)
})

proving('while the secret changes, the keys of names by both secrets hold', () => {
  const old = credentials({ peerId: 'alice' })
  const both = credentials({ peerId: 'alice', secrets: [later, secret] })
  const renewed = credentials({ peerId: 'bob', secrets: [later] })
  assert.is(both.isKeyOf(old.publicKey, 'alice'), true)
  assert.is(both.isKeyOf(both.publicKey, 'alice'), true)
  assert.is(renewed.isKeyOf(both.publicKey, 'alice'), true)
  assert.is(renewed.isKeyOf(old.publicKey, 'alice'), false)
})

const SIZES: readonly (readonly [ProofPurpose, number])[] = [
  ['tag', 8],
  ['mac-dialler', 32],
  ['mac-acceptor', 32],
  ['refusal', 16],
  ['connection', 16],
]

proving('each purpose, secret and network has a key of its own', () => {
  const seen = new Set<string>()
  const bytes = text('the same bytes')
  for (const options of [{}, { network: 'cafe' }, { secrets: [later] }]) {
    const [membership] = credentials(options).memberships
    for (const [purpose, size] of SIZES) {
      const proof = membership?.prove(purpose, bytes) as Uint8Array
      assert.is(proof.length, size, purpose)
      seen.add(hex(proof.subarray(0, 8)))
    }
  }
  assert.is(seen.size, 3 * SIZES.length)
  const [here] = credentials().memberships
  const [there] = credentials({ network: 'cafe' }).membershipsIn('lab')
  assert.equal(there?.prove('tag', bytes), here?.prove('tag', bytes))
})

proving('nonces are those of a seed, or nobody can foretell them', () => {
  const seeded = () => credentials({ peerId: 'alice', random: seededRandom(7) }).randomBytes(32)
  assert.equal(seeded(), seeded())
  assert.is.not(hex(credentials().randomBytes(32)), hex(credentials().randomBytes(32)))
})

proving('neither JSON nor an inspector shows a secret or a private key', () => {
  const identity = text('0123456789abcdef0123456789abcdef')
  const alice = credentials({ identity })
  alice.memberships[0]?.prove('tag', text('x'))
  const shown = JSON.stringify(alice) + inspect(alice, { depth: 9, showHidden: true })
  for (const hidden of [secret, identity]) {
    const dump = hidden.reduce((all, byte) => `${all} ${byte.toString(16).padStart(2, '0')}`, '')
    const texts = (['utf8', 'hex', 'base64url'] as const).map((form) =>
      Buffer.from(hidden).toString(form),
    )
    for (const form of [...texts, JSON.stringify(hidden), dump.slice(0, 60)]) {
      assert.not.ok(shown.includes(form), form)
    }
  }
})

proving.run()
