import { isDeepStrictEqual } from 'node:util'
import { Packr, pack, unpack } from 'msgpackr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  FRAME_BYTES_MAX_BEFORE_HELLO,
  isControl,
  type Message,
} from '../../machines/rules/message.ts'
import { decode, encode } from '../../transport/codec.ts'
import { body, FRAME_HEADER_BYTES, FrameReader } from '../../transport/framing.ts'
import type { Frame } from '../../transport/ports.ts'
import { chanceOf, seedOfRun } from '../rules/chance.ts'
import { isMessage, itemKinds } from './codecJudge.ts'
import { bodyKinds, controlMessages, dataMessages, messages } from './codecSamples.ts'

const journeys = suite('transport/codec: every message')
const strangers = suite('transport/codec: strangers')

const RANDOM_FRAMES = 100_000

journeys('each kind comes back as it was, alone and from a stream', () => {
  const frames = messages.map((message) => encode(message))
  for (const [index, frame] of frames.entries()) {
    const message = messages[index]
    assert.ok(isSame(decode(frame), message), message?.kind)
    assert.ok(isMessage(message), message?.kind)
  }
  const stream = Buffer.concat(frames)
  const { frames: cut } = new FrameReader(stream.length).push(stream)
  assert.is(cut.length, messages.length)
  assert.ok(cut.every((frame, index) => isSame(decode(frame), messages[index])))
})

journeys('the samples hold every kind that there is', () => {
  assert.is(new Set(controlMessages.map(({ kind }) => kind)).size, 12)
  assert.is(new Set(dataMessages.map(({ kind }) => kind)).size, 16)
  assert.is(new Set(bodyKinds).size, 7)
  assert.ok(controlMessages.every(isControl))
  assert.not.ok(dataMessages.some(isControl))
})

journeys('a frame is one array of plain MessagePack: no map, no extension, and no dialect', () => {
  const allowed = ['array', 'integer', 'float', 'text', 'bytes', 'nil', 'boolean']
  const used = new Set<string>()
  for (const message of messages) {
    const kinds = itemKinds(body(encode(message)))
    assert.is(kinds?.[0], 'array', message.kind)
    for (const kind of kinds ?? []) used.add(kind)
  }
  assert.equal([...used].sort(), allowed.sort())
})

journeys('a frame keeps what it held when others are encoded after it', () => {
  const frames = messages.map((message) => encode(message))
  const copies = frames.map((frame) => Uint8Array.from(frame))
  for (let round = 0; round < 50; round++) for (const message of messages) encode(message)
  assert.equal(
    frames.map((frame) => [...frame]),
    copies.map((copy) => [...copy]),
  )
})

journeys('data that was decoded does not change with the memory that it came in', () => {
  for (const message of dataMessages) {
    const frame = encode(message)
    const decoded = decode(frame)
    frame.fill(0xff)
    assert.ok(isSame(decoded, message), message.kind)
  }
})

journeys('a handshake fits the frames that are allowed before the peer is known', () => {
  for (const message of controlMessages) {
    assert.ok(encode(message).length <= FRAME_BYTES_MAX_BEFORE_HELLO)
  }
})

/** Equal in all but which class of bytes holds bytes. */
function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(structuredClone(one), structuredClone(other))
}

/** What is wrong with how bytes are taken, if anything. */
function findFault(take: typeof decode, frame: Frame): string | undefined {
  try {
    const message = take(frame)
    if (message === undefined) return undefined
    if (!isMessage(message)) return `passed ${show(message)}`
    const once = encode(message)
    const again = encode(decode(once) as Message)
    return Buffer.compare(once, again) === 0 ? undefined : `changed ${show(message)}`
  } catch (error) {
    return `threw ${error}`
  }
}

function show(message: unknown): string {
  return JSON.stringify(message, (_, part) => (typeof part === 'bigint' ? `${part}n` : part))
}

/** Takes a field of some kinds as it comes. */
const trusting: typeof decode = (frame) => {
  const message = decode(frame)
  if (message !== undefined) return message
  try {
    const [kind, field, coverage, all] = unpack(body(frame))
    if (kind === 4) return { kind: 'select', number: field }
    if (kind === 36) return { kind: 'sync.ask', ask: field, coverage, all }
  } catch {}
  return undefined
}

const junk: unknown[] = [null, true, false, 0, 1, -1, 2, 3, 4, 0.5, 1e300, -1e300, 2 ** 31, 2 ** 32]
junk.push(
  2 ** 53 - 1,
  2 ** 53,
  2 ** 64,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  ' ',
  'alice',
  'a b',
)
junk.push('__proto__', 'x'.repeat(129), '\ud800', '🔑', new Uint8Array(0), Uint8Array.of(0xff))
junk.push(
  new Uint8Array(300),
  [],
  [[]],
  [0],
  [1, '__proto__', [0]],
  [6],
  [5, '1'],
  [0, [4, Number.NaN]],
)
junk.push(
  {},
  { kind: 'end' },
  new Date(0),
  new Map([[1, 2]]),
  new Array(40).fill(0),
  10n,
  -(2n ** 63n),
)

strangers('a message with one field of another type, range or length is refused or sound', () => {
  const seed = printedSeed()
  const check = (take: typeof decode) => {
    const random = chanceOf(seed)
    for (let round = 0; round < 20_000; round++) {
      const sample = messages[round % messages.length] as Message
      const flat = unpack(body(encode(sample)))
      const fault = findFault(take, sealed(pack(mutated(flat, random))))
      if (fault) return `round ${round}: ${sample.kind}: ${fault}`
    }
    return undefined
  }
  assert.is(check(decode), undefined)
  assert.ok(check(trusting), 'a decoder that trusts one field is caught')
})

