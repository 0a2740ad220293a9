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
 *
 * Who comes by itself may be one of many that are one, and say of itself what it likes. So a peer
 * sees to it that it has dialled two of its neighbours itself, and two of those, while they had no
 * more neighbours than they need, are its anchors: neither side lets the other go, however many
 * come and whatever they say.
 */

import { Hash, hex } from './hash.ts'
import type { PeerId } from './peer.ts'

/** A peer with fewer neighbours looks for more, as long as there are others. */
export const VIEW_MIN = 6
/** A peer with more neighbours lets one of them go. Up to so many others, all are neighbours. */
export const VIEW_MAX = 8

/** So many of its neighbours a peer has dialled itself, and so many of these are its anchors. */
export const ANCHORS_MIN = 2

/**
 * A neighbour that came later than so long ago is not let go, in milliseconds: the application may
 * have asked for it, here or there, and both sides need a moment to know that.
 */
export const NEWCOMER_MS = 5_000

/** What is told to an anchor, or whom the application asked for: this peer cannot spare it. */
export const ASKED_DEGREE = 0

/** What a neighbour told of its own view; null and 0 until it has. */
export interface Neighbour {
  readonly digest: string | null
  readonly degree: number
  /** When it came, by this peer's monotonic clock, in milliseconds. */
  readonly cameAt: number
  /** True if this peer has dialled it, and not the other way round. */
  readonly isChosen: boolean
  readonly isAnchor: boolean
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

/** Who came or went, and when. */
export interface Change {
  readonly peerId: PeerId
  readonly isNeighbour: boolean
  /** Default false. */
  readonly isChosen?: boolean
  readonly now: number
}

/** A neighbour came, or went. */
export function changeNeighbour(
  view: View,
  { peerId, isNeighbour, isChosen = false, now }: Change,
): View {
  if (view.neighbours.has(peerId) === isNeighbour) return view
  const neighbours = new Map(holdAnchors(view, now).neighbours)
  const unknown = { digest: null, degree: 0, cameAt: now, isChosen, isAnchor: false }
  if (isNeighbour) neighbours.set(peerId, unknown)
  else neighbours.delete(peerId)
  return viewOf(view.self, neighbours)
}

/** A neighbour tells of its view. */
export function hearView(
  view: View,
  told: { peerId: PeerId; digest: string; degree: number; now: number },
): View {
  const { peerId, digest, degree, now } = told
  if (!view.neighbours.has(peerId)) return view
  const { neighbours } = holdAnchors(view, now)
  const known = neighbours.get(peerId) as Neighbour
  return viewOf(view.self, new Map(neighbours).set(peerId, { ...known, digest, degree }))
}

/**
 * Makes anchors of those that were dialled first, stayed, and have no more neighbours than they
 * need. It is to be asked before anything changes: who has many neighbours all of a sudden was fit
 * to be an anchor until then. One that everybody dials first has too many, and is free to go.
 */
export function holdAnchors(view: View, now: number): View {
  let lacking = ANCHORS_MIN - countAnchors(view)
  if (lacking <= 0) return view
  const neighbours = new Map(view.neighbours)
  for (const [peerId, neighbour] of neighbours) {
    const { isChosen, isAnchor, digest, degree, cameAt } = neighbour
    const isFit = digest !== null && degree <= VIEW_MAX && now - cameAt >= NEWCOMER_MS
    if (lacking === 0 || isAnchor || !isChosen || !isFit) continue
    neighbours.set(peerId, { ...neighbour, isAnchor: true })
    lacking -= 1
  }
  return { ...view, neighbours }
}

/** True if this peer has dialled as many of its neighbours as it should. */
export function isAnchored({ neighbours }: View): boolean {
  let chosen = 0
  for (const { isChosen } of neighbours.values()) if (isChosen) chosen++
  return chosen >= ANCHORS_MIN
}

function countAnchors({ neighbours }: View): number {
  let anchors = 0
  for (const { isAnchor } of neighbours.values()) if (isAnchor) anchors++
  return anchors
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
  for (const [peerId, { degree, cameAt, isAnchor }] of neighbours) {
    if (degree <= VIEW_MIN || degree < most || kept.has(peerId) || isAnchor) continue
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
