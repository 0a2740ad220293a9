import type { Simulation } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import { boards } from '../../actors/sync.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { seal } from '../../transport/framing.ts'
import { peerClock } from '../../transport/peerClock.ts'
import type { Wire, WireEnd } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import { hear, scenarios, seen } from './scene.ts'

/** How long a write takes at most from one neighbour to the next, in milliseconds. */
const DELIVERY_MS_MAX = 20
/** A value that fills the window of a peer that does not read, and the queue, in a few writes. */
const VALUE_BYTES = 100 * 1024
const QUEUE_BYTES_MAX = 256 * 1024

const queuedFor = (simulation: Simulation, name: string, other: string): number =>
  boards.get(simulation.peer(name).actor)?.lines.to(other as PeerId)?.queuedBytes ?? 0

scenarios('neighbours that do not read, or send what nobody understands', (scenario) => {
  scenario('M4: bob reads nothing; that delays nobody and costs a queue', async (scene) => {
    const options = { limits: { sendQueueBytesMax: QUEUE_BYTES_MAX } }
    const simulation = await scene.gather({ peers: ['alice', 'bob', 'carol'], options })
    const [alice, carol] = [simulation.peer('alice'), simulation.peer('carol')]
    simulation.network.stall('bob')
    let longest = 0
    for (let round = 0; round < 60; round++) {
      alice.set(`key ${round % 3}`, `${round} `.padEnd(VALUE_BYTES, 'x'))
      alice.set('round', round)
      await simulation.advance(DELIVERY_MS_MAX)
      assert.is(carol.get('round'), round, 'carol has it as soon as ever')
      longest = Math.max(longest, queuedFor(simulation, 'alice', 'bob'))
    }
    assert.ok(longest > QUEUE_BYTES_MAX / 2, `only ${longest} bytes ever waited`)
    assert.ok(longest <= QUEUE_BYTES_MAX + 2 * VALUE_BYTES, `${longest} bytes waited`)
    simulation.network.unstall('bob')
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'round'), [59, 59, 59])
  })

  scenario('M5: mallory sends arbitrary bytes, and loses her links only', async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const { names } = simulation
    const parted = names.flatMap((name) => hear(simulation.peer(name), 'disconnect'))
    const random = seededRandom(scene.seed)
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => random() * 256)
    const mallory = simulation.network.host('mallory', peerClock({ clock: simulation.clock }))
    const ends: WireEnd[] = []
    for (let visit = 0; visit < 40; visit++) {
      const wire: Wire = mallory.dial('sim://alice', {
        opened: () => wire.send(seal(bytes(4 + 1 + Math.floor(random() * 300)))),
        frames: () => {},
        drained: () => {},
        closed: (end) => ends.push(end),
      })
      simulation.peer('bob').set('visit', visit)
      await simulation.advance(100)
      assert.equal(seen(simulation, 'visit'), [visit, visit, visit])
    }
    assert.is(ends.length, 40, 'each of her links has ended')
    assert.equal(parted, [])
    assert.equal(
      names.map((name) => simulation.peer(name).peers.length),
      [2, 2, 2],
    )
  })
})
