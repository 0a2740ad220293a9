/** The part of the acceptance suite that is about dialling and listening. */

import assert from 'node:assert/strict'
import {
  connect,
  dial,
  frameOf,
  join,
  listen,
  type SceneCheck,
  type TransportScene,
} from './acceptanceScene.ts'
import type { ListenFailure } from './ports.ts'

export const PLACE_CHECKS: Readonly<Record<string, SceneCheck>> = {
  'both ends open, and each is told once': opensBothEnds,
  'a dial to nobody is refused': isRefused,
  'a dial to nonsense is unsupported': isUnsupported,
  'a dial that is given up never opens': givesUpDial,
  'listening twice at one address is address-in-use': listensOnce,
  'listening at nonsense is address-invalid': listensNowhere,
  'a closed listener frees its address and keeps its wires': closesListener,
  'a dialler who is turned away never opens': turnsAway,
}

async function opensBothEnds(scene: TransportScene): Promise<void> {
  const { dialled, accepted, listening } = await connect(scene)
  await scene.settle()
  assert.equal(listening.accepted.length, 1)
  assert.equal(dialled.wire.remoteAddress, listening.address)
  assert.ok(accepted.wire.remoteAddress.startsWith(`${scene.dialler.scheme}://`))
  for (const { wire, heard } of [dialled, accepted]) {
    assert.equal(heard.openedCount, 1)
    assert.equal(heard.end, undefined)
    assert.equal(wire.queuedBytes, 0)
  }
}

async function isRefused(scene: TransportScene): Promise<void> {
  const { address, listener } = await listen(scene)
  let isFree = false
  listener.close(() => {
    isFree = true
  })
  await scene.until(() => isFree)
  const { heard } = dial(scene, address)
  await scene.until(() => heard.end !== undefined)
  assert.equal(heard.end?.code, 'refused')
  assert.equal(heard.openedCount, 0)
}

async function isUnsupported(scene: TransportScene): Promise<void> {
  for (const address of ['', 'nonsense', `${scene.dialler.scheme}://`, 'other://host:1']) {
    const { heard } = dial(scene, address)
    await scene.until(() => heard.end !== undefined)
    assert.equal(heard.end?.code, 'unsupported', address)
  }
}

async function givesUpDial(scene: TransportScene): Promise<void> {
  const listening = await listen(scene)
  for (const end of ['close', 'destroy'] as const) {
    const { wire, heard } = dial(scene, listening.address)
    wire[end]()
    await scene.until(() => heard.end !== undefined)
    assert.equal(heard.end?.code, 'closed')
    assert.equal(heard.openedCount, 0)
  }
  await scene.settle()
  for (const { heard } of listening.accepted) assert.equal(heard.received.length, 0)
}

async function listensOnce(scene: TransportScene): Promise<void> {
  const { address } = await listen(scene)
  assert.equal((await failureOf(scene, address)).code, 'address-in-use')
  const dialled = dial(scene, address)
  await scene.until(() => dialled.heard.openedCount === 1)
}

async function listensNowhere(scene: TransportScene): Promise<void> {
  assert.equal((await failureOf(scene, 'nonsense')).code, 'address-invalid')
}

async function closesListener(scene: TransportScene): Promise<void> {
  const { dialled, accepted, listening } = await connect(scene)
  let isFree = false
  listening.listener.close(() => {
    isFree = true
  })
  await scene.until(() => isFree)
  dialled.wire.send(frameOf(4, 1))
  accepted.wire.send(frameOf(4, 2))
  await scene.until(() => accepted.heard.received.length + dialled.heard.received.length === 2)
  const again = await listen(scene, listening.address)
  assert.equal(again.address, listening.address)
  const next = await join(scene, again)
  assert.equal(listening.accepted.length, 1)
  assert.equal(next.dialled.heard.end, undefined)
}

async function turnsAway(scene: TransportScene): Promise<void> {
  let address: string | undefined
  let askedCount = 0
  scene.listener.listen(scene.address, {
    listening: (chosen) => {
      address = chosen
    },
    accepted: () => {
      askedCount += 1
      return undefined
    },
    failed: ({ detail }) => assert.fail(detail),
  })
  await scene.until(() => address !== undefined)
  const { heard } = dial(scene, address ?? '')
  await scene.until(() => heard.end !== undefined)
  assert.match(heard.end?.code ?? '', /^(ended|reset)$/)
  assert.equal(heard.openedCount, 0)
  assert.equal(askedCount, 1)
}

async function failureOf(scene: TransportScene, address: string): Promise<ListenFailure> {
  let failure: ListenFailure | undefined
  scene.listener.listen(address, {
    listening: () => assert.fail(`listens at ${address}`),
    accepted: () => undefined,
    failed: (reason) => {
      assert.equal(failure, undefined, 'failed was called twice')
      failure = reason
    },
  })
  assert.equal(failure, undefined, 'failed was called before listen returned')
  await scene.until(() => failure !== undefined)
  return failure ?? assert.fail()
}
