/** What it costs to be inspected: writes of one dictionary, a thousand in each turn. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { openDictionary } from 'holdfast'
import { type Inspector, serveInspector } from 'holdfast/inspector'
import type { Measuring, Report } from './report.ts'

const WRITES_A_TURN = 1_000
const KEYS = 5_000
const WARM_UP_WRITES = 20_000

interface Way {
  readonly name: string
  readonly inspector: boolean
  /** Whether a page reads along. */
  readonly page: boolean
  readonly idle: boolean
}

const WAYS: readonly Way[] = [
  { name: 'without', inspector: false, page: false, idle: false },
  { name: 'an inspect that does nothing', inspector: false, page: false, idle: true },
  { name: 'the inspector', inspector: true, page: false, idle: false },
  { name: 'the inspector and a page', inspector: true, page: true, idle: false },
]

export async function* inspect({ runs, keys }: Measuring): AsyncIterable<Report> {
  const writes = keys.at(-1) ?? 100_000
  const found = WAYS.map((): number[] => [])
  for (let run = 0; run < runs; run++) {
    for (const [index, way] of WAYS.entries()) found[index]?.push(await measure(way, writes))
  }
  const medians = found.map((each) => each.sort((one, other) => one - other)[each.length >> 1] ?? 0)
  const base = medians[0] ?? 1
  yield {
    title: `${writes} writes of one dictionary, median of ${runs}`,
    columns: ['inspected by', 'microseconds a write', 'times'],
    rows: WAYS.map(({ name }, index) => {
      const median = medians[index] ?? 0
      return [name, Number(median.toFixed(2)), Number((median / base).toFixed(2))]
    }),
  }
}

/** Microseconds for each write, flushes and all. */
async function measure({ inspector, page, idle }: Way, writes: number): Promise<number> {
  const served = inspector ? await serveInspector() : undefined
  const stop = new AbortController()
  const reading = served && page ? read(served, stop.signal) : undefined
  const inspect = idle ? () => {} : served?.inspect
  const dictionary = await openDictionary({ peerId: 'alice', ...(inspect && { inspect }) })
  const write = async (count: number) => {
    for (let done = 0; done < count; done += WRITES_A_TURN) {
      for (let turn = 0; turn < WRITES_A_TURN; turn++) {
        dictionary.set(`key-${(done + turn) % KEYS}`, done + turn)
      }
      await nextTurn()
    }
  }
  await write(WARM_UP_WRITES)
  const start = performance.now()
  await write(writes)
  const elapsedMs = performance.now() - start
  await dictionary.close()
  stop.abort()
  await reading
  await served?.close()
  return (elapsedMs * 1_000) / writes
}

/** Takes all that is told, as a page does. */
async function read({ url }: Inspector, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await fetch(url.replace('/?', '/events?'), { signal })
    for await (const _ of body ?? []) if (signal.aborted) return
  } catch {
    // Aborted, as asked.
  }
}
