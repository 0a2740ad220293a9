/**
 * The census: who belongs to the network, beyond the neighbours.
 *
 * Every peer tells of itself now and then in a broadcast: where it can be dialled, and how far it
 * has heard each writer. Whoever says goodbye is gone at once; whoever falls silent is unreachable,
 * and forgotten only after an hour. Until then it counts: for the majority that a takeover needs,
 * and as one that must have heard of a deletion before its trace may be removed.
 */

import { type CoverageList, fitting, LIST_BYTES_MAX, listBytes } from './coverage.ts'
import type { Lack, RoomLimit } from './lacking.ts'
import type { LimitName } from './limit.ts'
import type { Origin, PeerId, RunId } from './peer.ts'

/**
 * How often a peer tells of itself, in milliseconds; each time is drawn from half to one and a
 * half.
 */
export const PRESENCE_MS = 30_000
/** Silence after which a member that is no neighbour counts as unreachable, in milliseconds. */
export const UNREACHABLE_MS = 100_000
/** Silence after which a member is forgotten, in milliseconds. */
export const FORGET_MEMBER_MS = 3_600_000
/** The most members of a network that are remembered. */
export const MEMBERS_MAX = 4_096
/** The most that is kept of how far all of them have heard, in bytes. */
export const CENSUS_BYTES_MAX = 64 * 1024 * 1024

/** What a peer tells of itself. */
export interface Presence {
  readonly addresses: readonly string[]
  /** How far it has heard each writer. */
  readonly coverage: CoverageList
  /** Whom it knows: peer, run, and for how long that one has been silent, in milliseconds. */
  readonly members: readonly MemberWord[]
  /** Whose entries it has no room for. */
  readonly lacks: readonly Lack[]
}

/** One member in the word of another: a peer that just started learns so whom to wait for. */
export type MemberWord = readonly [peerId: PeerId, run: RunId, silentMs: number]

/** One member of the network, as it is known here. */
export interface CensusMember {
  readonly peerId: PeerId
  readonly run: RunId | null
  readonly isNeighbour: boolean
  /** When it was heard last, or was a neighbour last, in milliseconds. */
  readonly heardAt: number
  readonly isReachable: boolean
  /** What it told of itself; null until it has. */
  readonly presence: Omit<Presence, 'members'> | null
  /** What is kept of that, in bytes. */
  readonly bytes: number
}

export type Census = ReadonlyMap<PeerId, CensusMember>

/**
 * Another peer tells that it cannot take in all that this one wrote. It will when there is room;
 * until then the two hold different entries. Told once, and again when it is for another limit.
 */
export interface MemberFullFact {
  readonly type: 'member.full'
  /** Who has no room. */
  readonly peerId: PeerId
  /** Which of its limits is in the way. */
  readonly limit: RoomLimit
}

/** What changed: for the application to hear. */
export interface CensusNews {
  readonly type: 'member.joined' | 'member.left' | 'member.unreachable' | 'member.returned'
  readonly peerId: PeerId
}

export interface CensusStep {
  readonly census: Census
  readonly news: readonly CensusNews[]
  /** What did not fit. */
  readonly limit?: LimitName
}

/** A member tells of itself. */
export function hearPresence(
  census: Census,
  { origin, presence }: { origin: Origin; presence: Presence },
  now: number,
): CensusStep {
  const { peer, run } = origin
  const known = census.get(peer)
  if (known === undefined && census.size >= MEMBERS_MAX) {
    return { census, news: [], limit: 'members' }
  }
  const isNeighbour = known?.isNeighbour ?? false
  const { kept, bytes } = fittingPresence(census, peer, presence)
  const isReachable = true
  const member = {
    peerId: peer,
    run,
    isNeighbour,
    heardAt: now,
    isReachable,
    presence: kept,
    bytes,
  }
  const { census: met, news } = enter(withoutMoved(census, member), member)
  const isCut = kept.coverage.length < presence.coverage.length
  const step = { census: withHearsay(met, presence.members, now), news }
  return isCut ? { ...step, limit: 'members.heard' } : step
}

/**
 * As much as there is room for. What is left out counts as not heard, so nothing is forgotten too
 * early because of it.
 */
function fittingPresence(census: Census, peer: PeerId, presence: Presence) {
  const { addresses, coverage, lacks } = presence
  let room = CENSUS_BYTES_MAX
  for (const { peerId, bytes } of census.values()) if (peerId !== peer) room -= bytes
  const kept = fitting(coverage, Math.max(0, Math.min(LIST_BYTES_MAX, room)))
  const bytes = listBytes(kept) + addresses.join().length
  return { kept: { addresses, coverage: kept, lacks }, bytes }
}

