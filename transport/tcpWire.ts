import type { Socket } from 'node:net'
import { FrameReader, PREAMBLE, PreambleReader } from './framing.ts'
import type { Frame, Wire, WireEnd, WireEvents } from './ports.ts'
import type { TcpLimits } from './tcp.ts'
import { wireEndOf } from './tcpError.ts'
import { endWithTick } from './tick.ts'

/** When so many bytes were written in one tick, they leave before it ends. */
const HELD_BYTES_MAX = 64 * 1024

export interface TcpWireOptions {
  readonly socket: Socket
  /** True if the socket hands what it reads to `read`, in memory that it uses again. */
  readonly isLent?: boolean
  readonly role: 'dialler' | 'acceptor'
  readonly remoteAddress: string
  readonly limits: TcpLimits
}

/**
 * A wire over one TCP connection, plain or under TLS. It carries frames once the preambles were
 * exchanged (see `framing.ts`).
 *
 * Until `use` names the socket that bytes are read from, it only watches the one that it was given:
 * a dialler's that is about to connect, or one on which TLS shakes hands. One deadline covers all
 * of it, and the preamble.
 */
export class TcpWire implements Wire {
  readonly remoteAddress: string
  #socket: Socket
  readonly #role: 'dialler' | 'acceptor'
  readonly #limits: TcpLimits
  readonly #isLent: boolean
  readonly #preamble = new PreambleReader()
  readonly #reader = new FrameReader()
  #events: WireEvents | undefined
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  /** Frames that wait for the other side's preamble. A stranger shall not read them. */
  #early: Frame[] = []
  #earlyBytes = 0
  /** How many frames were written in this tick. */
  #written = 0
  /** What was written in this tick and may not have left, in bytes. */
  #heldBytes = 0
  #overfull = false
  #readingPaused = false
  /** What came behind the preamble while reading was paused. */
  #rest: Uint8Array | undefined
  #end: WireEnd | undefined
  #timer: NodeJS.Timeout | undefined
  #binding: Uint8Array | undefined

  constructor(options: TcpWireOptions) {
    this.remoteAddress = options.remoteAddress
    this.#socket = options.socket
    this.#role = options.role
    this.#limits = options.limits
    this.#isLent = options.isLent ?? false
  }

  /** True until the preambles were exchanged, unless it has ended before. */
  get isOpening(): boolean {
    return this.#state === 'opening'
  }

  /** What only the two ends of this stream know, once TLS stands. */
  get binding(): Uint8Array | undefined {
    return this.#binding
  }

  get remoteHost(): string | undefined {
    return this.#socket.remoteAddress
  }

  /** Says who hears of this wire, and starts to hear of the socket. */
  attend(events: WireEvents): void {
    this.#events = events
    this.#socket.setNoDelay(true)
    this.#watch(this.#socket)
    const { dialMsMax, preambleMsMax } = this.#limits
    this.#openWithin(this.#role === 'dialler' ? dialMsMax : preambleMsMax)
  }

