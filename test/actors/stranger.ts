/**
 * A raw TCP client: it speaks as much of the protocol as a test wants, and then whatever it likes.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Handshake } from '../../actors/handshake.ts'
import { MEASURES_TEXT } from '../../machines/rules/measure.ts'
import {
  type Auth,
  FRAME_BYTES_MAX,
  type Hello,
  type Message,
  type Reply,
} from '../../machines/rules/message.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import type { ProofVerdict } from '../../machines/rules/proof.ts'
import { decode, encode } from '../../transport/codec.ts'
import { createCredentials } from '../../transport/credentials.ts'
import { FrameReader, PREAMBLE, seal } from '../../transport/framing.ts'
import { SECRET } from '../secret.ts'
import { until } from './company.ts'

let made = 0

/** What the stranger says of itself, and by which secret it proves it. */
export type Claim = Partial<Omit<Hello, 'kind'>> & { readonly secret?: string }

export class Stranger {
  /** Its own end, as the other side sees it. */
  readonly address: string
  /** What was understood of what the other side said. */
  readonly heard: Message[] = []
  bytesHeard = 0
  isClosed = false
  readonly #socket: Socket
  readonly #reader = new FrameReader(FRAME_BYTES_MAX)
  /** Its side of the handshake, from the hello on. */
  handshake: Handshake | undefined
  /** What it was sent proves, message by message. */
  readonly proofs: ProofVerdict[] = []
  readonly #said = new Map<Message['kind'], Uint8Array>()
  #preambleBytesLeft = PREAMBLE.length

  private constructor(socket: Socket) {
    this.#socket = socket
    this.address = `tcp://${socket.localAddress}:${socket.localPort}`
    // What it does may end in any way; the test looks at the other side.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('data', (chunk: Uint8Array) => this.#hear(chunk))
  }

  /** `from` is a loopback address of its own. */
  static async dial(address: string, from = '127.0.0.1'): Promise<Stranger> {
    const { hostname: host, port } = new URL(address)
    const socket = connect({ host, port: Number(port), localAddress: from })
    await once(socket, 'connect')
    return new Stranger(socket)
  }

  write(bytes: Uint8Array | string): this {
    this.#socket.write(bytes)
    return this
  }

  say(message: Message): this {
    this.#said.set(message.kind, encode(message))
    return this.write(encode(message))
  }

  /** The frame of what it said. */
  bytesSaid(kind: Message['kind']): Uint8Array {
    return this.#said.get(kind) as Uint8Array
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

  /** A hello in order, but for what is claimed. */
  hello({ secret = SECRET, ...claim }: Claim = {}): this {
    const { network = 'lab', peerId = '0-stranger' } = claim
    const secrets = [new TextEncoder().encode(secret)]
    const credentials = createCredentials({ network, secrets, peerId })
    const ends = [this.address, `tcp://127.0.0.1:${this.#socket.remotePort}`]
    const bytes = new TextEncoder().encode(`plain:${ends.join(' ')}`)
    this.handshake = new Handshake({ credentials, network, role: 'dialler', binding: () => bytes })
    return this.say({ ...this.handshake.hello(wordsOf(claim)), ...claim })
  }

  /** Becomes a peer in full order: known, chosen, in use. */
  async join(claim: Claim = {}): Promise<this> {
    await this.greet(claim)
    this.say((this.handshake as Handshake).auth({ evidence: AUTH.evidence }))
    const { number } = (await this.hears('select')) as Extract<Message, { kind: 'select' }>
    this.say({ kind: 'acknowledge', number })
    await this.hears('confirm')
    return this
  }

  /** Says hello and takes the answer in. */
  async greet(claim: Claim = {}): Promise<Reply> {
    this.preamble().hello(claim)
    return (await this.hears('reply')) as Reply
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
      if (message === undefined) continue
      if (message.kind === 'reply' || message.kind === 'refuse') {
        const proof = this.handshake?.hear(message, frame)
        if (proof) this.proofs.push(proof)
      }
      this.heard.push(message)
    }
  }
}

/** An auth that proves nothing. */
export const AUTH: Auth = {
  kind: 'auth',
  evidence: { have: null, lastSelect: 0 },
  proof: new Uint8Array(32),
  signature: new Uint8Array(64),
}

/** What a peer says whose id is smaller than those of the tests' peers. */
function wordsOf({ tag, nonce, publicKey, ...claim }: Claim) {
  made += 1
  return {
    network: 'lab',
    leasing: true,
    safety: '',
    rules: 'channel',
    measures: MEASURES_TEXT,
    peerId: '0-stranger' as PeerId,
    run: `run-${made}` as RunId,
    capabilities: [],
    addresses: [],
    versions: [1],
    expects: null,
    ...claim,
  }
}
