/** A replica comes back that missed one key in a hundred: what is sent until it has all again. */

import { type Cast, Crew, pause, SYSTEMS } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import type { Measuring, Report } from './report.ts'
import { PAIR_BYTES } from './system.ts'
import { inTurns, medianOf } from './turns.ts'

const REPLICAS = 3
/** One key in so many changes. */
const CHANGED_SHARE = 100
/** How long the change takes to settle between those who stayed, in milliseconds. */
const SETTLE_MS = 1_000

interface Measured {
  readonly ms: number
  readonly bytes: number
}

export async function* rejoin(measuring: Measuring): AsyncGenerator<Report> {
  const { keys: all, runs } = measuring
  const keys = all.at(-1) as number
  const changed = Math.ceil(keys / CHANGED_SHARE)
  const turns = await inTurns(runs, (system) => measureRejoin(system, { keys, changed }))
  const rows = SYSTEMS.map((system) => {
    const bytes = medianOf(turns[system], (each) => each.bytes)
    const ms = medianOf(turns[system], (each) => each.ms)
    return [system, runs, ms, bytes, bytes / changed / PAIR_BYTES]
  })
  yield {
    title: `Back after ${changed} of ${keys} keys changed`,
    columns: ['system', 'runs', 'ms', 'bytes', '× the changed pairs'],
    rows,
  }
  yield* profiles(measuring, `rejoin k${keys}`, (system, probe) =>
    measureRejoin(system, { keys, changed }, probe),
  )
}

export async function measureRejoin(
  cast: Cast,
  { keys, changed }: { keys: number; changed: number },
  probe?: Probe,
): Promise<Measured> {
  const crew = await Crew.meet(cast, REPLICAS)
  const last = crew.replicas.at(-1)
  try {
    await crew.writer.call('prepare', { keys })
    const filled = crew.readers.map((reader) => reader.call('expect', { size: keys }))
    await crew.writer.call('write', { by: 'update' })
    await Promise.all(filled)
    await last?.call('part', undefined as never)
    await pause(SETTLE_MS)
    await crew.writer.call('prepare', { keys: changed, round: 1 })
    await crew.writer.call('write', { by: 'update' })
    await pause(SETTLE_MS)
    await probe?.begin(crew)
    await crew.mark()
    const startedAt = performance.now()
    const back = last?.call('expectRound', { keys: changed, round: 1 })
    await last?.call('connect', crew.addresses[0] as string)
    await back
    const ms = performance.now() - startedAt
    await pause(SETTLE_MS)
    const used = await crew.used()
    await probe?.end(crew)
    return { ms, bytes: used.reduce((sum, { bytes }) => sum + bytes, 0) }
  } finally {
    crew.stop()
  }
}
