/** Broadcasts that come twice and out of order, and hosts that are slow. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Broadcast, Message } from '../../machines/rules/message.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { decode, encode } from '../../transport/codec.ts'
import { World } from './world.ts'

const disorder = suite('disorder')

const ORIGIN = { peer: 'alice' as PeerId, run: 'alice-1' as RunId }

function broadcast(number: number): Broadcast {
  const body = { kind: 'note', payload: admitValue(`note ${number}`), to: null } as const
  return { kind: 'broadcast', origin: ORIGIN, number, body }
}

/** What the messages are that a wire received: the number of a broadcast, or the other's kind. */
function read(frames: readonly Uint8Array[]): (number | string | undefined)[] {
  return frames.map((frame) => {
    const message = decode(frame)
    return message?.kind === 'broadcast' ? message.number : message?.kind
  })
}

/** Sends these messages from alice to bob, one every ten milliseconds. */
function send(world: World, messages: readonly Message[], afterwardsMs: number) {
  const couple = world.couple()
  for (const message of messages) {
    couple.near.wire.send(encode(message))
    world.clock.advance(10)
  }
  world.clock.advance(afterwardsMs)
  return { ...couple, received: () => read(couple.far.heard.received) }
}

const HUNDRED = Array.from({ length: 100 }, (_, index) => broadcast(index + 1))
const NUMBERS = HUNDRED.map(({ number }) => number)

disorder('nothing is out of order or double unless it is asked for', () => {
  assert.equal(send(new World(), HUNDRED, 200_000).received(), NUMBERS)
})

disorder('each broadcast comes, late ones behind later ones', () => {
  const world = new World({ reorderShare: 0.3 })
  const received = send(world, HUNDRED, 2_000).received() as number[]
  assert.is.not(received.join(), NUMBERS.join())
  assert.equal(
    received.toSorted((one, other) => one - other),
    NUMBERS,
  )
  assert.ok(world.network.disturbances.reorders > 10)
})

disorder('second copies come, some of them minutes later', () => {
  const world = new World({ duplicateShare: 0.5 })
  const { received, far } = send(world, HUNDRED, 0)
  const soon = received().length
  world.clock.advance(60_000)
  const afterAMinute = received().length
  assert.ok(soon > 100 && afterAMinute > soon)
  world.clock.advance(180_000)
  const { duplicates } = world.network.disturbances
  assert.ok(received().length > afterAMinute)
  assert.is(received().length, 100 + duplicates)
  assert.equal([...new Set(received())].length, 100)
  assert.not(far.heard.isEnded)
})

disorder('what steers a connection overtakes nothing', () => {
  const messages: Message[] = [
    broadcast(1),
    broadcast(2),
    { kind: 'ping', sentMs: 1 },
    broadcast(3),
  ]
  const world = new World({ reorderShare: 1 })
  assert.equal(send(world, messages, 2_000).received(), [1, 2, 'ping', 3])
  const farewell: Message = { kind: 'farewell', reason: 'leaving' }
  assert.equal(send(new World({ reorderShare: 1 }), [broadcast(1), farewell], 0).received(), [
    1,
    'farewell',
  ])
})

disorder('the end of a connection overtakes nothing', () => {
  const world = new World({ reorderShare: 1 })
  const { near, received, far } = send(world, [broadcast(1), broadcast(2)], 0)
  near.wire.close()
  world.clock.advance(100)
  assert.equal(received(), [1, 2])
  assert.is(far.heard.end?.code, 'ended')
})

disorder('a stalled host reads what was held back when it reads again', () => {
  const world = new World({ reorderShare: 1 })
  const { received } = send(world, [broadcast(1)], 0)
  world.network.stall('bob')
  world.clock.advance(5_000)
  assert.equal(received(), [])
  world.network.unstall('bob')
  world.clock.advance(100)
  assert.equal(received(), [1])
})

disorder('a slow host is slow both ways, until it is not', () => {
  const world = new World({ latencyMs: [10, 10] })
  const { near, far } = world.couple()
  const arrivalMs = () => {
    const startMs = world.clock.now()
    let arrivedMs = 0
    far.heard.onFrames = () => {
      arrivedMs = world.clock.now() - startMs
    }
    near.wire.send(encode(broadcast(1)))
    world.clock.advance(60_000)
    return Math.round(arrivedMs)
  }
  assert.is(arrivalMs(), 10)
  world.network.slow('bob', {})
  assert.is(arrivalMs(), 100)
  world.network.slow('alice', { factor: 30 })
  assert.is(arrivalMs(), 300)
  world.network.slow('alice', { factor: 1, bytesPerMs: 0.01 })
  assert.ok(arrivalMs() > 1_000)
  world.network.slow('alice')
  world.network.slow('bob')
  assert.is(arrivalMs(), 10)
})

disorder.run()
