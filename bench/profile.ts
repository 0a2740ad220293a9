/** CPU profiles, as Node writes them: which functions took the time. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Crew, Replica } from './crew.ts'
import type { Report } from './report.ts'

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

/** Where the profile of a replica goes; undefined if there is to be none. */
export function profilePath(
  folder: string | undefined,
  { crew, title }: { crew: Crew; title: string },
): (replica: Replica) => string | undefined {
  return ({ name }) =>
    folder && join(folder, `${title}-${crew.system}-${name}.cpuprofile`.replaceAll(' ', '-'))
}

/** The functions in which the process was found most often, itself and nobody it called. */
export function topFunctions(path: string): Report {
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
