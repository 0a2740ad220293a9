import type { Simulation, SimulationOptions } from 'holdfast/simulation'
import * as assert from 'uvu/assert'
import type { Dictionary } from '../../actors/dictionary.ts'
import type { Line } from '../../actors/line.ts'
import { boards } from '../../actors/sync.ts'
import type { HoldfastError } from '../../machines/rules/errors.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { decode } from '../../transport/codec.ts'
import type { Frame, Transport, Wire, WireEvents } from '../../transport/ports.ts'
import { ANYBODY } from '../../transport/simulatedDisorder.ts'
import { hear, type Scene, scenarios, seen } from './scene.ts'

const MINUTE_MS = 60_000

/** Alice, bob, carol and dave, each connected to the next one only. */
async function lineUp(scene: Scene, given: SimulationOptions = {}): Promise<Simulation> {
  // Without learned addresses nobody dials whom others told of.
  const options = { maxOutgoing: 0, ...given.options }
  const simulation = scene.simulate({ ...given, peers: [], options })
  simulation.start('alice')
  simulation.start('bob', { join: ['sim://alice'] })
  simulation.start('carol', { join: ['sim://bob'] })
  simulation.start('dave', { join: ['sim://carol'] })
  await simulation.advance(MINUTE_MS)
  const degrees = simulation.names.map((name) => simulation.peer(name).peers.length)
  assert.equal(degrees, [1, 2, 2, 1])
  return simulation
}

/** Everything that waits at a peer, as `who: what`. */
function read(dictionary: Dictionary): string[] {
  return dictionary.recv(1_000_000).map(({ from, payload }) => `${from}: ${payload}`)
}

const lineOf = (dictionary: Dictionary, peerId: string) =>
  boards.get(dictionary.actor)?.lines.to(peerId as PeerId) as Line

