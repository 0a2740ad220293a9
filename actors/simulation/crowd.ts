/**
 * A crowd: thousands of peers of which only that is there which a broadcast meets. The relay and
 * the rules of the tree and the view are those of production, on one stepping clock; connections
 * are links with a latency, whom a peer knows is drawn by chance as from a census, and nobody holds
 * data. Everything follows from the seed.
 */

import type { Message } from '../../machines/rules/message.ts'
import type { Origin, PeerId } from '../../machines/rules/peer.ts'
import { VIEW_MIN } from '../../machines/rules/view.ts'
import { encode } from '../../transport/codec.ts'
import type { Frame } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import { SteppingClock } from '../../transport/stepping.ts'
import { CrowdLink } from './crowdLink.ts'
import { CrowdPeer } from './crowdPeer.ts'

/** How often is looked whether something has come about, in milliseconds. */
const LOOK_MS = 100
/** Of so many words about the tree the bytes of one are measured. */
const SAMPLED = 64
/** Draws for strangers until this many times as many were looked at as are wanted. */
const DRAWS_PER_STRANGER = 4

export interface CrowdOptions {
  readonly peers: number
  /** Where all chance comes from. Default 1. */
  readonly seed?: number
  /** The shortest and longest latency of a link, in milliseconds. Default 1 to 10. */
  readonly latency?: readonly [number, number]
  /**
   * How the neighbours of a dead peer find out: `'silence'` (the default), as when a machine or its
   * network is gone, or `'reset'`, as when a process is killed and its kernel closes its sockets.
   */
  readonly death?: 'silence' | 'reset'
}

/** A broadcast of a crowd, and how far it came. */
export class CrowdBroadcast {
  readonly origin: Origin
  readonly number: number
  readonly frame: Frame
  readonly madeAt: number
  /** After how many milliseconds it reached each peer that it reached by the tree, in order. */
  readonly reachedMs: number[] = []
  /** The same of those that a new neighbour gave it later. */
  readonly givenMs: number[] = []
  hopsMax = 0
  hopsSum = 0

  constructor(origin: Origin, { number, now }: { number: number; now: number }) {
    this.origin = origin
    this.number = number
    this.madeAt = now
    const body = { kind: 'note', to: null, payload: 'x'.repeat(100) } as const
    this.frame = encode({ kind: 'broadcast', origin, number, body } as unknown as Message)
  }

  note(hops: number, now: number): void {
    this.reachedMs.push(now - this.madeAt)
    this.hopsSum += hops
    this.hopsMax = Math.max(this.hopsMax, hops)
  }

  noteGiven(now: number): void {
    this.givenMs.push(now - this.madeAt)
  }
}

/** What a crowd has sent since it was last reset. */
export class CrowdTally {
  payloads = 0
  payloadBytes = 0
  /** Prunes, grafts and haves. */
  treeWords = 0
  treeBytes = 0
  viewWords = 0
  dials = 0

  count(message: Message): void {
    if (message.kind === 'view.tell') this.viewWords += 1
    else {
      if (this.treeWords % SAMPLED === 0) this.treeBytes += SAMPLED * encode(message).length
      this.treeWords += 1
    }
  }
}

export class Crowd {
  readonly clock = new SteppingClock()
  /** Gives the same numbers for the same seed. */
  readonly random: () => number
  readonly isReset: boolean
  readonly peers: CrowdPeer[] = []
  /** Broadcasts that are looked after, so that who missed one can be given it. */
  counted: CrowdBroadcast[] = []
  tally = new CrowdTally()
  /** When somebody's view last changed. */
  changedAt = 0
  readonly #latency: readonly [number, number]
  readonly #frames = new Map<Frame, CrowdBroadcast>()

  constructor({ peers, seed = 1, latency = [1, 10], death = 'silence' }: CrowdOptions) {
    this.random = seededRandom(seed)
    this.#latency = latency
    this.isReset = death === 'reset'
    const digits = String(peers - 1).length
    for (let index = 0; index < peers; index++) {
      const name = `peer${String(index).padStart(digits, '0')}` as PeerId
      this.peers.push(new CrowdPeer(this, name))
    }
  }

