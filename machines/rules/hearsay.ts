/**
 * What peers tell of where others can be dialled, and how much of it is believed.
 *
 * Only who is authenticated is listened to, at a pace, and each may fill only a part of the book.
 * An address that is nearer than who tells of it is not believed, nor is a port that the system
 * keeps for its services: a member that lies would make its peers speak to what is there.
 */

import { countTold, learnAddresses, type Moment, TOLD_MAX } from './addressBook.ts'
import { isGuest } from './guests.ts'
import type { LimitName } from './limit.ts'
import type { PeerAddresses } from './message.ts'
import { keepsPace, type PaceRule } from './pace.ts'
import type { PeerId } from './peer.ts'
import { mayTell, type Place, placeOf, portOf } from './place.ts'
import { type Order, type Roster, type RosterStep, wake } from './roster.ts'

/** How many peers one message tells of, at most. */
export const PEERS_TOLD_MAX = 16

/** How often one peer may ask whom this one knows, or tell whom it knows itself. */
export const EXCHANGE_PACE: PaceRule = { atOnce: 16, perSecond: 0.1 }

/** How many peers are remembered for that pace. */
export const EXCHANGERS_MAX = 1_024

/** How far a peer's word about addresses goes. */
export interface HearsayLimits {
  /**
   * The lowest port that is dialled on the word of another peer. Below 1,024 are the services of
   * the system.
   */
  readonly learnedPortMin: number
}

export const HEARSAY_LIMITS: HearsayLimits = { learnedPortMin: 1_024 }

/** Who tells of peers: null if they were drawn from the census. */
export interface Teller {
  readonly teller: PeerId | null
  /** Where the teller is. */
  readonly place: Place
}

/** Those of the addresses that somebody at that place may tell of, and one that it may not. */
export function believable(
  addresses: readonly string[],
  { place, learnedPortMin }: { place: Place } & HearsayLimits,
): { readonly believed: readonly string[]; readonly refused: string | undefined } {
  const isBelieved = (address: string) => {
    const port = portOf(address) ?? learnedPortMin
    return port >= learnedPortMin && mayTell({ told: placeOf(address), teller: place })
  }
  const believed = addresses.filter(isBelieved)
  return { believed, refused: addresses.find((address) => !isBelieved(address)) }
}

/** Peers are told of. A peer that is connected already told of itself. */
export function learnPeers(
  roster: Roster,
  told: Teller & { peers: readonly PeerAddresses[] },
  moment: Moment,
): RosterStep {
  const { teller, place, peers } = told
  const heard = teller === null ? { roster, orders: [] } : keepPace(roster, teller, moment)
  if (heard.orders.length > 0) return heard
  let { book } = heard.roster
  const orders: Order[] = []
  for (const { peerId, addresses } of peers.slice(0, PEERS_TOLD_MAX)) {
    if (peerId === roster.self.peerId || roster.pairs.get(peerId)?.connections.length) continue
    if (!isGuest(roster.guests, peerId)) continue
    const { believed, refused } = believable(addresses, { ...roster.limits, place })
    if (refused !== undefined) orders.push(reached('exchange.place', teller, refused))
    const source = { source: 'exchange', teller, toldFrom: place } as const
    book = learnAddresses(book, { ...source, addresses: believed, peerId }, moment)
  }
  const isFull = countTold(book, teller) >= TOLD_MAX
  if (isFull) orders.push(reached('exchange.addresses', teller, null))
  const woken = wake({ ...heard.roster, book })
  return { roster: woken.roster, orders: [...orders, ...woken.orders] }
}

/** Who asks or tells too often is not listened to; then there is an order that says so. */
export function keepPace(roster: Roster, peerId: PeerId, { now }: { now: number }): RosterStep {
  const exchanges = new Map(roster.exchanges)
  const spending = { name: peerId, rule: EXCHANGE_PACE, now, namesMax: EXCHANGERS_MAX }
  if (keepsPace(exchanges, spending)) return { roster: { ...roster, exchanges }, orders: [] }
  return { roster, orders: [reached('exchange.pace', peerId, null)] }
}

/** Whom this peer can tell of: everybody connected who can be dialled. */
export function peersToTell(roster: Roster): PeerAddresses[] {
  const told: PeerAddresses[] = []
  for (const [peerId, addresses] of roster.acquaintances) {
    if (addresses.length > 0) told.push({ peerId, addresses })
  }
  return told.slice(-PEERS_TOLD_MAX)
}

/** The hands count and tell that a limit was reached. */
export function reached(limit: LimitName, peerId: PeerId | null, address: string | null): Order {
  return { type: 'limit.reached', limit, peerId, address }
}
