/**
 * A network between real processes that does what networks do: a TCP proxy with one door for each
 * peer. Peers advertise their door, so every byte between two of them passes here, and each
 * direction of each pair can be delayed, throttled or held, and connections be cut or refused.
 *
 * Who dialled is read from the first bytes that it sends; until then a connection has no condition.
 * A held direction keeps what has come and then reads no more, so back-pressure reaches the sender,
 * as it does when packets are dropped; nothing is lost when it is let go, since TCP loses nothing.
 */

import { createServer, type Server, Socket } from 'node:net'

/** How many connections may stand at one door. */
const CONNECTIONS_MAX = 256
/** How much one direction of a connection keeps before it stops reading, in bytes. */
const KEPT_BYTES_MAX = 64 * 1024
/** How much of a connection is searched for who dialled it, in bytes. */
const INTRODUCTION_BYTES_MAX = 16 * 1024
/** How often a throttled direction passes something on, in milliseconds. */
const THROTTLE_MS = 20
/** How long a connection that was cut in good order may take to end, in milliseconds. */
const ENDING_MS_MAX = 2_000

/** What becomes of the bytes from one peer to another. */
export interface Condition {
  /** How long each byte is under way, in milliseconds. */
  readonly delayMs: number
  /** How much passes, in bytes per second. */
  readonly bytesPerSecond: number
  /** Whether nothing passes. */
  readonly isHeld: boolean
}

export interface Direction {
  readonly from: string
  readonly to: string
}

export interface TcpProxyOptions {
  /** The name of who dialled, as soon as the bytes that it sent first tell it. */
  readonly identify: (bytes: Uint8Array) => string | undefined
}

const CLEAR: Condition = { delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, isHeld: false }

export class TcpProxy {
  readonly #identify: TcpProxyOptions['identify']
  readonly #doors = new Map<string, Server>()
  readonly #ports = new Map<string, number>()
  readonly #conditions = new Map<string, Condition>()
  readonly #refused = new Set<string>()
  readonly #passages = new Set<Passage>()

  constructor({ identify }: TcpProxyOptions) {
    this.#identify = identify
  }

  /** Opens the door of a peer. Resolves with the address to advertise. */
  async open(name: string): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket, name))
    server.maxConnections = CONNECTIONS_MAX
    this.#doors.set(name, server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return `tcp://127.0.0.1:${(server.address() as { port: number }).port}`
  }

  /** Says where a peer listens now; undefined where nobody does. */
  lead(name: string, port: number | undefined): void {
    if (port === undefined) this.#ports.delete(name)
    else this.#ports.set(name, port)
  }

  /** Changes what becomes of the bytes in one direction; what is not named stays as it was. */
  impose({ from, to }: Direction, condition: Partial<Condition>): void {
    this.#conditions.set(`${from}>${to}`, { ...this.condition({ from, to }), ...condition })
    for (const passage of this.#between(from, to)) passage.pump()
  }

  condition({ from, to }: Direction): Condition {
    return this.#conditions.get(`${from}>${to}`) ?? CLEAR
  }

  /**
   * Ends all connections between two peers, whoever dialled: by RST in the middle of whatever was
   * under way, or by FIN in both directions. Returns how many there were.
   */
  cut(one: string, other: string, how: 'reset' | 'end'): number {
    const passages = this.#between(one, other)
    for (const passage of passages) passage.cut(how)
    return passages.length
  }

  /** Resets every connection between two peers, those that are there and those to come. */
  refuse(one: string, other: string): void {
    this.#refused.add(pairOf(one, other))
    this.cut(one, other, 'reset')
  }

  /** Ends all conditions and refusals. */
  heal(): void {
    this.#conditions.clear()
    this.#refused.clear()
    for (const passage of this.#passages) passage.pump()
  }

  async close(): Promise<void> {
    const closed = [...this.#doors.values()].map((server) => {
      return new Promise((resolve) => server.close(resolve))
    })
    for (const passage of [...this.#passages]) passage.cut('reset')
    await Promise.all(closed)
  }

  #accept(dialler: Socket, target: string): void {
    const port = this.#ports.get(target)
    if (port === undefined) {
      dialler.on('error', () => {})
      reset(dialler)
      return
    }
    const acceptor = new Socket({ allowHalfOpen: true })
    acceptor.connect({ host: '127.0.0.1', port })
    const passage: Passage = new Passage({
      dialler,
      acceptor,
      target,
      identify: this.#identify,
      condition: (direction) => this.condition(direction),
      isRefused: (name) => this.#refused.has(pairOf(name, target)),
      ended: () => this.#passages.delete(passage),
    })
    this.#passages.add(passage)
  }

  #between(one: string, other: string): Passage[] {
    return [...this.#passages].filter(({ name, target }) => {
      return (name === one && target === other) || (name === other && target === one)
    })
  }
}

function pairOf(one: string, other: string): string {
  return [one, other].sort().join('-')
}

interface PassageOptions {
  readonly dialler: Socket
  readonly acceptor: Socket
  readonly target: string
  readonly identify: TcpProxyOptions['identify']
  readonly condition: (direction: Direction) => Condition
  readonly isRefused: (name: string) => boolean
  readonly ended: () => void
}

/** One connection through the proxy: two sockets, and a pipe in each direction. */
class Passage {
  /** Who dialled; undefined until it has said so. */
  name: string | undefined
  readonly target: string
  readonly #options: PassageOptions
  readonly #forth: Pipe
  readonly #back: Pipe
  #introduction: Uint8Array | undefined = new Uint8Array(0)
  #open = 2

