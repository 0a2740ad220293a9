/**
 * Other processes that report to this inspector: by WebSocket, as `createWebSocketInspector` of
 * `@statelyai/inspect` does, or by lines of JSON, as `reportTo` does. Both ask for it by an upgrade
 * of a request that the guard has let in.
 */
import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'

/** Processes at once. */
const SOURCES_MAX = 32
/** The longest message. Bytes. */
const MESSAGE_BYTES_MAX = 1024 * 1024
/** The protocol of `reportTo`, as it stands in `Upgrade`. */
export const REPORT_PROTOCOL = 'holdfast-report'

export interface Source {
  /** A message, decoded and not yet looked at. */
  readonly heard: (message: unknown) => void
  readonly ended: () => void
}

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

export class Sources {
  readonly #open: (name: string) => Source
  readonly #sockets = new Set<Duplex>()

  constructor(open: (name: string) => Source) {
    this.#open = open
  }

  /** Takes over a connection that the guard has let in. */
  async admit(upgrade: Upgrade, url: URL): Promise<void> {
    const { request, socket } = upgrade
    if (this.#sockets.size >= SOURCES_MAX) return refuse(socket, '503 Service Unavailable')
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const protocol = request.headers.upgrade?.toLowerCase()
    const name = (url.searchParams.get('name') ?? '').slice(0, 100)
    if (protocol === REPORT_PROTOCOL) this.#readLines(upgrade, name)
    else if (protocol === 'websocket') await this.#readFrames(upgrade, name)
    else refuse(socket, '400 Bad Request')
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #readLines({ socket, head }: Upgrade, name: string): void {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n`)
    socket.write(`Upgrade: ${REPORT_PROTOCOL}\r\n\r\n`)
    const source = this.#open(name)
    if (head.length > 0) socket.unshift(head)
    let waiting = 0
    socket.on('data', (bytes: Buffer) => {
      // A line that does not end is no message.
      waiting = bytes.includes(10) ? 0 : waiting + bytes.length
      if (waiting > MESSAGE_BYTES_MAX) socket.destroy()
    })
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', (line) => source.heard(parse(line)))
    socket.on('end', () => socket.end())
    socket.on('close', () => source.ended())
  }

  async #readFrames({ request, socket, head }: Upgrade, name: string): Promise<void> {
    const webSocket = await import('ws').catch(() => undefined)
    if (webSocket === undefined) return refuse(socket, '501 Not Implemented')
    const server = new webSocket.WebSocketServer({
      noServer: true,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
    })
    server.handleUpgrade(request, socket, head, (client) => {
      const source = this.#open(name)
      client.on('message', (data) => source.heard(parse(String(data))))
      client.on('error', () => client.terminate())
      client.on('close', () => source.ended())
    })
  }
}

/** An answer to an upgrade that is not let in. */
export function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
