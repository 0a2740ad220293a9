/**
 * How an application uses the public types, without one cast. Compiled, never run:
 * `declarations.test.ts` holds that it has no complaint, and `npm run typecheck` reads it too.
 */
import {
  type ConflictFact,
  type Dictionary,
  type ErrorCode,
  type ExpiredFact,
  HoldfastError,
  type Key,
  type Lease,
  type LeaseEnd,
  type LeaseOutput,
  type LeaseView,
  type Locks,
  leaseLogic,
  type MessageFact,
  openDictionary,
  type PeerView,
  type Receipt,
  type SyncRef,
  syncLogic,
  type Term,
} from 'holdfast'
import { connectionMachine, leaseMachine, meshMachine, syncMachine } from 'holdfast/machines'
import { createSimulation, SteppingClock } from 'holdfast/simulation'
import { type Clock, type Transport, tcpTransport } from 'holdfast/transport'
import {
  type ActorRefFrom,
  assign,
  createActor,
  enqueueActions,
  fromCallback,
  type InputFrom,
  type OutputFrom,
  type SnapshotFrom,
  sendTo,
  setup,
  toPromise,
  waitFor,
} from 'xstate'

/** Holds at compile time that a value has exactly this type. */
export declare function is<Expected>(): <Actual>(
  actual: Actual,
  ...same: [Actual] extends [Expected] ? ([Expected] extends [Actual] ? [] : [never]) : [never]
) => void

interface Door {
  readonly state: 'open' | 'shut'
  readonly since?: Date
}

export async function dictionaryUses(): Promise<void> {
  const doors = await openDictionary<Door>({
    network: 'lab',
    listen: ['tcp://127.0.0.1:0'],
    limits: { inboxMax: 10 },
    takeover: 'majority',
    transports: [tcpTransport()],
    inspect: (event) => console.log(event.type),
  })
  is<Dictionary<Door>>()(doors)
  is<Receipt>()(doors.set('front', { state: 'open' }, { leaseMs: 60_000, token: 1 }))
  is<Door | undefined>()(doors.get('front'))
  is<Door | null>()(doors.get('front', null))
  const fallback: Door = { state: 'shut' }
  is<Door>()(doors.get('front', fallback))
  is<Door>()(doors.pop('front'))
  is<Door | undefined>()(doors.pop('front', undefined))
  is<[Key, Door]>()(doors.popItem())
  is<boolean>()(doors.delete(Uint8Array.of(1)))
  is<Receipt[]>()(doors.update({ front: { state: 'open' } }))
  doors.update(new Map([['back', { state: 'shut' } as const]]))
  doors.update([[Uint8Array.of(255), { state: 'shut' }]])
  for (const pair of doors) is<[Key, Door]>()(pair)
  is<Map<Key, Door>>()(doors.copy())
  is<LeaseView | undefined>()(doors.lease('front'))
  is<PeerView[]>()(doors.peers)
  is<string>()(await doors.connect('tcp://127.0.0.1:4444', { peerId: 'bob' }))
  is<MessageFact<Door> | undefined>()(doors.recv())
  is<MessageFact<Door>[]>()(doors.recv(3))
  for await (const { payload, from } of doors.messages()) console.log(payload.state, from.length)
  doors.registerHandler(({ payload }) => payload.state === 'open')
  doors.on('update', ({ value, previous, owner }) => {
    is<Door>()(value)
    is<Door | undefined>()(previous)
    console.log(owner.toUpperCase())
  })
  doors.on('conflict', (fact) => is<ConflictFact<Door>>()(fact))
  doors.on('error', ({ error }) => is<ErrorCode>()(error.code)).unsubscribe()
  if (doors.status !== 'nominal') is<readonly HoldfastError[]>()(doors.status)
  await using lease = await doors.acquire('front', { waitMs: 1_000, minRemainingMs: 100 })
  is<Lease>()(lease)
  lease.on('lost', ({ reason }) => is<LeaseEnd>()(reason))
  is<number>()(await doors.withLease('front', {}, async ({ token }) => token))
  await doors.transfer('front', 'bob', { waitMs: 1_000 })
  doors.set('here', { state: 'open' }, { ephemeral: true, renew: true })
  doors.on('expired', (fact) => is<ExpiredFact<Door>>()(fact))
  for await (const term of doors.elect('nightly', { leaseMs: 60_000 })) is<Term>()(term)
  await lockUses(doors.locks)
  is<SyncRef>()(leaseOf(doors.actor))
  await doors.close()
}

/** What code asks of `navigator.locks`, by the types of the browser. */
interface BrowserLocks {
  query(): Promise<{
    held?: { clientId?: string; mode?: 'exclusive' | 'shared'; name?: string }[]
    pending?: { clientId?: string; mode?: 'exclusive' | 'shared'; name?: string }[]
  }>
  request<T>(name: string, callback: (lock: BrowserLock | null) => T): Promise<Awaited<T>>
  request<T>(
    name: string,
    options: {
      ifAvailable?: boolean
      mode?: 'exclusive' | 'shared'
      signal?: AbortSignal
      steal?: boolean
    },
    callback: (lock: BrowserLock | null) => T,
  ): Promise<Awaited<T>>
}

interface BrowserLock {
  readonly mode: 'exclusive' | 'shared'
  readonly name: string
}

