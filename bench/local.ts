/** Calls at one replica that has no neighbours. */

import { Crew, SYSTEMS, type SystemName } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import type { Measuring, Report } from './report.ts'
import { inTurns, medianOf, ratioOf } from './turns.ts'

const CALLS = ['get', 'insert', 'overwrite'] as const

export async function* local(measuring: Measuring): AsyncGenerator<Report> {
  const { keys: all, runs } = measuring
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
  yield* profiles(measuring, `local k${keys}`, (system, probe) => measure(system, keys, probe))
}

async function measure(system: SystemName, keys: number, probe?: Probe) {
  const crew = await Crew.meet(system, 1)
  try {
    await probe?.begin(crew)
    const found = await crew.writer.call('local', { keys })
    await probe?.end(crew)
    return found
  } finally {
    crew.stop()
  }
}
