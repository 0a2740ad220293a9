/** A replica that has nothing joins two that have much: how long until it has everything. */

import { type Cast, Crew, pause, SYSTEMS } from './crew.ts'
import { profilePath, topFunctions } from './profile.ts'
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

export async function* join({ keys: all, runs, profileFolder }: Measuring): AsyncGenerator<Report> {
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
  if (profileFolder === undefined) return
  for (const system of SYSTEMS) {
    const paths: string[] = []
    await measureJoin(system, { keys, profileFolder, paths })
    for (const path of paths) yield topFunctions(path)
  }
}

export async function measureJoin(
  cast: Cast,
  { keys, profileFolder, paths }: { keys: number; profileFolder?: string; paths?: string[] },
): Promise<Measured> {
  const crew = await Crew.meet(cast, 2)
  try {
    await crew.writer.call('prepare', { keys })
    const filled = crew.replicas[1]?.call('expect', { size: keys })
    await crew.writer.call('write', { by: 'update' })
    await filled
    const joiner = await crew.addAlone()
    await pause(SETTLE_MS)
    await crew.mark({ isProfiled: profileFolder !== undefined })
    const startedAt = performance.now()
    const done = joiner.call('expect', { size: keys })
    await joiner.call('connect', crew.addresses[0] as string)
    await done
    const ms = performance.now() - startedAt
    const pathOf = profilePath(profileFolder, { crew, title: `join k${keys}` })
    const used = await crew.used(pathOf)
    paths?.push(...[crew.writer, joiner].map((replica) => String(pathOf(replica))))
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
