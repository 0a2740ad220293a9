/**
 * What it costs to settle what two peers owe each other: bytes and round trips where they are equal
 * and where they differ in ten keys of 100,000; and what a peer keeps for a joiner that is slow.
 */

import type { Dictionary } from 'holdfast'
import { heldBytes } from './heap.ts'
import type { Count } from './meter.ts'
import type { Report } from './report.ts'
import { ID_CHARS, SimulatedStage, type Stage, TcpStage } from './stage.ts'

const KEYS = 100_000
const DIFFERENCES = 10
const WRITERS = [1, 10, 100] as const
const SLOW_KEYS = [20_000, 200_000] as const
/** Long enough for everything that is under way, and too short for a heartbeat. Milliseconds. */
const QUIET_MS = 300
/** How long the slow joiner does not read, in milliseconds. */
const STALL_MS = 1_000

type Row = (string | number)[]

export async function* reconcile(): AsyncGenerator<Report> {
  yield {
    title: 'Two equal peers connect: what each direction takes to find that nothing is owed',
    columns: ['network', 'writers', 'frames asked', 'bytes', 'frames answered', 'bytes answered'],
    rows: await eachStage(measureEqual),
  }
  yield {
    title: `Two peers with ${KEYS} keys differ in ${DIFFERENCES}, half of them at either`,
    columns: ['network', 'writers', 'round trips', 'bytes in all', 'keys that came', 'ms to equal'],
    rows: await eachStage(measureDifferent),
  }
  const rows: Row[] = []
  for (const keys of SLOW_KEYS) rows.push(await measureSlow(keys))
  yield {
    title: 'A joiner stops reading: what the peer that gives keeps for it',
    columns: ['keys', 'bytes queued at most', 'bytes held more', 'bytes given in all'],
    rows,
  }
}

async function eachStage(measure: (stage: Stage, writers: number) => Promise<Row>): Promise<Row[]> {
  const rows: Row[] = []
  for (const Place of [SimulatedStage, TcpStage]) {
    for (const writers of WRITERS) rows.push(await measure(new Place(), writers))
  }
  return rows
}

async function measureEqual(stage: Stage, writers: number): Promise<Row> {
  const { alice, bob } = await openEqual(stage, { keys: 1_000, writers })
  stage.meter.reset()
  await stage.connect(bob, alice)
  await stage.pass(QUIET_MS)
  const asked = sum(stage, bob, ['compare', 'ask'])
  const answered = sum(stage, alice, ['same', 'differs', 'give', 'done'])
  await closeAll(stage, [alice, bob])
  return [stage.name, writers, asked.frames, asked.bytes, answered.frames, answered.bytes]
}

async function measureDifferent(stage: Stage, writers: number): Promise<Row> {
  const { alice, bob } = await openEqual(stage, { keys: KEYS, writers })
  for (let number = 0; number < DIFFERENCES / 2; number++) {
    alice.set(`key ${number * 7}`, { changed: number })
    bob.set(`of bob ${number}`, { added: number })
  }
  await stage.pass(QUIET_MS)
  let came = 0
  for (const peer of [alice, bob]) {
    peer.on('update', ({ local }) => {
      if (!local) came += 1
    })
  }
  stage.meter.reset()
  const start = stage.now()
  await stage.connect(bob, alice)
  await stage.until(() => alice.digest() === bob.digest())
  const tookMs = stage.now() - start
  await stage.pass(QUIET_MS)
  const trips = [alice, bob].map((peer) => sum(stage, peer, ['compare', 'ask']).frames)
  const bytes = stage.meter.sent(alice.peerId).bytes + stage.meter.sent(bob.peerId).bytes
  await closeAll(stage, [alice, bob])
  return [stage.name, writers, Math.max(...trips), bytes, came, tookMs]
}

/** What the giver keeps while the joiner, which has next to nothing yet, does not read. */
async function measureSlow(keys: number): Promise<Row> {
  const stage = new SimulatedStage()
  const alice = await stage.open(nameOf('alice'))
  // What nobody was sent yet would go out as a broadcast.
  const witness = await stage.open(nameOf('witness'))
  await stage.connect(witness, alice)
  await stage.fill(alice, keys)
  await stage.until(() => witness.digest() === alice.digest())
  const bob = await stage.open(nameOf('bob'))
  await stage.pass(STALL_MS)
  stage.meter.reset()
  const before = heldBytes()
  await stage.connect(bob, alice)
  stage.network.stall(bob.peerId)
  await stage.pass(STALL_MS)
  const held = heldBytes() - before
  stage.network.unstall(bob.peerId)
  await stage.until(() => bob.size === keys)
  const given = stage.meter.sent(alice.peerId, 'give').bytes
  const { queueBytesHigh } = stage.meter
  await closeAll(stage, [alice, bob, witness])
  return [keys, queueBytesHigh, held, given]
}

/** Alice and bob with the same keys, heard of so many writers, and without a connection now. */
export async function openEqual(
  stage: Stage,
  { keys, writers }: { keys: number; writers: number },
): Promise<{ alice: Dictionary; bob: Dictionary }> {
  const alice = await stage.open(nameOf('alice'))
  for (let number = 1; number < writers; number++) await visit(stage, alice, `guest ${number}`)
  await stage.fill(alice, keys)
  const bob = await stage.open(nameOf('bob'))
  await stage.connect(bob, alice)
  await stage.until(() => alice.digest() === bob.digest())
  await stage.pass(QUIET_MS)
  bob.disconnect(alice.peerId)
  await stage.until(() => alice.peers.length === 0 && bob.peers.length === 0)
  return { alice, bob }
}

/** A peer comes, writes one key, and goes. */
async function visit(stage: Stage, host: Dictionary, name: string): Promise<void> {
  const guest = await stage.open(nameOf(name.replace(' ', '-')))
  await stage.connect(guest, host)
  guest.set(`of ${name}`, 1)
  await stage.until(() => host.get(`of ${name}`) === 1)
  await stage.close(guest)
}

export function nameOf(name: string): string {
  return name.padEnd(ID_CHARS, '-')
}

function sum(stage: Stage, peer: Dictionary, kinds: readonly string[]): Count {
  const counts = kinds.map((kind) => stage.meter.sent(peer.peerId, kind))
  return {
    frames: counts.reduce((all, { frames }) => all + frames, 0),
    bytes: counts.reduce((all, { bytes }) => all + bytes, 0),
  }
}

async function closeAll(stage: Stage, peers: readonly Dictionary[]): Promise<void> {
  for (const peer of peers) await stage.close(peer)
}
