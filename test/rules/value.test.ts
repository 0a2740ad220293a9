import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HoldfastError } from '../../machines/rules/errors.ts'
import { flattenValue, hashValue, unflattenValue } from '../../machines/rules/flat.ts'
import { Hash } from '../../machines/rules/hash.ts'
import { FRAME_BYTES_MAX } from '../../machines/rules/message.ts'
import {
  admitValue,
  BIGINT_DIGITS_MAX,
  exposeValue,
  VALUE_BYTES_MAX,
  VALUE_DEPTH_MAX,
  VALUE_PARTS_MAX,
} from '../../machines/rules/value.ts'
import { decode, encode } from '../../transport/codec.ts'
import { seedOfRun } from './chance.ts'

const values = suite('rules/value')
const refusals = suite('rules/value: refusals')

const inheritedNames = Object.getOwnPropertyNames(Object.prototype)
const prototypeBefore = describeOwn(Object.prototype)

values(
  'each kind of value comes back from admission, from the wire and from a second journey',
  () => {
    const samples: unknown[] = [null, true, false, 0, 1, -1, 2 ** 31, 2 ** 53, 0.1, -1e300, 5e-324]
    samples.push(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '', 'alice', '🔑')
    samples.push(0n, -1n, 2n ** 64n, -(2n ** 200n), new Uint8Array(0), Uint8Array.of(0, 255))
    samples.push([], {}, [[]], [undefined], { gone: undefined }, [null, [true, 'bob']])
    samples.push(new Date(0), new Date(-1), new Date(8.64e15))
    samples.push(
      new Map(),
      new Set(),
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
        [null, {}],
      ]),
    )
    samples.push(
      new Map<unknown, unknown>([
        [{ x: 1 }, [1]],
        [undefined, undefined],
      ]),
    )
    samples.push(new Set<unknown>([1, '1', undefined, [new Set([1n])]]), {
      deep: [{ er: new Map() }],
    })
    for (const sample of samples) assert.ok(isDeepStrictEqual(travel(sample), sample), show(sample))
  },
)

values('minus zero is zero from the beginning, so every peer holds the same', () => {
  for (const sample of [-0, [-0], { x: -0 }, new Map([[1, -0]])]) {
    const kept = admitValue(sample).kept
    assert.not.ok(isDeepStrictEqual(exposeValue(kept), sample))
    assert.ok(isDeepStrictEqual(travel(sample), exposeValue(kept)))
  }
  assert.ok(Object.is(admitValue(-0).kept, 0))
})

values('each NaN is the same one, whatever its bits were at a stranger', () => {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setUint32(0, 0x7ff80000)
  bits.setUint32(4, 5)
  const strange = bits.getFloat64(0)
  assert.is(hashed(strange), hashed(Number.NaN))
  assert.is(hashed([strange]), hashed([Number.NaN]))
})

values('names that every object has are properties like any other', () => {
  for (const name of inheritedNames) {
    const sample = JSON.parse(`{ ${JSON.stringify(name)}: { "bob": 1 } }`)
    const back = travel(sample) as object
    assert.equal(Object.keys(back), [name])
    assert.equal(Object.getOwnPropertyDescriptor(back, name)?.value, { bob: 1 })
    assert.is(Object.getPrototypeOf(back), Object.prototype)
    assert.is((back as { bob?: unknown }).bob, undefined)
    const loose = JSON.parse(`{ ${JSON.stringify(name)}: 0 }`)
    Object.defineProperty(loose, name, { value: new Date(0), enumerable: true })
    assert.equal(Object.getOwnPropertyDescriptor(travel(loose) as object, name)?.value, new Date(0))
  }
  assert.equal(describeOwn(Object.prototype), prototypeBefore)
})

values(
  'an object without prototype, of another realm or a buffer is as good as a plain one',
  () => {
    const bare = Object.assign(Object.create(null), { alice: 1 })
    assert.equal(travel(bare), { alice: 1 })
    const buffer = travel(Buffer.from('bob'))
    assert.is(Object.getPrototypeOf(buffer), Uint8Array.prototype)
    const keyed = travel(
      new Map([
        [bare, 'x'],
        [{ toString: 'none' }, 'y'],
      ]),
    ) as Map<object, string>
    assert.equal(
      [...keyed],
      [
        [{ alice: 1 }, 'x'],
        [{ toString: 'none' }, 'y'],
      ],
    )
  },
)

