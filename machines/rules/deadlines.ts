/**
 * When to look at which slot: a binary heap that knows where each slot stands in it, so that a
 * deadline can be moved and taken out. It holds each slot once at most, and so never more than the
 * table does.
 */

export class Deadlines {
  readonly #heap: number[] = []
  readonly #places = new Map<number, number>()
  readonly #times = new Map<number, number>()

  get size(): number {
    return this.#heap.length
  }

  /** The earliest deadline, by the monotonic clock; infinite if there is none. */
  get nextAt(): number {
    return this.#timeAt(0)
  }

  /** The slot with the earliest deadline. */
  get first(): number | undefined {
    return this.#heap[0]
  }

  has(slot: number): boolean {
    return this.#places.has(slot)
  }

  /** All slots, in no order that means anything. Not safe while it changes. */
  slots(): IterableIterator<number> {
    return this.#places.keys()
  }

  /** Notes a slot, or moves its deadline. */
  set(slot: number, at: number): void {
    this.#times.set(slot, at)
    const place = this.#places.get(slot) ?? this.#heap.length
    this.#stand(slot, place)
    this.#sink(this.#rise(place))
  }

  delete(slot: number): void {
    const place = this.#places.get(slot)
    if (place === undefined) return
    const last = this.#heap.pop() as number
    this.#places.delete(slot)
    this.#times.delete(slot)
    if (last === slot) return
    this.#stand(last, place)
    this.#sink(this.#rise(place))
  }

  #rise(from: number): number {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#timeAt(parent) <= this.#timeAt(place)) break
      this.#swap(place, parent)
      place = parent
    }
    return place
  }

  #sink(from: number): void {
    let place = from
    for (;;) {
      const left = 2 * place + 1
      const child = this.#timeAt(left + 1) < this.#timeAt(left) ? left + 1 : left
      if (this.#timeAt(child) >= this.#timeAt(place)) return
      this.#swap(place, child)
      place = child
    }
  }

  #swap(one: number, other: number): void {
    const slot = this.#heap[one] as number
    this.#stand(this.#heap[other] as number, one)
    this.#stand(slot, other)
  }

  #stand(slot: number, place: number): void {
    this.#heap[place] = slot
    this.#places.set(slot, place)
  }

  #timeAt(place: number): number {
    const slot = this.#heap[place]
    return slot === undefined ? Number.POSITIVE_INFINITY : (this.#times.get(slot) as number)
  }
}
