import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromCallback } from 'xstate'
import {
  type LeaseMachineInput,
  type LeaseOutput,
  LOOK_MS_MAX,
  leaseMachine,
} from '../../machines/lease.ts'
import {
  begin,
  chart,
  failureOf,
  holes,
  knowsAllEvents,
  paths,
  reachesAll,
  take,
  type Walk,
} from './chart.ts'

const EVENTS = {
  'lease.granted': { type: 'lease.granted', token: 7, lookMs: 100 },
  'lease.refused': { type: 'lease.refused', lookMs: 200 },
  'failed by time': { type: 'lease.failed', reason: 'timeout', error: 'held' },
  'failed by refusal': { type: 'lease.failed', reason: 'refused', error: 'full' },
  'lease.looked': { type: 'lease.looked', lookMs: 300 },
  'lease.expiring': { type: 'lease.expiring', lookMs: 400, remainingMs: 400 },
  'lost its own': { type: 'lease.lost', token: 7, reason: 'expired' },
  "lost another's": { type: 'lease.lost', token: 6, reason: 'expired' },
  'lease.changed': { type: 'lease.changed' },
  'lease.renew': { type: 'lease.renew' },
  'lease.release': { type: 'lease.release' },
  'blocked for lookMs': { type: 'xstate.after.lookMs.lease.waiting.blocked' },
  'held for lookMs': { type: 'xstate.after.lookMs.lease.held.resting' },
}

const walk: Walk<typeof leaseMachine> = {
  machine: leaseMachine,
  input: { key: 'door' } as unknown as LeaseMachineInput,
  events: EVENTS,
  ending: ({ held, reason }: LeaseOutput) => `${held ? 'held' : 'never held'}, ${reason}`,
}

const lease = suite('machines/lease')

lease('it tries, waits while it is blocked, holds, and ends lost or released', () => {
  assert.equal(begin(walk).asked, ['spawn watch', 'attempt'])
  assert.equal(chart(walk), {
    'waiting.trying': {
      '→ held.resting: leaveLine, tellHeld, +lookMs': 'lease.granted',
      '→ waiting.blocked: standInLine, +lookMs': 'lease.refused',
      '→ lost (never held, timeout): leaveLine, tellEnd, stop watch': 'failed by time',
      '→ lost (never held, refused): leaveLine, tellEnd, stop watch': 'failed by refusal',
      '(ignored)': "lost its own lost another's lease.changed lease.renew",
      '→ released (never held, aborted): leaveLine, tellEnd, stop watch': 'lease.release',
    },
    'waiting.blocked': {
      '→ held.resting: -lookMs, leaveLine, tellHeld, +lookMs': 'lease.granted',
      '-lookMs, standInLine, +lookMs': 'lease.refused',
      '→ lost (never held, timeout): -lookMs, leaveLine, tellEnd, stop watch': 'failed by time',
      '→ lost (never held, refused): -lookMs, leaveLine, tellEnd, stop watch': 'failed by refusal',
      '(ignored)': "lost its own lost another's lease.renew",
      '→ waiting.trying: -lookMs, attempt': 'lease.changed blocked for lookMs',
      '→ released (never held, aborted): -lookMs, leaveLine, tellEnd, stop watch': 'lease.release',
    },
    'held.resting': {
      '-lookMs, +lookMs': 'lease.looked',
      '-lookMs, tellExpiring, +lookMs': 'lease.expiring',
      '→ lost (held, expired): -lookMs, tellEnd, stop watch': 'lost its own',
      '(ignored)': "lost another's lease.changed",
      renew: 'lease.renew',
      '→ released (held, released): -lookMs, giveBack, tellEnd, stop watch': 'lease.release',
      look: 'held for lookMs',
    },
    lost: {},
    released: {},
  })
})

lease('it notes its token, and when to look next, but never later than in an hour', () => {
  const { snapshot } = begin(walk)
  const held = take(snapshot, EVENTS['lease.granted']).snapshot
  assert.equal([held.context.token, held.context.lookMs], [7, 100])
  const looked = take(held, EVENTS['lease.looked']).snapshot
  assert.equal([looked.context.token, looked.context.lookMs], [7, 300])
  const tenYearsMs = 10 * 365 * 24 * 3_600_000
  const far = { type: 'lease.looked', lookMs: tenYearsMs } as { type: string }
  assert.is(take(held, far).snapshot.context.lookMs, LOOK_MS_MAX)
  assert.is(LOOK_MS_MAX, 3_600_000)
})

lease('all states are reached, and all events are tried in each', () => {
  knowsAllEvents(walk)
  reachesAll(leaseMachine, [walk as never])
})

lease('on every path it tells its end once, after it told that it holds', () => {
  for (const path of paths(walk)) {
    const told = path.flatMap((step) => step.asked).filter((name) => name.startsWith('tell'))
    const last = path.at(-1)?.snapshot
    const wasHeld = path.some(({ snapshot }) => snapshot.matches('held' as never))
    const isOver = last?.status === 'done'
    const expected = [...(wasHeld ? ['tellHeld'] : []), ...(isOver ? ['tellEnd'] : [])]
    assert.equal(told, expected)
    if (isOver) assert.is(last?.output.held, wasHeld)
  }
})

lease('a hole without hands says its name', () => {
  const deeds = [
    'attempt',
    'standInLine',
    'leaveLine',
    'look',
    'renew',
    'giveBack',
    'tellHeld',
    'tellExpiring',
    'tellEnd',
  ]
  assert.equal(holes(leaseMachine), [...deeds, 'watch'])
  const watched = leaseMachine.provide({ actors: { watch: fromCallback(() => {}) } })
  assert.is(failureOf(watched, walk.input), "provide 'attempt'")
})

lease.run()
