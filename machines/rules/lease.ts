/**
 * The time of a lease. No wall clock decides who owns what, and messages carry what is left, never
 * a date.
 *
 * The owner gives up early and everybody else waits long. The owner counts from before the write
 * left it, takes off what its clock may drift and a margin, and believes whichever of its two
 * clocks went further: a suspended laptop finds its lease lost when it wakes. The others count from
 * when they heard, add drift and margin, and believe the monotonic clock only. (Gray and Cheriton,
 * Leases, 1989.)
 */

/** How much faster or slower a clock may run than true time. */
export const DRIFT = 0.01

/** The term of a lease when none is asked for, in milliseconds. */
export const LEASE_MS_DEFAULT = 3_600_000
/** The shortest term, in milliseconds. */
export const LEASE_MS_MIN = 20
/** The longest term, in milliseconds: ten years. */
export const LEASE_MS_MAX = 10 * 365 * 24 * 3_600_000

const MARGIN_MS = 50

/** Both clocks of a peer at one moment, in milliseconds. */
export interface Reading {
  /** Monotonic. */
  readonly now: number
  /** The monotonic clock, and what the wall clock went further: see `passage.ts`. */
  readonly wall: number
}

/**
 * What is taken off and added for messages and timers that are late. A short term has a short
 * margin.
 */
export function marginMs(termMs: number): number {
  return Math.min(termMs / 4, Math.max(MARGIN_MS, termMs / 100))
}

/** How long after the grant the owner stops believing in it. */
export function ownerTermMs(termMs: number): number {
  return termMs * (1 - DRIFT) - marginMs(termMs)
}

/** When another peer may take the key, if nothing newer comes from the owner. */
export function takeoverAt(lapseAt: number, termMs: number): number {
  return lapseAt + termMs * DRIFT + marginMs(termMs)
}

/**
 * Whether lapsed leases of other peers may be taken: by anybody, or only by those who see most
 * peers.
 */
export type TakeoverPolicy = 'auto' | 'majority' | 'any'

/**
 * True if this peer may take over a lapsed lease of another. A peer that is cut off from most of
 * those it knew would otherwise collect every lease during a split and, with the higher epochs,
 * keep them after it. With two peers nobody has a majority when the other is gone, so `auto` lets
 * either go on.
 */
export function mayTakeOver(
  policy: TakeoverPolicy,
  peers: { readonly known: number; readonly connected: number },
): boolean {
  const members = peers.known + 1
  if (policy === 'any' || members === 1) return true
  if (policy === 'auto' && members < 3) return true
  return (peers.connected + 1) * 2 > members
}
