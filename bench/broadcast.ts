/** What one small write costs on the wire, when nothing else happens. */

import { type Cast, Crew, pause, SYSTEMS } from './crew.ts'
import { type Probe, profiles } from './profile.ts'
import type { Measuring, Report } from './report.ts'
import { PAIR_BYTES } from './system.ts'
import { inTurns, medianOf } from './turns.ts'

const REPLICAS = 8
const SETS = 100
const PAUSE_MS = 20

interface Measured {
  readonly bytes: number
  readonly frames: number
  readonly idleBytes: number
}

export async function* broadcast(measuring: Measuring): AsyncGenerator<Report> {
  const { runs } = measuring
  const turns = await inTurns(runs, (system) => measureBroadcast(system))
  const rows = SYSTEMS.map((system) => {
    const bytes = medianOf(turns[system], (each) => each.bytes)
    const frames = medianOf(turns[system], (each) => each.frames)
    const idle = medianOf(turns[system], ({ idleBytes }) => idleBytes)
    return [system, runs, bytes, bytes / PAIR_BYTES / (REPLICAS - 1), frames, Math.round(idle)]
  })
  yield {
    title: `One set among ${REPLICAS} replicas, all connected to all`,
    columns: ['system', 'runs', 'bytes', '× payload per peer', 'frames', 'idle bytes/s'],
    rows,
  }
  yield* profiles(measuring, 'broadcast', measureBroadcast)
}

export async function measureBroadcast(cast: Cast, probe?: Probe): Promise<Measured> {
  const crew = await Crew.meet(cast, REPLICAS)
  try {
    const idleMs = SETS * PAUSE_MS
    await probe?.begin(crew)
    await crew.mark()
    await pause(idleMs)
    const idle = sumOf(await crew.used())
    await crew.mark()
    await crew.writer.call('ping', { count: SETS, pauseMs: PAUSE_MS })
    await pause(PAUSE_MS)
    const busy = sumOf(await crew.used())
    await probe?.end(crew)
    return {
      bytes: busy.bytes / SETS,
      frames: busy.frames / SETS,
      idleBytes: (idle.bytes * 1_000) / idleMs,
    }
  } finally {
    crew.stop()
  }
}

function sumOf(used: readonly { bytes: number; frames: number }[]) {
  const bytes = used.reduce((sum, each) => sum + each.bytes, 0)
  return { bytes, frames: used.reduce((sum, each) => sum + each.frames, 0) }
}