  /** How many peers each one knows of. Who is dead is known of as well. */
  get known(): number {
    return this.peers.length
  }

  get alive(): CrowdPeer[] {
    return this.peers.filter(({ isAlive }) => isAlive)
  }

  advance(ms: number): void {
    this.clock.advance(ms)
  }

  /**
   * Lets time go on until no view has changed for so long. Returns how long that took, in
   * milliseconds; infinite if it takes longer than the limit.
   */
  settle({ quietMs, limitMs }: { quietMs: number; limitMs: number }): number {
    const start = this.clock.now()
    this.#until(() => this.clock.now() - this.changedAt >= quietMs, limitMs)
    const isQuiet = this.clock.now() - this.changedAt >= quietMs
    return isQuiet ? Math.max(0, this.changedAt - start) : Number.POSITIVE_INFINITY
  }

  /**
   * Lets time go on until every living peer has living neighbours enough. Returns how long that
   * took, in milliseconds; infinite if it takes longer than the limit.
   */
  heal(limitMs: number): number {
    const start = this.clock.now()
    const wanted = Math.min(VIEW_MIN, this.alive.length - 1)
    const isWhole = () => this.alive.every(({ livingNeighbours }) => livingNeighbours >= wanted)
    this.#until(isWhole, limitMs)
    return isWhole() ? this.clock.now() - start : Number.POSITIVE_INFINITY
  }

  #until(condition: () => boolean, limitMs: number): void {
    const end = this.clock.now() + limitMs
    while (!condition() && this.clock.now() < end) this.advance(LOOK_MS)
  }

  /** A share of the living, drawn by chance, dies at once. */
  kill(share: number): void {
    const living = this.alive
    for (let left = Math.round(living.length * share); left > 0; left--) {
      const [victim] = living.splice(Math.floor(this.random() * living.length), 1)
      victim?.die()
    }
  }

  /** Any living peer. */
  draw(): CrowdPeer {
    for (;;) {
      const peer = this.peers[Math.floor(this.random() * this.peers.length)] as CrowdPeer
      if (peer.isAlive) return peer
    }
  }

  /** Some peers that are not the neighbours of this one, dead or alive. */
  strangers(to: CrowdPeer, count: number): CrowdPeer[] {
    const strangers = new Set<CrowdPeer>()
    for (let draw = 0; draw < DRAWS_PER_STRANGER * count; draw++) {
      const peer = this.peers[Math.floor(this.random() * this.peers.length)] as CrowdPeer
      if (peer !== to && to.lines.to(peer.peerId) === undefined) strangers.add(peer)
      if (strangers.size === count) break
    }
    return [...strangers]
  }

  /** The latency of a new link, in milliseconds. */
  latency(): number {
    const [shortest, longest] = this.#latency
    return shortest + this.random() * (longest - shortest)
  }

  connect(ends: readonly [CrowdPeer, CrowdPeer], latencyMs = this.latency()): void {
    new CrowdLink(this, ends, latencyMs)
  }

  write(peer: CrowdPeer, number: number): CrowdBroadcast {
    const parcel = new CrowdBroadcast(peer.origin, { number, now: this.clock.now() })
    this.#frames.set(parcel.frame, parcel)
    this.counted.push(parcel)
    return parcel
  }

  broadcastOf(frame: Frame): CrowdBroadcast {
    return this.#frames.get(frame) as CrowdBroadcast
  }

  /** Counts anew, and looks after no broadcast that was made before. */
  reset(): void {
    this.tally = new CrowdTally()
    for (const parcel of this.counted) {
      for (const peer of this.peers) peer.hops.delete(parcel)
      this.#frames.delete(parcel.frame)
    }
    this.counted = []
  }
}

/** A crowd of so many peers. They find each other within some seconds of its time. */
export function createCrowd(options: CrowdOptions): Crowd {
  return new Crowd(options)
}
