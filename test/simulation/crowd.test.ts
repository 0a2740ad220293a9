import { type Crowd, createCrowd } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { VIEW_MAX, VIEW_MIN } from '../../machines/rules/view.ts'

const PEERS = 150
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
console.log(`crowd: SEED=${SEED}`)

/** A network that has found its shape, and its tree. */
function settled({ peers = PEERS, seed = SEED } = {}): Crowd {
  const crowd = createCrowd({ peers, seed, latency: [5, 100] })
  assert.ok(crowd.settle({ quietMs: 3_000, limitMs: 120_000 }) < 120_000, `seed ${seed}`)
  speak(crowd, 6)
  return crowd
}

/** Some broadcasts of anybody. Returns how often a payload was sent for each living peer. */
function speak(crowd: Crowd, count: number): number {
  crowd.reset()
  for (let spoken = 0; spoken < count; spoken++) {
    crowd.draw().say()
    crowd.advance(2_000)
  }
  return crowd.tally.payloads / count / (crowd.alive.length - 1)
}

/** How many times one who lives lacks a broadcast that another one who lives has. */
function lacking(crowd: Crowd): number {
  const { alive, counted } = crowd
  const missing = counted.map((each) => alive.filter((peer) => !peer.has(each)).length)
  // What only the dead knew is lost with them.
  return missing.reduce((sum, count) => sum + (count === alive.length ? 0 : count), 0)
}

const crowds = suite('simulation/crowd')

crowds('a crowd finds its shape, and a payload comes once', () => {
  const crowd = settled()
  // All neighbours of a few may hold them as an anchor, which lets nobody go.
  for (const { degree } of crowd.peers) assert.ok(degree >= VIEW_MIN && degree <= VIEW_MAX + 1)
  const over = crowd.peers.filter(({ degree }) => degree > VIEW_MAX).length
  assert.ok(over <= PEERS / 20, `${over} have one too many, seed ${SEED}`)
  const payloads = speak(crowd, 5)
  assert.ok(payloads >= 1 && payloads <= 1.05, `${payloads}, seed ${SEED}`)
  assert.is(lacking(crowd), 0)
})

crowds('what is said when a third just died comes to all who live, and the tree heals', () => {
  const crowd = settled()
  crowd.reset()
  crowd.draw().say()
  crowd.advance(50)
  crowd.kill(0.3)
  for (let spoken = 0; spoken < 3; spoken++) {
    crowd.draw().say()
    crowd.advance(200)
  }
  assert.ok(crowd.heal(60_000) < 60_000, `not healed, seed ${SEED}`)
  crowd.advance(2_000)
  assert.is(lacking(crowd), 0, `seed ${SEED}`)
  assert.ok(crowd.settle({ quietMs: 3_000, limitMs: 60_000 }) < 60_000)
  speak(crowd, 6)
  const payloads = speak(crowd, 5)
  assert.ok(payloads >= 1 && payloads <= 1.05, `${payloads}, seed ${SEED}`)
  assert.is(lacking(crowd), 0)
})

crowds('the same seed gives the same run', () => {
  const run = () => {
    const crowd = settled({ peers: 40, seed: 7 })
    crowd.kill(0.2)
    speak(crowd, 2)
    return JSON.stringify([crowd.tally, crowd.counted.map(({ reachedMs }) => reachedMs)])
  }
  assert.is(run(), run())
})

crowds.run()