/** What this peer tells of the others. */
export function membersToTell(census: Census, now: number): readonly MemberWord[] {
  const words: MemberWord[] = []
  for (const { peerId, run, isNeighbour, heardAt } of census.values()) {
    if (run !== null) words.push([peerId, run, isNeighbour ? 0 : Math.max(0, now - heardAt)])
  }
  return fitting(words, LIST_BYTES_MAX)
}

/**
 * Members that only others know count as well, from when those heard them last: nobody is kept
 * alive by talk. Until they tell of themselves nobody knows how far they have heard.
 */
function withHearsay(census: Census, words: readonly MemberWord[], now: number): Census {
  const next = new Map(census)
  for (const [peerId, run, silentMs] of words) {
    if (next.has(peerId) || silentMs >= FORGET_MEMBER_MS || next.size >= MEMBERS_MAX) continue
    const isReachable = silentMs < UNREACHABLE_MS
    const heardAt = now - silentMs
    const member = {
      peerId,
      run,
      isNeighbour: false,
      heardAt,
      isReachable,
      presence: null,
      bytes: 0,
    }
    next.set(peerId, member)
  }
  return next
}

/** A peer that restarted under another id at the same address is the one that was known there. */
function withoutMoved(census: Census, { peerId, presence }: CensusMember): Census {
  const addresses = presence?.addresses ?? []
  const next = new Map(census)
  for (const other of census.values()) {
    const theirs = other.presence?.addresses ?? []
    const isMoved = theirs.some((address) => addresses.includes(address))
    if (other.peerId !== peerId && !other.isReachable && isMoved) next.delete(other.peerId)
  }
  return next
}

/** Whether a member is a neighbour now. */
export interface NeighbourChange {
  readonly peerId: PeerId
  readonly isNeighbour: boolean
  /** True if it is none only because one side has neighbours enough. */
  readonly isSpared?: boolean
}

/** A connection to a member came into use, or its last one is gone. */
export function noteNeighbour(
  census: Census,
  { peerId, isNeighbour, isSpared = false }: NeighbourChange,
  now: number,
): CensusStep {
  const known = census.get(peerId)
  if (known === undefined && !isNeighbour) return { census, news: [] }
  const { run = null, presence = null, bytes = 0 } = known ?? {}
  // A neighbour that is lost is out of reach until it is heard by way of others, unless it was let
  // go.
  const isReachable = isNeighbour || isSpared
  const member = { peerId, run, isNeighbour, heardAt: now, isReachable, presence, bytes }
  return enter(census, member)
}

/** A member said goodbye. */
export function noteLeft(census: Census, { peer, run }: Origin): CensusStep {
  const known = census.get(peer)
  const isOtherRun = known?.run != null && known.run !== run
  if (known === undefined || isOtherRun) return { census, news: [] }
  const next = new Map(census)
  next.delete(peer)
  return { census: next, news: [{ type: 'member.left', peerId: peer }] }
}

/** Time has gone on: who was silent for too long is unreachable, and in the end forgotten. */
export function ageCensus(census: Census, now: number): CensusStep {
  const next = new Map<PeerId, CensusMember>()
  const news: CensusNews[] = []
  for (const member of census.values()) {
    const { peerId, isNeighbour, isReachable, heardAt } = member
    const silentMs = isNeighbour ? 0 : now - heardAt
    if (silentMs >= FORGET_MEMBER_MS) continue
    const isSilent = isReachable && silentMs >= UNREACHABLE_MS
    next.set(peerId, isSilent ? { ...member, isReachable: false } : member)
    if (isSilent) news.push({ type: 'member.unreachable', peerId })
  }
  return { census: next, news }
}

/** How many members there are beside this peer, and how many of them are in reach. */
export function countMembers(census: Census): { known: number; connected: number } {
  let connected = 0
  for (const { isReachable } of census.values()) if (isReachable) connected++
  return { known: census.size, connected }
}

/** How far every member has heard; undefined while one of them has not told, reachable or not. */
export function memberCoverage(census: Census): CoverageList[] | undefined {
  const lists: CoverageList[] = []
  for (const { presence } of census.values()) {
    if (presence === null) return undefined
    lists.push(presence.coverage)
  }
  return lists
}

function enter(census: Census, member: CensusMember): CensusStep {
  const { peerId } = member
  const known = census.get(peerId)
  const next = new Map(census).set(peerId, member)
  if (known === undefined) return { census: next, news: [{ type: 'member.joined', peerId }] }
  if (known.isReachable === member.isReachable) return { census: next, news: [] }
  const type = member.isReachable ? 'member.returned' : 'member.unreachable'
  return { census: next, news: [{ type, peerId }] }
}
