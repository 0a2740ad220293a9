/**
 * The raw limit: what is left when everything but the work itself is taken away. Plain sockets in a
 * full mesh, what was written in one tick packed into one frame and written to each socket as the
 * same bytes, and a Map at both ends. No owner, no order, no repair: who joins gets everything.
 */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import type { Pair, Sent, System } from './system.ts'

const HEADER_BYTES = 4
/** The most entries in one frame. */
const FRAME_ENTRIES_MAX = 2_048
/** More is not written while this much waits on one socket, in bytes. */
const QUEUE_BYTES_HIGH = 1024 * 1024

const packr = new Packr({ useRecords: false })

export class RawSystem implements System {
  readonly #map = new Map<string, unknown>()
  readonly #sockets = new Set<Socket>()
  #pending: unknown[] = []
  #isDue = false
  #sent: Sent = { frames: 0, bytes: 0 }
  onArrival = () => {}

  async open(): Promise<string> {
    const server = createServer((socket) => {
      this.#attend(socket)
      this.#dump(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    return `tcp://127.0.0.1:${port}`
  }

  async connect(address: string): Promise<void> {
    const socket = connect(Number(new URL(address).port), '127.0.0.1')
    await once(socket, 'connect')
    this.#attend(socket)
  }

  async part(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
  }

  get neighbours(): number {
    return this.#sockets.size
  }

  get size(): number {
    return this.#map.size
  }

  get sent(): Sent {
    return this.#sent
  }

  get(key: string): unknown {
    return this.#map.get(key)
  }

  set(key: string, value: string): void {
    this.#map.set(key, value)
    this.#pending.push(key, value)
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => this.#flush())
  }

  update(pairs: readonly Pair[]): void {
    for (const [key, value] of pairs) this.set(key, value)
  }

  async room(): Promise<void> {
    for (const socket of this.#sockets) await roomOn(socket)
  }

  #flush(): void {
    this.#isDue = false
    const pending = this.#pending
    this.#pending = []
    for (let from = 0; from < pending.length; from += 2 * FRAME_ENTRIES_MAX) {
      const frame = frameOf(pending.slice(from, from + 2 * FRAME_ENTRIES_MAX))
      for (const socket of this.#sockets) this.#write(socket, frame)
    }
  }

  #write(socket: Socket, frame: Uint8Array): void {
    socket.write(frame)
    this.#sent = { frames: this.#sent.frames + 1, bytes: this.#sent.bytes + frame.length }
  }

  /** Gives everything to who is new. */
  async #dump(socket: Socket): Promise<void> {
    let flat: unknown[] = []
    for (const [key, value] of this.#map) {
      flat.push(key, value)
      if (flat.length < 2 * FRAME_ENTRIES_MAX) continue
      this.#write(socket, frameOf(flat))
      flat = []
      await roomOn(socket)
    }
    if (flat.length > 0) this.#write(socket, frameOf(flat))
  }

  #attend(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      rest = this.#take(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
      this.onArrival()
    })
  }

  /** Takes in every whole frame and returns what is left. */
  #take(bytes: Buffer): Buffer {
    let offset = 0
    while (bytes.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + bytes.readUInt32BE(offset)
      if (end > bytes.length) break
      const flat: unknown[] = packr.unpack(bytes.subarray(offset + HEADER_BYTES, end))
      for (let at = 0; at < flat.length; at += 2) this.#map.set(flat[at] as string, flat[at + 1])
      offset = end
    }
    return bytes.subarray(offset)
  }
}

async function roomOn(socket: Socket): Promise<void> {
  if (socket.writableLength <= QUEUE_BYTES_HIGH || socket.destroyed) return
  await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {})
}

function frameOf(flat: unknown[]): Uint8Array {
  const frame = packr.encode(flat, RESERVE_START_SPACE + HEADER_BYTES)
  frame.writeUInt32BE(frame.length - HEADER_BYTES, 0)
  return frame
}
