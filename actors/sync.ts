/**
 * The sync actor: one dictionary at one peer, for an application to create, spawn or invoke.
 *
 * Its logic is the sync machine with hands, and with one door beside the statechart: facts pass
 * through to the listeners of `on` without a transition, since a statechart takes longer for one
 * than the network does.
 */

import type { ActorLogic, AnyActorRef, AnyStateMachine, Snapshot } from 'xstate'
import type { ListenerFailed } from '../machines/mesh.ts'
import { type SyncOutput, syncMachine } from '../machines/sync.ts'
import { alarmLogic } from './alarm.ts'
import type { Announcement } from './announcement.ts'
import { ballotLogic } from './ballot.ts'
import { censusLogic } from './census.ts'
import { commandMesh, commandMessage, commandStore, refuseLate, type SyncEvent } from './command.ts'
import { flushStore } from './flush.ts'
import { withHands } from './hands.ts'
import { meshLogic } from './mesh.ts'
import { neighbourhoodLogic } from './neighbourhood.ts'
import { Reader } from './reader.ts'
import { reconcileLogic } from './reconcile.ts'
import { listenError } from './refusal.ts'
import { type DictionaryOptions, settle } from './settings.ts'
import { storeLogic } from './store.ts'
import { Switchboard } from './switchboard.ts'
import { waterfallLogic } from './waterfall.ts'

export type { SyncEvent }

/** What `on` of a sync actor offers. */
export type SyncEmitted = Announcement

/** The state of affairs, small and without the data; `context.reader` reads that. */
export type SyncSnapshot = Snapshot<SyncOutput> & {
  readonly value: 'opening' | 'open' | 'closing' | 'closed'
  readonly context: {
    /** Addresses that are bound, with the ports that the system chose. */
    readonly listening: readonly string[]
    /** Why it could not open, if so. */
    readonly failure: ListenerFailed | null
    /** Reads keys, leases, peers and the digest; as JSON their summary. */
    readonly reader: Reader
  }
}

/** The input of a sync actor: the options of `openDictionary`. */
export type SyncInput = DictionaryOptions

/** The logic of one dictionary, for `createActor`, `spawn` and `invoke`. */
export interface SyncLogic
  extends ActorLogic<SyncSnapshot, SyncEvent, SyncInput, AnyActorRef['system'], SyncEmitted> {}

const CHILDREN = {
  store: storeLogic,
  waterfall: waterfallLogic,
  reconcile: reconcileLogic,
  census: censusLogic,
  ephemeral: alarmLogic((board) => board.store.send({ type: 'deadline.passed' })),
  reminder: alarmLogic((board) => board.store.send({ type: 'reminder.due' })),
  tree: alarmLogic((board) => board.waterfall.send({ type: 'tree.due' })),
  neighbourhood: neighbourhoodLogic,
  ballot: ballotLogic,
  mesh: meshLogic,
}

/** The switchboard behind a sync actor, for the facades of this package. */
export const boards = new WeakMap<object, Switchboard>()

const machine = withHands(syncMachine, {
  input: (options: SyncInput, self) => {
    const shared = new Switchboard(settle(options), self)
    boards.set(self, shared)
    return { shared, reader: new Reader(shared) }
  },
  hands: ({ shared }) => ({
    actors: CHILDREN as never,
    actions: {
      tellStore: ({ event }) => commandStore(shared, event as never),
      tellMesh: ({ event }) => commandMesh(shared, event as never),
      sendMessage: ({ event }) => commandMessage(shared, event as never),
      refuseLate: () => refuseLate(shared),
      tellFailure: ({ event }) => {
        const error = listenError(event as ListenerFailed)
        shared.announce({ type: 'error', error })
      },
      leave: ({ event }) => {
        const { keepLeases: keepsLeases = false } = event as { keepLeases?: boolean }
        // What is still to be sent has to go out before its leases end here.
        if (keepsLeases) flushStore(shared)
        shared.store.send({ type: 'store.close', keepsLeases })
        flushStore(shared)
        shared.ballot.send({ type: 'ballot.close', keepsLeases })
        shared.waterfall.send({ type: 'broadcast.made', body: { kind: 'left', keepsLeases } })
        shared.mesh.send({ type: 'mesh.close' })
      },
    },
  }),
})

const logic = Object.create(machine) as AnyStateMachine

// The children start before the first action of the machine runs, and need each other from then on.
logic.getInitialSnapshot = (scope, input) => {
  const snapshot = machine.getInitialSnapshot(scope as never, input as never)
  Object.assign(boards.get(scope.self) as Switchboard, snapshot.children)
  return snapshot
}

logic.transition = (snapshot, event, scope) => {
  if (event.type !== 'facts.told')
    return machine.transition(snapshot as never, event as never, scope as never)
  for (const fact of event.facts as Announcement[]) scope.emit(fact)
  return snapshot
}

/**
 * One dictionary as an actor.
 *
 * @example
 * const sync = createActor(syncLogic, { input: { network: 'lab', listen: ['tcp://127.0.0.1:0'] } })
 * sync.on('update', ({ key, value }) => console.log(key, value))
 * sync.start()
 * sync.send({ type: 'entry.set', key: 'door', value: 'open' })
 */
export const syncLogic = logic as unknown as SyncLogic
