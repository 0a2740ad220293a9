import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gather } from '../../machines/rules/gather.ts'
import { admitValue, VALUE_DEPTH_MAX, VALUE_PARTS_MAX } from '../../machines/rules/value.ts'
import { decode, encode } from '../../transport/codec.ts'
import { body } from '../../transport/framing.ts'
import { FRAME_DEPTH_MAX, FRAME_ELEMENTS_MAX, shapeProblem } from '../../transport/shape.ts'
import { at, open, put } from '../rules/scene.ts'
import { messages } from './codecSamples.ts'

const shapes = suite('transport/shape: frames are looked over before they are decoded')

const problem = (...bytes: number[]) => shapeProblem(Uint8Array.from(bytes))
const nested = (levels: number) => [...new Array(levels).fill(0x91), 0xc0]

shapes('what we send has a sound shape, as large and as deep as values may be', () => {
  for (const message of messages) assert.is(shapeProblem(body(encode(message))), undefined)
  let deep: unknown = 1n
  for (let level = 0; level < VALUE_DEPTH_MAX; level++) deep = [deep]
  const alice = open('alice')
  put(alice, ['deep', deep], at(0))
  put(alice, ['many', new Array(VALUE_PARTS_MAX - 1).fill(null)], at(0))
  for (const slot of alice.table.slotsInUse()) {
    const frame = encode({ kind: 'sync.give', ask: 1, batch: gather(alice, [slot], at(0)) })
    assert.is(shapeProblem(body(frame)), undefined)
    assert.ok(decode(frame))
  }
  const dates = new Array(VALUE_PARTS_MAX / 2 - 1).fill(new Date(0))
  const whisper = encode({ kind: 'whisper', payload: admitValue(dates).kept })
  assert.is(shapeProblem(body(whisper)), undefined)
})

shapes('one level too many is too deep', () => {
  assert.is(problem(...nested(FRAME_DEPTH_MAX)), undefined)
  assert.is(problem(...nested(FRAME_DEPTH_MAX + 1)), 'frame.depth')
  assert.is(shapeProblem(new Uint8Array(500_000).fill(0x91)), 'frame.depth')
})

shapes('one element too many is too much', () => {
  const list = (items: number) => {
    const bytes = new Uint8Array(5 + items).fill(0xc0)
    bytes.set([0xdd, items >>> 24, items >>> 16, items >>> 8, items])
    return shapeProblem(bytes)
  }
  assert.is(list(FRAME_ELEMENTS_MAX - 1), undefined)
  assert.is(list(FRAME_ELEMENTS_MAX), 'frame.elements')
})

shapes('a header that announces more than there is lies, whatever it announces', () => {
  const heads = [
    [0xdd, 0xff, 0xff, 0xff, 0xff, 1],
    [0xdc, 0xff, 0xff, 1],
    [0x92, 1],
    [0xc6, 0xff, 0xff, 0xff, 0xff, 1],
    [0xdb, 0xff, 0xff, 0xff, 0xff, 1],
    [0xda, 0xff, 0xff],
    [0xd9, 2, 0x61],
    [0xc4],
    [0xcb, 0, 0],
    [0xdd, 0],
    [],
  ]
  for (const bytes of heads) assert.is(problem(...bytes), 'frame.content', `${bytes}`)
  assert.is(problem(1, 1), 'frame.content', 'bytes behind the end')
})

shapes('maps, extensions and what is not in use are nothing that we send', () => {
  const heads = [0x80, 0x81, 0x8f, 0xc1, 0xc7, 0xc8, 0xc9, 0xde, 0xdf]
  for (let head = 0xd4; head <= 0xd8; head++) heads.push(head)
  for (const head of heads) {
    assert.is(problem(0x91, head, 0, 0, 0, 0, 0, 0), 'frame.content', `${head}`)
  }
})

shapes.run()
