import type { Clock, Timer } from './ports.ts'
import { QueuedTimer, TimerQueue } from './timerQueue.ts'

/** Callbacks that may run without time going on, before this is taken for a loop without end. */
const STEPS_AT_ONE_TIME_MAX = 1_000_000

/** What the wall clock says at time 0: the start of 2026, in milliseconds since 1970. */
const WALL_START_MS = 1_767_225_600_000

export interface SteppingClockOptions {
  /** What `now()` says at first. Milliseconds, default 0. */
  readonly nowMs?: number
  /** What `wall()` says at first. Milliseconds since 1970, default the start of 2026. */
  readonly wallMs?: number
}

/**
 * Time that moves only when told to, for tests and simulations. Timers fire one at a time in order
 * of (due time, creation) and `now()` is the due time while they do, so a timer that a timer sets
 * is kept in its turn. Deferred callbacks run before the next timer. The same object serves
 * machines (as XState's `clock`) and networks, so they step together.
 *
 * @example
 * const clock = new SteppingClock()
 * clock.setTimeout(() => clock.setTimeout(() => console.log(clock.now()), 100), 100)
 * clock.advance(250) // prints 200
 */
export class SteppingClock implements Clock {
  readonly #timers = new TimerQueue()
  #deferred: (() => void)[] = []
  #nowMs: number
  readonly #wallStartMs: number
  #stepping = false
  #stepsAtOneTime = 0

  constructor(options: SteppingClockOptions = {}) {
    this.#nowMs = options.nowMs ?? 0
    this.#wallStartMs = (options.wallMs ?? WALL_START_MS) - this.#nowMs
  }

  now(): number {
    return this.#nowMs
  }

  wall(): number {
    return this.#wallStartMs + this.#nowMs
  }

  /** A delay below 0, or one that is not a number, counts as 0. */
  setTimeout(callback: () => void, delayMs: number): Timer {
    return this.#timers.add(this.#nowMs + Math.max(0, delayMs || 0), callback)
  }

  clearTimeout(timer: Timer): void {
    if (timer instanceof QueuedTimer) this.#timers.cancel(timer)
  }

  /**
   * The callback runs at the end of the running one, or else at the start of the next `advance`.
   */
  defer(callback: () => void): void {
    this.#deferred.push(callback)
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** When the next timer is due, on the scale of `now()`; undefined when none waits. */
  get nextDueMs(): number | undefined {
    return this.#timers.first()?.dueMs
  }

  /**
   * Lets time go on by `ms` milliseconds (0 is useful: it runs what is due now) and runs everything
   * that falls due on the way. Throws when called from a callback of this clock, and when a million
   * callbacks run without time going on.
   */
  advance(ms: number): void {
    const targetMs = this.#nowMs + ms
    this.#step(() => {
      this.#runDeferred()
      let dueMs = this.nextDueMs
      while (dueMs !== undefined && dueMs <= targetMs) {
        this.#fireNext(dueMs)
        dueMs = this.nextDueMs
      }
      if (targetMs > this.#nowMs) this.#nowMs = targetMs
    })
  }

  /** Goes to the next timer and runs it, with what it defers. Returns false when no timer waits. */
  runNext(): boolean {
    return this.#step(() => {
      this.#runDeferred()
      const dueMs = this.nextDueMs
      if (dueMs === undefined) return false
      this.#fireNext(dueMs)
      return true
    })
  }

  #step<Result>(run: () => Result): Result {
    if (this.#stepping) throw new Error('A callback of this clock cannot advance it.')
    this.#stepping = true
    this.#stepsAtOneTime = 0
    try {
      return run()
    } finally {
      this.#stepping = false
    }
  }

  #fireNext(dueMs: number): void {
    if (dueMs > this.#nowMs) {
      this.#nowMs = dueMs
      this.#stepsAtOneTime = 0
    }
    this.#countStep()
    const callback = this.#timers.take()
    callback?.()
    this.#runDeferred()
  }

  #runDeferred(): void {
    while (this.#deferred.length > 0) {
      const batch = this.#deferred
      this.#deferred = []
      for (const [index, callback] of batch.entries()) {
        this.#countStep()
        try {
          callback()
        } catch (error) {
          // What was deferred behind a callback that throws is kept for the next step.
          this.#deferred = [...batch.slice(index + 1), ...this.#deferred]
          throw error
        }
      }
    }
  }

  #countStep(): void {
    this.#stepsAtOneTime += 1
    if (this.#stepsAtOneTime > STEPS_AT_ONE_TIME_MAX) {
      throw new Error(`Callbacks without end at ${this.#nowMs} ms.`)
    }
  }
}
