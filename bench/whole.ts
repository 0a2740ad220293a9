/** Whole production peers on the simulated network: what belonging to it costs when it is idle. */

import { createSimulation, type Simulation } from 'holdfast/simulation'
import { heldBytes } from './heap.ts'
import type { Report } from './report.ts'

/** Networks of whole peers are no larger: each peer tells of all the others, all the time. */
export const WHOLE_PEERS_MAX = 100
/** How long a network takes to find its shape, in milliseconds of its own time. */
const SETTLE_MS = 90_000
/** How long it is left alone then; a peer tells of itself every 30 s or so. Milliseconds. */
const IDLE_MS = 60_000
/** Then so many write, so far apart in milliseconds. */
const WRITES = 20
const PAUSE_MS = 2_000

const SIZES = [12, 25, 50, WHOLE_PEERS_MAX] as const

/** Sizes up to the largest that was asked for. */
export async function whole(sizes: readonly number[]): Promise<Report> {
  const rows: number[][] = []
  for (const peers of SIZES) {
    if (peers <= Math.max(...sizes)) rows.push(await measure(peers))
  }
  return {
    title: 'Whole peers, and nobody does anything',
    columns: [
      'peers',
      'broadcasts/s',
      'bytes/s sent by a peer',
      'bytes of a broadcast',
      'payloads of a broadcast',
      'neighbours',
      'writes had by all after 2 s',
      'bytes held by a peer',
    ],
    rows,
  }
}

async function measure(peers: number): Promise<number[]> {
  const before = heldBytes()
  const simulation = await gathered(peers)
  const idle = sumOf(simulation)
  await simulation.advance(IDLE_MS)
  const after = sumOf(simulation)
  const held = (heldBytes() - before) / peers
  const degrees = simulation.names.map((name) => simulation.peer(name).peers.length)
  const complete = await write(simulation)
  const end = sumOf(simulation)
  const bytes = after.bytes - idle.bytes
  const fresh = after.seen - idle.seen
  await simulation.close()
  return [
    peers,
    (after.made - idle.made) / (IDLE_MS / 1_000),
    Math.round(bytes / peers / (IDLE_MS / 1_000)),
    Math.round(bytes / fresh),
    (end.seen + end.again - idle.seen - idle.again) / (end.seen - idle.seen),
    degrees.reduce((sum, degree) => sum + degree, 0) / peers,
    complete,
    Math.round(held),
  ]
}

/** All know only the first. */
async function gathered(peers: number): Promise<Simulation> {
  const nameOf = (index: number) => `peer${String(index).padStart(4, '0')}`
  const simulation = createSimulation({ peers: [nameOf(0)] })
  for (let index = 1; index < peers; index++) {
    simulation.start(nameOf(index), { join: [`sim://${nameOf(0)}`] })
    await simulation.advance(100)
  }
  await simulation.advance(SETTLE_MS)
  return simulation
}

/** How many of some writes all had when the next one came. */
async function write(simulation: Simulation): Promise<number> {
  let complete = 0
  for (let index = 0; index < WRITES; index++) {
    const name = simulation.names[index % simulation.names.length] as string
    simulation.peer(name).set(`key ${index}`, 'here')
    await simulation.advance(PAUSE_MS)
    if (simulation.names.every((each) => simulation.peer(each).has(`key ${index}`))) complete += 1
  }
  return complete
}

function sumOf(simulation: Simulation) {
  const sum = { made: 0, seen: 0, again: 0, bytes: 0 }
  for (const name of simulation.names) {
    const { bytesOut, broadcastsMade, broadcastsSeen, broadcastsDuplicate } = simulation
      .peer(name)
      .stats()
    sum.made += broadcastsMade
    sum.seen += broadcastsSeen
    sum.again += broadcastsDuplicate
    sum.bytes += bytesOut
  }
  return sum
}
