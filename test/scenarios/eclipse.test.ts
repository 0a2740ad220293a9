/**
 * A member that comes under many names, to be all that a peer hears of. Its names dial everybody,
 * keep every connection, and say that they cannot spare one.
 */

import type { Dictionary } from 'holdfast'
import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { boards } from '../../actors/sync.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { ANCHORS_MIN, VIEW_MAX } from '../../machines/rules/view.ts'
import { hear, type Scene, scenarios } from './scene.ts'

const HONEST = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
/** More by `NAMES=100`; the rule is tried with a hundred in `test/rules/view.test.ts`. */
const NAMES = Number(process.env.NAMES ?? 12)
/** How long the attack lasts, in milliseconds of simulated time. */
const SIEGE_MS = 40_000

const nameOf = (index: number) => `mallory${String(index).padStart(2, '0')}`

/** Alice comes last, so she has dialled the others. */
async function meet(scene: Scene): Promise<Simulation> {
  const simulation = scene.simulate({ peers: ['bob'] })
  for (const name of [...HONEST.slice(2), 'alice']) {
    simulation.start(name, { join: ['sim://bob'] })
    await simulation.advance(2_000)
  }
  await simulation.advance(20_000)
  return simulation
}

function besiege(simulation: Simulation): void {
  for (let index = 0; index < NAMES; index++) {
    const join = HONEST.map((name) => `sim://${name}`)
    const mallory = simulation.start(nameOf(index), { join, maxOutgoing: 0 })
    for (const name of HONEST) boards.get(mallory.actor)?.asked.add(name as PeerId)
  }
}

/** Whom alice holds as an anchor. */
function anchorsOf(alice: Dictionary): string[] {
  const neighbours = boards.get(alice.actor)?.view.neighbours ?? new Map()
  return [...neighbours].flatMap(([peerId, { isAnchor }]) => (isAnchor ? [String(peerId)] : []))
}

scenarios('eclipse', (scenario) => {
  scenario('whom alice chose herself stays, whoever comes and whatever they say', async (scene) => {
    const simulation = await meet(scene)
    const alice = simulation.peer('alice')
    assert.is(alice.peers.length, HONEST.length - 1)
    const facts = hear(alice, 'disconnect')
    besiege(simulation)
    await simulation.advance(SIEGE_MS)
    const anchors = anchorsOf(alice)
    assert.is(anchors.length, ANCHORS_MIN)
    assert.ok(
      anchors.every((name) => HONEST.includes(name)),
      anchors.join(),
    )
    assert.ok(alice.peers.length > VIEW_MAX, 'they are all there')
    const connected: string[] = alice.peers.map(({ peerId }) => peerId)
    const parted = facts.map(({ peerId }) => String(peerId))
    for (const name of anchors) {
      assert.ok(connected.includes(name), name)
      assert.not(parted.includes(name), `${name} was gone for a while`)
    }
  })
})
