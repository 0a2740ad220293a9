import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { frameOf } from '../../transport/acceptanceScene.ts'
import {
  body,
  FRAME_HEADER_BYTES,
  FrameReader,
  PREAMBLE,
  PreambleReader,
  seal,
} from '../../transport/framing.ts'
import type { Frame } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Joins frames as a stream has them. */
function streamOf(frames: readonly Frame[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(frames))
}

/** Reads a stream in pieces of the sizes that `nextBytes` gives. */
function readInPieces(reader: FrameReader, stream: Uint8Array, nextBytes: () => number): Frame[] {
  const frames: Frame[] = []
  for (let offset = 0; offset < stream.length; ) {
    const end = Math.min(stream.length, offset + nextBytes())
    const read = reader.push(stream.slice(offset, end))
    assert.is(read.problem, undefined)
    frames.push(...read.frames)
    offset = end
  }
  return frames
}

const framing = suite('framing')

framing('seal writes the length of the body in front, and body gives it back', () => {
  const frame = seal(Uint8Array.of(0, 0, 0, 0, 7, 8))
  assert.equal([...frame], [0, 0, 0, 2, 7, 8])
  assert.equal([...body(frame)], [7, 8])
  const long = seal(new Uint8Array(FRAME_HEADER_BYTES + 0x01_02_03))
  assert.equal([...long.subarray(0, 4)], [0, 1, 2, 3])
  assert.throws(() => seal(new Uint8Array(FRAME_HEADER_BYTES)), /needs a body/)
  assert.throws(() => seal(new Uint8Array(2)), /needs a body/)
})

framing('frames come out of one chunk in order, with their headers', () => {
  const sent = [frameOf(1, 1), frameOf(300, 2), frameOf(4 * KIB, 3)]
  assert.equal(new FrameReader().push(streamOf(sent)), { frames: sent })
})

framing('a stream that comes byte by byte gives the same frames', () => {
  const sent = [frameOf(1, 1), frameOf(300, 2), frameOf(2, 3)]
  const reader = new FrameReader()
  assert.equal(
    readInPieces(reader, streamOf(sent), () => 1),
    sent,
  )
  assert.is(reader.end(), undefined)
})

framing('a stream that is split at random gives the same frames', () => {
  const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`SEED=${first}`)
  for (let seed = first; seed < first + 200; seed += 1) {
    const random = seededRandom(seed)
    const sent = Array.from({ length: 20 }, (_, mark) =>
      frameOf(1 + Math.floor(random() * 10 ** (random() * 4)), mark),
    )
    const reader = new FrameReader(10 * KIB)
    const pieceBytes = 10 ** (random() * 5)
    const frames = readInPieces(reader, streamOf(sent), () => 1 + Math.floor(random() * pieceBytes))
    assert.equal(frames, sent, `seed ${seed}`)
    assert.is(reader.end(), undefined, `seed ${seed}`)
  }
})

framing('a frame of 1 MiB in segments of 1,448 bytes takes linear time', () => {
  const copiedBytes = copiesOf(() => {
    const reader = new FrameReader(MIB)
    const sent = frameOf(MIB, 1)
    const [frame, ...others] = readInPieces(reader, sent, () => 1_448)
    assert.ok(Buffer.compare(frame ?? PREAMBLE, sent) === 0)
    assert.is(others.length, 0)
    assert.is(frame?.buffer.byteLength, sent.length)
  })
  // Once into the growing buffer, and at most twice more each time that it doubles.
  assert.ok(copiedBytes < 4 * MIB, `${copiedBytes} bytes were copied`)
})

/**
 * How many bytes are copied with `set` while the callback runs. Counting is steadier than a
 * stopwatch.
 */
function copiesOf(run: () => void): number {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype)
  const { set } = prototype
  let copiedBytes = 0
  prototype.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number) {
    copiedBytes += source.length
    set.call(this, source, offset)
  }
  try {
    run()
  } finally {
    prototype.set = set
  }
  return copiedBytes
}

