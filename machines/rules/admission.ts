/**
 * How a connection comes in and goes: the handshake as the mesh sees it, and the end.
 * The exchange is told in `message.ts`, the questions that are asked in `hello.ts`.
 */

import { type AddressBook, learnAddresses, type Moment } from './addressBook.ts'
import { noteOutcome } from './dialling.ts'
import { type GuestList, isGuest } from './guests.ts'
import { believable, reached } from './hearsay.ts'
import { judgeAuth, judgeHello, judgeReply } from './hello.ts'
import type { ConnectionOutput, ConnectionReport } from './line.ts'
import type { Introduction, RefusalReason, Reply } from './message.ts'
import { createPair, evidence, mayAuthenticate, nominalConnection, type Pair } from './pair.ts'
import type { ConnectionId, Handle, PeerId, RunId } from './peer.ts'
import type { ProofVerdict } from './proof.ts'
import {
  advancePair,
  changeMember,
  type Member,
  memberOf,
  type Order,
  type Roster,
  type RosterStep,
  tell,
  wake,
} from './roster.ts'

/** How many peers are remembered that were connected once, or said hello. */
export const PAIRS_MAX = 1_024

type Heard<Type extends ConnectionReport['type']> = Extract<ConnectionReport, { type: Type }>

/** The other side dialled and says who it is. */
export function hearHello(roster: Roster, heard: Heard<'hello.received'>): RosterStep {
  const { handle, hello } = heard
  const member = roster.members.get(handle)
  if (member === undefined) return { roster, orders: [] }
  const verdict = judgeHello(heard, judgingSelf(roster, hello.peerId))
  if (verdict.verdict === 'refused') return refuse(roster, handle, verdict)
  const { peerId, run } = hello
  const { place = member.place } = heard
  const next = introduce(roster, { ...member, place, peerId, run, introduction: hello })
  return { roster: next, orders: [welcome(next, handle, { hello, version: verdict.version })] }
}

/** The side that was dialled answers. The dialler says its last word, and both know each other. */
export function hearReply(
  roster: Roster,
  heard: Heard<'reply.received'>,
  moment: Moment,
): RosterStep {
  const { handle, reply, proof } = heard
  const member = roster.members.get(handle)
  if (member === undefined) return { roster, orders: [] }
  const verdict = judgeReply(heard, judgingSelf(roster, reply.peerId), member.expects)
  if (verdict.verdict === 'refused') return refuse(roster, handle, verdict)
  const { peerId, run } = reply
  const isWanted = isGuest(roster.guests, peerId)
  if (!isWanted) return refuse(roster, handle, { reason: 'denied', peerId })
  const { place = member.place } = heard
  const next = introduce(roster, { ...member, place, peerId, run, introduction: reply })
  const orders = [welcome(next, handle, { hello: reply, version: verdict.version })]
  const step = authenticate(next, { handle, proof, evidence: reply.evidence }, moment)
  return { roster: step.roster, orders: [...orders, ...step.orders] }
}

/** The dialler's last word came. */
export function hearAuth(
  roster: Roster,
  heard: Heard<'auth.received'>,
  moment: Moment,
): RosterStep {
  const { handle, auth } = heard
  const proof = judgeAuth(heard)
  if (proof.verdict === 'refused') return refuse(roster, handle, proof)
  // Not before the last word: until then whoever knows the secret could claim any id, and try
  // which ones are admitted.
  const peerId = roster.members.get(handle)?.peerId
  const isAdmitted = peerId != null && isGuest(roster.guests, peerId)
  if (!isAdmitted) return refuse(roster, handle, { reason: 'denied' })
  const admitted = tell(handle, { type: 'peer.admitted' })
  const step = authenticate(roster, { handle, proof, evidence: auth.evidence }, moment)
  return { roster: step.roster, orders: [admitted, ...step.orders] }
}

