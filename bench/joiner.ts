/**
 * The process that joins: `joiner.ts MODE PORT KEYS`. It says when it is ready, begins when it is
 * told to, and says how long it took until it had all keys and what it holds on to then.
 */

import { connect } from 'node:net'
import { openDictionary } from 'holdfast'
import { body, FRAME_BYTES_MAX, FrameReader } from 'holdfast/transport'
import { unpack } from 'msgpackr'
import { heldBytes } from './heap.ts'
import { LIMITS } from './stage.ts'

export interface Joined {
  readonly ms: number
  readonly heldBytes: number
}

/** Begins, and calls back when all keys are there. Returns what is to be held on to. */
type Join = (address: { port: number; keys: number }, done: () => void) => Promise<unknown>

const JOINS: Readonly<Record<string, Join>> = {
  async holdfast({ port, keys }, done) {
    const bob = await openDictionary({ peerId: 'bob', limits: LIMITS, maxOutgoing: 0 })
    bob.on('update', () => {
      if (bob.size === keys) done()
    })
    await bob.connect(`tcp://127.0.0.1:${port}`)
    return bob
  },
  /** The raw limit: a socket, frames of many pairs, and a Map. */
  async raw({ port, keys }, done) {
    const map = new Map<string, unknown>()
    const reader = new FrameReader(FRAME_BYTES_MAX)
    connect(port, '127.0.0.1').on('data', (chunk: Uint8Array) => {
      for (const frame of reader.push(chunk).frames) {
        for (const [key, value] of unpack(body(frame))) map.set(key, value)
      }
      if (map.size === keys) done()
    })
    return map
  },
}

const [mode, port, keys] = process.argv.slice(2)
process.once('message', async () => {
  const before = heldBytes()
  const start = performance.now()
  let ms = 0
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const join = JOINS[String(mode)] as Join
  const held = await join({ port: Number(port), keys: Number(keys) }, () => {
    if (ms === 0) ms = performance.now() - start
    finish()
  })
  await finished
  await new Promise((resolve) => setTimeout(resolve, 200))
  const joined: Joined = { ms, heldBytes: heldBytes() - before }
  process.send?.(joined, () => process.exit(held === undefined ? 1 : 0))
})
process.send?.('ready')
