/**
 * The queue: who waits for which key, first come, first served.
 *
 * Waiters tell everybody for which keys they wait and for how long they have waited, so the queue
 * outlives each owner and no clock is compared. An owner that gives a key up reserves it for the
 * first in line, which alone may take it: nobody else is woken for nothing, and no two are granted
 * it. Where there is no owner to hand over, because its lease lapsed or it left, the waiters take
 * turns by their place in line. Who is known to be out of reach, or has not said for a while that
 * it still waits, is passed over; who does not take what it was handed loses its turn.
 *
 * What others said is soft state: it is told again and again, and forgotten when that stops.
 */

import type { StoredKey } from './key.ts'
import type { PeerId } from './peer.ts'

/**
 * How often waits are told again, in milliseconds; each time is drawn from half to one and a half.
 */
export const WAITS_MS = 5_000
/** A peer that has not told of its waits for so long does not wait any more, in milliseconds. */
export const WAITS_SILENT_MS = 3 * WAITS_MS
/** How long a key is reserved for the first in line, in milliseconds. */
export const HANDOVER_MS = 5_000
/** How long each in line leaves a free key to those before it, in milliseconds for each of them. */
export const TURN_MS = 500
/** For how many keys one peer may wait, as far as others take notice. */
export const WAITS_MAX = 1_000
/** How much their keys may take in one frame, in bytes. */
export const WAITS_BYTES_MAX = 512 * 1024
/** How many waiting peers are taken notice of. */
export const WAITING_PEERS_MAX = 1_000

/** What another peer waits for, and since when by this peer's clock. */
interface Waiting {
  heardAt: number
  readonly since: Map<StoredKey, number>
}

export interface Queue {
  /** This peer's own waiters of each key, by number, in order: since when they wait. */
  readonly own: Map<StoredKey, Map<number, number>>
  readonly others: Map<PeerId, Waiting>
  /** Keys for which this peer's waiting began or ended since it was told. */
  readonly untold: Set<StoredKey>
  /** True if all own waits are to be told again. */
  isAllDue: boolean
  /** When they are, by the monotonic clock. */
  tellDueAt: number
}

/** What a peer tells of its waits: each key with the time waited, or null where that is over. */
export interface Waits {
  /** True if it waits for nothing else. */
  readonly isAll: boolean
  readonly keys: readonly (readonly [key: StoredKey, waitedMs: number | null])[]
}

export function createQueue(): Queue {
  const tellDueAt = Number.POSITIVE_INFINITY
  return { own: new Map(), others: new Map(), untold: new Set(), isAllDue: false, tellDueAt }
}

/** A waiter of this peer stands in line; it keeps its place if it does already. */
export function standInLine(
  queue: Queue,
  key: StoredKey,
  who: { waiter: number; now: number },
): void {
  const line = queue.own.get(key) ?? new Map<number, number>()
  queue.own.set(key, line)
  if (line.has(who.waiter)) return
  line.set(who.waiter, who.now)
  if (line.size === 1) queue.untold.add(key)
}

/** A waiter of this peer has what it waited for, or waits no more. */
export function leaveLine(queue: Queue, key: StoredKey, waiter: number): void {
  const line = queue.own.get(key)
  if (!line?.delete(waiter)) return
  if (line.size === 0) queue.own.delete(key)
  queue.untold.add(key)
}

/** Another peer tells for what it waits. */
export function hearWaits(queue: Queue, peer: PeerId, waits: Waits, now: number): void {
  const known = queue.others.get(peer)
  if (known === undefined && queue.others.size >= WAITING_PEERS_MAX) return
  const since = waits.isAll || known === undefined ? new Map<StoredKey, number>() : known.since
  for (const [key, waitedMs] of waits.keys) {
    if (waitedMs === null) since.delete(key)
    else if (since.has(key) || since.size < WAITS_MAX) {
      // The same told again must not cost a place in line because it took longer to come.
      const before = waits.isAll ? known?.since.get(key) : undefined
      since.set(key, Math.min(before ?? Number.POSITIVE_INFINITY, now - waitedMs))
    }
  }
  if (since.size === 0) queue.others.delete(peer)
  else queue.others.set(peer, { heardAt: now, since })
}

