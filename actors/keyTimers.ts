/** One timer for each key; a new one takes the place of the old one. */

import type { StoredKey } from '../machines/rules/key.ts'
import type { Clock, Timer } from '../transport/ports.ts'

export class KeyTimers {
  readonly #clock: Clock
  readonly #timers = new Map<StoredKey, Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  set(key: StoredKey, delayMs: number, act: () => void): void {
    this.clear(key)
    const fire = () => {
      this.#timers.delete(key)
      act()
    }
    this.#timers.set(key, this.#clock.setTimeout(fire, delayMs))
  }

  clear(key: StoredKey): void {
    this.#clock.clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
  }

  stop(): void {
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer)
    this.#timers.clear()
  }
}
