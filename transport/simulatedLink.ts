import type { Weather } from './simulatedWeather.ts'
import type { SteppingClock } from './stepping.ts'

/** What travels over a simulated connection. Only `frames` has a size. */
export type Packet =
  | { readonly kind: 'dial' | 'opened' | 'refused' | 'end' | 'reset' }
  | { readonly kind: 'frames'; readonly bytes: Uint8Array }

/** What a link must know of the network around it. */
export interface Medium {
  readonly clock: SteppingClock
  /** How many bytes may be under way, or unread, before the sender has to keep them. */
  readonly windowBytes: number
  /** Says how fast packets travel, and which are lost. */
  readonly weather: Weather
  isBlocked(path: Path): boolean
}

/** Names the two hosts of a direction. */
export interface Path {
  readonly source: string
  readonly target: string
}

/**
 * One direction of a simulated connection. Packets arrive once and in order: what is lost is sent
 * again, so a loss is a delay, and behind a partition everything waits.
 */
export class SimulatedLink {
  readonly path: Path
  readonly #medium: Medium
  readonly #receive: (packet: Packet) => void
  /** Called when the window has room again. */
  onRoom: () => void = () => {}
  /** Under way, in order. The first `#stalledCount` of them stand before a partition. */
  #packets: Packet[] = []
  #stalledCount = 0
  #unreadBytes = 0
  /** Bytes that were read, of which the sender cannot learn because the way back is blocked. */
  #unreportedBytes = 0
  #busyUntilMs = 0
  #arrivalMsMin = 0
  #isOrphan = false
  /** Counts the cuts, so that a timer of a packet that was lost is known as such. */
  #cutCount = 0

  constructor(medium: Medium, path: Path, receive: (packet: Packet) => void) {
    this.#medium = medium
    this.path = path
    this.#receive = receive
  }

  /** How many bytes may be sent now. */
  get roomBytes(): number {
    return this.#medium.windowBytes - this.#unreadBytes
  }

  send(packet: Packet): void {
    const { clock, weather } = this.#medium
    const bytes = packet.kind === 'frames' ? packet.bytes.length : 0
    this.#unreadBytes += bytes
    this.#packets.push(packet)
    this.#busyUntilMs = Math.max(this.#busyUntilMs, clock.now())
    if (bytes > 0) this.#busyUntilMs += bytes / weather.bytesPerMs(this.path)
    const arrivalMs = this.#busyUntilMs + weather.drawDelayMs(this.path)
    // A packet that was faster than the one before it waits for it, as TCP hands out bytes in
    // order.
    this.#arrivalMsMin = Math.max(this.#arrivalMsMin, arrivalMs)
    const cutCount = this.#cutCount
    clock.setTimeout(() => {
      if (cutCount === this.#cutCount) this.#arrive()
    }, this.#arrivalMsMin - clock.now())
  }

  /** The receiver has read so many bytes: the window moves on once the sender can know of it. */
  acknowledge(bytes: number): void {
    this.#unreportedBytes += bytes
    this.#report()
  }

  /** Tries again after a partition. */
  heal(): void {
    const { clock, weather } = this.#medium
    const delayMs = () => weather.drawDelayMs(this.path)
    if (this.#unreportedBytes > 0) clock.setTimeout(() => this.#report(), delayMs())
    if (this.#stalledCount > 0) clock.setTimeout(() => this.#release(), delayMs())
  }

  /** Loses everything that is under way. */
  cut(): void {
    this.#cutCount += 1
    this.#packets = []
    this.#stalledCount = 0
  }

  /** The sender is gone: what is under way arrives, but nothing is sent again. */
  orphan(): void {
    this.#isOrphan = true
    if (this.#stalledCount > 0) this.cut()
  }

  #arrive(): void {
    if (this.#medium.isBlocked(this.path)) this.#stall()
    else this.#release(1)
  }

  #stall(): void {
    if (this.#isOrphan) {
      this.cut()
    } else if (this.#packets[this.#stalledCount]?.kind === 'reset') {
      // A reset is sent once. Its loss is found out when the other side sends something.
      this.#packets.splice(this.#stalledCount, 1)
    } else {
      this.#stalledCount += 1
    }
  }

  /** Hands out what stood before the partition, and `arrivedCount` packets that came after it. */
  #release(arrivedCount = 0): void {
    if (this.#medium.isBlocked(this.path)) return
    let count = this.#stalledCount + arrivedCount
    this.#stalledCount = 0
    const cutCount = this.#cutCount
    while (count > 0 && cutCount === this.#cutCount) {
      count -= 1
      const packet = this.#packets.shift()
      if (packet !== undefined) this.#receive(packet)
    }
  }

  #report(): void {
    const { source, target } = this.path
    if (this.#medium.isBlocked({ source: target, target: source })) return
    this.#unreadBytes -= this.#unreportedBytes
    this.#unreportedBytes = 0
    this.onRoom()
  }
}
