/** The part of the acceptance suite that is about frames: what arrives, and how fast. */

import assert from 'node:assert/strict'
import { FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_HELLO } from '../machines/rules/message.ts'
import {
  assertSameFrames,
  connect,
  dial,
  frameOf,
  join,
  listen,
  markOf,
  type SceneCheck,
  type TransportScene,
} from './acceptanceScene.ts'
import type { Frame } from './ports.ts'

/**
 * The send queue has to grow to this many bytes while nobody reads; more than any carrier's
 * threshold.
 */
const QUEUE_BYTES_PROBED = 8 * 1024 * 1024

/** What is sent at most to get there, in bytes: the network between may hold some of it. */
const SENT_BYTES_MAX = 256 * 1024 * 1024

export const FRAME_CHECKS: Readonly<Record<string, SceneCheck>> = {
  'frames arrive in order and unchanged, in both directions at once': carriesBothWays,
  'frames of one byte and of the greatest length arrive': carriesExtremes,
  'ten thousand frames of one tick arrive together': carriesManyFrames,
  'frames that were sent before the wire was open arrive': carriesEarlyFrames,
  'a received frame shares no memory with the sent one': copiesFrames,
  'a frame over the limit ends its wire only, with bad-frame': refusesLongFrame,
  'an empty frame ends its wire with bad-frame': refusesEmptyFrame,
  'a reader who pauses gets nothing until it resumes': pausesReading,
  'a queue grows while nobody reads, and reports when it is empty': pressesBack,
}

async function carriesBothWays(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  const there: Frame[] = []
  const back: Frame[] = []
  for (let round = 0; round < 40; round += 1) {
    there.push(frameOf(4 + round * 97, round))
    back.push(frameOf(4 + round * 53, 1_000 + round))
    dialled.wire.send(there[round] as Frame)
    accepted.wire.send(back[round] as Frame)
    if (round % 10 === 9) await scene.settle()
  }
  await scene.until(() => accepted.heard.received.length === there.length)
  await scene.until(() => dialled.heard.received.length === back.length)
  assertSameFrames(accepted.heard.received, there)
  assertSameFrames(dialled.heard.received, back)
}

async function carriesExtremes(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  accepted.wire.limitFrames(FRAME_BYTES_MAX)
  const sent = [frameOf(1), frameOf(FRAME_BYTES_MAX, 2), frameOf(1), frameOf(FRAME_BYTES_MAX, 4)]
  for (const frame of sent) dialled.wire.send(frame)
  await scene.until(() => accepted.heard.received.length === sent.length)
  assertSameFrames(accepted.heard.received, sent)
}

async function carriesManyFrames(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  const count = 10_000
  for (let mark = 0; mark < count; mark += 1) dialled.wire.send(frameOf(20, mark))
  await scene.until(() => accepted.heard.received.length === count)
  const marks = accepted.heard.received.map(markOf)
  assert.ok(marks.every((mark, index) => mark === index))
  // The frames filled a few reads, rather than one each.
  assert.ok(accepted.heard.readCount < count / 10, `${accepted.heard.readCount} reads`)
}

async function carriesEarlyFrames(scene: TransportScene): Promise<void> {
  const listening = await listen(scene)
  const dialled = dial(scene, listening.address)
  const sent = [frameOf(4, 1), frameOf(4, 2)]
  for (const frame of sent) dialled.wire.send(frame)
  assert.equal(dialled.wire.queuedBytes, 16)
  await scene.until(() => listening.accepted[0]?.heard.received.length === 2)
  assertSameFrames(listening.accepted[0]?.heard.received ?? [], sent)
  await scene.until(() => dialled.wire.queuedBytes === 0)
}

async function copiesFrames(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  const sent = frameOf(1_000, 1)
  dialled.wire.send(sent)
  await scene.until(() => accepted.heard.received.length === 1)
  sent.fill(0xff)
  assertSameFrames(accepted.heard.received, [frameOf(1_000, 1)])
}

async function refusesLongFrame(scene: TransportScene): Promise<void> {
  const { dialled, accepted, listening } = await connect(scene)
  const other = await join(scene, listening)
  dialled.wire.send(frameOf(FRAME_BYTES_MAX_BEFORE_HELLO, 1))
  dialled.wire.send(frameOf(FRAME_BYTES_MAX_BEFORE_HELLO + 1, 2))
  dialled.wire.send(frameOf(4, 3))
  await scene.until(() => accepted.heard.end !== undefined)
  assert.equal(accepted.heard.end?.code, 'bad-frame')
  assertSameFrames(accepted.heard.received, [frameOf(FRAME_BYTES_MAX_BEFORE_HELLO, 1)])
  await scene.until(() => dialled.heard.end !== undefined)
  other.dialled.wire.send(frameOf(4, 4))
  await scene.until(() => other.accepted.heard.received.length === 1)
  assert.equal(other.dialled.heard.end, undefined)
}

async function refusesEmptyFrame(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  dialled.wire.send(new Uint8Array(4))
  await scene.until(() => accepted.heard.end !== undefined)
  assert.equal(accepted.heard.end?.code, 'bad-frame')
  assert.equal(accepted.heard.received.length, 0)
}

async function pausesReading(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  accepted.wire.pauseReading()
  dialled.wire.send(frameOf(4, 1))
  await scene.settle()
  assert.equal(accepted.heard.received.length, 0)
  accepted.wire.send(frameOf(4, 2))
  await scene.until(() => dialled.heard.received.length === 1)
  accepted.wire.resumeReading()
  await scene.until(() => accepted.heard.received.length === 1)
}

async function pressesBack(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  accepted.wire.limitFrames(FRAME_BYTES_MAX)
  accepted.wire.pauseReading()
  const frame = frameOf(FRAME_BYTES_MAX)
  let sentCount = 0
  while (dialled.wire.queuedBytes < QUEUE_BYTES_PROBED) {
    assert.ok(sentCount * frame.length < SENT_BYTES_MAX, 'the queue does not grow')
    for (let index = 0; index < 8; index += 1) dialled.wire.send(frame)
    sentCount += 8
    await scene.settle()
  }
  dialled.heard.drainedCount = 0
  assert.equal(accepted.heard.received.length, 0)
  accepted.wire.resumeReading()
  await scene.until(() => accepted.heard.received.length === sentCount)
  await scene.until(() => dialled.heard.drainedCount > 0)
  assert.equal(dialled.heard.drainedCount, 1)
  assert.equal(dialled.wire.queuedBytes, 0)
}
