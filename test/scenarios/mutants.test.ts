/** The mutants keep up with the rules they break; `npm run mutants` shows that they are caught. */

import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ATTACKS } from '../attackers/attackList.ts'
import { BURST_MUTANTS } from '../rules/burstMutants.ts'
import { EPHEMERAL_MUTANTS } from './ephemeralMutants.ts'
import { LEASE_MUTANTS } from './leaseMutants.ts'
import { MUTANTS, mutate } from './mutantList.ts'

const mutants = suite('scenarios/mutants')

mutants('each broken variant still fits the rule that it breaks, in exactly one place', () => {
  const rules = [...MUTANTS, ...LEASE_MUTANTS, ...EPHEMERAL_MUTANTS, ...BURST_MUTANTS]
  for (const mutant of [...rules, ...ATTACKS]) {
    const sound = readFileSync(mutant.file, 'utf8')
    assert.is.not(mutate(sound, mutant), sound, mutant.name)
  }
})

mutants('a text that does not fit any more is noticed', () => {
  const mutant = MUTANTS[0]
  assert.ok(mutant)
  assert.throws(() => mutate('another rule', mutant), /must fit exactly one/)
})

mutants.run()
