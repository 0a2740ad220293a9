/** Hunting one mutant: a broken copy of the project, and what notices that it is broken. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Mutant, mutate } from './mutantList.ts'

/** How long one mutant may be hunted, in milliseconds. */
const HUNT_MS_MAX = 600_000
/** The seed of what is drawn in the scenarios. */
const SCENARIO_SEED = '1'

const ROOMS = ['machines', 'actors', 'transport', 'inspector', 'bench', 'test']
const FILES = ['index.ts', 'tsconfig.json', 'package.json']

export interface Catch {
  /** The scenario, or the seed; undefined if nothing noticed. */
  readonly by: string | undefined
  /** What was noticed. */
  readonly how: string
}

/** Breaks a copy of the project and runs the mutant's scenarios in it, or so many random seeds. */
export function hunt(mutant: Mutant, seeds: number): Catch {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'))
  try {
    // What others need that are measured beside this one is large, and no scenario needs it.
    const filter = (path: string) => !path.endsWith('node_modules')
    for (const each of [...ROOMS, ...FILES]) {
      cpSync(each, join(folder, each), { recursive: true, filter })
    }
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
    const file = join(folder, mutant.file)
    writeFileSync(file, mutate(readFileSync(file, 'utf8'), mutant))
    return mutant.scenario === undefined
      ? huntBySeeds(folder, [String(seeds), mutant.seeds ?? 'all'])
      : huntByScenario(folder, mutant.scenario)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function huntBySeeds(folder: string, words: readonly string[]): Catch {
  const { output } = run(folder, ['test/scenarios/mutantSeeds.ts', ...words])
  const found = /^seed (\d+): (.*)$/m.exec(output)
  if (found) return { by: `seed ${found[1]}`, how: found[2] as string }
  // A run that did not come to its end shows nothing about the mutant.
  if (!output.includes('no promise was broken')) throw new Error(output)
  return { by: undefined, how: '' }
}

function huntByScenario(folder: string, scenario: string): Catch {
  const { output, status } = run(folder, [scenario])
  if (status === 0) return { by: undefined, how: '' }
  const found = /FAIL .*"(.*)"\n\s*(.*)\n/.exec(output)
  if (found) return { by: `'${found[1]}'`, how: (found[2] as string).trim() }
  const crash = output.split('\n').find((line) => /^\s*(\w*Error): /.test(line))
  // What cannot even be loaded is no variant of a rule.
  if (crash === undefined || crash.includes('SyntaxError')) throw new Error(output)
  return { by: scenario, how: crash.trim() }
}

function run(folder: string, words: readonly string[]): { output: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', ...words], {
    cwd: folder,
    encoding: 'utf8',
    timeout: HUNT_MS_MAX,
    env: { ...process.env, SEED: SCENARIO_SEED, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  return { output: `${stdout}\n${stderr}`, status }
}
