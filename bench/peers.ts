/**
 * What others offer for the same work, beside the raw limit and holdfast, in the same run. They are
 * in a package of their own, `bench/peers`, which nobody installs by accident.
 */

import { existsSync } from 'node:fs'
import type { Cast } from './crew.ts'
import { type HubKind, hasServer, startHub } from './hub.ts'
import { type Cell, type Measuring, median, type Report } from './report.ts'
import { RIVAL_NAMES, type RivalName, type Work, works } from './work.ts'

const PACKAGES = new URL('peers/node_modules/', import.meta.url)
/** Built beside the packages, so that these are found from there. */
const FOLDER = new URL('.bench/', PACKAGES)
const REPLICA = { source: new URL('peers/replica.ts', import.meta.url), folder: FOLDER }
const HUB = { source: new URL('peers/hub.ts', import.meta.url), folder: FOLDER }

const HUBS: Readonly<Partial<Record<RivalName, HubKind>>> = {
  redis: 'redis-server',
  'nats kv': 'nats-server',
  'y-websocket': 'program',
  tinybase: 'program',
  'automerge-repo': 'program',
}

/** The figures of each run; or why there are none. */
type Outcome = number[][] | string

export async function* peers({ runs, against }: Measuring): AsyncGenerator<Report> {
  if (!existsSync(PACKAGES)) {
    const faults = ['The packages are missing. Run: npm install --prefix bench/peers']
    yield { title: 'Peers', columns: [], rows: [], faults }
    return
  }
  const unknown = against.filter((name) => !RIVAL_NAMES.includes(name as RivalName))
  if (unknown.length > 0) {
    const faults = [`There is no ${unknown}. There are: ${RIVAL_NAMES.join(', ')}.`]
    yield { title: 'Peers', columns: [], rows: [], faults }
    return
  }
  for (const work of works) {
    const rivals = work.rivals.filter((name) => against.length === 0 || against.includes(name))
    if (rivals.length > 0) yield reportOf(work, await compare(work, rivals, runs), runs)
  }
}

/** In turns, so that other work on this machine falls on all. */
async function compare(work: Work, rivals: readonly RivalName[], runs: number) {
  const outcomes = new Map<string, Outcome>()
  for (let run = 0; run < runs; run++) {
    for (const name of ['raw', 'holdfast', ...rivals] as const) {
      const before = outcomes.get(name) ?? []
      if (typeof before === 'string') continue
      try {
        outcomes.set(name, [...before, await measure(work, name)])
      } catch (error) {
        outcomes.set(name, (error as Error).message)
      }
    }
  }
  return outcomes
}

async function measure(work: Work, name: RivalName | 'raw' | 'holdfast'): Promise<number[]> {
  if (name === 'raw' || name === 'holdfast') return work.measure(name)
  const kind = HUBS[name]
  if (kind === undefined) return work.measure({ name, program: REPLICA, hub: undefined })
  if (!hasServer(kind)) throw new Error(`no ${kind}: apt-get install redis-server nats-server`)
  const hub = await startHub(kind, name, HUB)
  try {
    const cast: Cast = { name, program: REPLICA, hub: hub.address }
    return await work.measure(cast)
  } finally {
    hub.stop()
  }
}

function reportOf(work: Work, outcomes: ReadonlyMap<string, Outcome>, runs: number): Report {
  const { title, figures } = work
  const raw = outcomes.get('raw') as number[][]
  const rows = [...outcomes].map(([name, outcome]): Cell[] => {
    if (typeof outcome === 'string') return [name, outcome, ...figures.map(() => ''), '']
    const cells = figures.map((_, at) => rounded(median(outcome.map((each) => each[at] as number))))
    const ratios = outcome.map((each, run) => (each[0] as number) / (raw[run]?.[0] ?? Number.NaN))
    const ratio = median(ratios)
    return [name, runs, ...cells, ratio < 0.1 ? ratio.toFixed(4) : ratio.toFixed(2)]
  })
  const isMore = work.better === 'more'
  return { title, columns: ['system', 'runs', ...figures, isMore ? 'of raw' : '× raw'], rows }
}

function rounded(figure: number): number {
  return Math.abs(figure) >= 100 ? Math.round(figure) : Math.round(figure * 100) / 100
}
