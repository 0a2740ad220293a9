/**
 * Views: what components look at, each read once and kept as the very same object until it changes.
 * A view lives for as long as somebody watches it; one that was only looked at, by a component that
 * may never be mounted, is kept for a while.
 */

/** How many views may be kept that nobody watches. */
const UNWATCHED_MAX = 10_000

/** What `useSyncExternalStore` takes. */
export interface Source<T> {
  readonly subscribe: (listener: () => void) => () => void
  readonly snapshot: () => T
}

export class View<T> {
  readonly listeners = new Set<() => void>()
  readonly #read: (before: T | undefined) => T
  #shown: T | undefined
  #isFresh = false

  /** `read` is given what was shown before, to build upon. */
  constructor(read: (before: T | undefined) => T) {
    this.#read = read
  }

  readonly look = (): T => {
    if (!this.#isFresh) this.#shown = this.#read(this.#shown)
    this.#isFresh = true
    return this.#shown as T
  }

  readonly listen = (listener: () => void): (() => void) => {
    // One listener may come twice, and each has to leave by itself.
    const own = () => listener()
    this.listeners.add(own)
    return () => this.listeners.delete(own)
  }

  readonly change = (): void => {
    this.#isFresh = false
    for (const listener of this.listeners) listener()
  }
}

/** Views by name. */
export class Views<T, V extends View<T>> {
  readonly #make: (name: string) => V
  readonly #watched = new Map<string, V>()
  readonly #unwatched = new Map<string, V>()

  constructor(make: (name: string) => V) {
    this.#make = make
  }

  source(name: string): Source<T> {
    return {
      subscribe: (listener) => {
        const view = this.#at(name)
        this.#unwatched.delete(name)
        this.#watched.set(name, view)
        const leave = view.listen(listener)
        return () => {
          leave()
          if (view.listeners.size === 0) this.#watched.delete(name)
        }
      },
      snapshot: () => this.#at(name).look(),
    }
  }

  find(name: string): V | undefined {
    return this.#watched.get(name) ?? this.#unwatched.get(name)
  }

  *[Symbol.iterator](): Generator<[string, V]> {
    yield* this.#watched
    yield* this.#unwatched
  }

  #at(name: string): V {
    const found = this.find(name)
    if (found !== undefined) return found
    const view = this.#make(name)
    if (this.#unwatched.size >= UNWATCHED_MAX) this.#unwatched.clear()
    this.#unwatched.set(name, view)
    return view
  }
}
