import { isControl } from '../machines/rules/message.ts'
import type { Origin } from '../machines/rules/peer.ts'
import { decode } from './codec.ts'
import type { Clock, Frame } from './ports.ts'
import type { Weather } from './simulatedWeather.ts'

/** Of what is only looked at it does not matter whose it is. */
export const ANYBODY = { peer: 'anybody', run: 'anybody' } as Origin

/** So many broadcasts of one wire are held back or repeated at a time; further ones pass. */
const HELD_COUNT_MAX = 256

export interface DisorderOptions {
  readonly weather: Weather
  readonly clock: Clock
  /** Called when something is due that was held back. */
  readonly onDue: () => void
}

/**
 * What duplicates and reorders broadcasts on their way into one process.
 *
 * The bytes of a connection are in order, and nothing here changes that for the frames that steer a
 * connection. But a broadcast comes over several relays, so it may come twice, and after one that
 * was sent later. In a network of two nothing would ever come so; here it does. Before a frame that
 * steers the connection is read, all that was held back is handed over, so a goodbye is still the
 * last word of a peer that leaves.
 */
export class Disorder {
  readonly #options: DisorderOptions
  /** Broadcasts that were held back, in the order in which they came. */
  readonly #held = new Set<{ readonly frame: Frame }>()
  #due: Frame[] = []
  #repeatCount = 0

  constructor(options: DisorderOptions) {
    this.#options = options
  }

  /** The frames that are read now, in the order in which they are read. */
  pass(frames: readonly Frame[]): Frame[] {
    const passing: Frame[] = []
    for (const frame of frames) {
      const message = decode(frame, ANYBODY)
      if (message?.kind === 'broadcast') {
        this.#repeat(frame)
        if (!this.#hold(frame)) passing.push(frame)
      } else {
        if (message === undefined || isControl(message)) passing.push(...this.release())
        passing.push(frame)
      }
    }
    return passing
  }

  get hasDue(): boolean {
    return this.#due.length > 0
  }

  /** What fell due since it was last asked. */
  takeDue(): Frame[] {
    const due = this.#due
    this.#due = []
    return due
  }

  /** All that is due or held back; second copies come in their time or never. */
  release(): Frame[] {
    const held = [...this.#held].map(({ frame }) => frame)
    this.#held.clear()
    return [...this.takeDue(), ...held]
  }

  #hold(frame: Frame): boolean {
    const { weather, clock } = this.#options
    if (this.#held.size >= HELD_COUNT_MAX) return false
    const holdMs = weather.drawHoldMs()
    if (holdMs === undefined) return false
    const held = { frame }
    this.#held.add(held)
    clock.setTimeout(() => {
      if (this.#held.delete(held)) this.#fallDue(frame)
    }, holdMs)
    return true
  }

  #repeat(frame: Frame): void {
    const { weather, clock } = this.#options
    if (this.#repeatCount >= HELD_COUNT_MAX) return
    const repeatMs = weather.drawRepeatMs()
    if (repeatMs === undefined) return
    this.#repeatCount += 1
    clock.setTimeout(() => {
      this.#repeatCount -= 1
      this.#fallDue(frame)
    }, repeatMs)
  }

  #fallDue(frame: Frame): void {
    this.#due.push(frame)
    this.#options.onDue()
  }
}
