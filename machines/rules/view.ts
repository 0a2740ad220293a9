/**
 * The view: which neighbours this peer keeps, of a network that may be far larger.
 *
 * Up to eight others everybody is connected to everybody and tells them directly. In a larger
 * network each peer keeps a few random neighbours, so that nobody's work grows with the network,
 * and finds others in place of those it loses (the active view of HyParView: Leitão, Pereira,
 * Rodrigues, "HyParView: a Membership Protocol for Reliable Gossip-Based Broadcast", DSN 2007). Its
 * passive view is the census here, which every peer has anyway.
 *
 * Neighbours tell each other with whom they are connected, as a digest. Where all digests in a
 * neighbourhood are equal everybody has heard a broadcast from its origin, and nobody relays it.
 */

import { Hash, hex } from './hash.ts'
import type { PeerId } from './peer.ts'

/** A peer with fewer neighbours looks for more, as long as there are others. */
export const VIEW_MIN = 6
/** A peer with more neighbours lets one of them go. Up to so many others, all are neighbours. */
export const VIEW_MAX = 8

/**
 * A neighbour that came later than so long ago is not let go, in milliseconds: the application may
 * have asked for it, here or there, and both sides need a moment to know that.
 */
export const NEWCOMER_MS = 5_000

/** What is told to a neighbour that the application asked for: this peer cannot spare it. */
export const ASKED_DEGREE = 0

/** What a neighbour told of its own view; null and 0 until it has. */
export interface Neighbour {
  readonly digest: string | null
  readonly degree: number
  /** When it came, by this peer's monotonic clock, in milliseconds. */
  readonly cameAt: number
}

export interface View {
  readonly self: PeerId
  readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  /** Of this peer and all its neighbours. */
  readonly digest: string
  /** True if all neighbours are connected to each other and to nobody else. */
  readonly isClique: boolean
}

export function createView(self: PeerId): View {
  return viewOf(self, new Map())
}

/** A neighbour came, or went. */
export function changeNeighbour(
  view: View,
  { peerId, isNeighbour, now }: { peerId: PeerId; isNeighbour: boolean; now: number },
): View {
  if (view.neighbours.has(peerId) === isNeighbour) return view
  const neighbours = new Map(view.neighbours)
  if (isNeighbour) neighbours.set(peerId, { digest: null, degree: 0, cameAt: now })
  else neighbours.delete(peerId)
  return viewOf(view.self, neighbours)
}

/** A neighbour tells of its view. */
export function hearView(
  view: View,
  { peerId, digest, degree }: { peerId: PeerId; digest: string; degree: number },
): View {
  const known = view.neighbours.get(peerId)
  if (known === undefined) return view
  return viewOf(view.self, new Map(view.neighbours).set(peerId, { ...known, digest, degree }))
}

/** What is to be known of the rest of the network. */
export interface Surroundings {
  /** How many other peers are in reach. */
  readonly others: number
  /** Neighbours that the application asked for. */
  readonly kept: ReadonlySet<PeerId>
  readonly random: () => number
  readonly now: number
}

/**
 * Whom to let go: of those that have enough neighbours without this peer the one that has most;
 * null if nobody can be spared. `kept` are connected because the application asked for them.
 */
export function surplus({ neighbours }: View, surroundings: Surroundings): PeerId | null {
  const { others, kept, random, now } = surroundings
  if (others <= VIEW_MAX || neighbours.size <= VIEW_MAX) return null
  let candidates: PeerId[] = []
  let most = VIEW_MIN
  for (const [peerId, { degree, cameAt }] of neighbours) {
    if (degree <= VIEW_MIN || degree < most || kept.has(peerId)) continue
    if (now - cameAt < NEWCOMER_MS) continue
    if (degree > most) candidates = []
    most = degree
    candidates.push(peerId)
  }
  return candidates[Math.floor(random() * candidates.length)] ?? null
}

function viewOf(self: PeerId, neighbours: ReadonlyMap<PeerId, Neighbour>): View {
  const digest = digestOf([self, ...neighbours.keys()])
  let isClique = true
  for (const neighbour of neighbours.values()) if (neighbour.digest !== digest) isClique = false
  return { self, neighbours, digest, isClique }
}

function digestOf(peers: PeerId[]): string {
  const hash = new Hash().start()
  for (const peer of peers.sort()) hash.text(peer)
  hash.finish()
  return hex(hash.high) + hex(hash.low)
}
