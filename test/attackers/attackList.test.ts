/** The list of attacks fits the code, so that each check can be taken away. */
import { existsSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mutate } from '../scenarios/mutantList.ts'
import { ATTACKS } from './attackList.ts'

/** Lines of the threat table that no check of ours stops alone. */
const WITHOUT_MUTANT: Readonly<Record<string, string>> = {
  S2: 'There is nothing that decompresses.',
  S10: 'No clock is read where it could be lied about.',
  S16: 'The certificates are judged by Node.',
  S17: 'Nothing is taken out: secrets are in closures.',
  S22: 'The version decides; a scenario of the merge shows it.',
  S24: 'Time cannot be told apart by a test.',
}

const attacks = suite('attackers/attackList')

attacks('the check that stops an attack is in one place, and the attack is there', () => {
  for (const attack of ATTACKS) {
    const source = readFileSync(attack.file, 'utf8')
    assert.is.not(mutate(source, attack), source, attack.name)
    assert.ok(existsSync(attack.scenario), attack.scenario)
  }
})

attacks('each line of the threat table has an attack, or a reason to have none', () => {
  const table = readFileSync('SECURITY.md', 'utf8').matchAll(/^\| (S\d+) \|/gm)
  const listed = new Set([...ATTACKS.map(({ threat }) => threat), ...Object.keys(WITHOUT_MUTANT)])
  const missing = [...table].map(([, line]) => String(line)).filter((line) => !listed.has(line))
  assert.equal(missing, [])
})

attacks.run()
