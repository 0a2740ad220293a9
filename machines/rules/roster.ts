/**
 * The roster: all connections of this peer, whom each leads to, and which one of a pair is in use.
 *
 * Everything the mesh decides is decided here or in `admission.ts`: each function takes the roster
 * as it is and returns the next one with orders for the hands. Time and dice come by the moment.
 */

import {
  type AddressBook,
  EMPTY_ADDRESS_BOOK,
  learnAddresses,
  type Moment,
  type Told,
} from './addressBook.ts'
import { dueAddresses, heldBack, nextDueAt, noteOutcome } from './dialling.ts'
import { EVERYBODY, type GuestList } from './guests.ts'
import type { LimitName } from './limit.ts'
import type { ConnectionBirth, ConnectionCommand, ConnectionOutput } from './line.ts'
import type { Introduction } from './message.ts'
import type { Pace } from './pace.ts'
import {
  ACKNOWLEDGE_MS,
  DRAIN_MS,
  nominalConnection,
  type Pair,
  type PairEvent,
  stepPair,
} from './pair.ts'
import type { ConnectionId, Handle, PeerId, RunId } from './peer.ts'
import { type Place, placeOf } from './place.ts'
import { ANCHORS_MIN } from './view.ts'

/** A connection as the mesh knows it. */
export interface Member extends ConnectionBirth {
  readonly peerId: PeerId | null
  readonly run: RunId | null
  /** The id that both ends know it by, as soon as both have proved who they are. */
  readonly connection: ConnectionId | null
  readonly isAuthenticated: boolean
  /** Where it is, which the name that was dialled may not tell. */
  readonly place: Place
  /** Calls of `connect` that wait for this connection. */
  readonly requests: readonly string[]
  /** What the other side said of itself, between its hello and its auth. */
  readonly introduction: Introduction | null
}

export interface Roster {
  readonly self: {
    readonly network: string
    readonly leasing: boolean
    readonly safety: string
    readonly rules: string
    readonly measures: string
    readonly peerId: PeerId
    readonly run: RunId
    readonly versions: readonly number[]
    readonly capabilities: readonly string[]
  }
  readonly limits: {
    readonly connectionsMax: number
    readonly maxOutgoing: number
    readonly learnedPortMin: number
  }
  readonly guests: GuestList
  /** Where others may dial this peer. */
  readonly addresses: readonly string[]
  readonly isClosing: boolean
  readonly view: {
    /** How many neighbours are enough; null where everybody is to be connected to everybody. */
    readonly wanted: number | null
    /** Who is in reach, by way of others at least. */
    readonly reachable: ReadonlySet<PeerId>
    /** True if this peer has dialled as many of its neighbours itself as it should. */
    readonly isAnchored: boolean
  }
  readonly members: ReadonlyMap<Handle, Member>
  readonly pairs: ReadonlyMap<PeerId, Pair>
  /** The highest number by which a connection of a pair that was forgotten was selected. */
  readonly numbersFrom: number
  /** Where the connected peers can be dialled. */
  readonly acquaintances: ReadonlyMap<PeerId, readonly string[]>
  readonly book: AddressBook
  /** How often each peer has asked and told lately of whom it knows. */
  readonly exchanges: ReadonlyMap<PeerId, Pace>
}

/** What the hands have to do, in this order. */
export type Order =
  | { readonly type: 'connection.spawn'; readonly input: ConnectionBirth }
  | {
      readonly type: 'connection.tell'
      readonly handle: Handle
      readonly command: ConnectionCommand
    }
  | {
      readonly type: 'timer.start'
      readonly timer: 'drain' | 'acknowledge'
      readonly peerId: PeerId
      readonly connection: ConnectionId
      readonly number: number
      readonly delayMs: number
    }
  | { readonly type: 'dial.wake'; readonly at: number | null }
  | {
      readonly type: 'peer.joined'
      readonly peerId: PeerId
      readonly handle: Handle
      /** True if the application named this peer's address. */
      readonly isKept: boolean
    }
  | { readonly type: 'peer.lost'; readonly peerId: PeerId; readonly hasLeft: boolean }
  | {
      readonly type: 'limit.reached'
      readonly limit: LimitName
      readonly peerId: PeerId | null
      readonly address: string | null
    }
  | { readonly type: 'request.settled'; readonly request: string; readonly peerId: PeerId }
  | {
      readonly type: 'request.failed'
      readonly request: string
      readonly output: ConnectionOutput
    }

export interface RosterStep {
  readonly roster: Roster
  readonly orders: readonly Order[]
}

export function createRoster(options: Pick<Roster, 'self' | 'limits' | 'addresses'>): Roster {
  return {
    ...options,
    guests: EVERYBODY,
    isClosing: false,
    view: { wanted: null, reachable: new Set(), isAnchored: false },
    members: new Map(),
    pairs: new Map(),
    numbersFrom: 0,
    acquaintances: new Map(),
    book: EMPTY_ADDRESS_BOOK,
    exchanges: new Map(),
  }
}

/** The app names addresses to join. */
export function learn(roster: Roster, heard: Told, moment: Moment): RosterStep {
  return wake({ ...roster, book: learnAddresses(roster.book, heard, moment) })
}

/** Dials whatever is due. `makeId` gives a fresh id for each call. */
export function dialDue(roster: Roster, moment: Moment, makeId: () => string): RosterStep {
  if (roster.isClosing) return { roster, orders: [] }
  let next = roster
  const orders: Order[] = []
  const due = dueAddresses(roster.book, { ...situation(roster), now: moment.now })
  for (const { address, expects } of due) {
    const step = dial(next, { address, expects, requests: [] }, { moment, makeId })
    next = step.roster
    orders.push(...step.orders)
  }
  const late = heldBack(next.book, { ...situation(next), now: moment.now })
  if (late) {
    const { teller, address } = late
    orders.push({ type: 'limit.reached', limit: 'dials', peerId: teller, address })
  }
  const woken = wake(next)
  return { roster: woken.roster, orders: [...orders, ...woken.orders] }
}

