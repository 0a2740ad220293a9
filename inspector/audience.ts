/** The pages that look on: each has a stream of server-sent events, and gets all there is first. */
import type { ServerResponse } from 'node:http'
import type { History } from './history.ts'

/** Pages at once. */
export const PAGES_MAX = 16
/** What may wait for one page; whoever reads too slowly is cut off, and may come again. Bytes. */
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024
/** A sign of life, so that neither side takes the other for gone. Milliseconds. */
const PULSE_MS = 15_000
/** Messages in one piece: so that a page can draw between two. */
const PIECE_MESSAGES = 1_000

export class Audience {
  readonly #streams = new Set<ServerResponse>()
  readonly #history: History
  readonly #pulse: NodeJS.Timeout

  constructor(history: History) {
    this.#history = history
    this.#pulse = setInterval(() => {
      for (const stream of this.#streams) this.#write(stream, ': still here\n\n')
    }, PULSE_MS).unref()
  }

  get isFull(): boolean {
    return this.#streams.size >= PAGES_MAX
  }

  /** Everything so far, then all that comes. */
  admit(stream: ServerResponse, headers: Readonly<Record<string, string>>): void {
    stream.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8' })
    this.#streams.add(stream)
    stream.on('close', () => this.#streams.delete(stream))
    this.#write(stream, `retry: 1000\nevent: beginning\ndata: ${Date.now()}\n\n`)
    let piece: string[] = []
    for (const message of this.#history.replay()) {
      if (piece.push(JSON.stringify(message)) < PIECE_MESSAGES) continue
      this.#write(stream, frameOf(piece))
      piece = []
    }
    this.#write(stream, `${frameOf(piece)}event: present\ndata: ${Date.now()}\n\n`)
  }

  /** `texts` are messages as JSON, so that each is written down once for all. */
  tell(texts: readonly string[]): void {
    if (this.#streams.size === 0) return
    const frame = frameOf(texts)
    for (const stream of this.#streams) this.#write(stream, frame)
  }

  close(): void {
    clearInterval(this.#pulse)
    for (const stream of this.#streams) stream.destroy()
  }

  #write(stream: ServerResponse, frame: string): void {
    if (stream.writableLength > BACKLOG_BYTES_MAX) stream.destroy()
    else stream.write(frame)
  }
}

function frameOf(texts: readonly string[]): string {
  return `data: [${texts.join(',')}]\n\n`
}
