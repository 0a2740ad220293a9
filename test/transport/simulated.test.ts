import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type TransportScene, transportChecks } from '../../transport/acceptance.ts'
import { frameOf } from '../../transport/acceptanceScene.ts'
import { peerClock } from '../../transport/peerClock.ts'
import type { ListenFailure } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import { createSimulatedNetwork, type SimulatedNetworkOptions } from '../../transport/simulated.ts'
import { SteppingClock } from '../../transport/stepping.ts'
import { marks, World } from './world.ts'

/** Longer than whatever is under way takes, with every retransmission. */
const SETTLE_MS = 60_000

function scene(options: Partial<SimulatedNetworkOptions>): TransportScene {
  const clock = new SteppingClock()
  const network = createSimulatedNetwork({ clock, random: seededRandom(1), ...options })
  return {
    dialler: network.host('alice', peerClock({ clock, rate: 1.01 })),
    listener: network.host('bob', peerClock({ clock })),
    address: 'sim://bob:0',
    async until(condition) {
      while (!condition()) {
        if (!clock.runNext()) clock.advance(0)
        if (clock.pendingTimers === 0 && !condition()) throw new Error(`Never: ${condition}`)
      }
    },
    settle: async () => clock.advance(SETTLE_MS),
    close() {},
  }
}

for (const [name, options] of Object.entries({
  'by default': {},
  'with loss and a narrow window': { lossShare: 0.2, windowBytes: 10_000, bytesPerMs: 100_000 },
})) {
  const carrier = suite(`simulated: carrier ${name}`)
  for (const { title, run } of transportChecks(() => scene(options))) carrier(title, run)
  carrier.run()
}

const faults = suite('simulated: faults')

faults('behind a partition everything waits in order, and nobody is told', () => {
  const world = new World()
  const { near, far } = world.couple()
  near.wire.send(frameOf(4, 1))
  world.clock.advance(0)
  world.network.partition(['alice'], ['bob'])
  for (let mark = 2; mark <= 5; mark += 1) {
    near.wire.send(frameOf(4, mark))
    world.clock.advance(20)
  }
  far.wire.send(frameOf(4, 9))
  world.clock.advance(3_600_000)
  assert.equal(marks(far.heard), [])
  assert.equal(marks(near.heard), [])
  assert.not(near.heard.isEnded)
  world.network.heal()
  near.wire.send(frameOf(4, 6))
  world.clock.advance(100)
  assert.equal(marks(far.heard), [1, 2, 3, 4, 5, 6])
  assert.equal(marks(near.heard), [9])
})

faults('a one-way partition lets the other direction through', () => {
  const world = new World({ windowBytes: 1_000 })
  const { near, far } = world.couple()
  world.network.partition(['alice'], ['bob'], { oneWay: true })
  near.wire.send(frameOf(4, 1))
  for (let mark = 0; mark < 50; mark += 1) far.wire.send(frameOf(100, mark))
  world.clock.advance(1_000)
  assert.equal(marks(far.heard), [])
  // What alice read she cannot report, so bob's window stays full.
  assert.is(near.heard.received.length, 10)
  assert.is(far.wire.queuedBytes, 40 * 104)
  world.network.heal()
  world.clock.advance(1_000)
  assert.is(near.heard.received.length, 50)
  assert.equal(marks(far.heard), [1])
})

faults('a dial through a partition times out, and never opens late', () => {
  const world = new World()
  const alice = world.peer('alice')
  const bob = world.peer('bob')
  world.network.partition(['alice'], ['bob'])
  const near = world.dial(alice, 'bob')
  world.clock.advance(4_999)
  assert.not(near.heard.isEnded)
  world.clock.advance(2)
  assert.is(near.heard.end?.code, 'timeout')
  world.network.heal()
  world.clock.advance(1_000)
  assert.is(bob.accepted.length, 0)
})

faults('a reset breaks both ends and loses what is under way', () => {
  const world = new World()
  const { alice, near, far } = world.couple()
  const carol = world.peer('carol')
  const other = world.dial(alice, 'carol')
  world.clock.advance(100)
  near.wire.send(frameOf(4, 1))
  world.clock.advance(0)
  world.network.reset('bob', 'alice')
  world.clock.advance(1_000)
  assert.is(near.heard.end?.code, 'reset')
  assert.is(far.heard.end?.code, 'reset')
  assert.equal(marks(far.heard), [])
  assert.not(other.heard.isEnded)
  assert.is(carol.accepted.length, 1)
})

faults('a crash is a reset to the others, and silence to the dead', () => {
  const world = new World()
  const { alice, bob, near, far } = world.couple()
  far.wire.send(frameOf(4, 1))
  world.clock.advance(0)
  world.network.crash('bob')
  bob.clock.stop()
  world.clock.advance(100)
  assert.equal(marks(near.heard), [1])
  assert.is(near.heard.end?.code, 'reset')
  assert.not(far.heard.isEnded)
  const again = world.dial(alice, 'bob')
  world.clock.advance(100)
  assert.is(again.heard.end?.code, 'refused')
  const reborn = world.peer('bob')
  world.dial(alice, 'bob')
  world.clock.advance(100)
  assert.is(reborn.accepted.length, 1)
  const ghost = bob.transport.dial('sim://alice', far.heard)
  ghost.send(frameOf(4, 2))
  world.clock.advance(1_000)
  assert.is(alice.accepted.length, 0)
})

