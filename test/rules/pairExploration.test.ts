/**
 * The pair rule by exhaustion: two peers, the production functions, every order of dials, messages,
 * breaks and restarts. The larger sizes (three connections with two faults and further dials, four
 * connections) were walked through by the model that the rule was designed with.
 */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chanceOf, seedOfRun } from './chance.ts'
import { explore, isClean, playByChance } from './pairExplorer.ts'
import {
  withHoldTimer,
  withoutAcknowledge,
  withoutConfirm,
  withoutConfirmNumber,
  withoutEvidence,
  withoutNumber,
  withoutReselect,
  withoutResume,
  withoutScope,
} from './pairMutants.ts'
import { PRODUCTION } from './pairWorld.ts'

const rule = PRODUCTION
const exploration = suite('pair, every interleaving')

const SIZES = [
  { parallel: 2, extraDials: 0, faults: 0 },
  { parallel: 3, extraDials: 3, faults: 0 },
  { parallel: 2, extraDials: 0, faults: 1 },
  { parallel: 3, extraDials: 3, faults: 1 },
  { parallel: 3, extraDials: 0, faults: 2 },
]

for (const { parallel, extraDials, faults } of SIZES) {
  const dials = `${parallel} in parallel, ${extraDials} further dials, ${faults} faults`
  exploration(`exactly one connection remains: ${dials}`, () => {
    const findings = explore({ parallel, extraDials, faults, rule })
    assert.ok(isClean(findings), JSON.stringify(findings))
    assert.is(findings.goodEndings, findings.endings)
    assert.ok(findings.endings >= 2)
    console.log(`  ${dials}: ${findings.worlds} worlds, ${findings.endings} endings`)
  })
}

const CAUGHT = [
  { mutant: { withoutAcknowledge }, offence: 'live close' },
  { mutant: { withoutConfirm }, offence: 'live close' },
  { mutant: { withoutResume }, offence: 'bad ending' },
  { mutant: { withoutScope }, offence: 'live close' },
]

for (const { mutant, offence } of CAUGHT) {
  for (const [name, bent] of Object.entries(mutant)) {
    exploration(`the explorer notices a rule ${inWords(name)}`, () => {
      const settings = { parallel: 3, extraDials: 0, faults: 1, rule: bent }
      const { offences } = explore(settings, { stopEarly: true })
      assert.equal(offences, { [offence]: 1 })
    })
  }
}

/**
 * These are not caught at a size that fits a test, each for its reason. A confirm without number
 * was seen to do harm where the follower may go back to any connection it left; ours goes back to
 * the last one. The number of a select is a second lock too: with up to two faults, nothing that is
 * late in one run was seen to come on a connection that both ends still use. Their scenes are in
 * `pair.test.ts`. The hold timer did harm in an early draft only. Re-selection and evidence make
 * the repair quick; without them it waits until the heartbeats notice the leftover, and this world
 * has no clock.
 */
const NOT_CAUGHT = {
  withoutNumber,
  withoutConfirmNumber,
  withHoldTimer,
  withoutReselect,
  withoutEvidence,
}

const ONE_FAULT = { parallel: 3, extraDials: 0, faults: 1 }
let straightSteps: number | undefined

for (const [name, bent] of Object.entries(NOT_CAUGHT)) {
  exploration(`a rule ${inWords(name)} still ends well with one fault`, () => {
    const findings = explore({ ...ONE_FAULT, rule: bent })
    assert.ok(isClean(findings), JSON.stringify(findings))
    straightSteps ??= explore({ ...ONE_FAULT, rule }).steps
    assert.is.not(findings.steps, straightSteps, 'the mutant does behave differently')
  })
}

exploration('20,000 random schedules with up to four faults all end with one connection', () => {
  const seed = seedOfRun()
  console.log(`  seed ${seed}`)
  const random = chanceOf(seed)
  let bad = 0
  for (let i = 0; i < 20_000; i++) {
    const settings = { parallel: 2 + (i % 4), extraDials: i % 3, faults: i % 5, rule }
    if (!playByChance(settings, random)) bad++
  }
  assert.is(bad, 0, `seed ${seed}`)
})

/** `withoutResume` → `without resume`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

exploration.run()
