/**
 * The pair rule with one piece taken away, each made by bending what goes into and comes out of the
 * production functions. They show that the explorer would notice if the piece were missing.
 */

import { settle } from '../../machines/rules/arbiter.ts'
import type { PairCommand, PairEvent, PairStep } from '../../machines/rules/pair.ts'
import type { RunId } from '../../machines/rules/peer.ts'
import { PRODUCTION, type Rule } from './pairWorld.ts'

/** The arbiter turns to a connection, and ends the older one, without waiting for `acknowledge`. */
export const withoutAcknowledge: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    const step = PRODUCTION.step(pair, event)
    const select = step.commands.find(isSelect)
    if (select?.message.kind !== 'select') return step
    const { connection } = select
    const { number } = select.message
    const chosen = step.pair.connections.find((each) => each.connection === connection)
    if (chosen?.state !== 'candidate') return step
    return followedBy(step, { type: 'acknowledge.received', connection, number })
  },
}

/** The follower obeys every `select`, however old. */
export const withoutNumber: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    const forgetful = event.type === 'select.received' ? { ...pair, arbiterRun: null } : pair
    return PRODUCTION.step(forgetful, event)
  },
}

/** The follower ends the older connection at `select` instead of waiting for `confirm`. */
export const withoutConfirm: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    const step = PRODUCTION.step(pair, event)
    if (event.type !== 'select.received' || step.commands.length === 0) return step
    let next = followedBy(step, { ...event, type: 'confirm.received' })
    for (const { connection, state } of step.pair.connections) {
      if (state === 'demoted') next = followedBy(next, { type: 'drain.elapsed', connection })
    }
    return { ...next, commands: next.commands.filter(({ type }) => type !== 'drain.start') }
  },
}

/** The follower, having lost the connection it had turned to, does not go back. */
export const withoutResume: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    const step = PRODUCTION.step(pair, event)
    if (!step.commands.some(isResume)) return step
    const left = pair.connections.filter((each) => each.connection !== event.connection)
    return { pair: { ...pair, connections: left }, commands: [] }
  },
}

/** The follower's evidence counts numbers of any run of the arbiter. */
export const withoutScope: Rule = {
  ...PRODUCTION,
  evidence(pair, arbiterRun) {
    return { ...PRODUCTION.evidence(pair, arbiterRun), lastSelect: pair.lastSelect }
  },
}

/** Any `confirm` confirms. */
export const withoutConfirmNumber: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    if (event.type !== 'confirm.received') return PRODUCTION.step(pair, event)
    const on = pair.connections.find((each) => each.connection === event.connection)
    return PRODUCTION.step(pair, { ...event, number: on?.number ?? event.number })
  },
}

/** The follower gives up held connections after a while, instead of leaving them to the arbiter. */
export const withHoldTimer: Rule = { ...PRODUCTION, holdTimer: true }

/** The arbiter does not call the follower back after it lost its candidate. */
export const withoutReselect: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    const step = PRODUCTION.step(pair, event)
    if (event.type !== 'connection.lost' || !step.commands.some(isSelect)) return step
    if (!step.pair.connections.some((each) => each.state === 'reselected')) return step
    const left = pair.connections.filter((each) => each.connection !== event.connection)
    return settle({ ...pair, connections: left })
  },
}

/** The arbiter is told nothing of what the follower lost, not even by another run. */
export const withoutEvidence: Rule = {
  ...PRODUCTION,
  step(pair, event) {
    const connections = pair.connections.map((each) => ({ ...each, run: SAME_RUN }))
    if (event.type !== 'connection.authenticated' || pair.role === 'follower') {
      return PRODUCTION.step(pair, event)
    }
    return PRODUCTION.step({ ...pair, connections }, { ...event, run: SAME_RUN })
  },
  evidence: () => ({ have: null, lastSelect: 0 }),
}

function followedBy({ pair, commands }: PairStep, event: PairEvent): PairStep {
  const step = PRODUCTION.step(pair, event)
  return { pair: step.pair, commands: [...commands, ...step.commands] }
}

const SAME_RUN = 'same' as RunId

type Send = Extract<PairCommand, { type: 'message.send' }>

function isSelect(command: PairCommand): command is Send {
  return command.type === 'message.send' && command.message.kind === 'select'
}

function isResume(command: PairCommand): boolean {
  return command.type === 'message.send' && command.message.kind === 'resume'
}
