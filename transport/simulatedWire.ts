import { FrameReader } from './framing.ts'
import type { Clock, Frame, Timer, Wire, WireEnd, WireEvents } from './ports.ts'
import { SendQueue } from './sendQueue.ts'
import { Disorder } from './simulatedDisorder.ts'
import type { Packet, SimulatedLink } from './simulatedLink.ts'
import type { Weather } from './simulatedWeather.ts'

/** How long a dial may take, from `dial` to `opened`, in milliseconds. */
const DIAL_MS_MAX = 5_000

/** How long `close` waits for the network to take what is queued, in milliseconds. */
const FLUSH_MS_MAX = 10_000

/** How long `close` then goes on to read what the other side had under way, in milliseconds. */
const LINGER_MS = 2_000

/** What a wire must know of the process that owns it. */
export interface WireHost {
  readonly clock: Clock
  readonly isStalled: boolean
  readonly queueBytesHigh: number
  readonly weather: Weather
}

export interface SimulatedWireOptions {
  readonly host: WireHost
  readonly remoteAddress: string
  readonly outgoing: SimulatedLink
  readonly incoming: SimulatedLink
  /** Hears of each read before the owner does. */
  readonly onFrames: (frames: readonly Frame[]) => void
  readonly onClosed: () => void
}

/**
 * One end of a simulated connection. Whatever its process does, sending, reading, hearing of the
 * end, goes through the clock of its host: a paused process does it later, and a stopped one never.
 */
export class SimulatedWire implements Wire {
  readonly remoteAddress: string
  readonly #options: SimulatedWireOptions
  readonly #host: WireHost
  readonly #outgoing: SimulatedLink
  readonly #reader = new FrameReader()
  readonly #disorder: Disorder | undefined
  #events: WireEvents | undefined
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  /** Frames that the network has not taken. */
  readonly #queue = new SendQueue()
  #overfull = false
  #sendAwaited = false
  /** Packets that reached the host and were not read. */
  #arrived: Packet[] = []
  #readAwaited = false
  #readingPaused = false
  #endSent = false
  #endReceived = false
  #end: WireEnd | undefined
  #timer: Timer

  constructor(options: SimulatedWireOptions) {
    this.#options = options
    this.#host = options.host
    this.remoteAddress = options.remoteAddress
    this.#outgoing = options.outgoing
    this.#outgoing.onRoom = () => this.#awaitSend()
    const { weather, clock } = options.host
    const onDue = () => this.awaitRead()
    if (weather.isDisorderly) this.#disorder = new Disorder({ weather, clock, onDue })
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** Says who hears of this wire. */
  attend(events: WireEvents): void {
    this.#events = events
  }

  /** Asks the other host for a connection. */
  dial(): void {
    this.#outgoing.send({ kind: 'dial' })
    const end: WireEnd = { code: 'timeout', detail: `not open after ${DIAL_MS_MAX} ms` }
    this.#after(DIAL_MS_MAX, () => this.finish(end))
  }

  /** Answers a dial. The owner hears of it once it has said who listens. */
  accept(): void {
    if (this.isClosed) return
    this.#state = 'open'
    this.#outgoing.send({ kind: 'opened' })
    this.#host.clock.defer(() => {
      if (this.#state === 'open') this.#events?.opened()
    })
    this.#awaitSend()
  }

  /** Ends the wire before anybody has heard of it. */
  turnAway(): void {
    this.#outgoing.send({ kind: 'end' })
    this.vanish()
  }

