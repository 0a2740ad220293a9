/**
 * A small world for the pair rule: an arbiter and a follower (the production functions), and the
 * connections between them as ordered channels in which messages may rest for any time. What may
 * happen in it is told in `pairMoves.ts`, and how it happens in `pairActs.ts`.
 */

import type { PairEvidence } from '../../machines/rules/message.ts'
import {
  createPair,
  evidence,
  type Pair,
  type PairEvent,
  type PairMessage,
  type PairStep,
  stepPair,
} from '../../machines/rules/pair.ts'
import type { ConnectionId, PeerId, RunId } from '../../machines/rules/peer.ts'

/** The rule under test, so that the tests can bend it. */
export interface Rule {
  step(pair: Pair, event: PairEvent): PairStep
  evidence(pair: Pair, arbiterRun: RunId): PairEvidence
  /** The follower gives up what is held while another connection is confirmed. */
  readonly holdTimer?: boolean
}

export const PRODUCTION: Rule = { step: stepPair, evidence }

export const ARBITER = 0
export const FOLLOWER = 1
export type Side = typeof ARBITER | typeof FOLLOWER
export const SIDES: readonly Side[] = [ARBITER, FOLLOWER]

export type Word =
  | PairMessage
  | { readonly kind: 'hello' }
  | { readonly kind: 'reply' | 'auth'; readonly evidence: PairEvidence }
  /** The other side ended the connection. */
  | { readonly kind: 'gone' }

export interface End {
  /** `unseen`: the other side dialled and this one has not heard of it yet. */
  phase: 'absent' | 'unseen' | 'dialling' | 'accepted' | 'authenticated'
  /** The run of the peer at this end. */
  run: number
  inbox: Word[]
}

export interface Link {
  readonly dialler: Side
  broken: boolean
  /** The follower's drain timer runs. */
  draining: boolean
  ends: [End, End]
}

export interface Peer {
  pair: Pair
  run: number
  /** It has had a connection before, so its next dial is a redial. */
  hadOne: boolean
  /** What the commands told this end to use. */
  used: ConnectionId | null
}

export interface World {
  peers: [Peer, Peer]
  links: (Link | null)[]
  extraDials: number
  faults: number
  /** Redials that race with everything still under way; later ones are slower than any message. */
  eagerRedials: number
  /** Both ends have used one connection at the same time. */
  joined: boolean
  /** What the last move did wrong. */
  offences: readonly string[]
  /**
   * Which links this world has to itself, one bit each; the others it shares with the world before.
   */
  owned: number
}

export interface Settings {
  /** How many connections may exist at once. */
  readonly parallel: number
  readonly extraDials: number
  readonly faults: number
  readonly rule: Rule
}

export const NAMES: readonly [PeerId, PeerId] = ['bob' as PeerId, 'alice' as PeerId]

export function createWorld({ parallel, extraDials, faults }: Settings): World {
  return {
    peers: [createPeer(ARBITER, 0), createPeer(FOLLOWER, 0)],
    links: Array.from({ length: parallel }, () => null),
    extraDials,
    faults,
    eagerRedials: 2,
    joined: false,
    offences: [],
    owned: 0,
  }
}

export interface Place {
  readonly slot: number
  readonly side: Side
}

export function say(world: World, { slot, side }: Place, word: Word): void {
  const link = linkAt(world, slot)
  if (link.ends[side].phase === 'absent') blame(world, 'spoke on a connection that is gone')
  const end = link.ends[other(side)]
  if (!link.broken && end.phase !== 'absent') end.inbox.push(word)
}

/**
 * The end is gone; if it was the last one, its slot is free for another connection with another id.
 */
export function forget(world: World, { slot, side }: Place): void {
  const link = linkAt(world, slot)
  link.ends[side] = { phase: 'absent', run: 0, inbox: [] }
  if (side === FOLLOWER) link.draining = false
  if (link.ends.some((end) => end.phase !== 'absent')) return
  world.links[slot] = null
  rename(world, idOf(slot))
}

/** Whoever still speaks of a connection that has ended at both ends means none that exists. */
export function rename(world: World, id: ConnectionId): void {
  world.links.forEach((each, slot) => {
    if (!each?.ends.some((end) => end.inbox.some((word) => speaksOf(word, id)))) return
    for (const end of linkAt(world, slot).ends) {
      end.inbox = end.inbox.map((word) =>
        speaksOf(word, id) ? { ...word, evidence: stale(word.evidence) } : word,
      )
    }
  })
  const { pair } = world.peers[ARBITER]
  if (!pair.connections.some((each) => each.evidence.have === id)) return
  const connections = pair.connections.map((each) =>
    each.evidence.have === id ? { ...each, evidence: stale(each.evidence) } : each,
  )
  world.peers[ARBITER].pair = { ...pair, connections }
}

export function blame(world: World, offence: string): void {
  world.offences = [...world.offences, offence]
}

export function createPeer(side: Side, run: number): Peer {
  const pair = createPair({ self: NAMES[side], other: NAMES[other(side)] })
  return { pair, run, hadOne: false, used: null }
}

export function copy(link: Link): Link {
  const [near, far] = link.ends
  return {
    ...link,
    ends: [
      { ...near, inbox: [...near.inbox] },
      { ...far, inbox: [...far.inbox] },
    ],
  }
}

/** The link, to be changed. */
export function linkAt(world: World, slot: number): Link {
  const link = world.links[slot]
  if (!link) throw new Error(`a command or a move concerns c${slot}, which does not exist`)
  if (world.owned & (1 << slot)) return link
  const own = copy(link)
  world.links[slot] = own
  world.owned |= 1 << slot
  return own
}

export function speaksOf(word: Word, id: ConnectionId): word is Word & { evidence: PairEvidence } {
  return 'evidence' in word && word.evidence.have === id
}

export function stale(evidence: PairEvidence): PairEvidence {
  return { ...evidence, have: GONE }
}

export const seen = (end: End): boolean => end.phase !== 'absent' && end.phase !== 'unseen'
export const other = (side: Side): Side => (side === ARBITER ? FOLLOWER : ARBITER)
export const idOf = (slot: number): ConnectionId => `c${slot}` as ConnectionId
export const slotOf = (id: ConnectionId): number => Number(id.slice(1))
export const runOf = (side: Side, run: number): RunId => `${NAMES[side]}.${run}` as RunId

/** Stands for any connection that has ended at both ends. */
export const GONE = 'gone' as ConnectionId
export const NO_EVIDENCE: PairEvidence = { have: null, lastSelect: 0 }
export const IN_USE: ReadonlySet<string> = new Set(['nominal', 'reselected', 'confirmed'])