values('what a reader does to a value changes nothing for the next reader', () => {
  const sample = {
    list: [1, { x: 1 }],
    when: new Date(5),
    bytes: Uint8Array.of(1),
    map: new Map([[1, [1]]]),
  }
  const { kept } = admitValue(sample)
  sample.list.push(2)
  sample.when.setTime(6)
  sample.bytes[0] = 9
  sample.map.set(2, [])
  const read = exposeValue(kept) as typeof sample
  assert.throws(() => read.list.push(3), TypeError)
  assert.throws(() => Object.assign(read.list[1] as object, { x: 2 }), TypeError)
  read.when.setTime(7)
  read.bytes[0] = 8
  read.map.clear()
  Object.assign(read, { extra: true })
  const next = exposeValue(kept) as typeof sample
  assert.ok(isDeepStrictEqual(next.list, [1, { x: 1 }]))
  assert.is(next.when.getTime(), 5)
  assert.is(next.bytes[0], 1)
  assert.equal([...next.map], [[1, [1]]])
  assert.not.ok('extra' in next)
})

values('a plain structure is handed out without a copy, frozen all the way down', () => {
  const { kept } = admitValue({ a: [{ b: [] }] })
  const read = exposeValue(kept) as { a: { b: unknown[] }[] }
  assert.is(read, exposeValue(kept))
  for (const part of [read, read.a, read.a[0], read.a[0]?.b]) assert.ok(Object.isFrozen(part))
})

values('one part in two places is kept twice, for only a cycle is refused', () => {
  const shared = [1]
  assert.equal(travel({ one: shared, other: shared }), { one: [1], other: [1] })
})

values('any value comes back, equal values hash equal, and the frame bears it', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withUnicodeString: true,
    values: [
      fc.uint8Array(),
      fc.boolean(),
      fc.double(),
      fc.bigInt(),
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
    ],
  })
  const comesBack = fc.property(anything, (sample) => {
    fc.pre(sample !== undefined)
    const { kept, bytes } = admitValue(sample)
    const back = unflattenValue(flattenValue(kept))
    assert.ok(back)
    assert.is(back.bytes, bytes)
    // Flat, because two dates that are no dates count as different.
    assert.ok(isDeepStrictEqual(flattenValue(back.kept), flattenValue(kept)))
    assert.ok(isDeepStrictEqual(flattenValue(travel(sample)), flattenValue(kept)))
    assert.is(hashed(back.kept), hashed(kept))
  })
  fc.assert(comesBack, { seed, numRuns: 500 })
  assert.equal(describeOwn(Object.prototype), prototypeBefore)
})

values('the deepest structure of each kind comes back, one level more is refused', () => {
  for (const leaf of [1, 1n, undefined, 'x', [], new Date(0), Uint8Array.of(1), new Set()]) {
    const isStructure = typeof leaf === 'object'
    const deepest = nested(leaf, isStructure ? VALUE_DEPTH_MAX - 1 : VALUE_DEPTH_MAX)
    assert.ok(isDeepStrictEqual(travel(deepest), deepest), show(leaf))
    assert.throws(() => admitValue([deepest]), isTooLarge)
  }
})

values('the largest value of each kind fits a frame', () => {
  const list = (part: unknown, length: number) => Array.from({ length }, () => part)
  const samples = [
    largest((length) => '鍵'.repeat(length)),
    largest((length) => list('鍵'.repeat(40), length)),
    largest((length) => list({ ключ: '鍵' }, length)),
    largest((length) => list(-(10n ** 20n), length)),
    largest((length) => list(0.1, length)),
    largest((length) => list(new Date(1), length)),
    largest((length) => list(undefined, length)),
    largest((length) => new Map(list(0, length).map((_, at) => [at + 0.5, []]))),
  ]
  for (const sample of samples) {
    const frame = encode({ kind: 'whisper', payload: admitValue(sample).kept })
    assert.ok(frame.length < 0.6 * FRAME_BYTES_MAX, `${frame.length} bytes`)
    assert.ok(decode(frame))
  }
})

refusals('a function, symbol or class instance is refused, and the path says where', () => {
  class Alice {}
  const offenders = [() => 1, Symbol('x'), new Alice(), /x/, new Error('x'), Promise.resolve()]
  offenders.push(new WeakMap(), new Float64Array(1), new ArrayBuffer(1), new Proxy(new Alice(), {}))
  for (const offender of offenders as unknown[]) {
    refused(offender, '')
    refused({ list: [0, { deep: offender }] }, '.list[1].deep')
    refused(new Map([['bob', offender]]), '.bob')
    refused(new Map([[offender, 1]]), '.key')
    refused(new Set([offender]), '.item')
  }
  refused({ [Symbol('name')]: 1 }, '')
  refused(undefined, '')
})