/** Dials one address now, whatever the book says. */
export function dial(
  roster: Roster,
  wanted: { address: string; expects: PeerId | null; requests: readonly string[] },
  { moment, makeId }: { moment: Moment; makeId: () => string },
): RosterStep {
  const { address, expects, requests } = wanted
  const handle = makeId() as Handle
  const toldFrom = roster.book.entries.get(address)?.toldFrom ?? null
  const input = { handle, direction: 'outgoing', address, expects, toldFrom } as const
  const book = noteOutcome(roster.book, { outcome: 'dialling', address }, moment)
  const next = { ...enter(roster, input, requests), book }
  return { roster: next, orders: [{ type: 'connection.spawn', input }] }
}

/** Somebody dialled this peer. */
export function accept(
  roster: Roster,
  { handle, address }: { handle: Handle; address: string },
): RosterStep {
  const input = { handle, direction: 'incoming', address, expects: null, toldFrom: null } as const
  return { roster: enter(roster, input, []), orders: [{ type: 'connection.spawn', input }] }
}

/** A pair's rule takes an event; its commands become orders. */
export function advancePair(roster: Roster, peerId: PeerId, event: PairEvent): RosterStep {
  const pair = roster.pairs.get(peerId)
  if (pair === undefined) return { roster, orders: [] }
  const step = stepPair(pair, event)
  const next = { ...roster, pairs: new Map(roster.pairs).set(peerId, step.pair) }
  const orders = step.commands.flatMap((command) => pairOrders(next, peerId, command))
  return { roster: next, orders }
}

/** True if this peer was found where the app said. */
function isJoined(book: AddressBook, peerId: PeerId): boolean {
  for (const entry of book.entries.values()) {
    if (entry.source === 'join' && entry.peerId === peerId) return true
  }
  return false
}

type PairCommand = ReturnType<typeof stepPair>['commands'][number]

function pairOrders(roster: Roster, peerId: PeerId, command: PairCommand): Order[] {
  const { connection } = command
  const member = memberOf(roster, connection)
  if (member === undefined) return []
  const { handle } = member
  switch (command.type) {
    case 'message.send': {
      const { message } = command
      const say = tell(handle, { type: 'pair.say', message })
      if (message.kind !== 'select') return [say]
      const timer = { timer: 'acknowledge', delayMs: ACKNOWLEDGE_MS } as const
      return [say, { type: 'timer.start', ...timer, peerId, connection, number: message.number }]
    }
    case 'connection.nominate':
      return [
        tell(handle, { type: 'connection.nominate' }),
        { type: 'peer.joined', peerId, handle, isKept: isJoined(roster.book, peerId) },
        ...settleRequests(roster, peerId),
      ]
    case 'connection.demote':
      return [tell(handle, { type: 'connection.demote' })]
    case 'drain.start':
      return [
        { type: 'timer.start', timer: 'drain', peerId, connection, number: 0, delayMs: DRAIN_MS },
      ]
    case 'connection.close':
      return [
        ...(nominalConnection(roster.pairs.get(peerId) as Pair) === null
          ? []
          : settleRequests(roster, peerId)),
        tell(handle, { type: 'connection.close', reason: command.reason }),
      ]
  }
}

/** All calls of `connect` that led to this peer, by whichever connection, have succeeded. */
function settleRequests(roster: Roster, peerId: PeerId): Order[] {
  const members = [...roster.members.values()].filter((member) => member.peerId === peerId)
  return members.flatMap((member) =>
    member.requests.map((request) => ({ type: 'request.settled', request, peerId }) as const),
  )
}

export function tell(handle: Handle, command: ConnectionCommand): Order {
  return { type: 'connection.tell', handle, command }
}

export function memberOf(roster: Roster, connection: ConnectionId): Member | undefined {
  for (const member of roster.members.values()) {
    if (member.connection === connection) return member
  }
  return undefined
}

/** When the hands are to look for due addresses next. */
export function wake(roster: Roster): RosterStep {
  const at = roster.isClosing ? null : nextDueAt(roster.book, situation(roster))
  return { roster, orders: [{ type: 'dial.wake', at }] }
}

export function changeMember(roster: Roster, member: Member): Roster {
  return { ...roster, members: new Map(roster.members).set(member.handle, member) }
}

function enter(roster: Roster, input: ConnectionBirth, requests: readonly string[]): Roster {
  const place = placeOf(input.address)
  const blank = { peerId: null, run: null, connection: null, introduction: null, place }
  return changeMember(roster, { ...input, ...blank, isAuthenticated: false, requests })
}

const NOBODY: ReadonlySet<PeerId> = new Set()

function situation(roster: Roster) {
  const connectedPeers = new Set<PeerId>()
  for (const [peerId, { connections }] of roster.pairs) {
    if (connections.length > 0) connectedPeers.add(peerId)
  }
  let outgoingCount = 0
  for (const { direction } of roster.members.values()) if (direction === 'outgoing') outgoingCount++
  const { wanted, isAnchored, reachable } = roster.view
  const isEnough = wanted !== null && connectedPeers.size >= wanted
  const inReach = isEnough && isAnchored ? reachable : NOBODY
  // With neighbours enough only those are dialled that are lacking as anchors.
  const maxOutgoing = Math.min(roster.limits.maxOutgoing, isEnough ? ANCHORS_MIN : Infinity)
  return { connectedPeers, inReach, outgoingCount, maxOutgoing }
}
