/**
 * A raw TCP client: it speaks as much of the protocol as a test wants, and then whatever it likes.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type Auth,
  FRAME_BYTES_MAX,
  type Hello,
  type Message,
} from '../../machines/rules/message.ts'
import type { ConnectionId, PeerId, RunId } from '../../machines/rules/peer.ts'
import { decode, encode } from '../../transport/codec.ts'
import { FrameReader, PREAMBLE, seal } from '../../transport/framing.ts'
import { until } from './company.ts'

const NOTHING = new Uint8Array(0)
let made = 0

export class Stranger {
  /** Its own end, as the other side sees it. */
  readonly address: string
  /** What was understood of what the other side said. */
  readonly heard: Message[] = []
  bytesHeard = 0
  isClosed = false
  readonly #socket: Socket
  readonly #reader = new FrameReader(FRAME_BYTES_MAX)
  #preambleBytesLeft = PREAMBLE.length

  private constructor(socket: Socket) {
    this.#socket = socket
    this.address = `tcp://127.0.0.1:${socket.localPort}`
    // What it does may end in any way; the test looks at the other side.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('data', (chunk: Uint8Array) => this.#hear(chunk))
  }

  static async dial(address: string): Promise<Stranger> {
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new Stranger(socket)
  }

  write(bytes: Uint8Array | string): this {
    this.#socket.write(bytes)
    return this
  }

  say(message: Message): this {
    return this.write(encode(message))
  }

  /** A frame with this body. */
  frame(body: readonly number[] | Uint8Array): this {
    const bytes = new Uint8Array(4 + body.length)
    bytes.set(body, 4)
    return this.write(seal(bytes))
  }

  preamble(): this {
    return this.write(PREAMBLE)
  }

  hello(more: Partial<Hello> = {}): this {
    return this.say(helloOf(more))
  }

  /** Becomes a peer in full order: known, chosen, in use. */
  async join(more: Partial<Hello> = {}): Promise<this> {
    this.preamble().hello(more)
    await this.hears('reply')
    this.say(AUTH)
    const { number } = (await this.hears('select')) as Extract<Message, { kind: 'select' }>
    this.say({ kind: 'acknowledge', number })
    await this.hears('confirm')
    return this
  }

  async hears(kind: Message['kind']): Promise<Message> {
    await until(() => this.isClosed || this.heard.some((message) => message.kind === kind))
    const found = this.heard.find((message) => message.kind === kind)
    if (found === undefined) throw new Error(`Closed before it heard '${kind}'.`)
    return found
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Says no more, but goes on listening. */
  finish(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #hear(chunk: Uint8Array): void {
    this.bytesHeard += chunk.length
    const skipped = Math.min(this.#preambleBytesLeft, chunk.length)
    this.#preambleBytesLeft -= skipped
    for (const frame of this.#reader.push(chunk.subarray(skipped)).frames) {
      const message = decode(frame)
      if (message) this.heard.push(message)
    }
  }
}

export const AUTH: Auth = {
  kind: 'auth',
  evidence: { have: null, lastSelect: 0 },
  proof: NOTHING,
  signature: NOTHING,
}

/** A hello in order, from a peer whose id is smaller than those of the tests' peers. */
function helloOf(more: Partial<Hello>): Hello {
  made += 1
  return {
    kind: 'hello',
    network: 'lab',
    leasing: true,
    safety: '',
    rules: 'channel',
    peerId: '0-stranger' as PeerId,
    run: `run-${made}` as RunId,
    capabilities: [],
    addresses: [],
    nonce: new Uint8Array(32),
    publicKey: NOTHING,
    versions: [1],
    connection: `connection-${made}` as ConnectionId,
    expects: null,
    tag: NOTHING,
    ...more,
  }
}
