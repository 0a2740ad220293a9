/**
 * The weather of a simulated network: how long a packet travels, what is lost, which broadcasts
 * come twice and which are overtaken. All of it is drawn from one random function.
 */

import type { Random } from './ports.ts'
import type { Path } from './simulatedLink.ts'

/** How long a packet travels unless said otherwise, in milliseconds. */
const LATENCY_MS: readonly [number, number] = [1, 10]

/**
 * How long the sender waits before it sends a lost packet again, in milliseconds. Doubles with each
 * loss.
 */
const RETRANSMISSION_MS = 200

/** A packet is lost at most so many times in a row. */
const LOSSES_MAX = 6

/** How long a broadcast is held back at most, so that later ones overtake it, in milliseconds. */
const HOLD_MS_MAX = 1_000

/**
 * How long after the first a second copy comes at most, in milliseconds. Most come soon, some after
 * minutes, as over a relay that was cut off meanwhile.
 */
const REPEAT_MS_MAX = 180_000

/** How many times slower a slow host's packets travel unless said otherwise. */
const SLOW_FACTOR = 10

export interface WeatherOptions {
  /** The shortest and the longest latency of a packet. Milliseconds, default 1 to 10. */
  readonly latencyMs?: readonly [number, number]
  /** Which share of packets is lost, and so delayed by 200 ms or more. 0 (the default) to 1. */
  readonly lossShare?: number
  /**
   * Which share of broadcasts a host reads a second time, up to three minutes later. 0 (the
   * default) to 1.
   */
  readonly duplicateShare?: number
  /**
   * Which share of broadcasts a host reads late, up to a second, so that later frames overtake
   * them. 0 (the default) to 1.
   */
  readonly reorderShare?: number
  /** What one direction of a connection carries. Bytes in a millisecond, default without limit. */
  readonly bytesPerMs?: number
}

/** How slow a host is. */
export interface Slowness {
  /** How many times longer its packets travel, both ways. 1 or more, default 10. */
  readonly factor?: number
  /** What one direction of its connections carries. Bytes in a millisecond, default no change. */
  readonly bytesPerMs?: number
}

/** What the weather did so far. */
export interface Disturbances {
  /** Packets that were lost, and sent again. */
  losses: number
  /** Broadcasts that came a second time. */
  duplicates: number
  /** Broadcasts that were held back. */
  reorders: number
}

export class Weather {
  readonly disturbances: Disturbances = { losses: 0, duplicates: 0, reorders: 0 }
  readonly #random: Random
  readonly #options: WeatherOptions
  readonly #slowness = new Map<string, Slowness>()

  constructor(random: Random, options: WeatherOptions) {
    this.#random = random
    this.#options = options
  }

  /** Makes a host slow, or, without a slowness, as fast as the others. */
  slow(host: string, slowness: Slowness | undefined): void {
    if (slowness === undefined) this.#slowness.delete(host)
    else this.#slowness.set(host, slowness)
  }

  /** How long the next packet travels, with all its retransmissions, in milliseconds. */
  drawDelayMs(path: Path): number {
    const random = this.#random
    const { lossShare = 0, latencyMs: [minMs, maxMs] = LATENCY_MS } = this.#options
    let delayMs = minMs + random() * (maxMs - minMs)
    if (lossShare > 0) {
      for (let losses = 0; losses < LOSSES_MAX && random() < lossShare; losses += 1) {
        delayMs += RETRANSMISSION_MS * 2 ** losses
        this.disturbances.losses += 1
      }
    }
    return delayMs * this.#factorOf(path)
  }

  /** How many bytes one direction of a connection carries in a millisecond. */
  bytesPerMs({ source, target }: Path): number {
    const rates = [source, target].map((host) => this.#slowness.get(host)?.bytesPerMs)
    return Math.min(...[this.#options.bytesPerMs, ...rates].map((rate) => rate ?? Infinity))
  }

  /** True if broadcasts may come twice, or out of order. */
  get isDisorderly(): boolean {
    const { duplicateShare = 0, reorderShare = 0 } = this.#options
    return duplicateShare > 0 || reorderShare > 0
  }

  /** After how many milliseconds this broadcast comes again; undefined if it does not. */
  drawRepeatMs(): number | undefined {
    const { duplicateShare = 0 } = this.#options
    if (duplicateShare === 0 || this.#random() >= duplicateShare) return undefined
    this.disturbances.duplicates += 1
    return this.#random() ** 4 * REPEAT_MS_MAX
  }

  /** For how many milliseconds this broadcast is held back; undefined if it is not. */
  drawHoldMs(): number | undefined {
    const { reorderShare = 0 } = this.#options
    if (reorderShare === 0 || this.#random() >= reorderShare) return undefined
    this.disturbances.reorders += 1
    return this.#random() * HOLD_MS_MAX
  }

  #factorOf({ source, target }: Path): number {
    if (this.#slowness.size === 0) return 1
    const factors = [source, target].map((host) => {
      const slowness = this.#slowness.get(host)
      return slowness === undefined ? 1 : (slowness.factor ?? SLOW_FACTOR)
    })
    return Math.max(...factors)
  }
}
