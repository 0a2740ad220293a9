/**
 * Mistakes that the compiler must find, each under a comment that expects it: a line that compiles
 * is an error here. Compiled, never run. `declarations.test.ts` shows that the check is awake.
 */
import {
  type Dictionary,
  HoldfastError,
  type Lease,
  type LeaseEmitted,
  leaseLogic,
  openDictionary,
  type SyncInput,
  type SyncRef,
  type SyncSnapshot,
  syncLogic,
} from 'holdfast'
import { createSimulation } from 'holdfast/simulation'
import { createActor, sendTo, setup } from 'xstate'
import { is } from './uses.ts'

declare function use(value: unknown): void

interface Door {
  readonly state: 'open' | 'shut'
}

export function optionMistakes(): void {
  // @ts-expect-error The name of a network is text.
  openDictionary({ network: 7 })
  // @ts-expect-error There is no such option.
  openDictionary({ nework: 'lab' })
  // @ts-expect-error Addresses come as a list.
  openDictionary({ listen: 'tcp://127.0.0.1:0' })
  // @ts-expect-error No such policy.
  openDictionary({ takeover: 'never' })
  // @ts-expect-error No such limit.
  openDictionary({ limits: { entryMax: 7 } })
  // @ts-expect-error A clock has more than one reading.
  openDictionary({ clock: { now: () => 0 } })
  // @ts-expect-error A term is a number of milliseconds.
  openDictionary({ leaseMs: '1h' })
  // @ts-expect-error `inspect` is for createActor here, not for the input.
  createActor(syncLogic, { input: { inspect: () => {} } })
  // @ts-expect-error No such option in the simulation either.
  createSimulation({ sed: 7 })
}

export async function dictionaryMistakes(doors: Dictionary<Door>): Promise<void> {
  // @ts-expect-error Not a value of this dictionary.
  doors.set('front', { state: 'ajar' })
  // @ts-expect-error Nor is this.
  doors.set('front', 'open')
  // @ts-expect-error A key is text or bytes.
  doors.set(7, { state: 'open' })
  // @ts-expect-error No such option of a write.
  doors.set('front', { state: 'open' }, { leaseMS: 1 })
  // @ts-expect-error The wrong value in an update.
  doors.update({ front: { state: 'ajar' } })
  // @ts-expect-error Numbers are no entries.
  doors.update([1, 2])
  // @ts-expect-error It may be missing.
  doors.get('front').state
  // @ts-expect-error A fallback may come back instead.
  doors.get('front', null).state
  // @ts-expect-error A key may be bytes.
  for (const key of doors.keys()) key.toUpperCase()
  // @ts-expect-error What a Map does is not all done here.
  doors.clear()
  // @ts-expect-error Size is for reading.
  doors.size = 0
  // @ts-expect-error A receipt is for reading.
  doors.set('front', { state: 'open' }).token = 7
  // @ts-expect-error No such event.
  doors.on('updated', () => {})
  // @ts-expect-error A delete has no value.
  doors.on('delete', ({ value }) => value)
  // @ts-expect-error A refusal has a reason that is known.
  doors.on('refused', ({ reason }) => reason === 'rude')
  // @ts-expect-error An address comes first.
  await doors.connect({ peerId: 'bob' })
  // @ts-expect-error One whisper goes to one peer.
  doors.send({ state: 'open' }, { to: ['bob'] })
  // @ts-expect-error A promise of a lease is no lease.
  is<Lease>()(doors.acquire('front'))
  // @ts-expect-error A dictionary is no sync actor; its `actor` is.
  createActor(leaseLogic, { input: { sync: doors, key: 'front' } })
  // @ts-expect-error A problem has to be told from 'nominal' first.
  doors.status[0].code
  // @ts-expect-error No such code.
  new HoldfastError('LEASE_BURNT', '')
  // @ts-expect-error The state of affairs of peers is not text.
  is<string[]>()(doors.peers)
}