  send(frame: Frame): void {
    if (this.#state !== 'opening' && this.#state !== 'open') return
    this.#queue.push(frame)
    if (this.#queue.bytes > this.#host.queueBytesHigh) this.#overfull = true
    if (this.#sendAwaited || this.#state === 'opening') return
    this.#sendAwaited = true
    this.#host.clock.defer(() => this.#send())
  }

  limitFrames(bodyBytesMax: number): void {
    this.#reader.limit(bodyBytesMax)
  }

  pauseReading(): void {
    this.#readingPaused = true
  }

  resumeReading(): void {
    this.#readingPaused = false
    this.awaitRead()
  }

  close(): void {
    if (this.#state === 'opening') this.destroy()
    if (this.#state !== 'open') return
    this.#end ??= { code: 'closed' }
    this.#shutDown()
  }

  destroy(): void {
    this.#abort({ code: 'closed' })
  }

  /** The end is here. The owner hears of it when its present call stack is done. */
  finish(end: WireEnd): void {
    if (this.isClosed) return
    const last = this.#end ?? end
    this.vanish()
    this.#host.clock.defer(() => this.#events?.closed(last))
  }

  /** Ends without a word, as when the process died. */
  vanish(): void {
    if (this.isClosed) return
    this.#state = 'closed'
    this.#host.clock.clearTimeout(this.#timer)
    this.#queue.clear()
    this.#arrived = []
    this.#options.onClosed()
  }

  /** A packet reached the host. It lies there until the process reads it. */
  arrive(packet: Packet): void {
    if (packet.kind === 'reset') {
      this.#host.clock.setTimeout(() => this.finish({ code: 'reset' }), 0)
    } else if (!this.isClosed) {
      this.#arrived.push(packet)
      this.awaitRead()
    } else if (packet.kind !== 'refused') {
      // A host answers a reset to whatever comes for a connection that it does not know.
      this.#outgoing.send({ kind: 'reset' })
    }
  }

  /** Has the process read what arrived, unless it must not. */
  awaitRead(): void {
    const isIdle = this.#arrived.length === 0 && this.#disorder?.hasDue !== true
    if (this.#readAwaited || isIdle) return
    this.#readAwaited = true
    this.#host.clock.setTimeout(() => this.#read(), 0)
  }

  #read(): void {
    this.#readAwaited = false
    if (this.#host.isStalled) return
    this.#readAnswer()
    const chunks: Uint8Array[] = []
    while (this.#mayRead() && this.#arrived[0]?.kind === 'frames') {
      const packet = this.#arrived.shift()
      if (packet?.kind === 'frames') chunks.push(packet.bytes)
    }
    if (this.#mayRead() && this.#disorder !== undefined) this.#hand(this.#disorder.takeDue())
    if (chunks.length > 0) this.#readFrames(chunks)
    if (this.#mayRead() && this.#arrived[0]?.kind === 'end') this.#readEnd()
  }

  #mayRead(): boolean {
    return !this.isClosed && !this.#readingPaused
  }

  /** What became of the dial is read even while the owner wants no frames. */
  #readAnswer(): void {
    if (this.#state !== 'opening') return
    const kind = this.#arrived.shift()?.kind
    if (kind === 'opened') {
      this.#host.clock.clearTimeout(this.#timer)
      this.#state = 'open'
      this.#awaitSend()
      this.#events?.opened()
    } else if (kind === 'refused') {
      this.finish({ code: 'refused', detail: `nobody listens at ${this.remoteAddress}` })
    } else {
      this.finish({ code: 'ended', detail: 'before the first bytes' })
    }
  }

  #readFrames(chunks: readonly Uint8Array[]): void {
    const frames: Frame[] = []
    let problem: WireEnd | undefined
    let bytes = 0
    for (const chunk of chunks) {
      const read = this.#reader.push(chunk)
      for (const frame of read.frames) frames.push(frame)
      problem = read.problem
      bytes += chunk.length
    }
    this.#options.incoming.acknowledge(bytes)
    this.#hand(this.#disorder?.pass(frames) ?? frames)
    if (problem !== undefined) this.#abort(problem)
  }

  #hand(frames: readonly Frame[]): void {
    if (frames.length === 0) return
    this.#options.onFrames(frames)
    this.#events?.frames(frames)
  }

  #readEnd(): void {
    this.#arrived.shift()
    if (this.#disorder !== undefined) this.#hand(this.#disorder.release())
    this.#endReceived = true
    const problem = this.#reader.end()
    if (problem !== undefined) {
      this.#abort(problem)
    } else if (this.#endSent) {
      this.finish({ code: 'closed' })
    } else if (this.#state === 'open') {
      this.#end ??= { code: 'ended' }
      this.#shutDown()
    }
  }

  #shutDown(): void {
    this.#state = 'closing'
    this.#after(FLUSH_MS_MAX, () => this.#abort({ code: 'closed' }))
    this.#awaitSend()
  }

  #abort(end: WireEnd): void {
    if (this.isClosed) return
    this.#outgoing.send({ kind: 'reset' })
    this.finish(end)
  }

  #awaitSend(): void {
    if (this.#sendAwaited || (this.#queue.bytes === 0 && this.#state !== 'closing')) return
    this.#sendAwaited = true
    this.#host.clock.setTimeout(() => this.#send(), 0)
  }

  /** Hands the network what it takes, all frames of a tick in one packet. */
  #send(): void {
    this.#sendAwaited = false
    if (this.#state !== 'open' && this.#state !== 'closing') return
    while (this.#queue.bytes > 0 && this.#outgoing.roomBytes > 0) {
      this.#outgoing.send({ kind: 'frames', bytes: this.#queue.take(this.#outgoing.roomBytes) })
    }
    if (this.#queue.bytes > 0) return
    if (this.#state === 'closing') {
      this.#sendEnd()
    } else if (this.#overfull) {
      this.#overfull = false
      this.#events?.drained()
    }
  }

  #sendEnd(): void {
    if (this.#endSent) return
    this.#endSent = true
    this.#outgoing.send({ kind: 'end' })
    const end: WireEnd = { code: 'closed' }
    if (this.#endReceived) this.finish(end)
    else this.#after(LINGER_MS, () => this.finish(end))
  }

  #after(delayMs: number, callback: () => void): void {
    this.#host.clock.clearTimeout(this.#timer)
    this.#timer = this.#host.clock.setTimeout(callback, delayMs)
  }
}
