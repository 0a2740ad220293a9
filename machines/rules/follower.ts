/**
 * The follower's side of a pair: it turns to what the arbiter selects. The exchange is told in
 * `pair.ts`.
 */

import {
  changed,
  close,
  current,
  demote,
  drain,
  inUse,
  nominate,
  type Pair,
  type PairConnection,
  type PairStep,
  send,
  still,
  without,
} from './nomination.ts'
import type { PairEvent } from './pair.ts'

/** Takes one event about a connection that the follower knows. */
export function stepFollower(pair: Pair, on: PairConnection, event: PairEvent): PairStep {
  switch (event.type) {
    case 'select.received':
      return selected(pair, on, event.number)
    case 'confirm.received':
      return on.state === 'nominal' && on.number === event.number
        ? confirmed(pair, on)
        : still(pair)
    case 'connection.lost':
      return lostByFollower(pair, on)
    case 'drain.elapsed':
      return drained(pair, on)
    default:
      return still(pair)
  }
}

function selected(pair: Pair, on: PairConnection, number: number): PairStep {
  // An older choice of the same run arrives late: what came after it has been acknowledged.
  if (on.run === pair.arbiterRun && number <= pair.lastSelect) return still(pair)
  const old = current(pair)
  const acknowledge = send(on, { kind: 'acknowledge', number })
  const chosen: PairConnection = { ...on, state: 'nominal', number }
  const next = { ...changed(pair, chosen), lastSelect: number, arbiterRun: on.run }
  if (old?.connection === on.connection) return { pair: next, commands: [acknowledge] }
  if (!old) return { pair: next, commands: [acknowledge, nominate(on)] }
  const rest = without(next, old).connections
  return {
    pair: { ...next, connections: [...rest, { ...old, state: 'demoted' }] },
    commands: [send(old, { kind: 'end' }), demote(old), acknowledge, nominate(on)],
  }
}

function confirmed(pair: Pair, on: PairConnection): PairStep {
  const commands = pair.connections.filter((each) => each.state === 'demoted').map(drain)
  return { pair: changed(pair, { ...on, state: 'confirmed' }), commands }
}

/**
 * Goes back to the connection left last. Number 0 keeps a `confirm` under way from confirming it.
 */
function lostByFollower(pair: Pair, on: PairConnection): PairStep {
  const next = without(pair, on)
  const back = next.connections.findLast((each) => each.state === 'demoted')
  if (!inUse(on) || !back) return still(next)
  return {
    pair: changed(next, { ...back, state: 'nominal', number: 0 }),
    commands: [send(back, { kind: 'resume' }), nominate(back)],
  }
}

/** Before the arbiter has confirmed, it may still be using the older connection. */
function drained(pair: Pair, on: PairConnection): PairStep {
  const settled = pair.connections.some((each) => each.state === 'confirmed')
  if (on.state !== 'demoted' || !settled) return still(pair)
  return { pair: without(pair, on), commands: [close(on, 'superseded')] }
}