async function lockUses(locks: Locks): Promise<void> {
  const browser: BrowserLocks = locks
  is<number>()(await browser.request('printer', { steal: true }, async () => 7))
  is<number>()(await locks.request('printer', (lock) => lock?.token ?? 0))
  const { held } = await locks.query()
  is<string[]>()(held.map(({ clientId }) => clientId))
}

function leaseOf(sync: SyncRef): SyncRef {
  createActor(leaseLogic, { input: { sync, key: 'front', leaseMs: 60_000 } })
  return sync
}

export async function actorUses(): Promise<void> {
  const actor = createActor(syncLogic, { input: { network: 'lab' } })
  actor.on('update', ({ key, value, token }) => console.log(key, value, token + 1))
  actor.on('entry.refused', ({ error }) => is<ErrorCode>()(error.code))
  actor.on('*', (fact) => console.log(fact.type))
  actor.start().send({ type: 'entry.update', entries: { front: { state: 'open' } } })
  actor.send({ type: 'peer.connect', address: 'tcp://127.0.0.1:4444' })
  const { value, context } = await waitFor(actor, (snapshot) => snapshot.value === 'open')
  is<'opening' | 'open' | 'closing' | 'closed'>()(value)
  is<readonly string[]>()(context.listening)
  is<number>()(context.reader.size)
  const output = await toPromise(actor)
  console.log(output.failure?.code)
  const lease = createActor(leaseLogic, { input: { sync: actor, key: 'leader' } })
  lease.on('held', ({ token }) => is<number>()(token))
  lease.on('lost', ({ reason }) => is<LeaseEnd>()(reason))
  is<LeaseOutput>()(await toPromise(lease))
}

export const input: InputFrom<typeof leaseLogic>['key'] = 'leader'
export const ended: OutputFrom<typeof leaseLogic> = { held: true, reason: 'expired' }
export const state: SnapshotFrom<typeof syncLogic>['value'] = 'open'

export const appMachine = setup({
  types: {
    context: {} as {
      size: number
      why: string
    },
    events: {} as { type: 'write'; text: string } | { type: 'heard'; key: Key },
    children: {} as { dictionary: 'dictionary' },
  },
  actors: {
    dictionary: syncLogic,
    listener: fromCallback<{ type: 'heard' }, { sync: ActorRefFrom<typeof syncLogic> }>(
      ({ input: { sync }, sendBack }) => {
        const heard = sync.on('update', ({ key }) => sendBack({ type: 'heard', key }))
        return () => heard.unsubscribe()
      },
    ),
  },
}).createMachine({
  context: { size: 0, why: '' },
  invoke: {
    id: 'dictionary',
    src: 'dictionary',
    input: { network: 'lab', listen: ['tcp://127.0.0.1:0'] },
    onSnapshot: {
      actions: assign({
        size: ({ event }) => event.snapshot.context.reader.size,
        why: ({ event }) => event.snapshot.value,
      }),
    },
    onDone: {
      actions: assign({ why: ({ event }) => event.output.failure?.detail ?? 'closed' }),
    },
    onError: {
      actions: ({ event }) => event.error instanceof HoldfastError && console.log(event.error.code),
    },
  },
  initial: 'following',
  states: {
    following: {
      on: {
        write: {
          actions: [
            sendTo('dictionary', ({ event }) => ({
              type: 'entry.set',
              key: 'text',
              value: event.text,
            })),
            ({ self }) => {
              const dictionary = self.getSnapshot().children.dictionary
              dictionary?.send({ type: 'message.send', payload: 'hello', to: 'bob' })
              console.log(dictionary?.getSnapshot().context.listening.length)
            },
            enqueueActions(({ enqueue }) => enqueue.sendTo('dictionary', { type: 'sync.close' })),
          ],
        },
      },
    },
  },
})

export const leaderMachine = setup({
  types: {
    context: {} as {
      dictionary: ActorRefFrom<typeof syncLogic>
      token: number | null
      why: string
    },
  },
  actors: {
    dictionary: syncLogic,
    leader: leaseLogic,
  },
}).createMachine({
  context: ({ spawn }) => ({
    dictionary: spawn('dictionary', { input: { peerId: 'app' }, syncSnapshot: true }),
    token: null,
    why: '',
  }),
  invoke: {
    src: 'leader',
    input: ({ context }) => ({ sync: context.dictionary, key: 'leader', waitMs: 1_000 }),
    onSnapshot: { actions: assign({ token: ({ event }) => event.snapshot.context.token }) },
    onDone: {
      guard: ({ event }) => event.output.held,
      actions: assign({ why: ({ event }) => event.output.reason }),
    },
    onError: { actions: assign({ why: ({ event }) => String(event.error) }) },
  },
})

export function simulationUses(): void {
  const simulation = createSimulation({ seed: 7, peers: ['alice', 'bob'], latency: [1, 20] })
  simulation.peer('alice').set('door', 1)
  is<boolean>()(simulation.oneHolder('door'))
  const clock: Clock = new SteppingClock()
  const transport: Transport = simulation.network.host('carol', clock)
  createActor(syncLogic, { input: { clock, transports: [transport] }, clock })
}

export const machines = [connectionMachine, leaseMachine, meshMachine, syncMachine].map(
  ({ id }) => id,
)
