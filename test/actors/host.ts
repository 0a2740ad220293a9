/**
 * Somebody who is dialled and plays the other side of the handshake by hand: a member that wants
 * something else, or a stranger at the port of a peer.
 */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Handshake } from '../../actors/handshake.ts'
import { MEASURES_TEXT } from '../../machines/rules/measure.ts'
import type { Hello, Message } from '../../machines/rules/message.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import { decode, encode } from '../../transport/codec.ts'
import { createCredentials } from '../../transport/credentials.ts'
import { FrameReader, PREAMBLE } from '../../transport/framing.ts'
import { SECRET } from '../secret.ts'

export interface HostOptions {
  readonly secret?: string
  readonly peerId?: string
  /** What is said to a hello; nothing closes. */
  readonly answer: (handshake: Handshake, hello: Hello, frame: Uint8Array) => Message | undefined
}

export interface Host {
  readonly address: string
  /** All that came, in order. */
  readonly heard: Message[]
  close(): void
}

/** Waits at a port of its own. */
export async function openHost(options: HostOptions): Promise<Host> {
  const heard: Message[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    attend(socket, { ...options, heard })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { address: `tcp://127.0.0.1:${port}`, heard, close }
}

function attend(socket: Socket, options: HostOptions & { heard: Message[] }): void {
  const { secret = SECRET, peerId = '0-host', answer, heard } = options
  const secrets = [new TextEncoder().encode(secret)]
  const credentials = createCredentials({ network: 'lab', secrets, peerId })
  const ends = [socket.remotePort, socket.localPort].map((port) => `tcp://127.0.0.1:${port}`)
  const bytes = new TextEncoder().encode(`plain:${ends.join(' ')}`)
  const binding = () => bytes
  const handshake = new Handshake({ credentials, network: 'lab', role: 'acceptor', binding })
  const reader = new FrameReader()
  let preambleBytesLeft = PREAMBLE.length
  socket.write(PREAMBLE)
  socket.on('data', (chunk: Uint8Array) => {
    const skipped = Math.min(preambleBytesLeft, chunk.length)
    preambleBytesLeft -= skipped
    for (const frame of reader.push(chunk.subarray(skipped)).frames) {
      const message = decode(frame) as Message
      heard.push(message)
      if (message.kind !== 'hello') continue
      handshake.hear(message, frame)
      const said = answer(handshake, message, frame)
      if (said === undefined) socket.end()
      else socket.write(encode(said))
    }
  })
}

/** What an ordinary peer says of itself in a reply. */
export const REPLY_WORDS = {
  network: 'lab',
  leasing: true,
  safety: '',
  rules: 'channel',
  measures: MEASURES_TEXT,
  peerId: '0-host' as PeerId,
  run: 'run-1' as RunId,
  capabilities: [],
  addresses: [],
  version: 1,
  evidence: { have: null, lastSelect: 0 },
} as const
