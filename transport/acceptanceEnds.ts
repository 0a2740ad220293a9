/** The part of the acceptance suite that is about how wires end. */

import assert from 'node:assert/strict'
import { FRAME_BYTES_MAX } from '../machines/rules/message.ts'
import {
  assertSameFrames,
  connect,
  frameOf,
  join,
  type SceneCheck,
  type TransportScene,
} from './acceptanceScene.ts'

export const END_CHECKS: Readonly<Record<string, SceneCheck>> = {
  'close delivers what was queued, then ends both sides': closesInOrder,
  'close reads on until the other side has ended': readsAfterClose,
  'destroy ends at once': destroys,
  'closed is called once and last, however often a wire is ended': endsOnce,
}

async function closesInOrder(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  accepted.wire.limitFrames(FRAME_BYTES_MAX)
  const sent = [1, 2, 3, 4, 5, 6].map((mark) => frameOf(FRAME_BYTES_MAX, mark))
  for (const frame of sent) dialled.wire.send(frame)
  dialled.wire.close()
  dialled.wire.send(frameOf(4, 7))
  await scene.until(() => accepted.heard.end !== undefined && dialled.heard.end !== undefined)
  assertSameFrames(accepted.heard.received, sent)
  assert.equal(accepted.heard.end?.code, 'ended')
  assert.equal(dialled.heard.end?.code, 'closed')
  assert.equal(dialled.wire.queuedBytes, 0)
}

async function readsAfterClose(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  const answer = frameOf(4_000, 9)
  accepted.heard.onFrames = () => accepted.wire.send(answer)
  dialled.wire.send(frameOf(4, 1))
  dialled.wire.close()
  await scene.until(() => dialled.heard.end !== undefined)
  assertSameFrames(dialled.heard.received, [answer])
}

async function destroys(scene: TransportScene): Promise<void> {
  const { dialled, accepted } = await connect(scene)
  dialled.wire.destroy()
  assert.ok(!dialled.heard.isEnded, 'closed was called before destroy returned')
  assert.equal(dialled.wire.queuedBytes, 0)
  dialled.wire.send(frameOf(4, 1))
  await scene.until(() => dialled.heard.end !== undefined && accepted.heard.end !== undefined)
  assert.equal(dialled.heard.end?.code, 'closed')
  assert.match(accepted.heard.end?.code ?? '', /^(reset|ended)$/)
  assert.equal(accepted.heard.received.length, 0)
}

async function endsOnce(scene: TransportScene): Promise<void> {
  const { dialled, accepted, listening } = await connect(scene)
  // The recorders complain about whatever comes after the end.
  for (const { wire } of [dialled, accepted]) {
    wire.send(frameOf(100, 1))
    wire.close()
    wire.close()
  }
  await scene.until(() => dialled.heard.end !== undefined && accepted.heard.end !== undefined)
  assert.equal(dialled.heard.end?.code, 'closed')
  assert.equal(accepted.heard.end?.code, 'closed')
  const second = await join(scene, listening)
  second.dialled.wire.close()
  second.dialled.wire.destroy()
  second.accepted.wire.destroy()
  await scene.until(() => second.dialled.heard.end !== undefined)
  for (const { wire } of [dialled, accepted, second.dialled, second.accepted]) {
    wire.send(frameOf(4))
    wire.resumeReading()
    wire.pauseReading()
    wire.close()
    wire.destroy()
  }
  await scene.settle()
}
