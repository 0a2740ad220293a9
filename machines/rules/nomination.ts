/**
 * The data of a pair: the connections, the commands to the hands, and the small operations on both
 * that the arbiter and the follower share. The rule itself is told in `pair.ts`.
 */

import type { PairEvidence } from './message.ts'
import type { ConnectionId, PeerId, RunId } from './peer.ts'

/**
 * What a connection is to this end.
 * Both: `held` (authenticated, not chosen), `nominal` (in use).
 * Arbiter: `candidate` (selected, not acknowledged), `reselected` (in use, and selected again).
 * Follower: `confirmed` (in use, and the arbiter uses it too), `demoted` (left; still read).
 */
export type PairConnectionState =
  | 'held'
  | 'candidate'
  | 'nominal'
  | 'reselected'
  | 'confirmed'
  | 'demoted'

export interface PairConnection {
  readonly connection: ConnectionId
  /** The run of the other peer that this connection reaches. */
  readonly run: RunId
  readonly state: PairConnectionState
  /** The number of the select that chose it last; 0 if none did, or if the follower resumed it. */
  readonly number: number
  /** What the follower said when it was authenticated. Read at the arbiter, while it is held. */
  readonly evidence: PairEvidence
}

/**
 * What one peer knows of its connections to one other peer. Plain data; every step makes a new one.
 */
export interface Pair {
  readonly self: PeerId
  readonly other: PeerId
  readonly role: 'arbiter' | 'follower'
  /** In the order in which they were authenticated; one that is demoted moves to the end. */
  readonly connections: readonly PairConnection[]
  /**
   * Arbiter: the number of its last select. Follower: the highest it acknowledged to `arbiterRun`.
   */
  readonly lastSelect: number
  /** Follower: the run of the arbiter whose select it acknowledged last. */
  readonly arbiterRun: RunId | null
}

/** A message that steers the choice. */
export type PairMessage =
  | { readonly kind: 'select'; readonly number: number }
  | { readonly kind: 'acknowledge'; readonly number: number }
  | { readonly kind: 'confirm'; readonly number: number }
  | { readonly kind: 'resume' }
  | { readonly kind: 'end' }

/** What the hands have to do, in this order. */
export type PairCommand =
  | {
      readonly type: 'message.send'
      readonly connection: ConnectionId
      readonly message: PairMessage
    }
  /** From now on this end sends its data here, and nowhere else. */
  | { readonly type: 'connection.nominate'; readonly connection: ConnectionId }
  /** Send no more data here, but go on reading. */
  | { readonly type: 'connection.demote'; readonly connection: ConnectionId }
  /** (Re)start the timer of `DRAIN_MS` that ends in `drain.elapsed`. */
  | { readonly type: 'drain.start'; readonly connection: ConnectionId }
  /** End it in good order. The pair has forgotten it already. */
  | {
      readonly type: 'connection.close'
      readonly connection: ConnectionId
      readonly reason: 'duplicate' | 'superseded'
    }

export interface PairStep {
  readonly pair: Pair
  readonly commands: readonly PairCommand[]
}

export function current(pair: Pair): PairConnection | undefined {
  return pair.connections.find(inUse)
}

export function inUse({ state }: PairConnection): boolean {
  return state === 'nominal' || state === 'reselected' || state === 'confirmed'
}

export function awaited({ state }: PairConnection): boolean {
  return state === 'candidate' || state === 'reselected'
}

export function changed(pair: Pair, to: PairConnection): Pair {
  const connections = pair.connections.map((each) =>
    each.connection === to.connection ? to : each,
  )
  return { ...pair, connections }
}

export function without(pair: Pair, gone: PairConnection): Pair {
  const connections = pair.connections.filter((each) => each.connection !== gone.connection)
  return { ...pair, connections }
}

export function still(pair: Pair): PairStep {
  return { pair, commands: [] }
}

export function send({ connection }: PairConnection, message: PairMessage): PairCommand {
  return { type: 'message.send', connection, message }
}

export function nominate({ connection }: PairConnection): PairCommand {
  return { type: 'connection.nominate', connection }
}

export function demote({ connection }: PairConnection): PairCommand {
  return { type: 'connection.demote', connection }
}

export function drain({ connection }: PairConnection): PairCommand {
  return { type: 'drain.start', connection }
}

export function close(
  { connection }: PairConnection,
  reason: 'duplicate' | 'superseded',
): PairCommand {
  return { type: 'connection.close', connection, reason }
}