/** A peer left, or is out of reach. */
export function forgetWaits(queue: Queue, peer: PeerId): void {
  queue.others.delete(peer)
}

/** All own waits are told again with the next frame. */
export function tellAllSoon(queue: Queue): void {
  queue.isAllDue = true
  queue.tellDueAt = Number.POSITIVE_INFINITY
}

export function hasWaitsToTell({ own, untold, isAllDue }: Queue): boolean {
  return untold.size > 0 || (isAllDue && own.size > 0)
}

/**
 * What this peer has to tell of its own waits; undefined if nothing. `chance`, from 0 to 1, draws
 * when it will tell of them all again.
 */
export function waitsToTell(
  queue: Queue,
  { now, chance }: { now: number; chance: number },
): Waits | undefined {
  const { own, untold, isAllDue } = queue
  const keys = fittingKeys(isAllDue ? own.keys() : untold)
  const isNothing = keys.length === 0 && untold.size === 0
  queue.isAllDue = false
  untold.clear()
  if (isAllDue || queue.tellDueAt === Number.POSITIVE_INFINITY || own.size === 0) {
    queue.tellDueAt = own.size > 0 ? now + WAITS_MS * (0.5 + chance) : Number.POSITIVE_INFINITY
  }
  if (isNothing) return undefined
  const told = keys.map((key) => {
    const since = firstOf(own.get(key))
    return [key, since === undefined ? null : now - since] as const
  })
  return { isAll: isAllDue, keys: told }
}

/** The first keys, as many as one frame may tell of. */
function fittingKeys(keys: Iterable<StoredKey>): StoredKey[] {
  const fitting: StoredKey[] = []
  let bytes = 0
  for (const key of keys) {
    // A character takes up to three bytes.
    bytes += 3 * key.length
    if (fitting.length === WAITS_MAX || bytes > WAITS_BYTES_MAX) break
    fitting.push(key)
  }
  return fitting
}

/** Who is first in line for a key; `self` if it is a waiter of this peer. */
export function firstInLine(
  queue: Queue,
  key: StoredKey,
  { self, now }: { self: PeerId; now: number },
): PeerId | undefined {
  let first: PeerId | undefined
  let firstSince = Number.POSITIVE_INFINITY
  const own = firstOf(queue.own.get(key))
  if (own !== undefined) [first, firstSince] = [self, own]
  for (const [peer, since] of waitersOf(queue, key, now)) {
    const isBefore = since < firstSince || (since === firstSince && peer < (first ?? peer))
    if (isBefore) [first, firstSince] = [peer, since]
  }
  return first
}

/** How many wait before this waiter; of this peer alone if the key is reserved for it. */
export function waitersAhead(
  queue: Queue,
  key: StoredKey,
  place: { waiter: number; now: number; isReserved: boolean },
): number {
  const { waiter, now, isReserved } = place
  const line = queue.own.get(key)
  // Who is not in line yet stands behind all others.
  const mine = line?.get(waiter) ?? now
  let ahead = 0
  for (const [other, since] of line ?? []) {
    if (other !== waiter && (since < mine || (since === mine && other < waiter))) ahead++
  }
  if (isReserved) return ahead
  for (const [, since] of waitersOf(queue, key, now)) if (since < mine) ahead++
  return ahead
}

function* waitersOf(queue: Queue, key: StoredKey, now: number): Generator<[PeerId, number]> {
  for (const [peer, { heardAt, since }] of queue.others) {
    const at = since.get(key)
    if (at !== undefined && now - heardAt <= WAITS_SILENT_MS) yield [peer, at]
  }
}

function firstOf(line: ReadonlyMap<number, number> | undefined): number | undefined {
  return line?.values().next().value
}