strangers(
  'every field of every message is looked at: junk in its place does not pass for it',
  () => {
    for (const message of messages) {
      const flat = unpack(body(encode(message))) as unknown[]
      for (let index = 0; index < flat.length; index++) {
        for (const wrong of junk) {
          const frame = sealed(pack(flat.with(index, wrong)))
          assert.is(findFault(decode, frame), undefined, `${message.kind} ${index}`)
        }
      }
      assert.is(findFault(decode, sealed(pack(flat.slice(0, -1)))), undefined)
      assert.is(findFault(decode, sealed(pack([...flat, 0]))), undefined)
    }
  },
)

strangers(
  `${RANDOM_FRAMES} random and damaged frames never throw and never pass as what they are not`,
  () => {
    const seed = printedSeed()
    const random = chanceOf(seed)
    const frames = messages.map((message) => encode(message)).filter(({ length }) => length < 400)
    let passed = 0
    for (let round = 0; round < RANDOM_FRAMES; round++) {
      const frame = damaged(frames[round % frames.length] as Frame, random)
      const fault = findFault(decode, frame)
      assert.is(fault, undefined, `round ${round}: ${[...frame]}`)
      if (decode(frame) !== undefined) passed++
    }
    assert.ok(passed > RANDOM_FRAMES / 100, 'some damage hits what may be anything')
    assert.ok(messages.every((message) => isSame(decode(encode(message)), message)))
  },
)

strangers(
  'a few bytes that announce much, or nest deep, cost nothing and harm nobody after them',
  () => {
    const announced = [0xdc, 0xdd, 0xde, 0xdf, 0xd9, 0xdb, 0xc6, 0xc9].map((head) => {
      return [...Array.from({ length: 400 }, () => [head, 0, 0xff, 0xff, 0xff]).flat()]
    })
    const deep = [new Array(100_000).fill(0x91), new Array(4_000).fill(0x81)]
    const record = [0x92, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1, 0x40]
    const started = process.memoryUsage().rss
    for (const bytes of [...announced, ...deep, record, [], [0xc1], [0x90]]) {
      assert.is(decode(sealed(Uint8Array.from(bytes))), undefined)
      for (const number of [1, 64, 100, 127, 200]) {
        const message = { kind: 'select', number } as const
        assert.equal(decode(encode(message)), message)
      }
    }
    assert.ok(process.memoryUsage().rss - started < 100 * 1024 * 1024)
  },
)

strangers('maps and extensions of MessagePack are refused wherever a value may be', () => {
  const rich = new Packr({ moreTypes: true, structuredClone: true })
  const types: unknown[] = [{}, { x: 1 }, new Map(), new Date(0), /x/, new Set([1])]
  for (const payload of [...types, new Error('x'), new Uint32Array(1), new ArrayBuffer(1)]) {
    assert.is(decode(sealed(rich.pack([33, payload]))), undefined, String(payload))
    assert.is(decode(sealed(rich.pack([33, [0, payload]]))), undefined, String(payload))
    assert.is(decode(sealed(rich.pack(payload))), undefined, String(payload))
  }
})

strangers('the judge is awake', () => {
  for (const message of messages) {
    assert.not.ok(isMessage({ ...message, extra: 1 }), message.kind)
    assert.not.ok(isMessage({ ...message, kind: 'no such kind' }))
    for (const name of Object.keys(message)) {
      assert.not.ok(isMessage({ ...message, [name]: undefined }), `${message.kind} ${name}`)
    }
  }
})

/** The same array with one place in it changed, anywhere. */
function mutated(flat: unknown[], random: () => number): unknown[] {
  const index = Math.floor(random() * flat.length)
  const item = flat[index]
  const isDeep = Array.isArray(item) && item.length > 0 && random() < 0.75
  if (isDeep) return flat.with(index, mutated(item, random))
  const wrong = junk[Math.floor(random() * junk.length)]
  const choice = random()
  if (choice < 0.7) return flat.with(index, wrong)
  if (choice < 0.8) return flat.toSpliced(index, 1)
  return choice < 0.9 ? flat.toSpliced(index, 0, wrong) : [...flat, ...flat]
}

/** Bytes with some of their bits turned, cut off, put together or thrown altogether. */
function damaged(frame: Frame, random: () => number): Frame {
  const below = (limit: number) => Math.floor(random() * limit)
  const choice = random()
  if (choice < 0.1) return sealed(Uint8Array.from({ length: 1 + below(60) }, () => below(256)))
  const copy = Uint8Array.from(body(frame))
  if (choice < 0.2) return sealed(copy.subarray(0, 1 + below(copy.length)))
  for (let flips = 1 + below(4); flips > 0; flips--) {
    const place = below(copy.length)
    copy[place] = (copy[place] as number) ^ (1 << below(8))
  }
  return sealed(copy)
}

/** The bytes behind a header; an empty body has none that a reader would pass on. */
function sealed(bytes: Uint8Array): Frame {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes.length)
  frame.set(bytes, FRAME_HEADER_BYTES)
  return frame
}

function printedSeed(): number {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  return seed
}

journeys.run()
strangers.run()
