/**
 * The life of the mesh: it opens when every address is bound, keeps connections while it is open,
 * says goodbye to everybody, and is closed when the last connection is gone.
 *
 * What happens in between is decided by the roster (`rules/roster.ts`), one event at a time;
 * `follow` hands it the event with the time, and carries out its orders. A connection that ends or
 * crashes takes nobody along: either way it is forgotten, and its address dialled again in due
 * time.
 */

import {
  assign,
  type DoneActorEvent,
  type ErrorActorEvent,
  enqueueActions,
  fromCallback,
  sendTo,
  setup,
} from 'xstate'
import { connectionMachine } from './connection.ts'
import type { GuestList } from './rules/guests.ts'
import type { Teller } from './rules/hearsay.ts'
import type { ConnectionOutput, ConnectionReport, Shared } from './rules/line.ts'
import type { PeerAddresses } from './rules/message.ts'
import type { ConnectionId, Handle, PeerId } from './rules/peer.ts'
import type { Roster } from './rules/roster.ts'
import { unprovided } from './unprovided.ts'

/** How many dials may wait for the mesh to open; more are made at once. */
const DIALS_WAITING_MAX = 64

/** How long the last words to all peers may take, in milliseconds. */
export const FAREWELL_MS = 3_000

export interface MeshContext {
  readonly shared: Shared
  readonly roster: Roster
  /** Addresses that were asked for and are not bound yet. */
  readonly unbound: number
  /** Addresses that are bound, with the ports that the system chose. */
  readonly listening: readonly string[]
  /** Dials that were asked for before this peer knew its own addresses. */
  readonly waiting: readonly DialAsked[]
}

export interface MeshInput {
  readonly shared: Shared
  readonly roster: Roster
  readonly listen: readonly string[]
}

/** A listener could not be bound. */
export interface ListenerFailed {
  readonly type: 'listener.failed'
  readonly address: string
  readonly code: string
  readonly detail: string
}

/** The application names an address to dial, and perhaps who must answer. */
export interface DialAsked {
  readonly type: 'peer.connect'
  readonly address: string
  readonly peerId: PeerId | null
  readonly request: string
}

/** A pair's timer ran out. */
export interface PairTimer {
  readonly peerId: PeerId
  readonly connection: ConnectionId
  readonly number: number
}

export type MeshEvent =
  | ConnectionReport
  | { readonly type: 'listener.bound'; readonly address: string }
  | ListenerFailed
  | { readonly type: 'wire.accepted'; readonly handle: Handle; readonly address: string }
  | { readonly type: 'dial.due' }
  | ({ readonly type: 'drain.elapsed' } & PairTimer)
  | ({ readonly type: 'acknowledge.elapsed' } & PairTimer)
  | DialAsked
  | { readonly type: 'peer.disconnect'; readonly peerId: PeerId }
  /** This peer has more neighbours than it needs. */
  | { readonly type: 'peer.spare'; readonly peerId: PeerId }
  | ({ readonly type: 'view.looked' } & Roster['view'])
  /** From now on these may be connected. */
  | { readonly type: 'guests.changed'; readonly guests: GuestList }
  | { readonly type: 'peers.request' }
  | { readonly type: 'peers.asked'; readonly peerId: PeerId }
  | ({ readonly type: 'peers.told'; readonly peers: readonly PeerAddresses[] } & Teller)
  | { readonly type: 'mesh.close' }

/** What reaches the mesh besides: the ends of its children. */
export type MeshChildEvent =
  | DoneActorEvent<ConnectionOutput, string>
  | ErrorActorEvent<unknown, string>

export type MeshOutput = { readonly failure: ListenerFailed | null }

const follow = { actions: 'follow' } as const

export const meshMachine = setup({
  types: {
    context: {} as MeshContext,
    events: {} as MeshEvent,
    input: {} as MeshInput,
  },
  actors: {
    connection: connectionMachine,
    doors: fromCallback<{ type: 'doors.close' }, MeshContext>(unprovided('doors')),
  },
  guards: {
    isBound: ({ context }) => context.unbound === 0,
    isAlone: ({ context }) => context.roster.members.size === 0,
    mayWait: ({ context }) => context.waiting.length < DIALS_WAITING_MAX,
  },
  actions: {
    join: unprovided('join'),
    closeDoors: sendTo('doors', { type: 'doors.close' }),
    follow: unprovided('follow'),
    sayGoodbye: unprovided('sayGoodbye'),
    tellOpen: unprovided('tellOpen'),
    tellFailed: unprovided('tellFailed'),
    tellClosed: unprovided('tellClosed'),
    noteDial: assign({
      waiting: ({ context }, { dial }: { dial: DialAsked }) => [...context.waiting, dial],
    }),
    noteBound: assign({
      unbound: ({ context }) => context.unbound - 1,
      listening: ({ context }, { address }: { address: string }) => [...context.listening, address],
    }),
  },
  delays: { farewellMs: FAREWELL_MS },
}).createMachine({
  id: 'mesh',
  context: ({ input }) => ({
    shared: input.shared,
    roster: input.roster,
    unbound: input.listen.length,
    listening: [],
    waiting: [],
  }),
  // Listeners and timers live as long as the mesh, however that ends.
  invoke: { id: 'doors', src: 'doors', input: ({ context }) => context },
  initial: 'opening',
  on: {
    'hello.received': follow,
    'reply.received': follow,
    'auth.received': follow,
    'pair.said': follow,
    'farewell.received': follow,
    'wire.accepted': follow,
    'drain.elapsed': follow,
    'acknowledge.elapsed': follow,
    'peers.asked': follow,
    'peers.told': follow,
    'guests.changed': follow,
    'xstate.done.actor.*': follow,
    'xstate.error.actor.*': follow,
    'dial.due': {},
    'peers.request': {},
    'peer.spare': {},
    'view.looked': {},
    'listener.failed': { actions: 'tellFailed' },
    'mesh.close': '.closing',
  },
  states: {
    opening: {
      on: {
        'listener.bound': {
          actions: [
            { type: 'noteBound', params: ({ event }) => ({ address: event.address }) },
            'follow',
          ],
        },
        'listener.failed': { target: 'closing', actions: 'tellFailed' },
        'peer.connect': [
          {
            guard: 'mayWait',
            actions: { type: 'noteDial', params: ({ event }) => ({ dial: event }) },
          },
          follow,
        ],
      },
      always: { guard: 'isBound', target: 'open' },
    },
    open: {
      entry: [
        'tellOpen',
        'join',
        enqueueActions(({ context, enqueue }) => {
          for (const dial of context.waiting) enqueue.raise(dial)
          enqueue.assign({ waiting: [] })
        }),
      ],
      on: {
        'dial.due': follow,
        'peer.connect': follow,
        'peer.disconnect': follow,
        'peers.request': follow,
        'peer.spare': follow,
        'view.looked': follow,
      },
    },
    closing: {
      entry: ['closeDoors', 'sayGoodbye'],
      on: { 'mesh.close': {} },
      always: { guard: 'isAlone', target: 'closed' },
      after: { farewellMs: 'closed' },
    },
    closed: { type: 'final', entry: 'tellClosed' },
  },
})
