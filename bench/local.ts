/** Calls at one replica that has no neighbours. */

import { Crew, SYSTEMS, type SystemName } from './crew.ts'
import type { Measuring, Report } from './report.ts'
import { inTurns, medianOf, ratioOf } from './turns.ts'

const CALLS = ['get', 'insert', 'overwrite'] as const

export async function* local({ keys: all, runs }: Measuring): AsyncGenerator<Report> {
  const keys = all.at(-1) as number
  const turns = await inTurns(runs, (system) => measure(system, keys))
  const rows = CALLS.flatMap((call) =>
    SYSTEMS.map((system) => [
      call,
      system,
      runs,
      Math.round(medianOf(turns[system], (each) => 1e6 / each[call])),
      ratioOf(turns, system, (each) => 1 / each[call]),
    ]),
  )
  yield {
    title: `Local calls, ${keys} keys`,
    columns: ['call', 'system', 'runs', 'calls/s', 'of raw'],
    rows,
  }
}

async function measure(system: SystemName, keys: number) {
  const crew = await Crew.meet(system, 1)
  try {
    return await crew.writer.call('local', { keys })
  } finally {
    crew.stop()
  }
}
