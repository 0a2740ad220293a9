/**
 * Whom to dial, and when.
 *
 * The address book knows addresses, where each came from, and which peer was last found there. An
 * address that the app joins with is dialled for ever; one heard of from other peers only while
 * more connections are wanted, and only until it has failed too often. A peer is dialled at one
 * address at a time, and not at all while it is connected. The wait doubles with every failure and
 * is drawn with full jitter, so that peers that were cut off together do not come back in step.
 *
 * Where nobody has answered yet may be anybody, and a member that lies can name whom it likes. So
 * such addresses are dialled at a pace, whoever told of them and how many there are.
 */

import {
  type AddressBook,
  type AddressEntry,
  type AddressSource,
  type Moment,
  rank,
} from './addressBook.ts'
import { backoffMs } from './backoff.ts'
import { isRested, type Pace, type PaceRule, spend, waitOf } from './pace.ts'
import type { PeerId } from './peer.ts'

/** How fast addresses are dialled where nobody has answered yet: those of one teller, and all. */
export const TELLER_PACE: PaceRule = { atOnce: 8, perSecond: 0.5 }
export const DIAL_PACE: PaceRule = { atOnce: 16, perSecond: 1 }

/** After how many failures in a row an address is forgotten, by where it came from. */
export const FAILURES_MAX: Readonly<Record<AddressSource, number>> = {
  exchange: 8,
  /** About eight minutes: long enough to find a peer again after an outage of the network. */
  hello: 40,
  join: Number.POSITIVE_INFINITY,
}

/** A connection that ends sooner counts as a failure, in milliseconds. */
export const STABLE_MS = 5_000

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

/** Notes what became of a dial or a peer, and when the address is to be dialled next. */
export function noteOutcome(book: AddressBook, outcome: DialOutcome, moment: Moment): AddressBook {
  const entries = new Map(book.entries)
  let { paces } = book
  for (const entry of book.entries.values()) {
    const concerned =
      'address' in outcome ? entry.address === outcome.address : entry.peerId === outcome.peerId
    if (!concerned) continue
    const next = noted(entry, outcome, moment)
    if (next) entries.set(entry.address, next)
    else entries.delete(entry.address)
    if (outcome.outcome === 'dialling') paces = spent(paces, entry, moment.now) ?? paces
  }
  return { entries, paces }
}

/** What to dial now: join addresses first, then whoever has waited longest. */
export function dueAddresses(book: AddressBook, situation: Situation & { now: number }): Dial[] {
  const due = eligible(book, situation).filter((entry) => entry.nextDialAt <= situation.now)
  due.sort((a, b) => rank(b) - rank(a) || a.nextDialAt - b.nextDialAt)
  const dials: Dial[] = []
  const peers = new Set<PeerId>()
  let { paces } = book
  for (const entry of due) {
    const { address, source, peerId } = entry
    const full = situation.outgoingCount + dials.length >= situation.maxOutgoing
    if ((full && source !== 'join') || (peerId !== null && peers.has(peerId))) continue
    const next = spent(paces, entry, situation.now)
    if (next === undefined) continue
    paces = next
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
  const times = eligible(book, situation).map((entry) => {
    return Math.max(entry.nextDialAt, ...pacesOf(book.paces, entry).map(readyAt))
  })
  return times.length === 0 ? null : Math.min(...times)
}

/** An address that would be dialled now, were it not for its pace; undefined if there is none. */
export function heldBack(
  book: AddressBook,
  situation: Situation & { now: number },
): AddressEntry | undefined {
  const { now } = situation
  return eligible(book, situation).find((entry) => {
    return entry.nextDialAt <= now && spent(book.paces, entry, now) === undefined
  })
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

type Paces = AddressBook['paces']

interface PaceOf {
  readonly teller: PeerId | null
  readonly rule: PaceRule
  readonly pace: Pace | undefined
}

/** What an address is dialled at the pace of. */
function pacesOf(paces: Paces, { source, isProven, teller }: AddressEntry): PaceOf[] {
  if (source === 'join' || isProven) return []
  const all = { teller: null, rule: DIAL_PACE, pace: paces.get(null) }
  return teller === null ? [all] : [all, { teller, rule: TELLER_PACE, pace: paces.get(teller) }]
}

function readyAt({ rule, pace }: PaceOf): number {
  return pace === undefined ? 0 : Math.ceil(pace.at + waitOf(pace, rule, pace.at))
}

/** The paces after a dial; undefined if it comes too soon. */
function spent(paces: Paces, entry: AddressEntry, now: number): Paces | undefined {
  const concerned = pacesOf(paces, entry)
  if (concerned.length === 0) return paces
  const next = new Map(paces)
  for (const { teller, rule, pace } of concerned) {
    const left = spend(pace, rule, now)
    if (left === undefined) return undefined
    next.set(teller, left)
  }
  for (const [teller, pace] of next) {
    if (teller !== null && isRested(pace, TELLER_PACE, now)) next.delete(teller)
  }
  return next
}

const CONNECTED = { state: 'idle', isSpared: false, isProven: true } as const

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
  'measure-key',
  'measure-value',
  'measure-term',
  'measure-frame',
  'id-clash',
  'malformed',
  'closing',
  'unsupported',
])
