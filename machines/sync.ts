/**
 * The life of one dictionary at one peer: the root that an application spawns.
 *
 * It opens when the mesh is bound, and closes in order: what was written goes out, every peer is
 * told, the last connection ends. The data is never here. The machine knows the state of affairs
 * and passes on what it is told; decisions about keys are the store's, decisions about peers are
 * the mesh's.
 */

import { type AnyActorRef, type AnyEventObject, assign, fromTransition, setup } from 'xstate'
import type { ListenerFailed } from './mesh.ts'
import type { Shared } from './rules/line.ts'
import { unprovided } from './unprovided.ts'

export interface SyncContext {
  readonly shared: Shared
  /** Reads the data; as JSON a summary of it. */
  readonly reader: Shared
  /** Addresses that are bound, with the ports that the system chose. */
  readonly listening: readonly string[]
  readonly failure: ListenerFailed | null
}

export interface SyncMachineInput {
  readonly shared: Shared
  readonly reader: Shared
}

export type SyncMachineEvent =
  | { readonly type: 'mesh.opened'; readonly listening: readonly string[] }
  | ListenerFailed
  | { readonly type: 'mesh.closed' }
  | { readonly type: 'sync.close'; readonly keepLeases?: boolean }
  /** Passed to the store; see `StoreEvent` in `actors/store.ts`. */
  | { readonly type: `entry.${string}` }
  | { readonly type: `lease.${string}` }
  /** Passed to the mesh. */
  | { readonly type: 'peer.connect' | 'peer.disconnect' | `peers.${string}` }
  /** Broadcast, or whispered. */
  | { readonly type: 'message.send' }

export interface SyncOutput {
  readonly failure: ListenerFailed | null
}

/** A child that lives as long as its dictionary; `actors/` says what it does. */
const child = (name: string) =>
  fromTransition<null, AnyEventObject, AnyActorRef['system'], { readonly shared: Shared }>(
    unprovided(name),
    null,
  )

export const syncMachine = setup({
  types: {
    context: {} as SyncContext,
    events: {} as SyncMachineEvent,
    input: {} as SyncMachineInput,
    output: {} as SyncOutput,
  },
  actors: {
    store: child('store'),
    waterfall: child('waterfall'),
    reconcile: child('reconcile'),
    census: child('census'),
    ephemeral: child('ephemeral'),
    reminder: child('reminder'),
    tree: child('tree'),
    neighbourhood: child('neighbourhood'),
    ballot: child('ballot'),
    mesh: child('mesh'),
  },
  actions: {
    tellStore: unprovided('tellStore'),
    tellMesh: unprovided('tellMesh'),
    sendMessage: unprovided('sendMessage'),
    leave: unprovided('leave'),
    refuseLate: unprovided('refuseLate'),
    tellFailure: unprovided('tellFailure'),
    noteListening: assign({
      listening: (_, { listening }: { listening: readonly string[] }) => listening,
    }),
    noteFailure: assign({ failure: (_, { failure }: { failure: ListenerFailed }) => failure }),
  },
}).createMachine({
  id: 'sync',
  context: ({ input }) => ({ ...input, listening: [], failure: null }),
  output: ({ context }) => ({ failure: context.failure }),
  invoke: [
    { id: 'store', src: 'store', input: ({ context }) => context },
    { id: 'waterfall', src: 'waterfall', input: ({ context }) => context },
    { id: 'reconcile', src: 'reconcile', input: ({ context }) => context },
    { id: 'census', src: 'census', input: ({ context }) => context },
    { id: 'ephemeral', src: 'ephemeral', input: ({ context }) => context },
    { id: 'reminder', src: 'reminder', input: ({ context }) => context },
    { id: 'tree', src: 'tree', input: ({ context }) => context },
    { id: 'neighbourhood', src: 'neighbourhood', input: ({ context }) => context },
    { id: 'ballot', src: 'ballot', input: ({ context }) => context },
    { id: 'mesh', src: 'mesh', input: ({ context }) => context },
  ],
  initial: 'opening',
  on: {
    'entry.*': { actions: 'tellStore' },
    'lease.*': { actions: 'tellStore' },
    'message.send': { actions: 'sendMessage' },
    'peer.*': { actions: 'tellMesh' },
    'peers.*': { actions: 'tellMesh' },
    'mesh.closed': '.closed',
    'sync.close': '.closing',
  },
  states: {
    opening: {
      on: {
        'mesh.opened': {
          target: 'open',
          actions: {
            type: 'noteListening',
            params: ({ event }) => ({ listening: event.listening }),
          },
        },
        'listener.failed': {
          actions: { type: 'noteFailure', params: ({ event }) => ({ failure: event }) },
        },
      },
    },
    open: {
      // Somebody else closed the listener: those who are connected stay, nobody new comes in.
      on: { 'listener.failed': { actions: 'tellFailure' } },
    },
    // What was written goes out before the goodbye; the mesh ends when the last connection has.
    closing: {
      entry: 'leave',
      on: {
        'sync.close': {},
        'entry.*': { actions: 'refuseLate' },
        'lease.*': { actions: 'refuseLate' },
        'message.send': { actions: 'refuseLate' },
        'peer.*': { actions: 'refuseLate' },
        'peers.*': { actions: 'refuseLate' },
      },
    },
    closed: { type: 'final' },
  },
})
