/**
 * Whom to dial, and when.
 *
 * The address book knows addresses, where each came from, and which peer was last found there. An
 * address that the app joins with is dialled for ever; one heard of from other peers only while
 * more connections are wanted, and only until it has failed too often. A peer is dialled at one
 * address at a time, and not at all while it is connected. The wait doubles with every failure and
 * is drawn with full jitter, so that peers that were cut off together do not come back in step.
 */

import type { PeerId } from './peer.ts'

/** How many addresses a book holds. */
export const ADDRESSES_MAX = 256

/** The longest address, in characters. */
export const ADDRESS_CHARS_MAX = 256

/** The longest wait before the first attempt, in milliseconds. */
export const FIRST_DIAL_MS_MAX = 250

/** The shortest and the longest wait after a failure, in milliseconds. */
export const BACKOFF_MS_MIN = 100
export const BACKOFF_MS_MAX = 30_000

/** After how many failures in a row an address is forgotten, by where it came from. */
export const FAILURES_MAX: Readonly<Record<AddressSource, number>> = {
  exchange: 8,
  /** About eight minutes: long enough to find a peer again after an outage of the network. */
  hello: 40,
  join: Number.POSITIVE_INFINITY,
}

/** A connection that ends sooner counts as a failure, in milliseconds. */
export const STABLE_MS = 5_000

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
}

/** Plain data; every change makes a new one. */
export interface AddressBook {
  readonly entries: ReadonlyMap<string, AddressEntry>
}

/** When a change happens, in milliseconds, and the dice for the next wait. */
export interface Moment {
  readonly now: number
  readonly random: () => number
}

/** What became of an address or a peer. */
export type DialOutcome =
  | { readonly outcome: 'dialling'; readonly address: string }
  /** Authenticated: that peer answered. An entry that named another peer moves to this one. */
  | { readonly outcome: 'connected'; readonly address: string; readonly peerId: PeerId }
  /** `reason`: a `RefusalReason`, or the code of the wire's end. */
  | { readonly outcome: 'failed'; readonly address: string; readonly reason: string }
  /** The last connection to that peer is gone, whoever dialled it. */
  | { readonly outcome: 'lost'; readonly peerId: PeerId }
  /** The last connection to that peer is gone, since it has neighbours enough. */
  | { readonly outcome: 'spared'; readonly peerId: PeerId }
  /** The peer said goodbye, so nobody is there any more. */
  | { readonly outcome: 'left'; readonly peerId: PeerId }

/** What the mesh has at the moment. */
export interface Situation {
  readonly connectedPeers: ReadonlySet<PeerId>
  /** Who need not be dialled, since this peer has enough neighbours and they are in reach. */
  readonly inReach: ReadonlySet<PeerId>
  /** Connections that this peer dialled, those under way included. */
  readonly outgoingCount: number
  /** Learned addresses are dialled only up to this count; join addresses always. */
  readonly maxOutgoing: number
}

/** Dial `address` now. `expects`: who must answer, or null if anybody will do. */
export interface Dial {
  readonly address: string
  readonly expects: PeerId | null
}

export const EMPTY_ADDRESS_BOOK: AddressBook = { entries: new Map() }

/**
 * How long to wait before a dial, in milliseconds. Attempt 0, the first one: 0 to 250. Attempt n:
 * 100 to 100 · 2ⁿ, at most 30,000. Evenly drawn (full jitter).
 */
export function backoffMs({ attempt, random }: { attempt: number; random: () => number }): number {
  if (attempt <= 0) return Math.round(random() * FIRST_DIAL_MS_MAX)
  const longest = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** attempt)
  return Math.round(BACKOFF_MS_MIN + random() * (longest - BACKOFF_MS_MIN))
}

/** True for `scheme://…` in printable ASCII without space, of at most 256 characters. */
export function validAddress(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > ADDRESS_CHARS_MAX) return false
  return /^[a-z][a-z0-9+.-]*:\/\/[\x21-\x7e]+$/.test(text)
}

/**
 * Adds addresses; invalid ones are skipped. What the peer itself says outweighs what others say,
 * and the app outweighs both. In a full book a new address takes the place of one that failed, or
 * of one of lower rank; if there is none it is dropped. Join addresses are never dropped for
 * others.
 */
export function learnAddresses(
  book: AddressBook,
  heard: { addresses: readonly string[]; source: AddressSource; peerId?: PeerId | null },
  moment: Moment,
): AddressBook {
  const entries = new Map(book.entries)
  for (const address of heard.addresses.filter(validAddress)) {
    const known = entries.get(address)
    const claim = { source: heard.source, peerId: heard.peerId ?? null }
    if (known) entries.set(address, merged(known, claim))
    else if (hasRoom(entries, heard.source)) entries.set(address, fresh(address, claim, moment))
  }
  return { entries }
}

/** Notes what became of a dial or a peer, and when the address is to be dialled next. */
export function noteOutcome(book: AddressBook, outcome: DialOutcome, moment: Moment): AddressBook {
  const entries = new Map(book.entries)
  for (const entry of book.entries.values()) {
    const concerned =
      'address' in outcome ? entry.address === outcome.address : entry.peerId === outcome.peerId
    if (!concerned) continue
    const next = noted(entry, outcome, moment)
    if (next) entries.set(entry.address, next)
    else entries.delete(entry.address)
  }
  return { entries }
}

