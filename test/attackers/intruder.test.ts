/** Nobody is let in by what the intruder says, and each check that is forgotten lets it in. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FLAWS, SOUND } from '../actors/intrusions.ts'
import { chooseSeed } from '../scenarios/scene.ts'
import { ATTEMPTS, intrude } from './intruder.ts'

const COUNT = 1_400
const MUTANT_COUNT = 280
const seed = chooseSeed()
console.log(`SEED=${seed}`)

const test = suite('attackers/intruder')

test('nothing that it says again, changed, mixed or elsewhere is accepted', () => {
  const tallies = intrude({ count: COUNT, seed })
  assert.is(tallies.length, Object.keys(ATTEMPTS).length)
  assert.ok(tallies.every(({ tried }) => tried === COUNT / tallies.length))
  for (const { kind, accepted } of tallies) assert.is(accepted, 0, `${kind} (seed ${seed})`)
})

for (const { title, flaw, isBound } of FLAWS) {
  test(`it is let in if ${title}`, () => {
    const tallies = intrude({ count: MUTANT_COUNT, seed }, { ...SOUND, flaw, isBound })
    assert.ok(tallies.some(({ accepted }) => accepted > 0))
  })
}

test.run()