export function syncMistakes(): void {
  const actor = createActor(syncLogic, { input: { network: 'lab' } })
  // @ts-expect-error No such event.
  actor.send({ type: 'entry.burn', key: 'front' })
  // @ts-expect-error A set has a value.
  actor.send({ type: 'entry.set', key: 'front' })
  // @ts-expect-error A transfer names the heir.
  actor.send({ type: 'lease.transfer', key: 'front' })
  // @ts-expect-error What the inside says to itself is not offered.
  actor.send({ type: 'mesh.opened', listening: [] })
  // @ts-expect-error No such fact.
  actor.on('updated', () => {})
  // @ts-expect-error A fact has the fields of its kind.
  actor.on('connect', ({ key }) => key)
  const snapshot: SyncSnapshot = actor.getSnapshot()
  // @ts-expect-error The data is not in the snapshot.
  snapshot.context.entries
  // @ts-expect-error No such state.
  snapshot.value === 'nominal'
  // @ts-expect-error How the machine is made is nobody else's business.
  snapshot.context.shared
  // @ts-expect-error A reader does not write.
  snapshot.context.reader.set('front', 1)
  // @ts-expect-error The wrong kind of input.
  use(createActor(syncLogic, { input: 'lab' }))
  const input: SyncInput = {}
  // @ts-expect-error Options are for reading.
  input.network = 'lab'
}

export function leaseMistakes(sync: SyncRef): void {
  // @ts-expect-error A lease needs its input.
  createActor(leaseLogic)
  // @ts-expect-error A lease needs a key.
  createActor(leaseLogic, { input: { sync } })
  // @ts-expect-error A lease needs the sync actor.
  createActor(leaseLogic, { input: { key: 'front' } })
  // @ts-expect-error A wait is a number of milliseconds.
  createActor(leaseLogic, { input: { sync, key: 'front', waitMs: '1s' } })
  // @ts-expect-error No such option.
  createActor(leaseLogic, { input: { sync, key: 'front', renew: true } })
  const lease = createActor(leaseLogic, { input: { sync, key: 'front' } })
  // @ts-expect-error Leases are lost by themselves.
  lease.send({ type: 'lease.lost' })
  // @ts-expect-error No such fact.
  lease.on('granted', () => {})
  // @ts-expect-error A loss has no token.
  lease.on('lost', ({ token }) => token)
  // @ts-expect-error It may not be held yet.
  is<number>()(lease.getSnapshot().context.token)
  // @ts-expect-error The wrong type of what is emitted.
  use({ type: 'lost', reason: 'bored' } satisfies LeaseEmitted)
  // @ts-expect-error The check of exact types is awake.
  is<string>()(7)
}

export const machineMistakes = setup({
  types: { context: {} as { sync: SyncRef }, events: {} as { type: 'go' } },
  actors: { dictionary: syncLogic, leader: leaseLogic },
}).createMachine({
  context: ({ spawn }) => ({
    // @ts-expect-error The wrong kind of option.
    sync: spawn('dictionary', { input: { leasing: 'yes' } }),
  }),
  on: {
    // @ts-expect-error A dictionary takes no such event.
    go: { actions: sendTo(({ context }) => context.sync, { type: 'entry.burn' }) },
  },
  invoke: {
    src: 'leader',
    input: ({ context }) => ({ sync: context.sync, key: 'leader' }),
    onDone: {
      // @ts-expect-error A lease does not end because somebody was bored.
      guard: ({ event }) => event.output.reason === 'bored',
    },
    onSnapshot: {
      // @ts-expect-error No such field in its snapshot.
      actions: ({ event }) => event.snapshot.context.board,
    },
  },
})

export const keylessMachine = setup({
  types: { input: {} as { sync: SyncRef }, context: {} as { sync: SyncRef } },
  actors: { leader: leaseLogic },
}).createMachine({
  context: ({ input }) => input,
  // @ts-expect-error The key of the lease is missing.
  invoke: { src: 'leader', input: ({ context }) => ({ sync: context.sync }) },
})