  /** From now on bytes are read from this socket: the same one, or the one that TLS put on it. */
  use(socket: Socket, binding?: Uint8Array): void {
    if (this.#isClosed()) {
      socket.destroy()
      return
    }
    this.#binding = binding
    if (socket !== this.#socket) {
      this.#socket = socket
      this.#watch(socket)
    }
    if (!this.#isLent) socket.on('data', (chunk: Uint8Array) => this.read(chunk))
    socket.on('end', () => this.#receiveEnd())
    if (this.#role === 'dialler') socket.write(PREAMBLE)
  }

  get queuedBytes(): number {
    if (this.#state === 'opening') return this.#earlyBytes
    return this.#state === 'closed' ? 0 : this.#socket.writableLength
  }

  send(frame: Frame): void {
    if (this.#state === 'opening') {
      this.#early.push(frame)
      this.#earlyBytes += frame.length
    } else if (this.#state === 'open') {
      this.#write(frame)
    }
  }

  limitFrames(bodyBytesMax: number): void {
    this.#reader.limit(bodyBytesMax)
  }

  pauseReading(): void {
    this.#readingPaused = true
    // The other side's preamble is read nevertheless.
    if (this.#state !== 'opening') this.#socket.pause()
  }

  resumeReading(): void {
    this.#readingPaused = false
    if (this.#state === 'opening') return
    if (this.#rest !== undefined) process.nextTick(() => this.#readRest())
    this.#socket.resume()
  }

  close(): void {
    if (this.#state === 'opening') this.destroy()
    if (this.#state !== 'open') return
    this.#end ??= { code: 'closed' }
    this.#shutDown()
  }

  destroy(): void {
    this.abort({ code: 'closed' })
  }

  /** Ends at once, for the reason given unless there was one before. */
  abort(end: WireEnd): void {
    if (this.#state === 'closed') return
    this.#end ??= end
    this.#state = 'closed'
    this.#early = []
    // Node's `resetAndDestroy` would wait for what is queued, for ever if the other side does not
    // read. So the other side may take this for an end in good order, as it does when a process is
    // killed.
    this.#socket.destroy()
  }

  #watch(socket: Socket): void {
    socket.on('error', (error) => {
      this.#end ??= wireEndOf(error)
    })
    // A socket under TLS may close while TLS still hands on what it had decrypted.
    socket.on('close', () => socket === this.#socket && this.#finish())
  }

  /**
   * The first frame of a tick leaves at once, and all that follow it in one write. Much data leaves
   * as it comes, so that the other side reads while this one still writes.
   */
  #write(frame: Frame): void {
    if (this.#written === 0) endWithTick(this)
    else if (this.#written === 1) this.#socket.cork()
    this.#written++
    if (this.#socket.writableLength + frame.length > this.#limits.queueBytesHigh) {
      this.#overfull = true
    }
    // While the queue is overfull each frame reports its departure, so the last one finds the queue
    // empty.
    if (this.#overfull) this.#socket.write(frame, (error) => this.#noteDeparture(error))
    else this.#socket.write(frame)
    this.#heldBytes += frame.length
    if (this.#heldBytes >= HELD_BYTES_MAX) this.#release()
  }

  /** What was held back in this tick leaves. */
  endTick(): void {
    if (this.#written > 1) this.#socket.uncork()
    this.#written = 0
    this.#heldBytes = 0
  }

  /** Lets go what was written in this tick so far. */
  #release(): void {
    if (this.#written > 1) {
      this.#socket.uncork()
      this.#socket.cork()
    }
    this.#heldBytes = 0
  }

  #noteDeparture(error: Error | null | undefined): void {
    if (error || !this.#overfull) return
    if (this.#state !== 'open' || this.#socket.writableLength > 0) return
    this.#overfull = false
    this.#events?.drained()
  }

  /** Takes what the socket has read. */
  read(chunk: Uint8Array): void {
    if (this.#state === 'closed') return
    if (this.#state === 'opening') {
      this.#greet(chunk)
      return
    }
    const { frames, problem } = this.#reader.push(chunk, this.#isLent)
    if (frames.length > 0) this.#events?.frames(frames)
    if (problem !== undefined) this.abort(problem)
  }

  #greet(chunk: Uint8Array): void {
    const read = this.#preamble.push(chunk)
    if (read.verdict === 'wrong') {
      this.abort({ code: 'bad-preamble', detail: 'the first bytes are not ours' })
    }
    if (read.verdict !== 'right') return
    this.#open()
    if (read.rest.length === 0 || this.#isClosed()) return
    if (this.#readingPaused) this.#rest = read.rest.slice()
    else this.read(read.rest)
  }

  #readRest(): void {
    const rest = this.#rest
    if (rest === undefined || this.#readingPaused) return
    this.#rest = undefined
    this.read(rest)
  }

  #open(): void {
    clearTimeout(this.#timer)
    this.#state = 'open'
    if (this.#role === 'acceptor') this.#socket.write(PREAMBLE)
    if (this.#readingPaused) this.#socket.pause()
    const early = this.#early
    this.#early = []
    for (const frame of early) this.#write(frame)
    this.#events?.opened()
  }

  #receiveEnd(): void {
    if (this.#state === 'opening') {
      this.abort({ code: 'ended', detail: 'before the first bytes' })
      return
    }
    const problem = this.#reader.end()
    if (problem !== undefined) this.abort(problem)
    if (this.#state !== 'open') return
    this.#end ??= { code: 'ended' }
    this.#shutDown()
  }

  /**
   * Ends this direction behind what is queued. The socket closes itself when the other one ends
   * too.
   */
  #shutDown(): void {
    this.#state = 'closing'
    const { flushMsMax, lingerMs } = this.#limits
    const end: WireEnd = { code: 'closed' }
    this.#abortAfter(flushMsMax, end)
    this.#socket.once('finish', () => this.#abortAfter(lingerMs, end))
    this.#socket.end()
  }

  /**
   * After a stall timers run before sockets are read. What came in time counts, so it is read
   * first.
   */
  #openWithin(openMsMax: number): void {
    const end: WireEnd = { code: 'timeout', detail: `not open after ${openMsMax} ms` }
    const late = () => setImmediate(() => this.#state === 'opening' && this.abort(end))
    this.#timer = setTimeout(late, openMsMax)
    this.#timer.unref()
  }

  /** The socket keeps the process alive for as long as it works, so the timer need not. */
  #abortAfter(delayMs: number, end: WireEnd): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.abort(end), delayMs)
    this.#timer.unref()
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #finish(): void {
    clearTimeout(this.#timer)
    this.#state = 'closed'
    this.#early = []
    this.#events?.closed(this.#end ?? { code: 'reset', detail: 'the socket closed' })
  }
}
