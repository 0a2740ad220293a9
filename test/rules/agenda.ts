/** What is to happen when, in a world with a clock of its own. */
export class Agenda {
  now = 0
  readonly #heap: { readonly at: number; readonly rank: number; readonly act: () => void }[] = []
  #rank = 0

  /** In time order; what is due at one moment comes in the order in which it was put in. */
  at(at: number, act: () => void): void {
    const heap = this.#heap
    const entry = { at: Math.max(at, this.now), rank: this.#rank++, act }
    let place = heap.length
    heap.push(entry)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(entry, heap[parent] as typeof entry)) break
      heap[place] = heap[parent] as typeof entry
      place = parent
    }
    heap[place] = entry
  }

  /** Does what comes next; false if nothing comes until then. */
  runNext(until: number): boolean {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.at > until) return false
    const last = heap.pop() as typeof first
    if (heap.length > 0) this.#sink(last)
    this.now = first.at
    first.act()
    return true
  }

  #sink(entry: { readonly at: number; readonly rank: number; readonly act: () => void }): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      let child = place * 2 + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as typeof right)) child++
      if (!isBefore(heap[child] as typeof entry, entry)) break
      heap[place] = heap[child] as typeof entry
      place = child
    }
    heap[place] = entry
  }
}

interface Due {
  readonly at: number
  readonly rank: number
}

function isBefore(first: Due, second: Due): boolean {
  return first.at < second.at || (first.at === second.at && first.rank < second.rank)
}
