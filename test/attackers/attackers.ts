/**
 * `npm run attackers [-- NAME …]`: each attack against the present code, which must stop it, and
 * against a copy without the check, which must not; of those named, by threat or by words of their
 * names, or of all. `npm run attackers -- --flood` measures how long joins and sets take under
 * siege. Exit code 1 if an attack succeeds, or fails without its check, or none has such a name.
 */

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Company } from '../actors/company.ts'
import { hunt } from '../scenarios/mutantHunt.ts'
import { ATTACKS as LISTED } from './attackList.ts'
import { ATTACKS, besiege, quantile } from './siege.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    flood: { type: 'boolean', default: false },
    size: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '50' },
  },
})

if (values.flood) await measure()
else tabulate()

function tabulate(): void {
  const present = new Map<string, boolean>()
  const chosen = LISTED.filter(({ threat, name }) => {
    return (
      positionals.length === 0 || positionals.some((word) => `${threat} ${name}`.includes(word))
    )
  })
  let wrong = chosen.length === 0 ? 1 : 0
  for (const attack of chosen) {
    const { scenario, threat, name } = attack
    if (!present.has(scenario)) present.set(scenario, isStopped(scenario))
    const stopped = present.get(scenario) === true
    const { by } = hunt(attack, 0)
    if (!stopped || by === undefined) wrong += 1
    const words = [stopped ? 'fails' : 'SUCCEEDS', by === undefined ? 'FAILS' : 'succeeds']
    console.log(`${threat.padEnd(4)} ${name.padEnd(52)} ${words[0]?.padEnd(9)} ${words[1]}`)
  }
  console.log('     the attack, against the present code, and without the check that stops it')
  process.exitCode = wrong === 0 ? 0 : 1
}

function isStopped(scenario: string): boolean {
  return spawnSync(process.execPath, ['--import', 'tsx', scenario]).status === 0
}

async function measure(): Promise<void> {
  for (const attack of [undefined, ...Object.keys(ATTACKS)]) {
    const company = new Company()
    const size = Number(values.size)
    const { joinMs, setMs, dialled } = await besiege(company, {
      attack,
      size,
      rounds: Number(values.rounds),
    })
    await company.close()
    const row = [joinMs, setMs].flatMap((list) => [quantile(list, 0.5), quantile(list, 0.99)])
    const figures = row.map((ms) => `${ms.toFixed(0)} ms`.padStart(8)).join(' ')
    console.log(`${(attack ?? 'no attack').padEnd(24)} ${figures}  ${dialled} dials`)
  }
  console.log(`${''.padEnd(24)} join p50, join p99, set p50, set p99`)
}
