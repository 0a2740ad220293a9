/**
 * The arbiter's side of a pair: it alone chooses, one choice at a time. The exchange is told in
 * `pair.ts`.
 */

import {
  awaited,
  changed,
  close,
  current,
  nominate,
  type Pair,
  type PairCommand,
  type PairConnection,
  type PairStep,
  send,
  still,
  without,
} from './nomination.ts'
import type { PairEvent } from './pair.ts'

/** Takes one event about a connection that the arbiter knows. */
export function stepArbiter(pair: Pair, on: PairConnection, event: PairEvent): PairStep {
  switch (event.type) {
    case 'acknowledge.received':
      return awaited(on) && on.number === event.number ? acknowledged(pair, on) : still(pair)
    case 'resume.received':
      return on.state === 'nominal' ? resumed(pair, on) : still(pair)
    case 'connection.lost':
      return lostByArbiter(pair, on)
    default:
      return still(pair)
  }
}

/**
 * Judges what is held, unless a choice is under way. The newest is tried first: it likely lives.
 */
export function settle(pair: Pair): PairStep {
  const held = pair.connections.filter((each) => each.state === 'held')
  if (held.length === 0 || pair.connections.some(awaited)) return still(pair)
  const used = current(pair)
  const better = used ? held.filter((each) => showsLossOf(used, each)) : held
  const duplicates = held.filter((each) => !better.includes(each))
  const left = duplicates.reduce(without, pair)
  const commands = duplicates.map((each) => close(each, 'duplicate'))
  const best = better.at(-1)
  return best ? after(commands, select(left, best, 'candidate')) : { pair: left, commands }
}

function showsLossOf(used: PairConnection, held: PairConnection): boolean {
  const { have, lastSelect } = held.evidence
  return held.run !== used.run || (lastSelect >= used.number && have !== used.connection)
}

function select(pair: Pair, on: PairConnection, state: 'candidate' | 'reselected'): PairStep {
  const number = pair.lastSelect + 1
  const next = { ...changed(pair, { ...on, state, number }), lastSelect: number }
  return { pair: next, commands: [send(on, { kind: 'select', number })] }
}

/** `confirm` goes out before the first data, so that the follower hears it first. */
function acknowledged(pair: Pair, on: PairConnection): PairStep {
  const confirm = send(on, { kind: 'confirm', number: on.number })
  const next = changed(pair, { ...on, state: 'nominal' })
  if (on.state === 'reselected') return after([confirm], settle(next))
  const old = current(pair)
  const commands: PairCommand[] = [confirm, nominate(on)]
  if (old) commands.push(close(old, 'superseded'))
  return after(commands, settle(old ? without(next, old) : next))
}

/**
 * The follower came back to the current connection, so what it was to turn to is of no use any
 * more. Unless that one reaches another run: then the follower restarted after it had said
 * `resume`, and the candidate is its future.
 */
function resumed(pair: Pair, on: PairConnection): PairStep {
  const candidate = pair.connections.find((each) => each.state === 'candidate')
  if (!candidate) return select(pair, on, 'reselected')
  if (candidate.run !== on.run) return still(pair)
  return after([close(candidate, 'superseded')], select(without(pair, candidate), on, 'reselected'))
}

function lostByArbiter(pair: Pair, on: PairConnection): PairStep {
  const next = without(pair, on)
  const used = current(next)
  // The follower may have turned to the candidate already; a new select calls it back.
  return on.state === 'candidate' && used ? select(next, used, 'reselected') : settle(next)
}

function after(before: readonly PairCommand[], step: PairStep): PairStep {
  return { pair: step.pair, commands: [...before, ...step.commands] }
}
