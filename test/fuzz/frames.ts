/**
 * Frames as nobody of ours would send them: sound ones with a part exchanged, damaged bytes,
 * headers that lie, nests, and values that are dangerous elsewhere. Everything is drawn from one
 * function, so a seed gives the same frames again.
 */

import { pack, unpack } from 'msgpackr'
import type { Message } from '../../machines/rules/message.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import { encode, encodeOwn } from '../../transport/codec.ts'
import { body } from '../../transport/framing.ts'
import { messages } from '../transport/codecSamples.ts'

export type Chance = () => number

/** One way to make a body. */
interface Kind {
  readonly name: string
  readonly make: (random: Chance) => Uint8Array
}

const OBJECT = 1
const MAP = 2
const WHISPER = 33

/** Who says what does not name its origin. */
export const SPEAKER = { peer: 'mallory' as PeerId, run: 'run1' as RunId }

const samples = messages as readonly Message[]
const own = samples.flatMap((message) => (message.kind === 'broadcast' ? [encodeOwn(message)] : []))
const bodies = [...samples.map(encode), ...own].map((frame) => Uint8Array.from(body(frame)))
const flats = bodies.map((bytes) => unpack(bytes) as unknown[])

const NUMBERS = [0, 1, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e300, -1e300]
const TEXTS = ['', ' ', 'alice', 'bob', '__proto__', 'constructor', 'toString', '\ud800', 'a\r\nb']
const JUNK: readonly unknown[] = [
  ...NUMBERS,
  ...TEXTS,
  ...[null, true, false, Number.NaN, Number.POSITIVE_INFINITY, 10n, -(2n ** 63n), new Date(0)],
  ...['x'.repeat(129), 'x'.repeat(1_025), 'x'.repeat(70_000), new Uint8Array(0)],
  ...[new Uint8Array(300), [], [[]], [0], [6], [5, '1'], [5, 'x'], [4, Number.NaN], {}],
  ...[{ __proto__own: 1 }, new Map([[1, 2]]), new Array(300).fill(0), [3, 1, 1], [1, 'a', 1]],
]

const pick = <Item>(list: readonly Item[], random: Chance): Item =>
  list[Math.floor(random() * list.length)] as Item

const below = (limit: number, random: Chance) => Math.floor(random() * limit)

/** The same list with one place in it changed, at any depth. */
function exchanged(flat: readonly unknown[], random: Chance): unknown[] {
  if (flat.length === 0) return [pick(JUNK, random)]
  const index = below(flat.length, random)
  const item = flat[index]
  if (Array.isArray(item) && random() < 0.75) return flat.with(index, exchanged(item, random))
  const choice = random()
  if (choice < 0.7) return flat.with(index, pick(JUNK, random))
  if (choice < 0.8) return flat.toSpliced(index, 1)
  return choice < 0.9 ? flat.toSpliced(index, 0, pick(JUNK, random)) : [...flat, ...flat]
}

function damaged(random: Chance): Uint8Array {
  const bytes = Uint8Array.from(pick(bodies, random))
  for (let flips = 1 + below(6, random); flips > 0; flips--) {
    bytes[below(bytes.length, random)] = below(256, random)
  }
  return random() < 0.2 ? bytes.subarray(0, 1 + below(bytes.length, random)) : bytes
}

/** Heads of arrays, maps, texts, bytes and extensions with lengths that they may not have. */
function lying(random: Chance): Uint8Array {
  const heads = [0x9f, 0xdc, 0xdd, 0xd9, 0xda, 0xdb, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xde, 0xdf]
  const bytes: number[] = random() < 0.5 ? [0x94, WHISPER] : []
  for (let each = 1 + below(12, random); each > 0; each--) {
    bytes.push(pick(heads, random))
    for (let size = below(5, random); size > 0; size--) {
      bytes.push(random() < 0.4 ? 0xff : below(256, random))
    }
  }
  return Uint8Array.from(bytes)
}

function nested(random: Chance): Uint8Array {
  const levels = random() < 0.02 ? 1 + below(4_000, random) : 1 + below(60, random)
  const bytes = new Uint8Array(levels + 3).fill(pick([0x91, 0x91, 0x81, 0xd4], random))
  bytes.set([0x92, WHISPER], 0)
  return bytes
}

function extension(random: Chance): Uint8Array {
  const kinds = [0xd4, 0xd5, 0xd6, 0xd7, 0xd8]
  const noise = Array.from({ length: 18 }, () => below(256, random))
  return Uint8Array.from([
    0x92,
    WHISPER,
    pick(kinds, random),
    pick([0x72, 0x62, 0xff], random),
    ...noise,
  ])
}

/** Names and keys that are dangerous where values become objects: twice, NaN, `__proto__`. */
function poisoned(random: Chance): Uint8Array {
  const names = ['__proto__', 'constructor', 'prototype', 'a', 'a', Number.NaN, null, [1, 'x', 1]]
  const count = 1 + below(6, random)
  const items = Array.from({ length: count }, () => [
    pick(names, random),
    pick(JUNK, random),
  ]).flat()
  const value = [pick([OBJECT, MAP, MAP, 3, 0], random), ...items]
  return pack(random() < 0.8 ? [WHISPER, value] : [32, 'alice', '1', 5, 1, value, null])
}

const noise = (random: Chance) => {
  return Uint8Array.from({ length: 1 + below(80, random) }, () => below(256, random))
}

const KINDS: readonly Kind[] = [
  { name: 'a part exchanged', make: (random) => pack(exchanged(pick(flats, random), random)) },
  { name: 'two parts exchanged', make: (random) => pack(twice(random)) },
  { name: 'damaged', make: damaged },
  { name: 'headers that lie', make: lying },
  { name: 'nested', make: nested },
  { name: 'extensions', make: extension },
  { name: 'dangerous names', make: poisoned },
  { name: 'noise', make: noise },
]

function twice(random: Chance): unknown[] {
  return exchanged(exchanged(pick(flats, random), random), random)
}

/** The body of one frame, and how it was made. */
export function drawBody(random: Chance): { readonly kind: string; readonly bytes: Uint8Array } {
  const { name, make } = pick(KINDS, random)
  return { kind: name, bytes: make(random) }
}

/** Bytes behind their header; now and then the header lies. */
export function framed(bytes: Uint8Array, random: Chance): Uint8Array {
  const frame = new Uint8Array(4 + bytes.length)
  frame.set(bytes, 4)
  new DataView(frame.buffer).setUint32(0, random() < 0.02 ? below(2 ** 32, random) : bytes.length)
  return frame
}
