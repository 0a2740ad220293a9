import type { Clock, Timer } from './ports.ts'
import type { SteppingClock } from './stepping.ts'
import { QueuedTimer, TimerQueue } from './timerQueue.ts'

export interface PeerClockOptions {
  /** The clock of the whole simulation. */
  readonly clock: SteppingClock
  /** How far this peer's wall clock is ahead. Milliseconds, default 0. */
  readonly wallOffsetMs?: number
  /**
   * How fast this peer's time runs: 1.0 (the default) is exact, 1.01 gains ten milliseconds a
   * second.
   */
  readonly rate?: number
}

/**
 * The clock of one simulated peer: a view of the simulation's clock that may be wrong, and a
 * process that may be stopped. Nothing runs but while the stepping clock steps.
 *
 * @example
 * const bob = peerClock({ clock, rate: 1.001 })
 * bob.wallOffsetMs = -86_400_000 // somebody set bob's clock back by a day
 */
export function peerClock(options: PeerClockOptions): PeerClock {
  return new PeerClock(options)
}

export class PeerClock implements Clock {
  /** How far the wall clock is ahead, in milliseconds. Change it at any time to make a step. */
  wallOffsetMs: number

  readonly #clock: SteppingClock
  readonly #timers = new TimerQueue()
  #wake: Timer
  #wakeFor: QueuedTimer | undefined
  #rate: number
  /**
   * Since the anchor this peer's time runs at `rate`. An anchor that lies ahead is the end of a
   * suspension: until then the peer's time stands still.
   */
  #anchorMs: number
  #anchorNowMs: number
  /** The latest due time that fired, so that rounding never shows a timer a time before its own. */
  #nowMsMin = Number.NEGATIVE_INFINITY
  #paused = false
  #stopped = false

  constructor(options: PeerClockOptions) {
    this.#clock = options.clock
    this.wallOffsetMs = options.wallOffsetMs ?? 0
    this.#rate = positive(options.rate ?? 1)
    this.#anchorMs = this.#clock.now()
    this.#anchorNowMs = this.#clock.now()
  }

  now(): number {
    const elapsedMs = Math.max(0, this.#clock.now() - this.#anchorMs)
    return Math.max(this.#nowMsMin, this.#anchorNowMs + elapsedMs * this.#rate)
  }

  wall(): number {
    return this.#clock.wall() + this.wallOffsetMs
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    if (this.#stopped) return undefined
    const timer = this.#timers.add(this.now() + Math.max(0, delayMs || 0), callback)
    if (this.#timers.first() === timer) this.#schedule()
    return timer
  }

  clearTimeout(timer: Timer): void {
    if (timer instanceof QueuedTimer) this.#timers.cancel(timer)
  }

  defer(callback: () => void): void {
    this.#clock.defer(() => {
      if (this.#stopped) return
      if (!this.#paused && this.#clock.now() >= this.#anchorMs) {
        callback()
        return
      }
      // Held work goes before every timer, since it was to run before any of them.
      this.#timers.add(Number.NEGATIVE_INFINITY, callback)
      this.#schedule()
    })
  }

  /** How fast this peer's time runs. Pending timers follow a change. */
  get rate(): number {
    return this.#rate
  }

  set rate(rate: number) {
    this.#anchorNowMs = this.now()
    this.#anchorMs = Math.max(this.#anchorMs, this.#clock.now())
    this.#rate = positive(rate)
    this.#schedule()
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** False while the process is stopped or its machine sleeps: nothing of this peer runs then. */
  get isRunning(): boolean {
    return !this.#paused && !this.#stopped && this.#clock.now() >= this.#anchorMs
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  /** Stops the process, as SIGSTOP does: time goes on, but nothing of this peer runs. */
  pause(): void {
    this.#paused = true
    this.#clock.clearTimeout(this.#wake)
  }

  /**
   * Goes on. What fell due meanwhile runs in order, at the present time, when the clock next steps.
   */
  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  /**
   * Puts the machine to sleep for `ms` milliseconds: `now()` stands still and nothing runs; the
   * wall goes on.
   */
  suspend(ms: number): void {
    this.#anchorNowMs = this.now()
    this.#anchorMs = Math.max(this.#anchorMs, this.#clock.now()) + ms
    this.#schedule()
  }

  /** Ends the process: all its timers are dropped, and it never gets another. */
  stop(): void {
    this.#stopped = true
    this.#timers.clear()
    this.#clock.clearTimeout(this.#wake)
  }

  /**
   * One timer of the stepping clock stands for all of this peer's: it is set for the first that is
   * due.
   */
  #schedule(): void {
    this.#clock.clearTimeout(this.#wake)
    const first = this.#timers.first()
    this.#wakeFor = first
    if (first === undefined || this.#paused || this.#stopped) return
    const delayMs = this.#dueMs(first) - this.#clock.now()
    this.#wake = this.#clock.setTimeout(() => this.#fire(), delayMs)
  }

  /** Runs one timer only, so that what it defers runs before the next. */
  #fire(): void {
    const first = this.#timers.first()
    // When the awaited timer was cancelled meanwhile, the next one is not due yet.
    if (first === undefined || first !== this.#wakeFor) {
      this.#schedule()
      return
    }
    // The wake-up was set for this timer, so it is due, whatever rounding says of the sums.
    this.#nowMsMin = Math.max(this.#nowMsMin, first.dueMs)
    const callback = this.#timers.take()
    this.#schedule()
    callback?.()
  }

  /** When a timer of this peer is due by the stepping clock. */
  #dueMs(timer: QueuedTimer): number {
    return this.#anchorMs + Math.max(0, timer.dueMs - this.#anchorNowMs) / this.#rate
  }
}

function positive(rate: number): number {
  if (rate > 0 && Number.isFinite(rate)) return rate
  throw new RangeError(`A clock cannot run at a rate of ${rate}.`)
}
