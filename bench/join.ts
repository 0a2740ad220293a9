/**
 * A peer that has nothing joins one that has much, each in a process of its own, over TCP: how long
 * it takes until it has everything, beside a plain socket that moves the same pairs into a Map.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { seal } from 'holdfast/transport'
import { pack } from 'msgpackr'
import type { Joined } from './joiner.ts'
import { nameOf } from './reconcile.ts'
import { median, type Report } from './report.ts'
import { pairsOf, TcpStage } from './stage.ts'

const RUNS = [
  { keys: 100_000, times: 3 },
  { keys: 1_000_000, times: 1 },
] as const
const HEADER_BYTES = 4

interface Measured extends Joined {
  readonly queueBytesHigh: number
}

export async function* join(): AsyncGenerator<Report> {
  const rows: (string | number)[][] = []
  for (const { keys, times } of RUNS) {
    // Turn by turn, so that whatever else the machine does falls on both.
    const [raw, ours]: [Measured[], Measured[]] = [[], []]
    for (let round = 0; round < times; round++) {
      raw.push(await joinRaw(keys))
      ours.push(await joinHoldfast(keys))
    }
    const rawMs = median(raw.map(({ ms }) => ms))
    for (const [name, all] of [
      ['raw', raw],
      ['holdfast', ours],
    ] as const) {
      const ms = median(all.map((each) => each.ms))
      const held = median(all.map(({ heldBytes }) => heldBytes)) / keys
      const queue = Math.max(...all.map(({ queueBytesHigh }) => queueBytesHigh))
      rows.push([keys, name, times, ms, ms / rawMs, Math.round(held), queue])
    }
  }
  yield {
    title: 'A joiner in a process of its own, over TCP',
    columns: ['keys', 'by', 'runs', 'ms', '× raw', 'bytes held per key', 'bytes queued at most'],
    rows,
  }
}

async function joinHoldfast(keys: number): Promise<Measured> {
  const stage = new TcpStage()
  const alice = await stage.open(nameOf('alice'))
  const witness = await stage.open(nameOf('witness'))
  await stage.connect(witness, alice)
  // What nobody was sent yet would go out as a broadcast. One who has heard it is enough.
  await stage.fill(alice, keys)
  await stage.until(() => witness.size === keys)
  await stage.close(witness)
  stage.meter.reset()
  const port = Number(new URL(String(alice.listening[0])).port)
  const joined = await runJoiner('holdfast', port, keys)
  await stage.close(alice)
  return { ...joined, queueBytesHigh: stage.meter.queueBytesHigh }
}

async function joinRaw(keys: number): Promise<Measured> {
  let queueBytesHigh = 0
  const server = createServer(async (socket) => {
    socket.on('error', () => {})
    for (const pairs of pairsOf(keys)) {
      const isFull = !socket.write(frameOf(pairs))
      queueBytesHigh = Math.max(queueBytesHigh, socket.writableLength)
      // When the joiner goes before the end there is nobody left to wait for.
      if (isFull) await once(socket, 'drain').catch(() => {})
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const joined = await runJoiner('raw', port, keys)
  server.close()
  return { ...joined, queueBytesHigh }
}

function frameOf(pairs: readonly [string, unknown][]): Uint8Array {
  const packed = pack(pairs)
  const frame = new Uint8Array(HEADER_BYTES + packed.length)
  frame.set(packed, HEADER_BYTES)
  return seal(frame)
}

async function runJoiner(mode: string, port: number, keys: number): Promise<Joined> {
  const file = fileURLToPath(new URL('joiner.ts', import.meta.url))
  const child = fork(file, [mode, String(port), String(keys)], { execArgv: process.execArgv })
  await once(child, 'message')
  child.send('go')
  const [joined] = await once(child, 'message')
  return joined as Joined
}
