/**
 * React: what a component shows of a dictionary, and what it holds while it is mounted.
 *
 * Every hook takes a dictionary or nothing, since opening one takes a moment: without one there is
 * nothing to see. On a server, and while a page is made alive, there is nothing to see either, so
 * that both render the same. All hooks stand on `useSyncExternalStore`: components that show one
 * key never disagree, also in concurrent rendering.
 */

import type { Dictionary, Key } from 'holdfast'
import { useMemo, useSyncExternalStore } from 'react'
import { Hold, type Holding, type HoldOptions, WAITING } from './hold.ts'
import { mirrorOf, type Neighbour } from './mirror.ts'
import type { Source } from './views.ts'

export type { Holding, HoldOptions, Neighbour }

/** A dictionary, or what there is before it is open. */
export type MaybeDictionary<V> = Dictionary<V> | null | undefined

const NO_PAIRS: ReadonlyMap<string, unknown> = new Map()
const NO_PEERS: readonly Neighbour[] = []

/**
 * The value of a key, and again whenever it changes; undefined if it has none. It stays the very
 * same object until then. Throws `KEY_INVALID`.
 *
 * @example const door = useKey(dictionary, 'door')
 */
export function useKey<V>(dictionary: MaybeDictionary<V>, key: Key): V | undefined {
  // Bytes are compared by what they hold, so that a component may write them in place.
  const name = typeof key === 'string' ? key : key.join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the name stands for the key.
  const source = useMemo(
    () => (dictionary ? mirrorOf(dictionary).key(key) : nothing(undefined)),
    [dictionary, name, typeof key],
  )
  return useSource(source, undefined) as V | undefined
}

/**
 * All keys of text that begin with a prefix, with their values; `''` means all of them. The Map is
 * a new one after each change, and the same one in between. The first look reads every key of the
 * dictionary, later ones only what changed.
 *
 * @example const [...members] = usePrefix(dictionary, 'member:').values()
 */
export function usePrefix<V>(
  dictionary: MaybeDictionary<V>,
  prefix: string,
): ReadonlyMap<string, V> {
  const source = useMemo(
    () => (dictionary ? mirrorOf(dictionary).prefix(prefix) : nothing(NO_PAIRS)),
    [dictionary, prefix],
  )
  return useSource(source, NO_PAIRS) as ReadonlyMap<string, V>
}

/**
 * Waits for the lease of a key, holds and renews it while the component is mounted, and gives it
 * back after that. One that is lost is waited for again.
 *
 * `state` is `waiting`, `held` or `refused`; `token` is the fencing token while it is held, and
 * `owner` who holds the key as far as this peer knows. A component that shows the same key twice
 * stands in line twice: hold a key at one place and hand it down.
 *
 * @example const { state, owner } = useLease(dictionary, 'editor', { leaseMs: 10_000 })
 */
export function useLease<V>(
  dictionary: MaybeDictionary<V>,
  key: string,
  { leaseMs, waitMs }: HoldOptions = {},
): Holding {
  const source = useMemo(
    () =>
      dictionary
        ? new Hold(dictionary as unknown as Dictionary, key, { leaseMs, waitMs })
        : nothing(WAITING),
    [dictionary, key, leaseMs, waitMs],
  )
  return useSource(source, WAITING)
}

/**
 * The connected peers, and again whenever one comes or goes. What changes all the time, such as the
 * round-trip time, is in `dictionary.peers`.
 *
 * @example const count = usePeers(dictionary).length
 */
export function usePeers<V>(dictionary: MaybeDictionary<V>): readonly Neighbour[] {
  const source = useMemo(
    () => (dictionary ? mirrorOf(dictionary).peers() : nothing(NO_PEERS)),
    [dictionary],
  )
  return useSource(source, NO_PEERS)
}

function useSource<T>({ subscribe, snapshot }: Source<T>, onServer: T): T {
  return useSyncExternalStore(subscribe, snapshot, () => onServer)
}

function nothing<T>(value: T): Source<T> {
  return { subscribe: () => () => {}, snapshot: () => value }
}
