/** Single sets with pauses between them: how long each takes to the other replicas. */

import { type Cast, Crew, SYSTEMS } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import { type Measuring, percentile, type Report } from './report.ts'
import { inTurns, medianOf, ratioOf } from './turns.ts'

const REPLICAS = 4
const SETS = 400
/** The first ones are not counted: by then both systems are compiled. */
const WARM_SETS = 100
const PAUSE_MS = 5

interface Measured {
  readonly p50: number
  readonly p99: number
  readonly highest: number
  /** Processor time for each set, microseconds. */
  readonly writerMicroseconds: number
  readonly readerMicroseconds: number
}

export async function* latency(measuring: Measuring): AsyncGenerator<Report> {
  const { runs } = measuring
  const turns = await inTurns(runs, (system) => measureLatency(system))
  const figures = ['p50', 'p99', 'highest'] as const
  const costs = ['writerMicroseconds', 'readerMicroseconds'] as const
  const rows = SYSTEMS.map((system) => [
    system,
    runs,
    ...figures.map((figure) => medianOf(turns[system], (each) => each[figure])),
    ratioOf(turns, system, ({ p50 }) => p50),
    ratioOf(turns, system, ({ p99 }) => p99),
    ...costs.map((cost) => Math.round(medianOf(turns[system], (each) => each[cost]))),
  ])
  yield {
    title: `${SETS} single sets, ${PAUSE_MS} ms apart, to each of ${REPLICAS - 1} others`,
    columns: [
      ...['system', 'runs', 'p50 ms', 'p99 ms', 'max ms', 'p50 × raw', 'p99 × raw'],
      ...['writer µs/set', 'reader µs/set'],
    ],
    rows,
  }
  yield* profiles(measuring, 'latency', measureLatency)
}

export async function measureLatency(cast: Cast, probe?: Probe): Promise<Measured> {
  const crew = await Crew.meet(cast, REPLICAS)
  try {
    const count = WARM_SETS + SETS
    for (const reader of crew.readers) await reader.call('watch', { count })
    await probe?.begin(crew)
    await crew.mark()
    const begun = await crew.writer.call('ping', { count, pauseMs: PAUSE_MS })
    const all: number[] = []
    for (const reader of crew.readers) {
      const times = await reader.call('watched', undefined as never)
      all.push(...times.map((at, set) => at - (begun[set] as number)).slice(WARM_SETS))
    }
    const [writer, ...readers] = await crew.used()
    await probe?.end(crew)
    if (all.some((ms) => ms < 0)) throw new Error('Not every set arrived.')
    const readerCpu = readers.reduce((sum, each) => sum + each.cpuMicroseconds, 0)
    return {
      p50: percentile(all, 50),
      p99: percentile(all, 99),
      highest: percentile(all, 100),
      writerMicroseconds: (writer?.cpuMicroseconds ?? 0) / count,
      readerMicroseconds: readerCpu / readers.length / count,
    }
  } finally {
    crew.stop()
  }
}
