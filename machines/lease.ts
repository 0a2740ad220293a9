/**
 * The life of one lease, as an application invokes it for one key.
 *
 * It waits until the key is free, holds it, and ends: lost when the time is over or somebody else
 * has the key, released when it is given back, given up when waiting took too long. Deadlines are
 * data that is read again at each look; a timer only says when to look, and none is longer than an
 * hour.
 */

import { assign, type EventObject, fromCallback, setup } from 'xstate'
import type { LeaseEnd } from './rules/fact.ts'
import type { StoredKey } from './rules/key.ts'
import { unprovided } from './unprovided.ts'

/**
 * The longest time between two looks at the clock, in milliseconds. Timers beyond 24 days fire at
 * once.
 */
export const LOOK_MS_MAX = 3_600_000

export interface LeaseContext {
  readonly key: StoredKey
  readonly leaseMs: number | undefined
  /** Asked for again when less than this is left at the moment of the grant, in milliseconds. */
  readonly minRemainingMs: number
  /** Until when to wait for the key, by the monotonic clock; now or earlier to try once. */
  readonly waitUntil: number
  /** Goes on with the renewals of its peer for as long as it is held. */
  readonly isRenewing: boolean
  /** Takes the key even from a holder in force. */
  readonly isStealing: boolean
  /** Warns when less than this is left, in milliseconds; 0 never. */
  readonly expiringMs: number
  readonly token: number | null
  /** When to look next, in milliseconds from now. */
  readonly lookMs: number
  readonly end: LeaseOutput
}

export type LeaseMachineInput = Pick<
  LeaseContext,
  'key' | 'leaseMs' | 'minRemainingMs' | 'waitUntil' | 'isRenewing' | 'isStealing' | 'expiringMs'
>

/** How it ended: a lease that was held says why it is not any more; one that never was, why not. */
export type LeaseOutput =
  | { readonly held: true; readonly reason: LeaseEnd }
  | {
      readonly held: false
      readonly reason: 'timeout' | 'aborted' | 'refused'
      readonly error: unknown
    }

export type LeaseEvent =
  /** From the hands, after an attempt or a look. */
  | { readonly type: 'lease.granted'; readonly token: number; readonly lookMs: number }
  | { readonly type: 'lease.refused'; readonly lookMs: number }
  | {
      readonly type: 'lease.failed'
      readonly reason: 'timeout' | 'refused'
      readonly error: unknown
    }
  | { readonly type: 'lease.looked'; readonly lookMs: number }
  | { readonly type: 'lease.expiring'; readonly lookMs: number; readonly remainingMs: number }
  | { readonly type: 'lease.lost'; readonly token: number; readonly reason: LeaseEnd }
  /** The key's lease changed hands or was given back: worth another attempt. */
  | { readonly type: 'lease.changed' }
  /** From the application. */
  | { readonly type: 'lease.renew' }
  | { readonly type: 'lease.release' }

export const leaseMachine = setup({
  types: {
    context: {} as LeaseContext,
    events: {} as LeaseEvent,
    input: {} as LeaseMachineInput,
    output: {} as LeaseOutput,
  },
  actors: {
    /** Watches the key and gives the lease back when the machine is stopped. */
    watch: fromCallback<EventObject, LeaseContext>(unprovided('watch')),
  },
  guards: {
    isOurs: ({ context, event }) => event.type === 'lease.lost' && event.token === context.token,
  },
  actions: {
    attempt: unprovided('attempt'),
    standInLine: unprovided('standInLine'),
    leaveLine: unprovided('leaveLine'),
    look: unprovided('look'),
    renew: unprovided('renew'),
    giveBack: unprovided('giveBack'),
    tellHeld: unprovided('tellHeld'),
    tellExpiring: unprovided('tellExpiring'),
    tellEnd: unprovided('tellEnd'),
    noteToken: assign({ token: (_, { token }: { token: number }) => token }),
    noteLook: assign({
      lookMs: (_, { lookMs }: { lookMs: number }) => Math.min(lookMs, LOOK_MS_MAX),
    }),
    noteEnd: assign({ end: (_, { end }: { end: LeaseOutput }) => end }),
  },
  delays: { lookMs: ({ context }) => context.lookMs },
}).createMachine({
  id: 'lease',
  context: ({ input }) => ({
    ...input,
    token: null,
    lookMs: 0,
    end: { held: false, reason: 'aborted', error: undefined },
  }),
  output: ({ context }) => context.end,
  invoke: { id: 'watch', src: 'watch', input: ({ context }) => context },
  initial: 'waiting',
  on: { 'lease.changed': {}, 'lease.renew': {}, 'lease.lost': {} },
  states: {
    waiting: {
      initial: 'trying',
      exit: 'leaveLine',
      on: {
        'lease.granted': {
          target: 'held',
          actions: [
            { type: 'noteToken', params: ({ event }) => event },
            { type: 'noteLook', params: ({ event }) => event },
          ],
        },
        'lease.refused': {
          target: '.blocked',
          actions: { type: 'noteLook', params: ({ event }) => event },
        },
        'lease.failed': {
          target: 'lost',
          actions: {
            type: 'noteEnd',
            params: ({ event }) => ({ end: { ...event, held: false } }),
          },
        },
        'lease.release': 'released',
      },
      states: {
        trying: { entry: 'attempt' },
        // Whoever is blocked has a place in the queue, and tries again when the key changes hands
        // or it is its turn.
        blocked: {
          entry: 'standInLine',
          on: { 'lease.changed': 'trying' },
          after: { lookMs: 'trying' },
        },
      },
    },
    held: {
      entry: 'tellHeld',
      initial: 'resting',
      on: {
        'lease.looked': {
          target: '.resting',
          actions: { type: 'noteLook', params: ({ event }) => event },
        },
        'lease.expiring': {
          target: '.resting',
          actions: [{ type: 'noteLook', params: ({ event }) => event }, 'tellExpiring'],
        },
        'lease.lost': {
          guard: 'isOurs',
          target: 'lost',
          actions: {
            type: 'noteEnd',
            params: ({ event }) => ({ end: { held: true, reason: event.reason } }),
          },
        },
        'lease.renew': { actions: 'renew' },
        'lease.release': {
          target: 'released',
          actions: [
            'giveBack',
            { type: 'noteEnd', params: { end: { held: true, reason: 'released' } } },
          ],
        },
      },
      states: { resting: { after: { lookMs: { actions: 'look' } } } },
    },
    lost: { type: 'final', entry: 'tellEnd' },
    released: { type: 'final', entry: 'tellEnd' },
  },
})
