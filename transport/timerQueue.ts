/**
 * The heap is rebuilt without its cancelled timers once it has more than this many of them, and
 * half are.
 */
const CANCELLED_COUNT_MAX = 64

/** One timer in a queue. `callback` is gone once the timer was taken or cancelled. */
export class QueuedTimer {
  readonly dueMs: number
  readonly order: number
  callback: (() => void) | undefined

  constructor(place: { dueMs: number; order: number }, callback: () => void) {
    this.dueMs = place.dueMs
    this.order = place.order
    this.callback = callback
  }
}

/**
 * Timers in order of (due time, creation): a binary heap that drops cancelled timers when it meets
 * them.
 */
export class TimerQueue {
  #heap: QueuedTimer[] = []
  #created = 0
  #size = 0

  /** How many timers wait. */
  get size(): number {
    return this.#size
  }

  add(dueMs: number, callback: () => void): QueuedTimer {
    const timer = new QueuedTimer({ dueMs, order: this.#created }, callback)
    this.#created += 1
    this.#size += 1
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
    return timer
  }

  /** Forgets a timer of this queue. One that was taken or cancelled before is left alone. */
  cancel(timer: QueuedTimer): void {
    if (timer.callback === undefined) return
    timer.callback = undefined
    this.#size -= 1
    const cancelled = this.#heap.length - this.#size
    if (cancelled <= CANCELLED_COUNT_MAX || cancelled * 2 <= this.#heap.length) return
    // A sorted array is a heap.
    this.#heap = this.#heap.filter((each) => each.callback !== undefined)
    this.#heap.sort((one, other) => (isBefore(one, other) ? -1 : 1))
  }

  /** The timer that is due first, or undefined. */
  first(): QueuedTimer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]?.callback === undefined) this.#removeTop()
    return this.#heap[0]
  }

  /** Removes the timer that is due first and returns its callback. */
  take(): (() => void) | undefined {
    const timer = this.first()
    if (timer === undefined) return undefined
    const callback = timer.callback
    timer.callback = undefined
    this.#size -= 1
    this.#removeTop()
    return callback
  }

  clear(): void {
    for (const timer of this.#heap) timer.callback = undefined
    this.#heap = []
    this.#size = 0
  }

  #removeTop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(from: number): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfBefore(index, parent)) return
      index = parent
    }
  }

  #sink(from: number): void {
    let index = from
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      const leftTimer = this.#heap[left]
      const rightTimer = this.#heap[right]
      if (leftTimer === undefined) return
      const child = rightTimer !== undefined && isBefore(rightTimer, leftTimer) ? right : left
      if (!this.#swapIfBefore(child, index)) return
      index = child
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const lowerTimer = this.#heap[lower]
    const upperTimer = this.#heap[upper]
    if (lowerTimer === undefined || upperTimer === undefined) return false
    if (!isBefore(lowerTimer, upperTimer)) return false
    this.#heap[lower] = upperTimer
    this.#heap[upper] = lowerTimer
    return true
  }
}

function isBefore(one: QueuedTimer, other: QueuedTimer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order)
}
