/** Peers that sign what they write: all is as ever, and nobody writes under another's name. */
import * as assert from 'uvu/assert'
import { boards } from '../../actors/sync.ts'
import type { Broadcast } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { playSeed } from './random.ts'
import { hear, scenarios, seen } from './scene.ts'

const signed = { integrity: 'signed' } as const
const names = ['alice', 'bob', 'carol', 'mallory'] as const

function boardOf(actor: object) {
  const board = boards.get(actor)
  if (board === undefined) throw new Error('no such actor')
  return board
}

scenarios('scenarios/signed', (scenario) => {
  scenario(
    'what a peer that is gone has written is proven by those who are left',
    async (scene) => {
      const simulation = await scene.gather({ peers: ['alice', 'bob'], options: signed })
      simulation.peer('alice').set('door', { of: 'alice' })
      await simulation.untilQuiet()
      simulation.crash('alice')
      const carol = simulation.start('carol', { join: ['sim://bob'] })
      const offences = hear(carol, 'offence')
      await simulation.untilQuiet()
      simulation.crash('bob')
      simulation.start('dave', { join: ['sim://carol'] })
      await simulation.untilQuiet()
      assert.equal(seen(simulation, 'door'), [{ of: 'alice' }, { of: 'alice' }])
      assert.equal(offences, [])
    },
  )

  scenario('mallory speaks for alice: nobody believes it, and she is cut off', async (scene) => {
    const simulation = await scene.gather({ peers: names, options: signed })
    simulation.peer('alice').set('door', 'open')
    await simulation.untilQuiet()
    const heard = names.map((name) => hear(simulation.peer(name), 'offence'))
    const parted = hear(simulation.peer('bob'), 'disconnect')
    const [alice, mallory] = [simulation.peer('alice'), simulation.peer('mallory')]
    const board = boardOf(mallory.actor)
    const lie: Broadcast = {
      kind: 'broadcast',
      origin: boardOf(alice.actor).self,
      number: 1_000,
      body: { kind: 'left', keepsLeases: false },
    }
    board.lines.broadcast(board.notary?.frameOf(lie) as Uint8Array)
    await simulation.advance(100)
    assert.ok(simulation.peer('bob').lease('door'), 'her lease goes on')
    const [atAlice, atBob, atCarol, atMallory] = heard
    for (const offences of [atAlice, atBob, atCarol]) {
      const told = offences?.map(({ peerId, reason }) => [peerId, reason])
      assert.equal(told, [['mallory' as PeerId, 'not-signed']])
    }
    assert.equal(atMallory, [])
    assert.ok(parted.some(({ peerId }) => peerId === 'mallory'))
  })

  scenario('what was said before is nothing new to who hears it again', async (scene) => {
    const simulation = await scene.gather({ peers: ['alice', 'bob', 'carol'], options: signed })
    const bob = boardOf(simulation.peer('bob').actor)
    const frames: Uint8Array[] = []
    const alice = boardOf(simulation.peer('alice').actor)
    const { broadcast } = alice.lines
    alice.lines.broadcast = (frame, except) => {
      frames.push(frame)
      return broadcast.call(alice.lines, frame, except)
    }
    simulation.peer('alice').set('door', 'open')
    simulation.peer('alice').send('a note')
    await simulation.untilQuiet()
    simulation.peer('alice').set('door', 'shut')
    await simulation.untilQuiet()
    const carol = simulation.peer('carol')
    const told = [hear(carol, 'update'), hear(carol, 'message'), hear(carol, 'offence')]
    const line = bob.lines.to(carol.peerId as PeerId)
    for (const frame of frames) line?.send(frame)
    await simulation.advance(61_000)
    for (const frame of frames) line?.send(frame)
    await simulation.untilQuiet()
    assert.equal(told, [[], [], []])
    assert.ok(frames.length >= 3)
    assert.is(carol.get('door'), 'shut')
  })

  for (const seed of [1, 2, 3]) {
    scenario(`random run ${seed} holds every promise when all peers sign`, async () => {
      const { violations } = await playSeed({ seed, minutes: 0.5, integrity: 'signed' })
      assert.equal(violations, [])
    })
  }
})
