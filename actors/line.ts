/**
 * A line: the hands of one connection. It holds the wire, turns frames into messages, and keeps the
 * two planes apart. What steers the connection goes to its machine; data goes past the machine to
 * whoever it is for, since a statechart would take longer for it than the network does.
 */

import { CONNECTION_MS } from '../machines/connection.ts'
import type { LimitName } from '../machines/rules/limit.ts'
import {
  type ControlMessage,
  type DataMessage,
  FRAME_BYTES_MAX,
  isControl,
  type Message,
} from '../machines/rules/message.ts'
import type { Handle, Origin, PeerId } from '../machines/rules/peer.ts'
import { type Place, placeOf } from '../machines/rules/place.ts'
import { decode, encode, problemOf } from '../transport/codec.ts'
import type { Clock, Frame, Wire, WireEnd, WireEvents } from '../transport/ports.ts'
import type { Counts } from './counts.ts'
import type { Handshake } from './handshake.ts'

/** The most bytes that may wait on one line; beyond it data is left out and asked for later. */
export const SEND_QUEUE_BYTES_MAX = 4 * 1024 * 1024

/**
 * How far beyond that the queue may grow by what is not data, such as answers to the other side's
 * questions. Who asks for more without reading what it gets is cut off. Bytes.
 */
export const ANSWERED_BYTES_MAX = 4 * 1024 * 1024

/** The machine of the connection, as its line sees it. */
export interface LineOwner {
  opened(): void
  heard(message: ControlMessage, frame: Frame): void
  /** Bytes came that the protocol does not allow. */
  broken(): void
  silent(): void
  /** The carrier threw: a defect that ends this line and no other. */
  failed(cause: unknown): void
  closed(end: WireEnd): void
}

/** Where data goes. */
export type Pour = (line: Line, message: DataMessage, frame: Frame) => void

export interface LineOptions {
  readonly handle: Handle
  readonly direction: 'incoming' | 'outgoing'
  readonly address: string
  readonly clock: Clock
  readonly counts: Counts
  readonly pour: Pour
  /** Hears when the other side reaches a limit. */
  readonly reach: (limit: LimitName, line: Line) => void
  readonly queueBytesMax?: number
}

export class Line implements WireEvents {
  readonly handle: Handle
  readonly direction: 'incoming' | 'outgoing'
  /** What was dialled, or where the other side called from. */
  readonly address: string
  /** Who is at the other end; null until it is authenticated. */
  peerId: PeerId | null = null
  /** The time from a heartbeat to its echo, in milliseconds; undefined before the first. */
  roundTripMs: number | undefined
  /** True while data is left out because the other side does not keep up. */
  isBehind = false
  /** How many frames of data were left out so far. */
  leftOut = 0
  /** How many of these the other side had been given, by an answer, when it was last heard. */
  madeGood = -1
  /** What is proved on this line. */
  handshake: Handshake | undefined
  /** True once one side lets the other go since it has neighbours enough: nobody is lost. */
  isSpared = false
  /** Called when the send queue, which had been long, is empty. */
  onDrained: (() => void) | undefined
  readonly #clock: Clock
  readonly #counts: Counts
  readonly #pour: Pour
  readonly #reach: LineOptions['reach']
  readonly #queueBytesMax: number
  #wire: Wire | undefined
  #owner: LineOwner | undefined
  #isOpen = false
  #end: WireEnd | undefined
  #heardAt = 0
  /** Who is at the other end, in which run. */
  #origin: Origin | undefined
  /** When the last heartbeat left, as it says. */
  #beatAt = Number.NEGATIVE_INFINITY
  /** Who waits for the echo of which heartbeat. */
  #echoes: { readonly sentMs: number; readonly heard: () => void }[] = []

  constructor(options: LineOptions) {
    this.handle = options.handle
    this.direction = options.direction
    this.address = options.address
    this.#clock = options.clock
    this.#counts = options.counts
    this.#pour = options.pour
    this.#reach = options.reach
    this.#queueBytesMax = options.queueBytesMax ?? SEND_QUEUE_BYTES_MAX
  }

  /** Gives the line its wire, right after it was dialled or accepted. */
  carry(wire: Wire): this {
    this.#wire = wire
    return this
  }

