import type { Clock, Timer } from './ports.ts'

/** The longest delay that Node's timers take, in milliseconds; a longer one would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1

/**
 * The clock of this process: `process.hrtime` (in a browser `performance.now`), `Date.now` and
 * Node's timers. Delays above 2^31 − 1 ms (24.8 days) are split, so they are kept like any other.
 * Pending timers keep the process alive, as Node's do.
 *
 * @example const clock = realClock(); clock.setTimeout(() => console.log('later'), 1_000)
 */
export function realClock(): Clock {
  return {
    now,
    wall: () => Date.now(),
    setTimeout: (callback, delayMs) => new LongTimer(callback, delayMs),
    clearTimeout: (timer: Timer) => {
      if (timer instanceof LongTimer) timer.cancel()
    },
    defer,
  }
}

/** Node's; a browser has none. */
const { hrtime } = (globalThis as { process?: Partial<NodeJS.Process> }).process ?? {}
const loadedAt = hrtime?.()

/**
 * Milliseconds, at first those since this module was loaded. Node's `performance.now` is five
 * functions that look at who asks, and each frame and each write reads the clock several times.
 */
function now(): number {
  if (hrtime === undefined || loadedAt === undefined) return performance.now()
  const time = hrtime()
  return (time[0] - loadedAt[0]) * 1e3 + (time[1] - loadedAt[1]) / 1e6
}

const NOW = Promise.resolve()

/** A microtask of the language itself: Node's own makes a resource for whoever traces it. */
function defer(callback: () => void): void {
  NOW.then(callback).catch(fail)
}

/** What is thrown counts as uncaught, not as a promise that nobody awaits. */
function fail(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

/** One timer, made of as many of Node's as its delay needs. */
class LongTimer {
  readonly #callback: () => void
  #part: NodeJS.Timeout

  constructor(callback: () => void, delayMs: number) {
    this.#callback = callback
    this.#part = this.#wait(delayMs)
  }

  cancel(): void {
    clearTimeout(this.#part)
  }

  #wait(delayMs: number): NodeJS.Timeout {
    if (!(delayMs > DELAY_MS_MAX)) return setTimeout(this.#callback, delayMs)
    return setTimeout(() => {
      this.#part = this.#wait(delayMs - DELAY_MS_MAX)
    }, DELAY_MS_MAX)
  }
}
