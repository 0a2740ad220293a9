/**
 * The tree by which broadcasts travel where not everybody is connected to everybody.
 *
 * A peer passes a fresh broadcast on to its eager neighbours at once and only tells the lazy ones
 * that it has it. All begin eager. Whoever gets a broadcast twice prunes: the second link becomes
 * lazy at both ends, and what remains is a tree, one payload for each peer. A peer that is told of
 * a broadcast and does not get it grafts: the link becomes eager again, and what is missing is sent
 * on it. So the tree heals when peers die, and reconciliation is the last resort.
 *
 * Source: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees", SRDS 2007. Left out is its
 * optimisation by hop counts: it favours one sender, and here everybody sends.
 */

import { originKey } from './coverage.ts'
import type { Origin, PeerId } from './peer.ts'

/** How long what came is collected before lazy neighbours are told of it, in milliseconds. */
export const HAVE_MS = 100
/** How long a broadcast that was told of may take to come by itself, in milliseconds. */
export const GRAFT_MS = 400
/** How long the next one that has it is waited with, in milliseconds. */
export const GRAFT_AGAIN_MS = 200
/** How many broadcasts may be missed at a time; more are left to reconciliation. */
export const MISSING_MAX = 4_096
/** How many that have a missed one are remembered for it. */
const HOLDERS_MAX = 8
/** How many broadcasts that lazy neighbours were not told of are kept for them. */
export const UNTOLD_MAX = 4_096
/** How many ranges one message names. */
export const RANGES_TOLD_MAX = 512
/** How many broadcasts one range names. */
export const RANGE_MAX = 4_096

/** Broadcasts `first` to `last` of one run of a peer. */
export interface BroadcastRange {
  readonly origin: Origin
  readonly first: number
  readonly last: number
}

interface Missing {
  readonly origin: Origin
  readonly number: number
  readonly holders: PeerId[]
  dueAt: number
}

export interface Tree {
  /** Neighbours that are only told of what came. */
  readonly lazy: Set<PeerId>
  readonly missing: Map<string, Missing>
  untold: Arrival[]
}

/** A broadcast that came, and from which neighbour; null if it is this peer's own. */
export interface Arrival {
  readonly origin: Origin
  readonly number: number
  readonly from: PeerId | null
}

export function createTree(): Tree {
  return { lazy: new Set(), missing: new Map(), untold: [] }
}

/** A broadcast is here for the first time. Whoever brought it is a good neighbour in the tree. */
export function noteFresh(tree: Tree, { origin, number, from }: Arrival): void {
  if (from !== null) tree.lazy.delete(from)
  if (tree.missing.size > 0) tree.missing.delete(broadcastKey(origin, number))
  if (tree.lazy.size === 0) return
  if (tree.untold.length >= UNTOLD_MAX) tree.untold.shift()
  tree.untold.push({ origin, number, from })
}

/**
 * It came again: the neighbour that brought it is to be told so. Each time, since a graft that was
 * under way at the same time may have left the two sides of different minds.
 */
export function noteAgain(tree: Tree, from: PeerId): void {
  tree.lazy.add(from)
}

/** A neighbour has it from elsewhere. */
export function hearPrune(tree: Tree, from: PeerId): void {
  tree.lazy.add(from)
}

/** A neighbour lacked something, and wants to be passed on to again. */
export function hearGraft(tree: Tree, from: PeerId): void {
  tree.lazy.delete(from)
}

/** A neighbour tells what it has. What did not come is waited for, and asked for in due time. */
export function hearHave(
  tree: Tree,
  { from, ranges, now }: { from: PeerId; ranges: readonly BroadcastRange[]; now: number },
  isKnown: (origin: Origin, number: number) => boolean,
): void {
  for (const { origin, first, last } of ranges) {
    for (let number = first; number <= last; number++) {
      if (isKnown(origin, number)) continue
      const key = broadcastKey(origin, number)
      const known = tree.missing.get(key)
      if (known !== undefined) {
        if (known.holders.length < HOLDERS_MAX) known.holders.push(from)
      } else if (tree.missing.size < MISSING_MAX) {
        tree.missing.set(key, { origin, number, holders: [from], dueAt: now + GRAFT_MS })
      }
    }
  }
}

/** Whom to ask for what is overdue. Each is eager from now on. */
export function graftsDue(
  tree: Tree,
  { now, isNeighbour }: { now: number; isNeighbour: (peer: PeerId) => boolean },
): Map<PeerId, BroadcastRange[]> {
  const wanted = new Map<PeerId, Arrival[]>()
  for (const [key, missing] of tree.missing) {
    if (missing.dueAt > now) continue
    let holder = missing.holders.shift()
    while (holder !== undefined && !isNeighbour(holder)) holder = missing.holders.shift()
    if (holder === undefined) {
      tree.missing.delete(key)
      continue
    }
    missing.dueAt = now + GRAFT_AGAIN_MS
    tree.lazy.delete(holder)
    const list = wanted.get(holder) ?? []
    wanted.set(holder, list)
    list.push({ origin: missing.origin, number: missing.number, from: holder })
  }
  return new Map([...wanted].map(([peer, list]) => [peer, rangesOf(list)]))
}

/** When the next one is overdue; infinite if nothing is missing. */
export function graftDueAt(tree: Tree): number {
  let at = Number.POSITIVE_INFINITY
  for (const { dueAt } of tree.missing.values()) at = Math.min(at, dueAt)
  return at
}

/** What each lazy neighbour is to be told of. Nothing is told twice. */
export function havesToTell(tree: Tree): Map<PeerId, BroadcastRange[]> {
  const told = new Map<PeerId, BroadcastRange[]>()
  const { untold } = tree
  tree.untold = []
  for (const peer of tree.lazy) {
    const ranges = rangesOf(untold.filter(({ from }) => from !== peer))
    if (ranges.length > 0) told.set(peer, ranges)
  }
  return told
}

/** A neighbour is gone. Should it come back, it is eager. */
export function loseNeighbour(tree: Tree, peer: PeerId): void {
  tree.lazy.delete(peer)
}

/** Names one broadcast. */
export function broadcastKey(origin: Origin, number: number): string {
  return `${originKey(origin)}#${number}`
}

/** Runs of numbers, as far as one message may name them. */
function rangesOf(arrivals: readonly Arrival[]): BroadcastRange[] {
  const byOrigin = new Map<string, { origin: Origin; numbers: number[] }>()
  for (const { origin, number } of arrivals) {
    const key = originKey(origin)
    const group = byOrigin.get(key) ?? { origin, numbers: [] }
    byOrigin.set(key, group)
    group.numbers.push(number)
  }
  const ranges: BroadcastRange[] = []
  for (const { origin, numbers } of byOrigin.values()) {
    let first = Number.NaN
    let last = Number.NaN
    for (const number of numbers.sort((one, other) => one - other)) {
      if (number === last + 1 && number - first < RANGE_MAX) last = number
      else {
        if (first >= 1) ranges.push({ origin, first, last })
        first = number
        last = number
      }
    }
    ranges.push({ origin, first, last })
  }
  return ranges.slice(0, RANGES_TOLD_MAX)
}
