/** A peer that has no room for what another one wrote says so, and the writer hears of it. */

import * as assert from 'uvu/assert'
import { LACK_MS } from '../../machines/rules/lacking.ts'
import { hear, scenarios } from './scene.ts'

const LARGE = 'x'.repeat(10_000)
/** How soon a writer hears of it, in milliseconds. */
const TOLD_MS = 3_000

scenarios('a peer that is full', (scenario) => {
  for (const isApart of [false, true]) {
    const where = isApart ? 'by way of carol' : 'directly'

    scenario(`tells the writer, and nobody else, ${where}`, async (scene) => {
      const simulation = await scene.gather('bob', 'carol')
      const join = ['sim://bob', 'sim://carol']
      const dave = simulation.start('dave', { join, limits: { bytesMax: 5_000 } })
      await simulation.untilQuiet()
      if (isApart) simulation.partition(['dave'], ['bob'])
      // Until then bob takes for granted that dave hears him.
      await simulation.advance(60_000)
      const [bob, carol] = [simulation.peer('bob'), simulation.peer('carol')]
      const [atBob, atCarol] = [hear(bob, 'member.full'), hear(carol, 'member.full')]
      const reached = hear(dave, 'limit.reached')
      const lackAt = (peer: typeof bob) =>
        peer.members.find(({ peerId }) => peerId === 'dave')?.lack ?? null
      carol.set('door', 'open')
      await simulation.advance(TOLD_MS)
      assert.equal([atBob, atCarol], [[], []])
      bob.set('gate', LARGE)
      await simulation.advance(TOLD_MS)
      assert.equal(reached.map(({ limit, peerId }) => `${limit} ${peerId}`).slice(0, 1), [
        'bytes bob',
      ])
      const fact = { type: 'member.full', peerId: 'dave', limit: 'bytes' }
      assert.equal([atBob, atCarol], [[fact], []] as unknown)
      assert.equal([lackAt(bob), lackAt(carol)], ['bytes', null])
      assert.is(bob.stats().membersFull, 1)
      // It is still so, and is told no more.
      await simulation.advance(5 * LACK_MS)
      assert.is(atBob.length, 1)
      assert.is(lackAt(bob), 'bytes')
      assert.not(dave.has('gate'))
      // There is room again, and what was missing comes.
      bob.set('gate', 'shut')
      await simulation.advance(2 * LACK_MS)
      assert.is(dave.get('gate'), 'shut')
      assert.is(lackAt(bob), null)
      assert.is(dave.digest(), bob.digest())
      bob.set('gate', LARGE)
      await simulation.advance(TOLD_MS)
      assert.is(atBob.length, 2, 'another time is told again')
    })
  }
})