faults('a crash behind a partition leaves a half-open wire until something is sent', () => {
  const world = new World()
  const { bob, near, far } = world.couple()
  world.network.partition(['alice'], ['bob'])
  far.wire.send(frameOf(4, 1))
  world.clock.advance(100)
  world.network.crash('bob')
  bob.clock.stop()
  world.clock.advance(60_000)
  world.network.heal()
  world.clock.advance(60_000)
  assert.not(near.heard.isEnded)
  // Nobody is left to send again what the partition held up.
  assert.equal(marks(near.heard), [])
  near.wire.send(frameOf(4, 1))
  world.clock.advance(100)
  assert.is(near.heard.end?.code, 'reset')
})

faults('a stalled host reads nothing, while its timers go on', () => {
  const world = new World({ windowBytes: 1_000, queueBytesHigh: 3_000 })
  const { bob, near, far } = world.couple()
  world.network.stall('bob')
  let ticks = 0
  bob.clock.setTimeout(() => {
    ticks += 1
  }, 500)
  for (let mark = 0; mark < 50; mark += 1) near.wire.send(frameOf(100, mark))
  world.clock.advance(1_000)
  assert.is(ticks, 1)
  assert.is(far.heard.received.length, 0)
  assert.is(near.wire.queuedBytes, 40 * 104)
  assert.is(near.heard.drainedCount, 0)
  world.network.unstall('bob')
  world.clock.advance(1_000)
  assert.is(far.heard.received.length, 50)
  assert.is(near.heard.drainedCount, 1)
})

faults('a paused process reads, accepts and sends nothing until it resumes', () => {
  const world = new World()
  const { alice, bob, near, far } = world.couple()
  bob.clock.pause()
  near.wire.send(frameOf(4, 1))
  const late = world.dial(alice, 'bob')
  world.clock.advance(3_000)
  assert.equal(marks(far.heard), [])
  assert.is(late.heard.openedCount, 0)
  far.wire.send(frameOf(4, 2))
  world.clock.advance(1_000)
  assert.equal(marks(near.heard), [])
  bob.clock.resume()
  world.clock.advance(100)
  assert.equal(marks(far.heard), [1])
  assert.equal(marks(near.heard), [2])
  assert.is(late.heard.openedCount, 1)
})

faults('a process that resumes does not accept who has given up', () => {
  const world = new World()
  const alice = world.peer('alice')
  const bob = world.peer('bob')
  bob.clock.pause()
  const near = world.dial(alice, 'bob')
  world.clock.advance(6_000)
  assert.is(near.heard.end?.code, 'timeout')
  bob.clock.resume()
  world.clock.advance(100)
  assert.is(bob.accepted.length, 0)
})

faults('a lost packet holds up those behind it', () => {
  // Each packet draws its latency, then losses until one draw is no loss.
  const draws: number[] = []
  const random = (): number => draws.shift() ?? 0.9
  const world = new World({ random, latencyMs: [10, 10], lossShare: 0.5 })
  const { near, far } = world.couple()
  const startMs = world.clock.now()
  const arrivals: number[] = []
  far.heard.onFrames = () => arrivals.push(Math.round(world.clock.now() - startMs))
  draws.push(0, 0.1, 0.1, 0.9)
  near.wire.send(frameOf(4, 1))
  world.clock.advance(5)
  near.wire.send(frameOf(4, 2))
  world.clock.advance(1_000)
  assert.equal(marks(far.heard), [1, 2])
  assert.ok(
    arrivals.every((ms) => ms === 10 + 200 + 400),
    `${arrivals}`,
  )
})

faults('a wire closes in good order after the partition', () => {
  const world = new World()
  const { near, far } = world.couple()
  world.network.partition(['alice'], ['bob'])
  near.wire.send(frameOf(4, 1))
  near.wire.close()
  world.clock.advance(10_000)
  assert.is(near.heard.end?.code, 'closed')
  assert.not(far.heard.isEnded)
  world.network.heal()
  world.clock.advance(100)
  assert.equal(marks(far.heard), [1])
  assert.is(far.heard.end?.code, 'ended')
})

faults('a host listens under its own name only', () => {
  const world = new World()
  const { transport } = world.peer('alice')
  let failure: ListenFailure | undefined
  transport.listen('sim://bob', {
    listening: () => assert.unreachable(),
    accepted: () => undefined,
    failed: (reason) => {
      failure = reason
    },
  })
  world.clock.advance(0)
  assert.is(failure?.code, 'address-invalid')
  assert.throws(() => world.peer('alice'), /runs already/)
})

faults('the network counts what was read, by direction', () => {
  const world = new World()
  const { near, far } = world.couple()
  near.wire.send(frameOf(6, 1))
  near.wire.send(frameOf(6, 2))
  far.wire.send(frameOf(16, 3))
  world.clock.advance(100)
  assert.equal(world.network.traffic('alice', 'bob'), { frames: 2, bytes: 20 })
  assert.equal(world.network.traffic('bob', 'alice'), { frames: 1, bytes: 20 })
  assert.equal(world.network.traffic('bob', 'carol'), { frames: 0, bytes: 0 })
  assert.is(world.network.frames, 3)
  assert.is(world.network.bytes, 40)
})

faults('bandwidth and losses delay frames', () => {
  const world = new World({ bytesPerMs: 10, latencyMs: [5, 5] })
  const { near, far } = world.couple()
  const startMs = world.clock.now()
  let arrivedMs = 0
  far.heard.onFrames = () => {
    arrivedMs = world.clock.now() - startMs
  }
  near.wire.send(frameOf(996, 1))
  world.clock.advance(1_000)
  assert.ok(Math.abs(arrivedMs - 105) < 0.001, `${arrivedMs}`)
})

faults.run()