  constructor(options: PassageOptions) {
    this.#options = options
    this.target = options.target
    const { dialler, acceptor } = options
    const condition = (isForth: boolean) => () => this.#condition(isForth)
    this.#forth = new Pipe({ source: dialler, sink: acceptor, condition: condition(true) })
    this.#back = new Pipe({ source: acceptor, sink: dialler, condition: condition(false) })
    // A listener is heard in the order of its registration: who dialled is known before its bytes
    // are passed on.
    dialler.on('data', (chunk: Uint8Array) => this.#meet(chunk))
    this.#forth.start()
    this.#back.start()
    for (const socket of [dialler, acceptor]) socket.on('close', () => this.#noteClosed())
  }

  pump(): void {
    this.#forth.pump()
    this.#back.pump()
  }

  cut(how: 'reset' | 'end'): void {
    const { dialler, acceptor } = this.#options
    for (const pipe of [this.#forth, this.#back]) pipe.stop()
    for (const socket of [dialler, acceptor]) {
      if (how === 'reset') {
        reset(socket)
      } else {
        socket.end()
        socket.setTimeout(ENDING_MS_MAX, () => socket.destroy())
      }
    }
  }

  #condition(isForth: boolean): Condition {
    const { target, name } = this
    if (name === undefined) return CLEAR
    return this.#options.condition(
      isForth ? { from: name, to: target } : { from: target, to: name },
    )
  }

  #meet(chunk: Uint8Array): void {
    if (this.#introduction === undefined) return
    const bytes = Buffer.concat([this.#introduction, chunk])
    this.name = this.#options.identify(bytes)
    const isOver = this.name !== undefined || bytes.length > INTRODUCTION_BYTES_MAX
    this.#introduction = isOver ? undefined : bytes
    if (this.name !== undefined && this.#options.isRefused(this.name)) this.cut('reset')
  }

  #noteClosed(): void {
    this.#open -= 1
    if (this.#open > 0) return
    for (const pipe of [this.#forth, this.#back]) pipe.stop()
    this.#options.ended()
  }
}

interface PipeOptions {
  readonly source: Socket
  readonly sink: Socket
  readonly condition: () => Condition
}

/** One direction of a connection. */
class Pipe {
  readonly #options: PipeOptions
  readonly #kept: { bytes: Uint8Array; readonly dueAt: number }[] = []
  #keptBytes = 0
  /** How the source ended, to be passed on behind the bytes. */
  #ending: 'end' | 'reset' | undefined
  #isStopped = false
  #isFull = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: PipeOptions) {
    this.#options = options
  }

  start(): void {
    const { source, sink } = this.#options
    source.setNoDelay(true)
    source.on('data', (chunk: Uint8Array) => this.#keep(chunk))
    source.on('end', () => this.#end('end'))
    source.on('error', () => this.#end('reset'))
    sink.on('drain', () => {
      this.#isFull = false
      this.pump()
    })
    // The other pipe tells the source that the sink is gone, when it may tell anything.
    sink.on('close', () => this.stop())
  }

  /** From now on bytes that come are thrown away. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#kept.length = 0
    this.#keptBytes = 0
    this.#options.source.resume()
  }

  /** Passes on all that may pass now. */
  pump(): void {
    clearTimeout(this.#timer)
    while (!this.#isStopped && !this.#isFull) {
      const { isHeld, bytesPerSecond } = this.#options.condition()
      const first = this.#kept[0]
      if (isHeld) return
      if (first === undefined) return this.#finish()
      const waitMs = first.dueAt - performance.now()
      if (waitMs > 0) return this.#pumpAfter(waitMs)
      const count = Math.max(1, (bytesPerSecond * THROTTLE_MS) / 1000)
      this.#pass(first, count)
      if (bytesPerSecond < CLEAR.bytesPerSecond) return this.#pumpAfter(THROTTLE_MS)
    }
  }

  #keep(bytes: Uint8Array): void {
    if (this.#isStopped) return
    this.#kept.push({ bytes, dueAt: performance.now() + this.#options.condition().delayMs })
    this.#keptBytes += bytes.length
    if (this.#keptBytes >= KEPT_BYTES_MAX) this.#options.source.pause()
    this.pump()
  }

  #pass(first: { bytes: Uint8Array }, count: number): void {
    const bytes = first.bytes.subarray(0, count)
    if (bytes.length === first.bytes.length) this.#kept.shift()
    else first.bytes = first.bytes.subarray(count)
    this.#keptBytes -= bytes.length
    if (this.#keptBytes < KEPT_BYTES_MAX) this.#options.source.resume()
    this.#isFull = !this.#options.sink.write(bytes)
  }

  #pumpAfter(ms: number): void {
    this.#timer = setTimeout(() => this.pump(), ms)
  }

  #end(ending: 'end' | 'reset'): void {
    this.#ending = ending
    this.pump()
  }

  #finish(): void {
    const { sink } = this.#options
    if (this.#ending === 'end') sink.end()
    if (this.#ending === 'reset') reset(sink)
  }
}

/**
 * Ends a connection by RST, at once. Node's `resetAndDestroy` sends what is queued and a FIN first,
 * so the other side may take the reset for an end in good order; this is its second half. It is not
 * to be had for a socket whose FIN is under way.
 */
export function reset(socket: Socket): void {
  if (!socket.writableEnded) Object.assign(socket, { resetAndClosing: true })
  socket.destroy()
}
