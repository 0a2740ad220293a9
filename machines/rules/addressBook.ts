/**
 * The address book: where peers can be dialled, where each address came from, and which peer was
 * last found there. Whom to dial of them, and when, is decided in `dialling.ts`.
 */

import { backoffMs } from './backoff.ts'
import type { Pace } from './pace.ts'
import type { PeerId } from './peer.ts'
import type { Place } from './place.ts'

/** How many addresses a book holds. */
export const ADDRESSES_MAX = 256

/** The longest address, in characters. */
export const ADDRESS_CHARS_MAX = 256

/** Of which one peer may have told, beside its own: nobody fills the book of others. */
export const TOLD_MAX = 64

/** Where an address came from: the app, the peer itself, or another peer. */
export type AddressSource = 'join' | 'hello' | 'exchange'

export interface AddressEntry {
  readonly address: string
  readonly source: AddressSource
  /** Who was found there last, or is said to be there; null if nobody knows. */
  readonly peerId: PeerId | null
  /** `self`: this very peer answered there, so it is never dialled again. */
  readonly state: 'idle' | 'dialling' | 'self'
  /** Failures in a row. */
  readonly attempts: number
  /** Not before this time, in milliseconds of the clock that `now` is read from. */
  readonly nextDialAt: number
  /** True since the peer there had neighbours enough, and let this one go. */
  readonly isSpared: boolean
  /** Since when the connection dialled here stands, or null. */
  readonly connectedAt: number | null
  /** True once a peer answered here: before that it may be anybody's address. */
  readonly isProven: boolean
  /** Who told of it, if that was not the app, this peer itself or the peer that is there. */
  readonly teller: PeerId | null
  /** Where its name may lead: not nearer than this. Null if the app knows where. */
  readonly toldFrom: Place | null
}

/** Plain data; every change makes a new one. */
export interface AddressBook {
  readonly entries: ReadonlyMap<string, AddressEntry>
  /** How fast addresses are dialled where nobody has answered yet, by who told of them. */
  readonly paces: ReadonlyMap<PeerId | null, Pace>
}

/** When a change happens, in milliseconds, and the dice for the next wait. */
export interface Moment {
  readonly now: number
  readonly random: () => number
}

export const EMPTY_ADDRESS_BOOK: AddressBook = { entries: new Map(), paces: new Map() }

/** True for `scheme://…` in printable ASCII without space, of at most 256 characters. */
export function validAddress(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > ADDRESS_CHARS_MAX) return false
  return /^[a-z][a-z0-9+.-]*:\/\/[\x21-\x7e]+$/.test(text)
}

/** What is told of one peer's addresses. */
export interface Told {
  readonly addresses: readonly string[]
  readonly source: AddressSource
  /** Who is there. */
  readonly peerId?: PeerId | null
  readonly teller?: PeerId | null
  readonly toldFrom?: Place | null
}

type Claim = Pick<AddressEntry, 'source' | 'peerId' | 'teller' | 'toldFrom'>

/**
 * Adds addresses; invalid ones are skipped. What the peer itself says outweighs what others say,
 * and the app outweighs both. In a full book a new address takes the place of one that failed, or
 * of one of lower rank; if there is none it is dropped, and so is what one peer tells of beyond its
 * share. Join addresses are never dropped for others.
 */
export function learnAddresses(book: AddressBook, heard: Told, moment: Moment): AddressBook {
  const { source, peerId = null, teller = null, toldFrom = null } = heard
  const claim: Claim = { source, peerId, teller, toldFrom }
  const entries = new Map(book.entries)
  let share = countTold(book, teller)
  for (const address of heard.addresses.filter(validAddress)) {
    const known = entries.get(address)
    if (known) entries.set(address, merged(known, claim))
    else if (share < TOLD_MAX && hasRoom(entries, source)) {
      entries.set(address, fresh(address, claim, moment))
      if (teller !== null) share++
    }
  }
  return { ...book, entries }
}

/** Of how many addresses in the book that peer has told, and nobody has answered there. */
export function countTold({ entries }: AddressBook, teller: PeerId | null): number {
  let count = 0
  if (teller === null) return count
  for (const entry of entries.values()) if (entry.teller === teller && !entry.isProven) count++
  return count
}

function fresh(address: string, claim: Claim, { now, random }: Moment): AddressEntry {
  const nextDialAt = now + backoffMs({ attempt: 0, random })
  const idle = { state: 'idle', attempts: 0, nextDialAt, connectedAt: null } as const
  return { address, ...idle, isSpared: false, isProven: false, ...claim }
}

/**
 * Hearsay fills a gap only; a peer's own word moves an entry, unless a connection there proves
 * else.
 */
function merged(known: AddressEntry, claim: Claim): AddressEntry {
  const { source, teller, toldFrom } = rank(claim) > rank(known) ? claim : known
  const movable = claim.source === 'hello' && known.connectedAt === null
  const peerId = movable ? (claim.peerId ?? known.peerId) : (known.peerId ?? claim.peerId)
  const told = { source, teller, toldFrom }
  return { ...known, ...told, peerId: known.state === 'self' ? null : peerId }
}

/** Makes room if need be. The most failed of the lowest rank goes first. */
function hasRoom(entries: Map<string, AddressEntry>, source: AddressSource): boolean {
  if (entries.size < ADDRESSES_MAX) return true
  const expendable = [...entries.values()].filter((entry) => {
    if (entry.source === 'join' || entry.state === 'dialling' || entry.connectedAt !== null) {
      return false
    }
    return rank(entry) < rank({ source }) || (entry.source === source && entry.attempts > 0)
  })
  expendable.sort((a, b) => rank(a) - rank(b) || b.attempts - a.attempts)
  const victim = expendable[0]
  return victim !== undefined && entries.delete(victim.address)
}

/** Which source outweighs which. */
export function rank({ source }: Pick<AddressEntry, 'source'>): number {
  return RANKS[source]
}

const RANKS: Readonly<Record<AddressSource, number>> = { exchange: 0, hello: 1, join: 2 }