/** What to dial now: join addresses first, then whoever has waited longest. */
export function dueAddresses(book: AddressBook, situation: Situation & { now: number }): Dial[] {
  const due = eligible(book, situation).filter((entry) => entry.nextDialAt <= situation.now)
  due.sort((a, b) => rank(b) - rank(a) || a.nextDialAt - b.nextDialAt)
  const dials: Dial[] = []
  const peers = new Set<PeerId>()
  for (const { address, source, peerId } of due) {
    const full = situation.outgoingCount + dials.length >= situation.maxOutgoing
    if ((full && source !== 'join') || (peerId !== null && peers.has(peerId))) continue
    if (peerId !== null) peers.add(peerId)
    // The app named a place and no peer, so whoever lives there now is welcome.
    dials.push({ address, expects: source === 'join' ? null : peerId })
  }
  return dials
}

/**
 * When `dueAddresses` will next have something, in the time of `now`; null if nothing is waiting.
 */
export function nextDueAt(book: AddressBook, situation: Situation): number | null {
  const times = eligible(book, situation).map((entry) => entry.nextDialAt)
  return times.length === 0 ? null : Math.min(...times)
}

/** Entries that only their time keeps from being dialled. */
function eligible(book: AddressBook, situation: Situation): AddressEntry[] {
  const all = [...book.entries.values()]
  const full = situation.outgoingCount >= situation.maxOutgoing
  const taken = new Set<PeerId>(situation.connectedPeers)
  for (const { state, peerId } of all) if (state === 'dialling' && peerId) taken.add(peerId)
  return all.filter(({ state, source, peerId, isSpared }) => {
    if (state !== 'idle' || (full && source !== 'join')) return false
    if (peerId === null) return true
    // Whom the app names is dialled for ever, unless that one has enough of it.
    const isNeedless = situation.inReach.has(peerId) && (isSpared || source !== 'join')
    return !isNeedless && !taken.has(peerId)
  })
}

const CONNECTED = { state: 'idle', isSpared: false } as const

/** The entry after the outcome, or undefined if it is to be forgotten. */
function noted(
  entry: AddressEntry,
  outcome: DialOutcome,
  moment: Moment,
): AddressEntry | undefined {
  switch (outcome.outcome) {
    case 'dialling':
      return { ...entry, state: 'dialling', connectedAt: null }
    case 'connected':
      return { ...entry, ...CONNECTED, peerId: outcome.peerId, connectedAt: moment.now }
    case 'failed':
      return failed(entry, outcome.reason, moment)
    case 'lost':
      return lost(entry, moment)
    case 'spared':
      return { ...lost(entry, moment), isSpared: true }
    case 'left':
      if (entry.source !== 'join') return undefined
      if (entry.state === 'dialling') return entry
      return waiting({ ...entry, peerId: null, attempts: 0 }, moment)
  }
}

function failed(entry: AddressEntry, reason: string, moment: Moment): AddressEntry | undefined {
  // Forgetting it would only let somebody else's word bring it back.
  if (reason === 'self') return { ...entry, state: 'self', peerId: null }
  const attempts = entry.attempts + 1
  const hopeless = HOPELESS_REASONS.has(reason) || attempts >= FAILURES_MAX[entry.source]
  if (hopeless && entry.source !== 'join') return undefined
  const peerId = reason === 'id-mismatch' ? null : entry.peerId
  return waiting({ ...entry, peerId, attempts }, moment)
}

function lost(entry: AddressEntry, moment: Moment): AddressEntry {
  if (entry.connectedAt === null) {
    return entry.state === 'idle' ? waiting(entry, moment) : entry
  }
  const stable = moment.now - entry.connectedAt >= STABLE_MS
  return waiting({ ...entry, attempts: stable ? 0 : entry.attempts + 1 }, moment)
}

function waiting(entry: AddressEntry, { now, random }: Moment): AddressEntry {
  const nextDialAt = now + backoffMs({ attempt: entry.attempts, random })
  return { ...entry, state: 'idle', connectedAt: null, nextDialAt }
}

function fresh(
  address: string,
  claim: { source: AddressSource; peerId: PeerId | null },
  moment: Moment,
): AddressEntry {
  const blank = { address, state: 'idle', attempts: 0, nextDialAt: 0, connectedAt: null } as const
  return waiting({ ...blank, isSpared: false, ...claim }, moment)
}

/**
 * Hearsay fills a gap only; a peer's own word moves an entry, unless a connection there proves
 * else.
 */
function merged(
  known: AddressEntry,
  claim: { source: AddressSource; peerId: PeerId | null },
): AddressEntry {
  const source = rank(claim) > rank(known) ? claim.source : known.source
  const movable = claim.source === 'hello' && known.connectedAt === null
  const peerId = movable ? (claim.peerId ?? known.peerId) : (known.peerId ?? claim.peerId)
  return { ...known, source, peerId: known.state === 'self' ? null : peerId }
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

function rank({ source }: { source: AddressSource }): number {
  return RANKS[source]
}

const RANKS: Readonly<Record<AddressSource, number>> = { exchange: 0, hello: 1, join: 2 }

/** Whoever answers so is no peer for us: an address that was learned is forgotten at once. */
const HOPELESS_REASONS: ReadonlySet<string> = new Set([
  'network',
  'bad-mac',
  'bad-identity',
  'bad-signature',
  'unproven',
  'version',
  'leasing',
  'safety',
  'rules',
  'denied',
  'id-clash',
  'malformed',
  'closing',
  'unsupported',
])
