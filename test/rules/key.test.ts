import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HoldfastError } from '../../machines/rules/errors.ts'
import {
  KEY_BYTES_MAX,
  publicKey,
  requireKey,
  storedKey,
  utf8Bytes,
} from '../../machines/rules/key.ts'
import { seedOfRun } from './chance.ts'

const keys = suite('rules/key')

/** Every name that an object has before anybody gave it one. */
const inheritedNames = Object.getOwnPropertyNames(Object.prototype)

keys('text is its own key, and so is each name that every object has', () => {
  assert.ok(inheritedNames.includes('__proto__'))
  for (const key of [
    'alice',
    '',
    ' ',
    '\0',
    'ключ',
    '鍵',
    '🔑',
    '\ufeffalice',
    ...inheritedNames,
  ]) {
    const stored = requireKey(key)
    assert.is(publicKey(stored), key)
  }
})

keys('bytes that are text are the same key as that text', () => {
  for (const key of ['', 'alice', 'ключ', '🔑', '\ufeffbob', '__proto__', '\0']) {
    const bytes = new TextEncoder().encode(key)
    assert.is(storedKey(bytes), key)
    assert.is(storedKey(Buffer.from(bytes)), key)
  }
})

keys('bytes that are no text come back as they were, and are no text either', () => {
  const samples = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0x80], [0xf5, 0x80, 0x80, 0x80]]
  for (const sample of samples) {
    const stored = requireKey(Uint8Array.from(sample))
    assert.not.ok(stored.isWellFormed(), 'no text can be the same stored key')
    const back = publicKey(stored)
    assert.instance(back, Uint8Array)
    assert.equal([...back], sample)
  }
})

keys('any bytes come back, and two keys are one only if their bytes are', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const bytes = fc.uint8Array({ maxLength: 24 })
  const comesBack = fc.property(bytes, bytes, (one, other) => {
    const stored = requireKey(one)
    const back = publicKey(stored)
    const backBytes = typeof back === 'string' ? new TextEncoder().encode(back) : back
    assert.equal([...backBytes], [...one])
    assert.is(stored === requireKey(other), Buffer.compare(one, other) === 0)
  })
  fc.assert(comesBack, { seed, numRuns: 2_000 })
})

keys('a later change of the bytes does not reach the key', () => {
  const bytes = Uint8Array.of(0xff, 0x01)
  const stored = requireKey(bytes)
  bytes[1] = 0x02
  const back = publicKey(stored) as Uint8Array
  assert.equal([...back], [0xff, 0x01])
  back[0] = 0
  assert.equal([...(publicKey(stored) as Uint8Array)], [0xff, 0x01])
})

keys('what is neither text nor bytes is refused, with the code', () => {
  const refused: unknown[] = [undefined, null, 0, 1n, true, Symbol('key'), {}, ['alice'], () => 1]
  refused.push('\ud800', 'alice\udc00', new Uint16Array(1), new ArrayBuffer(1), new Date(0))
  for (const key of refused) {
    assert.is(storedKey(key), undefined)
    assert.throws(() => requireKey(key), isInvalid, String(typeof key))
  }
})

keys('a key has at most 1,024 bytes, however they are written', () => {
  const longest = ['a'.repeat(1_024), 'é'.repeat(512), '鍵'.repeat(341), '🔑'.repeat(256)]
  for (const key of longest) {
    assert.ok(utf8Bytes(key) > KEY_BYTES_MAX - 3)
    assert.is(storedKey(key), key)
    assert.is(storedKey(`${key}é`), undefined)
    assert.throws(() => requireKey(`${key}é`), isInvalid)
  }
  assert.ok(storedKey(new Uint8Array(1_024).fill(0xff)))
  assert.is(storedKey(new Uint8Array(1_025).fill(0xff)), undefined)
})

keys('bytes of UTF-8 are counted as an encoder counts them', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const counts = fc.property(fc.string({ unit: 'binary' }), (text) => {
    assert.is(utf8Bytes(text), Buffer.byteLength(text))
  })
  fc.assert(counts, { seed, numRuns: 1_000 })
})

function isInvalid(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'KEY_INVALID'
}

keys.run()