/** Others may be connected from now on. Who may not any more is cut off, and not dialled again. */
export function changeGuests(roster: Roster, guests: GuestList): RosterStep {
  const isUnwanted = (peerId: PeerId) => !isGuest(guests, peerId)
  const orders: Order[] = []
  for (const { handle, peerId, isAuthenticated } of roster.members.values()) {
    // Who has not proved yet who it is will be judged when it does.
    if (peerId === null || !isAuthenticated || !isUnwanted(peerId)) continue
    orders.push(tell(handle, { type: 'peer.refused', reason: 'denied' }))
  }
  const woken = wake({ ...roster, guests, book: withoutPeers(roster.book, isUnwanted) })
  return { roster: woken.roster, orders: [...orders, ...woken.orders] }
}

/** What the application named stays: another peer may live there some day. */
function withoutPeers(book: AddressBook, isUnwanted: (peerId: PeerId) => boolean): AddressBook {
  const kept = [...book.entries].filter(([, { source, peerId }]) => {
    return source === 'join' || peerId === null || !isUnwanted(peerId)
  })
  return { ...book, entries: new Map(kept) }
}

/** A connection is over, for whatever reason. */
export function forget(roster: Roster, output: ConnectionOutput, moment: Moment): RosterStep {
  const member = roster.members.get(output.handle)
  if (member === undefined) return { roster, orders: [] }
  const members = new Map(roster.members)
  members.delete(output.handle)
  const orders: Order[] = []
  let next: Roster = { ...roster, members }
  if (!member.isAuthenticated) {
    next = noteFailure(next, member, { output, moment })
  } else {
    const peerId = member.peerId as PeerId
    const connection = member.connection as ConnectionId
    const step = advancePair(next, peerId, { type: 'connection.lost', connection })
    // Who was dialled may have heard the last word, and refused after all.
    const isRefused = output.end.cause === 'refused'
    next = isRefused ? noteFailure(step.roster, member, { output, moment }) : step.roster
    const gone = noteLoss(next, { peerId, output }, moment)
    next = gone.roster
    orders.push(...step.orders, ...gone.orders)
  }
  const passed = passRequests(next, member, output)
  const woken = wake(passed.roster)
  return { roster: woken.roster, orders: [...orders, ...passed.orders, ...woken.orders] }
}

/** Who waited for this connection is served by another one to the same peer, if there is one. */
function passRequests(roster: Roster, gone: Member, output: ConnectionOutput): RosterStep {
  const { requests } = gone
  const pair = gone.isAuthenticated ? roster.pairs.get(gone.peerId as PeerId) : undefined
  if (pair !== undefined && nominalConnection(pair) !== null) {
    const peerId = pair.other
    const type = 'request.settled'
    return { roster, orders: requests.map((request) => ({ type, request, peerId })) }
  }
  const heir = pair?.connections.at(-1)
  const member = heir && memberOf(roster, heir.connection)
  if (member === undefined) {
    const type = 'request.failed'
    return { roster, orders: requests.map((request) => ({ type, request, output })) }
  }
  const waiting = [...member.requests, ...requests]
  return { roster: changeMember(roster, { ...member, requests: waiting }), orders: [] }
}

function judgingSelf(roster: Roster, peerId: PeerId) {
  const pair = roster.pairs.get(peerId)
  let awaitingAuth = 0
  for (const member of roster.members.values()) {
    if (member.peerId === peerId && !member.isAuthenticated) awaitingAuth++
  }
  const isFull = roster.members.size > roster.limits.connectionsMax
  const busy = isFull || (pair !== undefined && !mayAuthenticate(pair, awaitingAuth))
  return { ...roster.self, closing: roster.isClosing, busy }
}

function refuse(
  roster: Roster,
  handle: Handle,
  { reason, peerId }: { readonly reason: RefusalReason; readonly peerId?: PeerId },
): RosterStep {
  const known = peerId === undefined ? {} : { peerId }
  return { roster, orders: [tell(handle, { type: 'peer.refused', reason, ...known })] }
}

function introduce(roster: Roster, member: Member): Roster {
  const next = changeMember(roster, member)
  const peerId = member.peerId as PeerId
  if (next.pairs.has(peerId)) return next
  const { pairs, numbersFrom } = withoutIdle(next)
  const pair = createPair({ self: roster.self.peerId, other: peerId, numbersFrom })
  return { ...next, numbersFrom, pairs: new Map(pairs).set(peerId, pair) }
}

