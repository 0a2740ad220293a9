/** What all other systems have in common when they are measured. */

import type { Pair, Sent, System } from '../system.ts'
import { metered, waitingBytes } from './socketMeter.ts'

/** More is not written while this much waits in all sockets, in bytes. */
const QUEUE_BYTES_HIGH = 4 * 1024 * 1024
/** More is not written while so many calls are not answered. */
const CALLS_MAX = 4_096
/** Said by one that is connected to a hub, and so to all. */
export const ALL = Number.MAX_SAFE_INTEGER

export abstract class PeerSystem implements System {
  onArrival = () => {}
  /** Calls that are not answered yet. */
  protected calls = 0
  protected readonly isHub: boolean = false

  abstract open(name: string): Promise<string>
  abstract connect(address: string): Promise<void>
  abstract part(): Promise<void>
  abstract readonly neighbours: number
  abstract readonly size: number
  abstract get(key: string): unknown
  abstract set(key: string, value: string): void

  /** Systems that know no batches write one by one. */
  update(pairs: readonly Pair[]): void {
    for (const [key, value] of pairs) this.set(key, value)
  }

  async room(): Promise<void> {
    while (waitingBytes() > QUEUE_BYTES_HIGH || this.calls > CALLS_MAX) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  get sent(): Sent {
    return metered({ isHub: this.isHub })
  }

  /** Counts a call until it is answered. A failed one ends the process: nothing may get lost. */
  protected count(call: Promise<unknown>): void {
    this.calls += 1
    call.then(
      () => {
        this.calls -= 1
      },
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
}

/** One that keeps what it knows in a Map of its own. */
export abstract class MapSystem extends PeerSystem {
  protected readonly map = new Map<string, unknown>()

  get size(): number {
    return this.map.size
  }

  get(key: string): unknown {
    return this.map.get(key)
  }
}