  /** Gives the line its machine, which hears first what it has missed. */
  serve(owner: LineOwner): void {
    this.#owner = owner
    if (this.#isOpen) owner.opened()
    if (this.#end) owner.closed(this.#end)
  }

  /** What proofs on this line are bound to (see `Wire.binding`). */
  get binding(): Uint8Array | undefined {
    return this.#wire?.binding
  }

  /** Where the other end is. */
  get place(): Place {
    return placeOf(this.address, this.#wire?.remoteHost)
  }

  get queuedBytes(): number {
    return this.#wire?.queuedBytes ?? 0
  }

  /** The other side is authenticated: it may send long frames and data from now on. */
  trust(origin: Origin): void {
    this.peerId = origin.peer
    this.#origin = origin
    this.#heardAt = this.#clock.now()
    this.#wire?.limitFrames(FRAME_BYTES_MAX)
  }

  say(message: Message): void {
    const isTooFarBehind = this.queuedBytes > this.#queueBytesMax + ANSWERED_BYTES_MAX
    if (isTooFarBehind) this.#break('queue.answers')
    else this.#transmit(encode(message))
  }

  /**
   * Sends data, unless the other side has fallen too far behind. False if it was left out; the
   * other side is told to ask for it when it has caught up.
   */
  send(frame: Frame): boolean {
    if (this.isBehind) this.notice()
    const queuedBytes = this.#wire?.queuedBytes ?? 0
    if (this.isBehind || queuedBytes > this.#queueBytesMax) {
      this.fallBehind()
      this.#counts.framesSkipped += 1
      this.leftOut++
      return false
    }
    return this.#transmit(frame)
  }

  /** Leaves data out from now on, until the other side has read what waits. */
  fallBehind(): void {
    if (!this.isBehind) this.#reach('queue', this)
    this.isBehind = true
  }

  /** Sends a heartbeat, or finds that none has come for too long. */
  beat(): void {
    this.notice()
    const now = this.#clock.now()
    if (now - this.#heardAt > CONNECTION_MS.silence) {
      this.#reach('silence', this)
      this.#owner?.silent()
    } else this.#ping()
  }

  /** True if there is data that the other side was not sent, and has not been given since. */
  get owes(): boolean {
    return this.leftOut > this.madeGood
  }

  /** Calls back when the other side has read everything that was sent so far. */
  sound(heard: () => void): void {
    this.#echoes.push({ sentMs: this.#ping(), heard })
  }

  #ping(): number {
    // No two are alike, or the echo of an earlier one would be taken for that of a later one.
    this.#beatAt = Math.max(this.#clock.now(), this.#beatAt + 0.001)
    this.say({ kind: 'ping', sentMs: this.#beatAt })
    return this.#beatAt
  }

  close(): void {
    this.#wire?.close()
  }

  /** Ends the connection, for what came is not what an honest peer sends. */
  break(): void {
    this.#owner?.broken()
  }

  destroy(): void {
    this.#wire?.destroy()
  }

  /** Ends this line, since the other side is too slow. */
  giveUp(detail: string): void {
    this.closed({ code: 'timeout', detail })
    this.#wire?.destroy()
  }

  opened(): void {
    this.#isOpen = true
    this.#heardAt = this.#clock.now()
    this.#owner?.opened()
  }

  frames(frames: readonly Frame[]): void {
    this.#heardAt = this.#clock.now()
    this.#counts.framesIn += frames.length
    for (const frame of frames) {
      this.#counts.bytesIn += frame.length
      const message = decode(frame, this.#origin)
      if (message === undefined) return this.#break(problemOf(frame))
      if (!isControl(message)) {
        if (this.peerId === null) return this.#owner?.broken()
        this.#pour(this, message, frame)
      } else this.#control(message, frame)
    }
  }

  drained(): void {
    if (this.isBehind) {
      this.isBehind = false
      this.say({ kind: 'sync.hint' })
    }
    this.onDrained?.()
  }

  closed(end: WireEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    const isLate = end.code === 'timeout' && this.direction === 'incoming'
    if (isLate) this.#reach('handshake.time', this)
    if (end.code === 'bad-frame') this.#reach('frame.length', this)
    this.#owner?.closed(end)
  }

  #break(limit: LimitName): void {
    this.#reach(limit, this)
    this.#owner?.broken()
  }

  /** Whoever sends here serves other lines too, so a carrier that throws must not reach it. */
  #transmit(frame: Frame): boolean {
    const wire = this.#wire
    try {
      wire?.send(frame)
      this.#counts.framesOut += 1
      this.#counts.bytesOut += frame.length
      return true
    } catch (cause) {
      this.#wire = undefined
      wire?.destroy()
      this.#owner?.failed(cause)
      return false
    }
  }

  #echo(sentMs: number): void {
    this.roundTripMs = Math.max(0, this.#clock.now() - sentMs)
    const isHeard = (echo: { sentMs: number }) => echo.sentMs <= sentMs
    const heard = this.#echoes.filter(isHeard)
    this.#echoes = this.#echoes.filter((echo) => !isHeard(echo))
    for (const echo of heard) echo.heard()
  }

  /** A carrier with a longer queue than this line wants does not tell when that one is empty. */
  notice(): void {
    if (this.isBehind && this.queuedBytes === 0) this.drained()
  }

  #control(message: ControlMessage, frame: Frame): void {
    // Heartbeats are answered here, so that a busy machine does not look like a dead one.
    if (message.kind === 'ping' && this.peerId !== null) {
      this.say({ kind: 'pong', sentMs: message.sentMs })
    } else if (message.kind === 'pong' && this.peerId !== null) {
      this.#echo(message.sentMs)
    } else {
      if (message.kind === 'farewell') this.isSpared ||= message.reason === 'surplus'
      this.#owner?.heard(message, frame)
    }
  }
}