/** Too many pairs without a connection are forgotten; their numbers must not start anew. */
function withoutIdle(roster: Roster): Pick<Roster, 'pairs' | 'numbersFrom'> {
  if (roster.pairs.size < PAIRS_MAX) return roster
  const known = new Set([...roster.members.values()].map(({ peerId }) => peerId))
  const pairs = new Map(roster.pairs)
  let { numbersFrom } = roster
  for (const [peerId, pair] of pairs) {
    if (known.has(peerId) || pair.connections.length > 0) continue
    pairs.delete(peerId)
    if (pair.role === 'arbiter') numbersFrom = Math.max(numbersFrom, pair.lastSelect)
  }
  return { pairs, numbersFrom }
}

function welcome(
  roster: Roster,
  handle: Handle,
  { hello, version }: { hello: Introduction; version: number },
): Order {
  const { peerId, run } = hello
  const pair = roster.pairs.get(peerId) as Pair
  const told = evidence(pair, run)
  return tell(handle, { type: 'peer.welcomed', peerId, run, version, evidence: told })
}

interface Authentic {
  readonly handle: Handle
  readonly proof: ProofVerdict
  readonly evidence: Reply['evidence']
}

function authenticate(
  roster: Roster,
  { handle, proof, evidence: told }: Authentic,
  moment: Moment,
): RosterStep {
  const member = roster.members.get(handle)
  const connection = proof.verdict === 'proven' ? proof.connection : null
  if (member?.peerId == null || connection === null || member.isAuthenticated) {
    return { roster, orders: [] }
  }
  const { peerId, introduction } = member
  const certain = { ...member, connection, isAuthenticated: true, introduction: null }
  const known = changeMember(roster, certain)
  const addresses = introduction?.addresses ?? []
  const { believed, refused } = believable(addresses, { ...roster.limits, place: member.place })
  const met = meet(known, { peerId, addresses: believed, member }, moment)
  const step = advancePair(met, peerId, {
    type: 'connection.authenticated',
    connection,
    run: member.run as RunId,
    evidence: told,
  })
  if (refused === undefined) return step
  return { ...step, orders: [reached('exchange.place', peerId, refused), ...step.orders] }
}

function meet(
  roster: Roster,
  met: { peerId: PeerId; addresses: readonly string[]; member: Member },
  moment: Moment,
): Roster {
  const { peerId, addresses, member } = met
  const acquaintances = new Map(roster.acquaintances)
  acquaintances.delete(peerId)
  acquaintances.set(peerId, addresses)
  const own = { addresses, source: 'hello', peerId, toldFrom: member.place } as const
  let book = learnAddresses(roster.book, own, moment)
  if (member.direction === 'outgoing') {
    const { address } = member
    book = noteOutcome(book, { outcome: 'connected', address, peerId }, moment)
  }
  return { ...roster, acquaintances, book }
}

function noteFailure(
  roster: Roster,
  member: Member,
  { output, moment }: { output: ConnectionOutput; moment: Moment },
): Roster {
  if (member.direction !== 'outgoing') return roster
  const { address } = member
  const { reason } = output.end
  return {
    ...roster,
    book: noteOutcome(roster.book, { outcome: 'failed', address, reason }, moment),
  }
}

function noteLoss(
  roster: Roster,
  { peerId, output }: { peerId: PeerId; output: ConnectionOutput },
  moment: Moment,
): RosterStep {
  const isStillConnected = (roster.pairs.get(peerId)?.connections.length ?? 0) > 0
  if (isStillConnected) return { roster, orders: [] }
  const { end } = output
  const hasLeft = end.cause === 'farewell' && end.by === 'them' && end.reason === 'leaving'
  const isSpared = end.cause === 'farewell' && end.reason === 'surplus'
  const outcome = hasLeft ? 'left' : isSpared ? 'spared' : 'lost'
  const book = noteOutcome(roster.book, { outcome, peerId }, moment)
  const acquaintances = new Map(roster.acquaintances)
  acquaintances.delete(peerId)
  const next = { ...roster, book, acquaintances }
  return { roster: next, orders: [{ type: 'peer.lost', peerId, hasLeft }] }
}
