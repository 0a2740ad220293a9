/**
 * `npm run mutants [-- NAME …] [--seeds N]`: breaks one rule at a time and shows which seed of the
 * random runs catches it. The broken variant is a copy of the project in a temporary folder with
 * one text replaced, so nothing in production knows of mutants. Exit code 1 if one survives.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTANTS, type Mutant, mutate } from './mutantList.ts'

/** How long one mutant may be hunted, in milliseconds. */
const HUNT_MS_MAX = 300_000

function hunt(mutant: Mutant, seeds: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'))
  try {
    for (const room of [
      'index.ts',
      'machines',
      'actors',
      'transport',
      'test',
      'tsconfig.json',
      'package.json',
    ]) {
      cpSync(room, join(folder, room), { recursive: true })
    }
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
    const file = join(folder, mutant.file)
    writeFileSync(file, mutate(readFileSync(file, 'utf8'), mutant))
    const words = ['--import', 'tsx', 'test/scenarios/simulate.ts', '--first', '--seeds', seeds]
    const { stdout, stderr } = spawnSync(process.execPath, words, {
      cwd: folder,
      encoding: 'utf8',
      timeout: HUNT_MS_MAX,
    })
    // A run that did not come to its summary shows nothing about the mutant.
    if (!stdout.includes('scenarios')) throw new Error(stderr)
    return stdout.split('\n').find((line) => line.startsWith('seed '))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '300' } },
})
let survivors = 0
for (const mutant of MUTANTS) {
  if (positionals.length > 0 && !positionals.some((word) => mutant.name.includes(word))) continue
  const caught = hunt(mutant, values.seeds)
  if (caught === undefined) survivors++
  console.log(`${mutant.invariant.padEnd(4)} ${mutant.name}`)
  console.log(`     ${caught ?? 'SURVIVED'}`)
}
process.exitCode = survivors === 0 ? 0 : 1
