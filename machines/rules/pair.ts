/**
 * One pair of peers, any number of connections between them, exactly one in use.
 *
 * The peer with the greater id is the arbiter of the pair, the other one the follower. The arbiter
 * alone chooses, and never has two choices under way. For a connection that has been authenticated
 * it says `select` with a fresh number; the follower turns to that connection and answers
 * `acknowledge`; the arbiter turns to it as well, answers `confirm`, and only now ends the
 * connection that was used before. The follower lets go of the older one only after the `confirm`.
 * So the new connection is made before the old one is broken: at no moment do the two ends use
 * connections of which one is already gone.
 *
 * If the answer does not come, the candidate is lost (its hands time it out), and the arbiter
 * selects its current connection once more, since the follower may have turned away from it. If the
 * follower loses the connection it had turned to, it goes back to the one it was leaving and says
 * `resume` there; the arbiter then drops its candidate and selects that one again.
 *
 * A further connection is ended as a duplicate, unless the follower's evidence shows that it lost
 * the current one without the arbiter's knowledge: another run of the follower speaks, or it has
 * acknowledged the current choice and no longer has it. The evidence counts per run of the arbiter.
 * A leftover of a crash is thus replaced at once instead of after the heartbeats fell silent.
 *
 * The rule is proven by exhaustion: a model of two peers, every interleaving of dials, messages,
 * breaks and restarts with up to four connections at once, found no state at rest with more or less
 * than one connection. The test beside this file explores the very functions below in the same way.
 */

import { settle, stepArbiter } from './arbiter.ts'
import { stepFollower } from './follower.ts'
import type { PairEvidence } from './message.ts'
import {
  current,
  inUse,
  type Pair,
  type PairConnection,
  type PairStep,
  still,
} from './nomination.ts'
import type { ConnectionId, PeerId, RunId } from './peer.ts'

export type {
  Pair,
  PairCommand,
  PairConnection,
  PairConnectionState,
  PairMessage,
  PairStep,
} from './nomination.ts'

/**
 * How many connections to one peer may wait beside the one in use; a further one is answered
 * `busy`.
 */
export const CANDIDATES_MAX = 4

/** How long the follower keeps reading a connection that it has left, in milliseconds. */
export const DRAIN_MS = 2_000

/** How long the arbiter waits for `acknowledge`, in milliseconds; then the connection is broken. */
export const ACKNOWLEDGE_MS = 5_000

export type PairEvent =
  | {
      readonly type: 'connection.authenticated'
      readonly connection: ConnectionId
      readonly run: RunId
      /** What the follower said on this connection. The follower itself passes anything. */
      readonly evidence: PairEvidence
    }
  | { readonly type: 'select.received'; readonly connection: ConnectionId; readonly number: number }
  | {
      readonly type: 'acknowledge.received'
      readonly connection: ConnectionId
      readonly number: number
    }
  | {
      readonly type: 'confirm.received'
      readonly connection: ConnectionId
      readonly number: number
    }
  | { readonly type: 'resume.received'; readonly connection: ConnectionId }
  /**
   * Gone for whatever reason. Not needed, and harmless, after a `connection.close` of this pair.
   */
  | { readonly type: 'connection.lost'; readonly connection: ConnectionId }
  | { readonly type: 'drain.elapsed'; readonly connection: ConnectionId }

/**
 * A pair without connections. Keep it as long as this run lives: the arbiter's numbers must not
 * start anew. Whoever forgets pairs to save memory passes the highest `lastSelect` of those
 * forgotten as `numbersFrom`.
 *
 * @example createPair({ self: 'bob', other: 'alice' }).role // 'arbiter', since 'bob' > 'alice'
 */
export function createPair(options: { self: PeerId; other: PeerId; numbersFrom?: number }): Pair {
  const { self, other, numbersFrom = 0 } = options
  const role = self > other ? 'arbiter' : 'follower'
  const lastSelect = role === 'arbiter' ? numbersFrom : 0
  return { self, other, role, connections: [], lastSelect, arbiterRun: null }
}

/**
 * Takes one event and says what to do. Events about unknown connections, and messages that only the
 * other role may send, change nothing.
 */
export function stepPair(pair: Pair, event: PairEvent): PairStep {
  const found = pair.connections.find((each) => each.connection === event.connection)
  if (event.type === 'connection.authenticated')
    return found ? still(pair) : authenticated(pair, event)
  if (!found) return still(pair)
  if (pair.role === 'arbiter') return stepArbiter(pair, found, event)
  return stepFollower(pair, found, event)
}

/** What the follower says in its `reply` or `auth` to that run of the arbiter. */
export function evidence(pair: Pair, arbiterRun: RunId): PairEvidence {
  const lastSelect =
    pair.role === 'follower' && pair.arbiterRun === arbiterRun ? pair.lastSelect : 0
  return { have: nominalConnection(pair), lastSelect }
}

/** The connection that this end uses, or null. */
export function nominalConnection(pair: Pair): ConnectionId | null {
  return current(pair)?.connection ?? null
}

/**
 * May one more connection be authenticated? `awaitingAuth` counts the accepted connections that the
 * same peer has introduced itself on and that are not authenticated yet.
 */
export function mayAuthenticate(pair: Pair, awaitingAuth = 0): boolean {
  const waiting = pair.connections.filter((each) => !inUse(each)).length
  return waiting + awaitingAuth < CANDIDATES_MAX
}

function authenticated(
  pair: Pair,
  event: Extract<PairEvent, { type: 'connection.authenticated' }>,
): PairStep {
  const { connection, run, evidence } = event
  const added: PairConnection = { connection, run, state: 'held', number: 0, evidence }
  const next = { ...pair, connections: [...pair.connections, added] }
  return pair.role === 'arbiter' ? settle(next) : still(next)
}
