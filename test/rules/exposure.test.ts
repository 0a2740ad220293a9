import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isLoopback, lacks, type Protection, secretBitsOf } from '../../machines/rules/exposure.ts'

const exposure = suite('exposure')

const LOOPBACK: readonly (readonly [string, boolean])[] = [
  ['tcp://127.0.0.1:4444', true],
  ['tcp://127.255.255.254:1', true],
  ['tls://[::1]:4444', true],
  ['tcp://[::ffff:127.0.0.1]:1', true],
  ['tcp://localhost:1', true],
  ['tcp://LOCALHOST:1', true],
  ['tcp://0.0.0.0:1', false],
  ['tcp://[::]:1', false],
  ['tcp://10.0.0.1:1', false],
  ['tcp://169.254.169.254:1', false],
  ['tcp://127.0.0.1.example:1', false],
  ['tcp://127.0.0.256:1', false],
  ['tcp://127.1:1', false],
  ['tcp://2130706433:1', false],
  ['tcp://0x7f.0.0.1:1', false],
  ['tcp://localhost.example:1', false],
  ['tcp://alice.example:1', false],
  ['tcp://[::1%eth0]:1', false],
  ['tcp://:1', false],
  ['', false],
]

for (const [address, expected] of LOOPBACK) {
  exposure(`${address || 'nothing'} is ${expected ? '' : 'not '}of this machine for sure`, () => {
    assert.is(isLoopback(address), expected)
  })
}

const strong: Protection = { secretBits: 256, hasAllowList: false, isInsecure: false }
const none: Protection = { ...strong, secretBits: undefined }
const weak: Protection = { ...strong, secretBits: 127 }
const address = 'tcp://0.0.0.0:7001'

exposure('to listen elsewhere takes encryption and a strong secret, to dial encryption', () => {
  const listens = { address, purpose: 'listen' } as const
  const dials = { address, purpose: 'dial' } as const
  const judge = (reach: typeof listens | typeof dials, medium: 'plain' | 'encrypted') =>
    [none, weak, strong].map((each) => lacks({ ...reach, medium }, each))
  const [both, secret, encryption] = [['secret', 'encryption'], ['secret'], ['encryption']]
  assert.equal(judge(listens, 'plain'), [both, both, encryption])
  assert.equal(judge(listens, 'encrypted'), [secret, secret, []])
  assert.equal(judge(dials, 'plain'), [encryption, encryption, encryption])
  assert.equal(judge(dials, 'encrypted'), [[], [], []])
  const here = { ...listens, address: 'tcp://127.0.0.1:7001' }
  for (const each of [none, weak]) assert.equal(lacks({ ...here, medium: 'plain' }, each), [])
  assert.equal(lacks({ ...listens, medium: undefined }, none), [])
})

exposure('a list of who may come stands for the secret, and the opt-out for encryption', () => {
  const reach = { address, purpose: 'listen', medium: 'plain' } as const
  const listed = { ...none, hasAllowList: true }
  assert.equal(lacks(reach, listed), ['encryption'])
  assert.equal(lacks({ ...reach, medium: 'encrypted' }, listed), [])
  assert.equal(lacks(reach, { ...none, isInsecure: true }), [])
  assert.equal(lacks(reach, { ...strong, isInsecure: true }), [])
  assert.equal(lacks(reach, { ...weak, isInsecure: true }), ['secret'])
})

exposure('what is certainly no secret of 128 bits is found', () => {
  const bits = (secret: string | Uint8Array) => secretBitsOf(secret) >= 128
  assert.is(bits(Uint8Array.from({ length: 16 }, (_, index) => index * 7)), true)
  assert.is(bits(Uint8Array.from({ length: 15 }, (_, index) => index * 7)), false)
  assert.is(bits(new Uint8Array(64)), false)
  assert.is(bits('00112233445566778899aabbccddeeff'), true)
  assert.is(bits('00112233445566778899aabbccddeef'), false)
  assert.is(bits('c2VjcmV0LW9mLWFsbC10ZX'), true)
  assert.is(bits('c2VjcmV0LW9mLWFsbC10Z'), false)
  assert.is(bits('314159265358979323846264338327950288419'), true)
  assert.is(bits('31415926535897932384626433832795028841'), false)
  assert.is(bits('a'.repeat(1_000)), false)
  assert.is(bits('secret'), false)
})

exposure.run()