framing('an announced frame of 4 GiB is refused, and nothing is allocated for it', () => {
  const reader = new FrameReader(MIB)
  const before = process.memoryUsage().arrayBuffers
  const { frames, problem } = reader.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3))
  assert.ok(process.memoryUsage().arrayBuffers - before < MIB)
  assert.equal(frames, [])
  assert.is(problem?.code, 'bad-frame')
  assert.match(problem?.detail ?? '', '4294967295')
})

framing('who announces much and sends little makes the reader hold little', () => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 200 }, () => new FrameReader(MIB))
  for (const reader of readers) reader.push(Uint8Array.of(0, 0x10, 0, 0, 1, 2, 3))
  assert.ok(process.memoryUsage().arrayBuffers - before < MIB)
})

framing('an empty frame is refused, also when its header comes in two chunks', () => {
  assert.is(new FrameReader().push(new Uint8Array(4)).problem?.code, 'bad-frame')
  const reader = new FrameReader()
  assert.is(reader.push(new Uint8Array(3)).problem, undefined)
  assert.is(reader.push(new Uint8Array(1)).problem?.code, 'bad-frame')
})

framing('frames before a bad one come out, and nothing after it', () => {
  const reader = new FrameReader(10)
  const good = frameOf(10, 1)
  const { frames, problem } = reader.push(streamOf([good, frameOf(11, 2), good]))
  assert.equal(frames, [good])
  assert.is(problem?.code, 'bad-frame')
  assert.equal(reader.push(good), { frames: [], problem })
  assert.equal(reader.end(), problem)
})

framing('the limit counts the body, is 4 KiB at first, and can be moved', () => {
  const reader = new FrameReader()
  assert.is(reader.push(frameOf(4 * KIB)).frames.length, 1)
  reader.limit(8 * KIB)
  assert.is(reader.push(frameOf(8 * KIB)).frames.length, 1)
  reader.limit(4)
  assert.is(reader.push(frameOf(5)).problem?.code, 'bad-frame')
})

framing('a stream that ends within a frame or a header is cut off', () => {
  for (const bytes of [[0], [0, 0, 0], [0, 0, 0, 2], [0, 0, 0, 2, 7]]) {
    const reader = new FrameReader()
    reader.push(Uint8Array.from(bytes))
    assert.is(reader.end()?.code, 'bad-frame', `${bytes}`)
  }
  assert.is(new FrameReader().end(), undefined)
})

framing('a small frame does not keep a large chunk alive, and a large one is not copied', () => {
  const chunk = streamOf([frameOf(100, 1), frameOf(60 * KIB, 2)])
  const [small, large] = new FrameReader(64 * KIB).push(chunk).frames
  assert.is(small?.buffer.byteLength, 104)
  assert.is(large?.buffer, chunk.buffer)
})

framing('no frame lies in memory that is lent', () => {
  const chunk = streamOf([frameOf(100, 1), frameOf(60 * KIB, 2)])
  const { frames } = new FrameReader(64 * KIB).push(chunk, true)
  chunk.fill(0)
  assert.equal(frames, [frameOf(100, 1), frameOf(60 * KIB, 2)])
})

framing('the preamble is known byte by byte, and so is a stranger', () => {
  const reader = new PreambleReader()
  for (const byte of PREAMBLE.subarray(0, -1)) {
    assert.is(reader.push(Uint8Array.of(byte)).verdict, 'waiting')
  }
  const read = reader.push(Uint8Array.of(0x01, 5, 6))
  assert.equal(read, { verdict: 'right', rest: Uint8Array.of(5, 6) })
  for (const text of ['G', 'HE', 'HFST\x02', '\0']) {
    assert.is(new PreambleReader().push(Buffer.from(text)).verdict, 'wrong', text)
  }
  assert.is(new PreambleReader().push(new Uint8Array(0)).verdict, 'waiting')
})

framing.run()
