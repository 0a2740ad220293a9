/** CPU profiles, as Node writes them: which functions took the time. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Crew, type Replica, SYSTEMS, type SystemName } from './crew.ts'
import type { Measuring, Report } from './report.ts'

/** How many functions are shown. */
const SHOWN = 30

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { functionName: string; url: string; lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Takes a profile of each replica while a measurement lasts. */
export class Probe {
  readonly paths: string[] = []
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  async begin(crew: Crew): Promise<void> {
    await crew.mark({ isProfiled: true })
  }

  async end(crew: Crew): Promise<void> {
    const pathOf = ({ name }: Replica) =>
      `${this.#prefix}-${crew.system}-${name}.cpuprofile`.replaceAll(' ', '-')
    await crew.used(pathOf)
    // The first one writes, and the last one reads or joins.
    const shown = new Set([crew.writer, crew.replicas.at(-1) as Replica])
    this.paths.push(...[...shown].map(pathOf))
  }
}

/** Measures each system once more with a profile, if that is asked for: what took its time. */
export async function* profiles(
  { profileFolder }: Measuring,
  title: string,
  measure: (system: SystemName, probe: Probe) => Promise<unknown>,
): AsyncGenerator<Report> {
  if (profileFolder === undefined) return
  for (const system of SYSTEMS) {
    const probe = new Probe(join(profileFolder, title))
    await measure(system, probe)
    for (const path of probe.paths) yield topFunctions(path)
  }
}

/** The functions in which the process was found most often, itself and nobody it called. */
function topFunctions(path: string): Report {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const spent = new Map<string, number>()
  let total = 0
  profile.samples.forEach((node, at) => {
    const place = String(places.get(node))
    if (place.startsWith('(idle)')) return
    const micros = profile.timeDeltas[at] ?? 0
    total += micros
    spent.set(place, (spent.get(place) ?? 0) + micros)
  })
  const sorted = [...spent].sort(([, one], [, other]) => other - one).slice(0, SHOWN)
  return {
    title: path,
    columns: ['function', 'ms', '%'],
    rows: sorted.map(([place, micros]) => [place, micros / 1_000, (100 * micros) / total]),
  }
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.split('/').slice(-1)[0] ?? ''
  const name = functionName === '' ? '(anonymous)' : functionName
  return file === '' ? name : `${name} ${file.replace(/-\d+\.mjs/, '')}:${lineNumber + 1}`
}
