/** Nobody believes the forger, and each check that is taken away makes it believed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Notary } from '../../actors/notary.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { reachWords } from '../../machines/rules/reach.ts'
import { chooseSeed } from '../scenarios/scene.ts'
import { createWorld, forge, hear, LIES, peerOf, type Tally, type World } from './forger.ts'

const COUNT = 1_200
const MUTANT_COUNT = 360
const seed = chooseSeed()
console.log(`SEED=${seed}`)

const test = suite('attackers/forger')

function acceptedOf(tallies: readonly Tally[]): number {
  return tallies.reduce((sum, { accepted }) => sum + accepted, 0)
}

function accepted(world: World, count = MUTANT_COUNT): number {
  return acceptedOf(forge(world, { count, seed }))
}

test('none of its lies and none of its repetitions changes anything', () => {
  const tallies = forge(createWorld(), { count: COUNT, seed })
  assert.is(tallies.length, Object.keys(LIES).length)
  assert.ok(tallies.every(({ tried }) => tried === COUNT / tallies.length))
  for (const { kind, accepted } of tallies) assert.is(accepted, 0, `${kind} (seed ${seed})`)
})

test('how far a writer is heard is believed to who shows its signature', () => {
  const { done, alice } = createWorld()
  const dave = peerOf(4)
  assert.ok(hear(dave, done))
  const heard = coverageList(dave.replica).find(([peer]) => peer === alice.self.peer)
  assert.equal(heard, [alice.self.peer, alice.self.run, 24])
  // And it can be shown to the next one.
  const reaches = reachWords(dave.replica, { asked: [], told: [done.coverage] })
  assert.ok(hear(peerOf(5), { ...done, ...(reaches && { reaches }) }))
})

test('it is believed where signatures are not verified', () => {
  assert.ok(accepted(createWorld((honest) => ({ ...honest, verify: () => true }))) > 0)
})

test('it is believed where any key may speak for any peer', () => {
  assert.ok(accepted(createWorld((honest) => ({ ...honest, isKeyOf: () => true }))) > 0)
})

test('it is believed where nobody judges', () => {
  const { judge } = Notary.prototype
  const world = createWorld()
  Notary.prototype.judge = () => undefined
  try {
    assert.ok(accepted(world) > 0)
  } finally {
    Notary.prototype.judge = judge
  }
})

test.run()
