/** Yjs: one map of one document, one transaction for each write; over TCP, or by y-websocket. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import * as sync from 'y-protocols/sync'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { Pair } from '../system.ts'
import { ALL, PeerSystem } from './peerSystem.ts'

const HEADER_BYTES = 4

abstract class YjsSystem extends PeerSystem {
  protected readonly document = new Y.Doc()
  readonly #map = this.document.getMap<string>('bench')

  constructor() {
    super()
    this.#map.observe(() => this.onArrival())
  }

  /** Its own `size` counts all entries each time; nothing is deleted here. */
  get size(): number {
    return this.#map._map.size
  }

  get(key: string): unknown {
    return this.#map.get(key)
  }

  set(key: string, value: string): void {
    this.#map.set(key, value)
  }

  override update(pairs: readonly Pair[]): void {
    this.document.transact(() => {
      for (const [key, value] of pairs) this.#map.set(key, value)
    })
  }
}

/** The sync protocol of Yjs over a full mesh of plain sockets. */
export class YjsTcpSystem extends YjsSystem {
  readonly #sockets = new Set<Socket>()

  async open(): Promise<string> {
    this.document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin instanceof Object && 'remotePort' in origin) return
      const encoder = encoding.createEncoder()
      sync.writeUpdate(encoder, update)
      for (const socket of this.#sockets) send(socket, encoder)
    })
    const server = createServer((socket) => this.#attend(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `tcp://127.0.0.1:${(server.address() as { port: number }).port}`
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

  #attend(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      rest = this.#take(socket, rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
    })
    const encoder = encoding.createEncoder()
    sync.writeSyncStep1(encoder, this.document)
    send(socket, encoder)
  }

  #take(socket: Socket, bytes: Buffer): Buffer {
    let offset = 0
    while (bytes.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + bytes.readUInt32BE(offset)
      if (end > bytes.length) break
      const decoder = decoding.createDecoder(bytes.subarray(offset + HEADER_BYTES, end))
      const answer = encoding.createEncoder()
      sync.readSyncMessage(decoder, answer, this.document, socket)
      if (encoding.length(answer) > 0) send(socket, answer)
      offset = end
    }
    return bytes.subarray(offset)
  }
}

export class YjsWebsocketSystem extends YjsSystem {
  protected override readonly isHub = true
  #provider: WebsocketProvider | undefined

  async open(): Promise<string> {
    return ''
  }

  async connect(address: string): Promise<void> {
    const WebSocketPolyfill = WebSocket as never
    const options = { WebSocketPolyfill, disableBc: true }
    this.#provider ??= new WebsocketProvider(address, 'bench', this.document, options)
    this.#provider.connect()
  }

  async part(): Promise<void> {
    this.#provider?.disconnect()
  }

  get neighbours(): number {
    return this.#provider?.synced ? ALL : 0
  }
}

function send(socket: Socket, encoder: encoding.Encoder): void {
  const bytes = encoding.toUint8Array(encoder)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(bytes.length)
  socket.write(Buffer.concat([header, bytes]))
}
