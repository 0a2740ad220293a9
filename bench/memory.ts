/** What a replica holds for each key, after a full collection. */

import { type Cast, Crew, SYSTEMS } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import type { Measuring, Report } from './report.ts'
import { inTurns, medianOf, ratioOf } from './turns.ts'

interface Measured {
  readonly heap: number
  readonly resident: number
}

export async function* memory(measuring: Measuring): AsyncGenerator<Report> {
  const { keys: all, runs } = measuring
  const keys = all.at(-1) as number
  const turns = await inTurns(runs, (system) => measureMemory(system, keys))
  const rows = SYSTEMS.map((system) => [
    system,
    runs,
    Math.round(medianOf(turns[system], ({ resident }) => resident)),
    ratioOf(turns, system, ({ resident }) => resident),
    Math.round(medianOf(turns[system], ({ heap }) => heap)),
    ratioOf(turns, system, ({ heap }) => heap),
  ])
  yield {
    title: `Memory for each of ${keys} keys, at a reader`,
    columns: ['system', 'runs', 'resident bytes', '× raw', 'heap bytes', '× raw heap'],
    rows,
  }
  yield* profiles(measuring, `memory k${keys}`, (system, probe) =>
    measureMemory(system, keys, probe),
  )
}

export async function measureMemory(cast: Cast, keys: number, probe?: Probe): Promise<Measured> {
  const crew = await Crew.meet(cast, 2)
  const reader = crew.replicas[1]
  try {
    await crew.writer.call('prepare', { keys })
    const before = await reader?.call('held', undefined as never)
    await probe?.begin(crew)
    const filled = reader?.call('expect', { size: keys })
    await crew.writer.call('write', { by: 'set' })
    await filled
    await probe?.end(crew)
    const after = await reader?.call('held', undefined as never)
    if (before === undefined || after === undefined) throw new Error('There is no reader.')
    return {
      heap: (after.heap - before.heap) / keys,
      resident: (after.resident - before.resident) / keys,
    }
  } finally {
    crew.stop()
  }
}
