import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Fleet } from './fleet.ts'
import { Resource } from './resource.ts'
import { playStops } from './stops.ts'

const ROUNDS = 20
/** So many rounds without a fence are enough to see why there is one. */
const UNFENCED_ROUNDS = 2

const fleet = new Fleet()

const resources = suite('the fenced resource')

resources('whoever comes with a lower token is refused, whichever process it looks from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-resource-'))
  const [alice, bob] = [new Resource({ folder }), new Resource({ folder })]
  assert.is(alice.write({ token: 1, by: 'alice' }), true)
  assert.is(bob.write({ token: 2, by: 'bob' }), true)
  assert.is(alice.write({ token: 1, by: 'alice' }), false)
  assert.is(bob.write({ token: 2, by: 'bob' }), true)
  assert.equal(alice.read(), { count: 3, token: 2, by: 'bob' })
  assert.equal(
    alice.history().map(({ token }) => token),
    [1, 2, 2],
  )
  rmSync(folder, { recursive: true })
})

resources.run()

const stops = suite('a holder that is stopped past its term')

stops('finds its lease lost at the first look, and its stale writes are refused', async () => {
  const seed = Date.now() % 1_000_000
  console.log(`  seed ${seed}`)
  const { violations, ...counts } = await playStops({ seed, rounds: ROUNDS, fleet })
  console.log(`  ${JSON.stringify(counts)}`)
  assert.equal(violations, [])
  assert.is(counts.stale, 0)
})

stops('writes over its successor where no fence stands', async () => {
  const seed = Date.now() % 1_000_000
  console.log(`  seed ${seed}`)
  const result = await playStops({ seed, rounds: UNFENCED_ROUNDS, fleet, isFenced: false })
  assert.ok(result.stale >= UNFENCED_ROUNDS, `${result.stale} stale writes were accepted`)
  assert.ok(result.violations.every((text) => text.includes('accepted token')))
})

stops.run()