scenarios('messages and the mesh that carries them', (scenario) => {
  scenario('who hears that somebody is connected may send to them at once', async (scene) => {
    const reached: number[] = []
    const simulation = scene.simulate({
      peers: ['alice', 'bob'],
      onStart: (dictionary) => {
        dictionary.on('connect', ({ peerId }) => {
          const isThere = dictionary.peers.some((peer) => peer.peerId === peerId)
          reached.push(isThere ? dictionary.send('hello', { to: peerId }) : 0)
        })
      },
    })
    await simulation.untilQuiet()
    assert.equal(reached, [1, 1])
    const heard = ['alice', 'bob'].map((name) => simulation.peer(name).recv()?.payload)
    assert.equal(heard, ['hello', 'hello'])
  })

  scenario('what one says reaches everybody else once, over any number of hops', async (scene) => {
    const simulation = await lineUp(scene)
    const rounds = Array.from({ length: 50 }, (_, index) => index)
    for (const round of rounds) {
      for (const name of simulation.names) simulation.peer(name).send(`${round}`)
      if (round % 5 === 0) await simulation.advance(3)
    }
    await simulation.advance(1_000)
    for (const name of simulation.names) {
      const heard = read(simulation.peer(name))
      assert.is(heard.length, 3 * rounds.length)
      for (const other of simulation.names) {
        const expected = other === name ? [] : rounds.map((round) => `${other}: ${round}`)
        const from = heard.filter((text) => text.startsWith(`${other}:`))
        assert.equal(from, expected)
      }
    }
  })

  scenario(
    'in a full mesh, where everybody relays, each message still comes once',
    async (scene) => {
      const simulation = await scene.gather('alice', 'bob', 'carol', 'dave', 'erin')
      for (let round = 0; round < 20; round++) simulation.peer('alice').send(round)
      await simulation.advance(1_000)
      for (const name of ['bob', 'carol', 'dave', 'erin']) {
        assert.is(read(simulation.peer(name)).length, 20)
      }
      assert.equal(read(simulation.peer('alice')), [])
    },
  )

  scenario('alice whispers to dave by way of bob and carol, who hear nothing', async (scene) => {
    const simulation = await lineUp(scene)
    const alice = simulation.peer('alice')
    assert.is(alice.send('psst', { to: 'dave' }), 1)
    await simulation.advance(1_000)
    const message = simulation.peer('dave').recv()
    assert.equal(message, { type: 'message', payload: 'psst', from: 'alice', isWhisper: true })
    for (const name of ['alice', 'bob', 'carol']) assert.is(simulation.peer(name).recv(), undefined)
    assert.is(simulation.peer('dave').recv(), undefined)
  })

  scenario('a whisper to a neighbour goes no further', async (scene) => {
    const simulation = await lineUp(scene)
    const { frames } = tap(simulation.peer('carol'), 'bob')
    simulation.peer('alice').send('psst', { to: 'bob' })
    await simulation.advance(1_000)
    assert.equal(read(simulation.peer('bob')), ['alice: psst'])
    assert.equal(read(simulation.peer('carol')), [])
    assert.equal(broadcasts(frames), [])
    simulation.peer('alice').send('anybody?', { to: 'zoe' })
    await simulation.advance(1_000)
    for (const name of simulation.names) assert.equal(read(simulation.peer(name)), [])
  })

  scenario('bob reads one, some, or all as they come', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    for (let number = 1; number <= 5; number++) alice.send(number)
    await simulation.advance(100)
    assert.is(bob.recv()?.payload, 1)
    assert.equal(
      bob.recv(2).map(({ payload }) => payload),
      [2, 3],
    )
    const heard: unknown[] = []
    const reading = (async () => {
      for await (const { payload } of bob.messages()) heard.push(payload)
      return 'ended'
    })()
    await simulation.advance(100)
    alice.send(6)
    await simulation.advance(100)
    assert.equal(heard, [4, 5, 6])
    assert.is(bob.recv(), undefined)
    const closing = bob.close()
    await simulation.advance(5_000)
    await closing
    assert.is(await reading, 'ended')
  })

  scenario('a handler that returns true keeps the message to itself', async (scene) => {
    const simulation = await scene.gather('alice', 'bob')
    const bob = simulation.peer('bob')
    const calls: string[] = []
    bob.registerHandler(({ payload }) => {
      calls.push(`first ${payload}`)
      return payload === 'mine'
    })
    const second = bob.registerHandler(({ payload }) => {
      calls.push(`second ${payload}`)
    })
    for (const payload of ['mine', 'yours']) simulation.peer('alice').send(payload)
    await simulation.advance(100)
    second.unsubscribe()
    simulation.peer('alice').send('later')
    await simulation.advance(100)
    assert.equal(calls, ['first mine', 'first yours', 'second yours', 'first later'])
    assert.equal(read(bob), ['alice: yours', 'alice: later'])
  })

  scenario('an inbox that nobody reads drops the oldest, and says so', async (scene) => {
    const options = { limits: { inboxMax: 10 } }
    const simulation = await scene.gather({ peers: ['alice', 'bob'], options })
    const bob = simulation.peer('bob')
    const errors = hear(bob, 'error')
    for (let number = 0; number < 250; number++) simulation.peer('alice').send(number)
    await simulation.advance(1_000)
    const kept = Array.from({ length: 10 }, (_, index) => `alice: ${240 + index}`)
    assert.equal(read(bob), kept)
    assert.is(errors.length, 240)
    assert.ok(errors.every(({ error }) => error.code === 'INBOX_OVERFLOW'))
    assert.not.equal(bob.status, 'nominal')
    assert.ok(bob.status.length <= 100)
    assert.is(simulation.peer('alice').status, 'nominal')
  })

  scenario("bob's handlers throw; that is told, and harms nobody", async (scene) => {
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const bob = simulation.peer('bob')
    const cause = new Error('a broken handler')
    const fail = () => {
      throw cause
    }
    bob.registerHandler(fail)
    bob.on('update', fail)
    simulation.peer('alice').send('hello')
    simulation.peer('alice').set('door', 'open')
    await simulation.untilQuiet()
    assert.equal(read(bob), ['alice: hello'])
    assert.equal(read(simulation.peer('carol')), ['alice: hello'])
    assert.equal(seen(simulation, 'door'), ['open', 'open', 'open'])
    const problems = bob.status as readonly HoldfastError[]
    assert.equal(
      problems.map(({ code, cause }) => [code, cause]),
      [
        ['HANDLER_FAILED', cause],
        ['HANDLER_FAILED', cause],
      ],
    )
  })

  scenario('who knows alice only gets to know everybody', async (scene) => {
    const names = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
    const simulation = scene.simulate({ peers: [] })
    for (const name of names) simulation.start(name, { join: ['sim://alice'] })
    await simulation.untilQuiet()
    for (const name of names) assert.is(simulation.peer(name).peers.length, 5)
  })

  scenario('nobody dials more peers that others told of than maxOutgoing', async (scene) => {
    const names = Array.from({ length: 10 }, (_, index) => `peer${index}`)
    const simulation = scene.simulate({ peers: [], options: { maxOutgoing: 3 } })
    for (const name of names) simulation.start(name, { join: ['sim://peer0'] })
    await simulation.advance(2 * MINUTE_MS)
    const outgoing = names.map((name) => simulation.peer(name).outgoing.length)
    assert.ok(Math.max(...outgoing) <= 3, `${outgoing}`)
    assert.ok(outgoing.reduce((sum, count) => sum + count, 0) > names.length)
    simulation.peer('peer1').set('door', 'open')
    await simulation.advance(1_000)
    assert.equal(
      seen(simulation, 'door'),
      names.map(() => 'open'),
    )
  })

  scenario('alice dials an address where nobody is, until somebody is', async (scene) => {
    const simulation = scene.simulate({ peers: [] })
    const alice = simulation.start('alice', { join: ['sim://bob'] })
    const ended = hear(alice, 'connection.closed')
    await simulation.advance(60 * MINUTE_MS)
    // At most thirty seconds apart.
    assert.ok(ended.length > 120, `${ended.length} dials`)
    assert.ok(ended.every(({ reason, peerId }) => reason === 'refused' && peerId === null))
    simulation.start('bob')
    await simulation.advance(31_000)
    assert.equal(alice.outgoing, ['bob'])
    simulation.crash('bob')
    await simulation.advance(10 * MINUTE_MS)
    simulation.start('bob')
    await simulation.advance(31_000)
    assert.equal(alice.outgoing, ['bob'])
  })

  scenario('a connection of alice crashes, and takes nobody along', async (scene) => {
    scene.expectCrash('a broken beat')
    const simulation = await scene.gather('alice', 'bob', 'carol')
    const alice = simulation.peer('alice')
    const parted = hear(alice, 'disconnect')
    lineOf(alice, 'bob').beat = () => {
      throw new Error('a broken beat')
    }
    await simulation.advance(6_000)
    const problems = alice.status as readonly HoldfastError[]
    assert.equal(
      problems.map(({ code, cause }) => [code, String(cause)]),
      [['ACTOR_FAILED', 'Error: a broken beat']],
    )
    assert.equal(parted, [{ type: 'disconnect', peerId: 'bob', hasLeft: false }])
    await simulation.untilQuiet()
    alice.set('door', 'open')
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), ['open', 'open', 'open'])
    assert.is(alice.status.length, 1)
  })

  scenario('a transport that throws in send loses that connection only', async (scene) => {
    const simulation = scene.simulate({ peers: [] })
    const trap = { target: '' }
    const host = simulation.network.host.bind(simulation.network)
    simulation.network.host = (name, clock) => trapped(host(name, clock), trap)
    const names = ['alice', 'bob', 'carol']
    for (const name of names) simulation.start(name, { join: names.map((each) => `sim://${each}`) })
    await simulation.advance(5_000)
    const alice = simulation.peer('alice')
    trap.target = 'sim://bob'
    alice.set('door', 'open')
    await simulation.advance(1_000)
    const problems = alice.status as readonly HoldfastError[]
    assert.ok(problems.length > 0 && problems.every(({ code }) => code === 'ACTOR_FAILED'))
    assert.is(String(problems[0]?.cause), 'Error: a broken wire')
    assert.is(simulation.peer('carol').get('door'), 'open')
    trap.target = ''
    await simulation.untilQuiet()
    assert.equal(seen(simulation, 'door'), ['open', 'open', 'open'])
    assert.equal(alice.peers.length, 2)
  })

  scenario('a frame that comes again an hour later is not delivered again', async (scene) => {
    const simulation = await lineUp(scene)
    const [alice, bob] = [simulation.peer('alice'), simulation.peer('bob')]
    const { frames, replay } = tap(bob, 'alice')
    const relayed = tap(simulation.peer('carol'), 'bob').frames
    alice.send('once')
    alice.set('door', 'open', { leaseMs: 1_000 })
    await simulation.advance(2_000)
    const old = broadcasts(frames)
    assert.is(old.length, 2)
    for (const name of ['bob', 'carol', 'dave']) {
      assert.equal(read(simulation.peer(name)), ['alice: once'])
    }
    bob.set('door', 'shut', { leaseMs: 1_000 })
    await simulation.advance(60 * MINUTE_MS)
    relayed.length = 0
    replay(old)
    await simulation.advance(1_000)
    for (const name of simulation.names) assert.equal(read(simulation.peer(name)), [])
    assert.equal(broadcasts(relayed), [])
    assert.equal(seen(simulation, 'door'), ['shut', 'shut', 'shut', 'shut'])
  })
})

