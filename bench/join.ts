/** A replica that has nothing joins two that have much: how long until it has everything. */

import { type Cast, Crew, pause, SYSTEMS } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import type { Measuring, Report } from './report.ts'
import { inTurns, medianOf, ratioOf } from './turns.ts'

/** How long those who are there already are left alone, in milliseconds. */
const SETTLE_MS = 500

interface Measured {
  readonly ms: number
  readonly bytes: number
  readonly giverMicroseconds: number
  readonly joinerMicroseconds: number
}

export async function* join(measuring: Measuring): AsyncGenerator<Report> {
  const { keys: all, runs } = measuring
  const keys = all.at(-1) as number
  const turns = await inTurns(runs, (system) => measureJoin(system, { keys }))
  const rows = SYSTEMS.map((system) => [
    system,
    runs,
    medianOf(turns[system], ({ ms }) => ms),
    ratioOf(turns, system, ({ ms }) => ms),
    medianOf(turns[system], ({ giverMicroseconds }) => giverMicroseconds),
    medianOf(turns[system], ({ joinerMicroseconds }) => joinerMicroseconds),
    medianOf(turns[system], ({ bytes }) => bytes) / keys,
  ])
  yield {
    title: `Joining two replicas with ${keys} keys, by way of one of them`,
    columns: ['system', 'runs', 'ms', '× raw', 'giver µs/key', 'joiner µs/key', 'bytes/key'],
    rows,
  }
  yield* profiles(measuring, `join k${keys}`, (system, probe) =>
    measureJoin(system, { keys }, probe),
  )
}

export async function measureJoin(
  cast: Cast,
  { keys }: { keys: number },
  probe?: Probe,
): Promise<Measured> {
  const crew = await Crew.meet(cast, 2)
  try {
    await crew.writer.call('prepare', { keys })
    const filled = crew.replicas[1]?.call('expect', { size: keys })
    await crew.writer.call('write', { by: 'update' })
    await filled
    const joiner = await crew.addAlone()
    await pause(SETTLE_MS)
    await probe?.begin(crew)
    await crew.mark()
    const startedAt = performance.now()
    const done = joiner.call('expect', { size: keys })
    await joiner.call('connect', crew.addresses[0] as string)
    await done
    const ms = performance.now() - startedAt
    const used = await crew.used()
    await probe?.end(crew)
    return {
      ms,
      bytes: used.reduce((sum, { bytes }) => sum + bytes, 0),
      giverMicroseconds: (used[0]?.cpuMicroseconds ?? 0) / keys,
      joinerMicroseconds: (used[2]?.cpuMicroseconds ?? 0) / keys,
    }
  } finally {
    crew.stop()
  }
}
