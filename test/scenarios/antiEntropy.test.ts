/**
 * What reconciliation costs, in bytes and messages counted on the wires. On the simulated network
 * they are the same each time, so the bounds are tests; `npm run bench -- reconcile` prints them.
 */

import type { Dictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ASK_MS } from '../../actors/reconcile.ts'
import type { Switchboard } from '../../actors/switchboard.ts'
import { boards } from '../../actors/sync.ts'
import { nameOf, openEqual } from '../../bench/reconcile.ts'
import { SimulatedStage } from '../../bench/stage.ts'

/** What two equal peers may send each other to find that out, in bytes: one frame each way. */
const QUESTION_BYTES_MAX = 48
const ANSWER_BYTES_MAX = 32
/** What ten differences may take, in both directions together. */
const DIFFERENCE_BYTES_MAX = 20_000
const ROUND_TRIPS_MAX = 3
/** What may wait for a joiner that does not read: an answer's share of the queue and one frame. */
const QUEUE_BYTES_MAX = (1024 + 256 + 64) * 1024
const QUIET_MS = 300
const MINUTE_MS = 60_000

const asked = ['compare', 'ask']
const answered = ['same', 'differs', 'give', 'done']

function count(stage: SimulatedStage, peer: Dictionary, kinds: readonly string[]) {
  const counts = kinds.map((kind) => stage.meter.sent(peer.peerId, kind))
  const [frames, bytes] = [counts.map((each) => each.frames), counts.map((each) => each.bytes)]
  return { frames: total(frames), bytes: total(bytes) }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

const entropy = suite('scenarios/antiEntropy')

for (const writers of [1, 20]) {
  entropy(
    `equal peers find that out in one message each way, after ${writers} writers`,
    async () => {
      const stage = new SimulatedStage()
      const { alice, bob } = await openEqual(stage, { keys: 1_000, writers })
      stage.meter.reset()
      await stage.connect(bob, alice)
      await stage.pass(QUIET_MS)
      for (const [asker, giver] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const [question, answer] = [count(stage, asker, asked), count(stage, giver, answered)]
        assert.equal([question.frames, answer.frames], [1, 1])
        assert.ok(question.bytes <= QUESTION_BYTES_MAX, `${question.bytes} bytes asked`)
        assert.ok(answer.bytes <= ANSWER_BYTES_MAX, `${answer.bytes} bytes answered`)
      }
    },
  )
}

entropy('ten differences in 100,000 keys settle in three round trips and 20 kB', async () => {
  const stage = new SimulatedStage()
  const { alice, bob } = await openEqual(stage, { keys: 100_000, writers: 20 })
  for (let number = 0; number < 5; number++) {
    alice.set(`key ${number * 7}`, { changed: number })
    bob.set(`of bob ${number}`, { added: number })
  }
  await stage.pass(QUIET_MS)
  stage.meter.reset()
  await stage.connect(bob, alice)
  await stage.pass(QUIET_MS)
  assert.is(alice.digest(), bob.digest())
  assert.is(bob.size, 100_000 + 19 + 5)
  for (const peer of [alice, bob]) {
    const { frames } = count(stage, peer, asked)
    assert.ok(frames <= ROUND_TRIPS_MAX, `${frames} round trips`)
  }
  const bytes = total([alice, bob].map((peer) => stage.meter.sent(peer.peerId).bytes))
  assert.ok(bytes <= DIFFERENCE_BYTES_MAX, `${bytes} bytes`)
})

entropy('who is back is given what changed, and nobody hashes a table for that', async () => {
  const stage = new SimulatedStage()
  const { alice, bob } = await withWitness(stage, 2_000)
  await stage.connect(bob, alice)
  await stage.until(() => bob.size === alice.size)
  bob.disconnect(alice.peerId)
  await stage.pass(QUIET_MS)
  alice.set('key 7', 'changed')
  alice.delete('key 8')
  await stage.pass(QUIET_MS)
  const hashed: string[] = []
  for (const { actor, peerId } of [alice, bob]) {
    const { table } = (boards.get(actor) as Switchboard).replica
    const digest = table.digest.bind(table)
    table.digest = (nameOf) => {
      hashed.push(peerId)
      return digest(nameOf)
    }
  }
  await stage.connect(bob, alice)
  await stage.pass(QUIET_MS)
  assert.equal([bob.get('key 7'), bob.has('key 8')], ['changed', false])
  assert.equal(hashed, [])
  await stage.pass(2 * ASK_MS)
  assert.is.not(hashed.length, 0, 'it is compared later')
})

/** Alice with so many keys, which carol has as well, and bob, who has nothing. */
async function withWitness(stage: SimulatedStage, keys: number) {
  const [alice, carol] = [await stage.open(nameOf('alice')), await stage.open(nameOf('carol'))]
  await stage.connect(carol, alice)
  await stage.fill(alice, keys)
  await stage.until(() => carol.size === keys && carol.digest() === alice.digest())
  const bob = await stage.open(nameOf('bob'))
  stage.meter.reset()
  return { alice, bob, carol }
}

for (const keys of [20_000, 40_000]) {
  entropy(`${keys} keys wait for bob, who does not read, and no more than a queue`, async () => {
    const stage = new SimulatedStage()
    const { alice, bob, carol } = await withWitness(stage, keys)
    await stage.connect(bob, alice)
    stage.network.stall(bob.peerId)
    await stage.pass(2_000)
    const { frames, bytes } = count(stage, alice, ['give'])
    assert.ok(bytes <= QUEUE_BYTES_MAX + 256 * 1024, `${bytes} bytes in ${frames} frames are given`)
    assert.ok(stage.meter.queueBytesHigh <= QUEUE_BYTES_MAX, `${stage.meter.queueBytesHigh} bytes`)
    // What changes meanwhile, and what is deleted, is not lost on him.
    carol.set('of carol', 1)
    for (let number = 0; number < 50; number++) alice.delete(`key ${keys - 1 - number}`)
    await stage.pass(QUIET_MS)
    stage.network.unstall(bob.peerId)
    await stage.until(() => bob.digest() === alice.digest())
    assert.is(bob.size, keys + 1 - 50)
    assert.ok(stage.meter.queueBytesHigh <= QUEUE_BYTES_MAX, `${stage.meter.queueBytesHigh} bytes`)
  })
}

entropy('a joiner gets everything once, also where deletions were collected', async () => {
  const stage = new SimulatedStage()
  const { alice, bob } = await withWitness(stage, 5_000)
  const { size } = alice
  for (let number = 0; number < 10; number++) alice.delete(`key ${number}`)
  await stage.pass(3 * MINUTE_MS)
  stage.meter.reset()
  await stage.connect(bob, alice)
  await stage.until(() => bob.digest() === alice.digest())
  await stage.pass(1_000)
  const { bytes } = count(stage, alice, ['give'])
  assert.ok(bytes > 0 && bytes < size * 150, `${bytes} bytes for ${size} keys`)
  assert.is(count(stage, bob, ['ask']).frames, 1)
  assert.is(bob.set('key 3', 'again').token, 2, 'and he knows which tokens were given out')
})

entropy.run()
