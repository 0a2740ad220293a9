/** One replica writes new keys, and all others take them in: how many a second, at what price. */

import { type Cast, Crew, SYSTEMS } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import type { Cell, Measuring, Report } from './report.ts'
import { inTurns, medianOf, ratioOf } from './turns.ts'

const CALLS = ['set', 'update'] as const

interface Workload {
  readonly replicas: number
  readonly keys: number
  readonly by: (typeof CALLS)[number]
}

interface Measured {
  readonly perSecond: number
  readonly writerMicroseconds: number
  readonly readerMicroseconds: number
  readonly bytes: number
  readonly frames: number
}

export async function* throughput(measuring: Measuring): AsyncGenerator<Report> {
  for (const keys of measuring.keys) {
    const rows: Cell[][] = []
    for (const by of CALLS) {
      for (const replicas of measuring.replicas) {
        rows.push(...(await compare({ replicas, keys, by }, measuring)))
      }
    }
    yield {
      title: `${keys} new keys from one writer, until all replicas have all`,
      columns: [
        'replicas',
        'by',
        'system',
        'runs',
        'keys/s',
        'of raw',
        'writer µs/key',
        'reader µs/key',
        'bytes/key',
        'frames',
      ],
      rows,
    }
    for (const by of CALLS) {
      for (const replicas of measuring.replicas) {
        const title = `throughput ${by} n${replicas} k${keys}`
        yield* profiles(measuring, title, (system, probe) =>
          measureThroughput(system, { replicas, keys, by }, probe),
        )
      }
    }
  }
}

async function compare(workload: Workload, { runs }: Measuring): Promise<Cell[][]> {
  const turns = await inTurns(runs, (system) => measureThroughput(system, workload))
  return SYSTEMS.map((system) => {
    const all = turns[system]
    return [
      workload.replicas,
      workload.by === 'set' ? 'set' : 'update of 1,000',
      system,
      runs,
      Math.round(medianOf(all, ({ perSecond }) => perSecond)),
      ratioOf(turns, system, ({ perSecond }) => perSecond),
      medianOf(all, ({ writerMicroseconds }) => writerMicroseconds),
      medianOf(all, ({ readerMicroseconds }) => readerMicroseconds),
      Math.round(medianOf(all, ({ bytes }) => bytes)),
      medianOf(all, ({ frames }) => frames),
    ]
  })
}

export async function measureThroughput(
  cast: Cast,
  { replicas, keys, by }: Workload,
  probe?: Probe,
): Promise<Measured> {
  const crew = await Crew.meet(cast, replicas)
  try {
    await crew.writer.call('prepare', { keys })
    await probe?.begin(crew)
    await crew.mark()
    const seconds = (await write(crew, { keys, by })) / 1_000
    const [writer, ...readers] = await crew.used()
    await probe?.end(crew)
    const cpu = readers.reduce((sum, each) => sum + each.cpuMicroseconds, 0)
    const all = [writer, ...readers]
    return {
      perSecond: keys / seconds,
      writerMicroseconds: (writer?.cpuMicroseconds ?? 0) / keys,
      readerMicroseconds: cpu / readers.length / keys,
      bytes: all.reduce((sum, each) => sum + (each?.bytes ?? 0), 0) / keys,
      frames: all.reduce((sum, each) => sum + (each?.frames ?? 0), 0),
    }
  } finally {
    crew.stop()
  }
}

/** How long it takes until all have all, in milliseconds. */
async function write(crew: Crew, { keys, by }: Pick<Workload, 'keys' | 'by'>): Promise<number> {
  const arriving = crew.readers.map((reader) => reader.call('expect', { size: keys }))
  const startedAt = await crew.writer.call('write', { by })
  return Math.max(...(await Promise.all(arriving))) - startedAt
}
