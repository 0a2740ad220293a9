/**
 * What it costs to keep strangers out: a handshake over plain TCP, over TLS by secret and by
 * certificates, and the throughput of plain text, of TLS, and of TLS with signed entries. The ways
 * take turns, so that whatever else the machine does falls on all of them.
 */

import { makeCertificates } from './certificates.ts'
import { Crew } from './crew.ts'
import { type Cell, type Measuring, median, percentile, type Report } from './report.ts'
import type { Way } from './way.ts'

/** Handshakes of each way in each turn. */
const HANDSHAKES = 100
/** The first ones warm up the compiler and are not counted. */
const WARM_HANDSHAKES = 10

type Named = readonly [name: string, way: Way]

export async function* security(measuring: Measuring): AsyncGenerator<Report> {
  yield await handshakes(measuring)
  for (const by of ['set', 'update'] as const) yield await throughput(by, measuring)
}

async function handshakes({ runs }: Measuring): Promise<Report> {
  const certificates = makeCertificates()
  const ways: Named[] = [
    ['plain TCP', { carrier: 'tcp' }],
    ['TLS by secret', { carrier: 'tls by secret' }],
  ]
  if (certificates)
    ways.push(['TLS by certificates', { carrier: 'tls by certificates', certificates }])
  const times = await inTurns(ways, runs, shakeHands)
  const rows = ways.map(([name]): Cell[] => {
    const all = times.get(name) ?? []
    const opened = all.flatMap((each) => each.opened.slice(WARM_HANDSHAKES))
    const connected = all.flatMap((each) => each.connected.slice(WARM_HANDSHAKES))
    return [
      name,
      opened.length,
      ...[percentile(opened, 50), percentile(opened, 99)],
      ...[percentile(connected, 50), percentile(connected, 99)],
    ]
  })
  const columns = ['wire open, p50 ms', 'p99 ms', 'peer connected, p50 ms', 'p99 ms ']
  return {
    title: `Handshakes between two processes${certificates ? '' : ' (there is no openssl)'}`,
    columns: ['by', 'handshakes', ...columns],
    rows,
  }
}

async function shakeHands(way: Way) {
  const crew = await Crew.meet('holdfast', 1, way)
  try {
    const dialler = await crew.addAlone()
    const address = String(crew.addresses[0])
    return await dialler.call('handshakes', { address, count: HANDSHAKES + WARM_HANDSHAKES })
  } finally {
    crew.stop()
  }
}

async function throughput(by: 'set' | 'update', { runs, keys: all }: Measuring): Promise<Report> {
  const keys = all.at(-1) as number
  const ways: Named[] = [
    ['plain TCP', { carrier: 'tcp', integrity: 'channel' }],
    ['TLS', { carrier: 'tls by secret', integrity: 'channel' }],
    ['TLS, signed entries', { carrier: 'tls by secret', integrity: 'signed' }],
  ]
  const turns = await inTurns(ways, runs, (way) => write(way, { keys, by }))
  const plain = turns.get('plain TCP') ?? []
  const rows = ways.map(([name]): Cell[] => {
    const mine = turns.get(name) ?? []
    const of = (figure: (each: Written) => number) => median(mine.map(figure))
    const ratios = mine.map((each, turn) => each.perSecond / (plain[turn]?.perSecond ?? Number.NaN))
    return [
      name,
      runs,
      Math.round(of(({ perSecond }) => perSecond)),
      median(ratios),
      of(({ writerMicroseconds }) => writerMicroseconds),
      of(({ readerMicroseconds }) => readerMicroseconds),
      of(({ bytes }) => bytes),
    ]
  })
  const columns = ['keys/s', 'of plain', 'writer µs/key', 'reader µs/key', 'bytes/key']
  const call = by === 'set' ? 'set' : 'update of 1,000'
  const title = `${keys} new keys from one process to another, by ${call}`
  return { title, columns: ['by', 'runs', ...columns], rows }
}

interface Written {
  readonly perSecond: number
  readonly writerMicroseconds: number
  readonly readerMicroseconds: number
  readonly bytes: number
}

async function write(
  way: Way,
  { keys, by }: { keys: number; by: 'set' | 'update' },
): Promise<Written> {
  const crew = await Crew.meet('holdfast', 2, way)
  try {
    await crew.writer.call('prepare', { keys })
    await crew.mark()
    const arriving = crew.readers.map((reader) => reader.call('expect', { size: keys }))
    const startedAt = await crew.writer.call('write', { by })
    const [arrivedAt = Number.NaN] = await Promise.all(arriving)
    const [writer, reader] = await crew.used()
    return {
      perSecond: keys / ((arrivedAt - startedAt) / 1_000),
      writerMicroseconds: (writer?.cpuMicroseconds ?? Number.NaN) / keys,
      readerMicroseconds: (reader?.cpuMicroseconds ?? Number.NaN) / keys,
      bytes: (writer?.bytes ?? Number.NaN) / keys,
    }
  } finally {
    crew.stop()
  }
}

/** What each way measured, turn by turn. */
async function inTurns<Measured>(
  ways: readonly Named[],
  runs: number,
  measure: (way: Way) => Promise<Measured>,
): Promise<ReadonlyMap<string, readonly Measured[]>> {
  const turns = new Map<string, Measured[]>(ways.map(([name]) => [name, []]))
  for (let turn = 0; turn < runs; turn++) {
    for (const [name, way] of ways) turns.get(name)?.push(await measure(way))
  }
  return turns
}