/** Notes what comes in from a neighbour, and lets frames come in once more. */
function tap(dictionary: Dictionary, peerId: string) {
  const line = lineOf(dictionary, peerId)
  const frames: Frame[] = []
  const replay = line.frames.bind(line)
  line.frames = (read) => {
    frames.push(...read)
    replay(read)
  }
  return { frames, replay }
}

/** The broadcasts among them that somebody asked for; peers also count each other now and then. */
function broadcasts(frames: readonly Frame[]): Frame[] {
  return frames.filter((frame) => {
    const message = decode(frame, ANYBODY)
    return message?.kind === 'broadcast' && ['note', 'entries'].includes(message.body.kind)
  })
}

/** A transport whose wires to one address throw when something is sent. */
function trapped(inner: Transport, trap: { readonly target: string }): Transport {
  const guard = (wire: Wire): Wire => ({
    get remoteAddress() {
      return wire.remoteAddress
    },
    get queuedBytes() {
      return wire.queuedBytes
    },
    send: (frame) => {
      if (trap.target !== '' && wire.remoteAddress.startsWith(trap.target)) {
        throw new Error('a broken wire')
      }
      wire.send(frame)
    },
    limitFrames: (bodyBytesMax) => wire.limitFrames(bodyBytesMax),
    pauseReading: () => wire.pauseReading(),
    resumeReading: () => wire.resumeReading(),
    close: () => wire.close(),
    destroy: () => wire.destroy(),
  })
  return {
    scheme: inner.scheme,
    dial: (address: string, events: WireEvents) => guard(inner.dial(address, events)),
    listen: (address, events) =>
      inner.listen(address, {
        listening: (bound) => events.listening(bound),
        accepted: (wire) => events.accepted(guard(wire)),
        failed: (failure) => events.failed(failure),
      }),
  }
}
