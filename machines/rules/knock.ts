/**
 * Who may begin a handshake.
 *
 * Whoever dials costs something before it has told who it is, so few may be at the door at once,
 * and few of one address. A newcomer is not made to wait for those who say nothing: in a full
 * doorway the oldest of whoever takes most room is cut off, since a peer that means it is through
 * within moments. How soon one address may come again is limited as well, so everybody gets the
 * time that a handshake takes. Several peers of one machine start together and share its address,
 * so that one may come more often.
 */

import type { LimitName } from './limit.ts'
import { keepsPace, type Pace } from './pace.ts'
import type { Handle } from './peer.ts'
import type { Member, Roster } from './roster.ts'

/** How many may be at the door. All can be changed by `limits`. */
export interface KnockLimits {
  /** Connections in all, under way included. */
  readonly connectionsMax: number
  /** Accepted connections whose other side is not known yet. */
  readonly handshakesMax: number
  /** The same of one address. */
  readonly handshakesPerAddressMax: number
  /** How many one address may begin in a second, after that many at once. */
  readonly handshakesPerSecondMax: number
}

export const KNOCK_LIMITS: KnockLimits = {
  connectionsMax: 128,
  handshakesMax: 64,
  handshakesPerAddressMax: 8,
  handshakesPerSecondMax: 5,
}

/** How much more of that this machine itself has, by its usual address. */
export const OWN_MACHINE_FACTOR = 64

/** Connections that are left for peers that this one dials itself; a quarter of few. */
export const OUTGOING_RESERVED = 8

/** How many addresses are remembered for their pace. */
export const HOSTS_MAX = 1_024

/** How often each host has come lately, the one that came longest ago first. */
export type Paces = Map<string, Pace>

export type Knock =
  /** Let it in, and cut these off to make room. */
  | { readonly verdict: 'admitted'; readonly cut: Handle | null; readonly limit: LimitName | null }
  | { readonly verdict: 'refused'; readonly limit: LimitName }

/** Somebody dialled from that address. Notes in `paces` that it did. */
export function judgeKnock(
  roster: Roster,
  { address, now, limits }: { address: string; now: number; limits: KnockLimits },
  paces: Paces,
): Knock {
  const host = hostOf(address)
  const factor = isOwnMachine(host) ? OWN_MACHINE_FACTOR : 1
  const perSecond = limits.handshakesPerSecondMax * factor
  const rule = { atOnce: limits.handshakesPerAddressMax * factor, perSecond }
  if (!keepsPace(paces, { name: host, rule, now, namesMax: HOSTS_MAX }))
    return { verdict: 'refused', limit: 'handshakes.pace' }
  const pending = pendingOf(roster)
  const mine = pending.filter((member) => hostOf(member.address) === host)
  if (mine.length >= limits.handshakesPerAddressMax * factor) {
    return admit(mine[0], 'handshakes.address')
  }
  if (pending.length >= limits.handshakesMax) return admit(mostCrowded(pending), 'handshakes')
  if (isCrowded(roster, { host, limits })) {
    return { verdict: 'refused', limit: 'connections.address' }
  }
  if (hasRoom(roster, limits)) return admit(undefined, null)
  const victim = mostCrowded(pending)
  return victim === undefined
    ? { verdict: 'refused', limit: 'connections' }
    : admit(victim, 'connections')
}

/** Of one address, but for this machine itself, come no more than half of all that may. */
function isCrowded(
  { members }: Roster,
  { host, limits }: { host: string; limits: KnockLimits },
): boolean {
  if (isOwnMachine(host)) return false
  let here = 0
  for (const { direction, address, isAuthenticated } of members.values()) {
    if (direction === 'incoming' && isAuthenticated && hostOf(address) === host) here++
  }
  return here >= Math.max(1, limits.connectionsMax / 2)
}

/** Who comes by itself leaves room for those whom this peer dials. */
function hasRoom({ members }: Roster, { connectionsMax }: KnockLimits): boolean {
  const reserved = Math.min(OUTGOING_RESERVED, Math.floor(connectionsMax / 4))
  let incoming = 0
  for (const { direction } of members.values()) if (direction === 'incoming') incoming++
  return members.size < connectionsMax && incoming < connectionsMax - reserved
}

function admit(victim: Member | undefined, limit: LimitName | null): Knock {
  return { verdict: 'admitted', cut: victim?.handle ?? null, limit }
}

/** Who dialled and is not known yet, the oldest first. */
function pendingOf({ members }: Roster): Member[] {
  const isPending = (member: Member) => member.direction === 'incoming' && !member.isAuthenticated
  return [...members.values()].filter(isPending)
}

/** The oldest of the host that has most at the door; undefined if nobody is. */
function mostCrowded(pending: readonly Member[]): Member | undefined {
  const byHost = new Map<string, Member[]>()
  for (const member of pending) {
    const host = hostOf(member.address)
    byHost.set(host, [...(byHost.get(host) ?? []), member])
  }
  let crowd: Member[] = []
  for (const each of byHost.values()) if (each.length > crowd.length) crowd = each
  return crowd[0]
}

/**
 * Who counts as one: an address without its port; of an IPv6 address the half that names the
 * network, since one host can have all of the other half.
 *
 * @example hostOf('tcp://[2001:db8::7]:4444') // '2001:db8:0:0'
 */
export function hostOf(address: string): string {
  const rest = address.slice(address.indexOf('://') + 3)
  const bracketed = /^\[([^\]%]*)[^\]]*\]/.exec(rest)?.[1]
  if (bracketed !== undefined) return bracketed === '::1' ? bracketed : networkHalf(bracketed)
  return /^[^:/]*/.exec(rest)?.[0] ?? rest
}

function networkHalf(address: string): string {
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  return [...first, ...Array(gap).fill('0'), ...last].slice(0, 4).join(':')
}

/** The addresses that peers of one machine reach each other by. */
export function isOwnMachine(host: string): boolean {
  return host === '127.0.0.1' || host === '::1'
}
