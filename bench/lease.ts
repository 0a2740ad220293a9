/**
 * What leases take: how long after its holder's loss a lease is granted to the next, what renewals
 * send, and what it costs to acquire one that is free.
 */

import type { Dictionary } from 'holdfast'
import { nameOf } from './reconcile.ts'
import { type Measuring, median, percentile, type Report } from './report.ts'
import { SimulatedStage, TcpStage } from './stage.ts'
import { MISHAPS, type Mishap, Succession } from './succession.ts'

const RENEWED_KEYS = [1, 10_000] as const
const RENEWED_TERM_MS = 30_000
/** How long renewals are counted, in milliseconds. */
const COUNT_MS = 300_000
/** Turns of sets and acquisitions, and how many keys each has. */
const TURNS = 20
const TURN_KEYS = 200

type Row = (string | number)[]

export async function* lease({ rounds, termMs }: Measuring): AsyncGenerator<Report> {
  yield await measureGaps({ rounds, termMs })
  yield {
    title: `Renewals: what a peer sends more than without leases, terms of ${RENEWED_TERM_MS} ms`,
    columns: ['leases', 'intervals', 'frames per interval', 'bytes per interval'],
    rows: await countRenewals(),
  }
  yield await compareAcquire()
}

async function measureGaps({
  rounds,
  termMs,
}: Pick<Measuring, 'rounds' | 'termMs'>): Promise<Report> {
  const succession = new Succession({ termMs })
  const rows: Row[] = []
  const faults: string[] = []
  try {
    await succession.open()
    for (const mishap of Object.keys(MISHAPS) as Mishap[]) {
      const { gapsMs, ...outcome } = await succession.play(mishap, rounds)
      faults.push(...outcome.faults)
      const spread = [0, 50, 99, 100].map((percent) => percentile(gapsMs, percent))
      const early = gapsMs.filter((gapMs) => gapMs < 0).length
      rows.push([mishap, MISHAPS[mishap], gapsMs.length, outcome.spoiled, ...spread, early])
    }
  } finally {
    succession.close()
  }
  const spread = ['min ms', 'p50 ms', 'p99 ms', 'max ms', 'negative']
  return {
    title: `From its holder's loss to the next grant of a lease, terms of ${termMs} ms`,
    columns: ['holder', 'loss seen by', 'rounds', 'begun anew', ...spread],
    rows,
    faults,
  }
}

async function countRenewals(): Promise<Row[]> {
  const idle = await countSent(0)
  const intervals = COUNT_MS / (RENEWED_TERM_MS / 3)
  const rows: Row[] = []
  for (const keys of RENEWED_KEYS) {
    const { frames, bytes } = await countSent(keys)
    const more = [frames - idle.frames, bytes - idle.bytes].map((count) => count / intervals)
    rows.push([keys, intervals, ...more])
  }
  return rows
}

/** What a peer sends that keeps so many leases, and nothing else, for a while. */
async function countSent(keys: number): Promise<{ frames: number; bytes: number }> {
  const stage = new SimulatedStage()
  const [alice, bob] = [await stage.open(nameOf('alice')), await stage.open(nameOf('bob'))]
  await stage.connect(bob, alice)
  const pairs = Array.from({ length: keys }, (_, index) => [`key ${index}`, index] as const)
  if (keys > 0) alice.update(pairs, { leaseMs: RENEWED_TERM_MS, renew: true })
  await stage.pass(RENEWED_TERM_MS)
  const before = stage.network.traffic(alice.peerId, bob.peerId)
  await stage.pass(COUNT_MS)
  const after = stage.network.traffic(alice.peerId, bob.peerId)
  const kept = bob.leases().length
  if (kept !== keys) throw new Error(`${kept} of ${keys} leases were kept.`)
  await stage.close(bob)
  await stage.close(alice)
  return { frames: after.frames - before.frames, bytes: after.bytes - before.bytes }
}

async function compareAcquire(): Promise<Report> {
  const stage = new TcpStage()
  const [alice, bob] = [await stage.open('alice'), await stage.open('bob')]
  await stage.connect(bob, alice)
  const [sets, acquisitions]: [number[], number[]] = [[], []]
  // Turn by turn, so that whatever else the machine does falls on both.
  for (let turn = 0; turn < TURNS; turn++) {
    sets.push(await timeSets(stage, { dictionary: alice, turn }))
    acquisitions.push(await timeAcquisitions(stage, { dictionary: alice, turn }))
  }
  await stage.close(bob)
  await stage.close(alice)
  const [set, acquire] = [median(sets), median(acquisitions)]
  return {
    title: 'A lease that is free, beside a plain set, each of a key that is new',
    columns: ['by', 'turns', 'keys each', 'µs per key', '× set'],
    rows: [
      ['set', TURNS, TURN_KEYS, set, 1],
      ['acquire, resolved', TURNS, TURN_KEYS, acquire, acquire / set],
    ],
  }
}

interface Turn {
  readonly dictionary: Dictionary
  readonly turn: number
}

/** Microseconds for each key. */
async function timeSets(stage: TcpStage, { dictionary, turn }: Turn): Promise<number> {
  const start = stage.now()
  for (let number = 0; number < TURN_KEYS; number++) dictionary.set(`set ${turn} ${number}`, null)
  const ms = stage.now() - start
  await stage.pass(0)
  return (ms * 1_000) / TURN_KEYS
}

async function timeAcquisitions(stage: TcpStage, { dictionary, turn }: Turn): Promise<number> {
  const leases: { release(): void }[] = []
  const start = stage.now()
  for (let number = 0; number < TURN_KEYS; number++) {
    leases.push(await dictionary.acquire(`acquire ${turn} ${number}`))
  }
  const ms = stage.now() - start
  for (const each of leases) each.release()
  await stage.pass(0)
  return (ms * 1_000) / TURN_KEYS
}