refusals('a cycle is refused, through any kind of structure', () => {
  const list: unknown[] = []
  list.push(list)
  refused(list, '[0]')
  const object: Record<string, unknown> = { alice: {} }
  object.alice = { back: object }
  refused(object, '.alice.back')
  const map = new Map<unknown, unknown>()
  refused(map.set('self', [map]), '.self[0]')
  const set = new Set<unknown>()
  refused(set.add({ set }), '.item.set')
})

refusals('half a surrogate pair is refused, as text and as a name', () => {
  refused('\ud800', '')
  refused({ x: ['\udc00'] }, '.x[0]')
  refused({ '\ud800': 1 }, '')
})

refusals('what is too large, too long or has too many parts is refused with the limit', () => {
  tooLarge('a'.repeat(VALUE_BYTES_MAX + 1), VALUE_BYTES_MAX)
  tooLarge('鍵'.repeat(VALUE_BYTES_MAX / 3 + 1), VALUE_BYTES_MAX)
  tooLarge(new Uint8Array(VALUE_BYTES_MAX), VALUE_BYTES_MAX)
  tooLarge(new Array(VALUE_PARTS_MAX).fill(null), VALUE_PARTS_MAX)
  tooLarge(10n ** BigInt(BIGINT_DIGITS_MAX), BIGINT_DIGITS_MAX)
  const endless: unknown[] = []
  endless.length = 2 ** 32 - 1
  tooLarge(endless, VALUE_PARTS_MAX)
  let bomb: unknown = []
  for (let level = 0; level < 25; level++) bomb = [bomb, bomb, bomb]
  tooLarge(bomb, VALUE_PARTS_MAX)
})

refusals('what a stranger sends is a value or nothing', () => {
  const strange: unknown[] = [[], [7], [-1], ['0'], [1, 'odd'], [1, 1, 1], [2, 1], [4], [4, '0']]
  strange.push([4, 0, 0], [5, 1], [5, '1.5'], [5, ''], [5, '0x1'], [5, '1\n'], [6], [0, [6, 1]])
  strange.push({}, new Map(), new Date(0), 1n, undefined, [0, undefined], nested([0], 40))
  strange.push([5, '1'.repeat(BIGINT_DIGITS_MAX + 1)], ['__proto__', {}], '\ud800', [0, () => 1])
  for (const flat of strange) assert.is(unflattenValue(flat), undefined, show(flat))
  const twice = unflattenValue([1, '__proto__', 1, '__proto__', [1, 'x', 2]])?.kept as object
  assert.equal(Object.keys(twice), ['__proto__'])
  assert.equal(describeOwn(Object.prototype), prototypeBefore)
})

/** The value as a reader at another peer gets it. */
function travel(value: unknown): unknown {
  const frame = encode({ kind: 'whisper', payload: admitValue(value).kept })
  const message = decode(frame)
  assert.is(message?.kind, 'whisper', show(value))
  return exposeValue((message as { payload: unknown }).payload)
}

function hashed(value: unknown): string {
  const hash = new Hash().start()
  hashValue(hash, admitValue(value).kept)
  const { high, low } = hash.finish()
  return `${high} ${low}`
}

function nested(leaf: unknown, levels: number): unknown {
  let value = leaf
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

/** The largest value of a family that is admitted. */
function largest(make: (length: number) => unknown): unknown {
  let fits = 1
  let fails = 4 * VALUE_PARTS_MAX
  while (fits + 1 < fails) {
    const middle = Math.floor((fits + fails) / 2)
    if (isAdmitted(make(middle))) fits = middle
    else fails = middle
  }
  return make(fits)
}

function isAdmitted(value: unknown): boolean {
  try {
    admitValue(value)
    return true
  } catch (error) {
    assert.ok(isTooLarge(error))
    return false
  }
}

function refused(value: unknown, path: string): void {
  const isRefusal = (error: unknown) =>
    error instanceof HoldfastError && error.code === 'VALUE_INVALID' && error.path === path
  assert.throws(() => admitValue(value), isRefusal, `at "${path}"`)
}

function tooLarge(value: unknown, limit: number): void {
  assert.throws(
    () => admitValue(value),
    (error: unknown) => isTooLarge(error, limit),
  )
}

function isTooLarge(error: unknown, limit?: number): boolean {
  if (!(error instanceof HoldfastError) || error.code !== 'VALUE_TOO_LARGE') return false
  return limit === undefined || error.limit === limit
}

function describeOwn(object: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(object)).map(
    ([name, { writable, value }]) => `${name} ${writable} ${typeof value}`,
  )
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)) ?? ''
}

values.run()
refusals.run()
