/** Payloads on their way: direct among few, along a tree of bounded degree among many. */
import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { Line } from '../../actors/line.ts'
import { VIEW_MAX, VIEW_MIN } from '../../machines/rules/view.ts'
import { decode } from '../../transport/codec.ts'
import type { Frame } from '../../transport/ports.ts'
import { ANYBODY } from '../../transport/simulatedDisorder.ts'
import { type Scene, scenarios } from './scene.ts'

const MANY = 14
/** How long a network takes to find its shape, in milliseconds of simulated time. */
const SETTLED_MS = 90_000

const nameOf = (index: number) => `peer${String(index).padStart(2, '0')}`

/** Counts the frames with entries that all peers send while `act` runs. */
async function payloads(act: () => Promise<void>): Promise<number> {
  const { send } = Line.prototype
  let count = 0
  Line.prototype.send = function (this: Line, frame: Frame): boolean {
    const message = decode(frame, ANYBODY)
    if (message?.kind === 'broadcast' && message.body.kind === 'entries') count++
    return send.call(this, frame)
  }
  try {
    await act()
  } finally {
    Line.prototype.send = send
  }
  return count
}

/** All peers but the first know only the first. */
async function joinOne(scene: Scene, count: number): Promise<Simulation> {
  const simulation = scene.simulate({ peers: [nameOf(0)] })
  for (let index = 1; index < count; index++) {
    simulation.start(nameOf(index), { join: [`sim://${nameOf(0)}`] })
  }
  await simulation.advance(SETTLED_MS)
  return simulation
}

const degreesOf = (simulation: Simulation) =>
  simulation.names.map((name) => simulation.peer(name).peers.length)

/** All peers write, one after the other, and everybody has everything. */
async function writeAll(simulation: Simulation): Promise<void> {
  for (const name of simulation.names) {
    simulation.peer(name).set(name, 'here')
    await simulation.advance(2_000)
  }
  const sizes = simulation.names.map((name) => simulation.peer(name).size)
  assert.equal(new Set(sizes).size, 1, sizes.join())
}

scenarios('relays', (scenario) => {
  scenario('among eight each payload reaches each peer once, from its writer', async (scene) => {
    const simulation = await scene.gather({ peers: 8 })
    await simulation.advance(1_000)
    assert.is(await payloads(() => writeAll(simulation)), 8 * 7)
    assert.ok(simulation.converged())
  })

  scenario('who cannot be told directly is told by others', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    simulation.partition(['alice'], ['carol'])
    await simulation.advance(30_000)
    simulation.peer('alice').set('door', 'open')
    await simulation.advance(200)
    assert.is(simulation.peer('carol').get('door'), 'open')
  })

  scenario('among many a peer has few neighbours, and a payload comes once', async (scene) => {
    const simulation = await joinOne(scene, MANY)
    // All neighbours of a peer may hold it as an anchor, and then it lets nobody go.
    for (const degree of degreesOf(simulation)) {
      assert.ok(degree >= VIEW_MIN && degree <= VIEW_MAX + 1, degreesOf(simulation).join())
    }
    const sent = await payloads(() => writeAll(simulation))
    const once = MANY * (MANY - 1)
    assert.ok(sent >= once && sent <= 1.05 * once, `${sent} payloads, ${once} would do`)
    assert.ok(simulation.converged())
  })

  scenario('among many a neighbour that either side asked for stays', async (scene) => {
    const simulation = scene.simulate({ peers: [nameOf(0)] })
    for (let index = 1; index < MANY; index++) simulation.start(nameOf(index))
    // Each asks for all before it, so of each pair only one does.
    for (let index = 1; index < MANY; index++) {
      const asker = simulation.peer(nameOf(index))
      for (let other = 0; other < index; other++) void asker.connect(`sim://${nameOf(other)}`)
      await simulation.advance(100)
    }
    await simulation.advance(SETTLED_MS)
    assert.is(Math.min(...degreesOf(simulation)), MANY - 1, degreesOf(simulation).join())
  })

  scenario('among many the tree heals when a third of them die', async (scene) => {
    const simulation = await joinOne(scene, MANY)
    for (const index of [0, 4, 8, 12]) simulation.crash(nameOf(index))
    simulation.peer(nameOf(1)).set('door', 'open')
    await simulation.advance(2_000)
    for (const name of simulation.names) {
      assert.is(simulation.peer(name).get('door'), 'open', name)
    }
    await simulation.advance(SETTLED_MS)
    await writeAll(simulation)
    for (const degree of degreesOf(simulation)) assert.ok(degree >= VIEW_MIN)
  })

  scenario('two halves of many that were cut find each other again', async (scene) => {
    const simulation = await joinOne(scene, MANY)
    const names = simulation.names
    const [left, right] = [names.slice(0, 7), names.slice(7)]
    simulation.partition(left, right)
    await simulation.advance(120_000)
    simulation.peer(left[3] as string).set('left', 1)
    simulation.peer(right[3] as string).set('right', 2)
    simulation.heal()
    await simulation.advance(60_000)
    assert.ok(simulation.converged())
    assert.is(simulation.peer(left[0] as string).get('right'), 2)
  })
})
