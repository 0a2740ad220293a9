/**
 * The dictionary inside the machine of an application: spawned, invoked, listened to, persisted.
 */
import { spawnSync } from 'node:child_process'
import { type HoldfastError, type SyncEmitted, type SyncSnapshot, syncLogic } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type ActorRefFrom,
  type AnyActorRef,
  assign,
  createActor,
  fromCallback,
  sendTo,
  setup,
  waitFor,
} from 'xstate'
import { until, withCompany } from './company.ts'

const sync = suite('a sync actor in a machine')

type Ref = ActorRefFrom<typeof syncLogic>

/** Passes what the dictionary emits to its parent as events of its own. */
const listener = fromCallback<{ type: 'none' }, { house: AnyActorRef }>(({ input, sendBack }) => {
  const dictionary: Ref = input.house.getSnapshot().children.dictionary
  const { unsubscribe } = dictionary.on('update', ({ key, value, local }) =>
    sendBack({ type: 'heard', text: `${String(key)}=${String(value)} ${local}` }),
  )
  return unsubscribe
})

const houseMachine = setup({
  types: {
    input: {} as { listen?: string[]; join?: readonly string[]; peerId: string },
    context: {} as {
      heard: string[]
      size: number
      failure: unknown
      join: readonly string[]
      listen: string[]
      peerId: string
    },
    events: {} as { type: 'open' } | { type: 'heard'; text: string } | { type: 'leave' },
  },
  actors: { dictionary: syncLogic, listener },
}).createMachine({
  context: ({ input }) => ({ heard: [], size: 0, failure: null, join: [], listen: [], ...input }),
  initial: 'home',
  states: {
    home: {
      invoke: [
        {
          id: 'dictionary',
          src: 'dictionary',
          input: ({ context: { peerId, listen, join } }) => ({ peerId, listen, join }),
          onSnapshot: {
            actions: assign({ size: ({ event }) => event.snapshot.context.reader.size }),
          },
          onDone: {
            target: 'away',
            actions: assign({ failure: ({ event }) => event.output?.failure ?? null }),
          },
          onError: { target: 'broken', actions: assign({ failure: ({ event }) => event.error }) },
        },
        {
          src: 'listener',
          input: ({ self }) => ({ house: self }),
        },
      ],
      on: {
        open: { actions: sendTo('dictionary', { type: 'entry.set', key: 'door', value: 'open' }) },
        heard: {
          actions: assign({ heard: ({ context, event }) => [...context.heard, event.text] }),
        },
        leave: { actions: sendTo('dictionary', { type: 'sync.close' }) },
      },
    },
    away: { type: 'final' },
    broken: {},
  },
})

sync(
  'invoked: takes events, tells its parent, and is done when it has closed',
  withCompany(async (company) => {
    const bob = await company.listening<unknown>({ peerId: 'bob', network: 'holdfast' })
    const input = { peerId: 'alice', join: bob.listening }
    const house = createActor(houseMachine, { input }).start()
    house.send({ type: 'open' })
    await until(() => bob.get('door') === 'open')
    bob.set('window', 'shut')
    await until(() => house.getSnapshot().context.heard.length === 2)
    assert.equal(house.getSnapshot().context.heard, ['door=open true', 'window=shut false'])
    house.send({ type: 'leave' })
    await waitFor(house, ({ status }) => status === 'done')
    assert.is(house.getSnapshot().value, 'away')
    assert.is(house.getSnapshot().context.failure, null)
    assert.equal(bob.peers, [])
    assert.is(bob.lease('door'), undefined)
  }),
)

sync(
  'invoked: an address that is taken makes it done with the failure',
  withCompany(async (company) => {
    const bob = await company.listening({ peerId: 'bob' })
    const [address] = bob.listening as [string]
    const house = createActor(houseMachine, { input: { peerId: 'alice', listen: [address] } })
    house.start()
    await waitFor(house, ({ status }) => status === 'done')
    const failure = house.getSnapshot().context.failure as { code: string; address: string }
    assert.is(failure.code, 'address-in-use')
    assert.is(failure.address, address)
  }),
)

sync('invoked: a wrong option is an error that the parent can handle', () => {
  const house = createActor(houseMachine, { input: { peerId: 'a b' } }).start()
  assert.is(house.getSnapshot().value, 'broken')
  const error = house.getSnapshot().context.failure as HoldfastError
  assert.is(error.code, 'OPTION_INVALID')
  assert.is(error.option, 'peerId')
  house.stop()
})

sync('alone: a wrong option puts the actor into the status of an error', () => {
  const actor = createActor(syncLogic, { input: { leaseMs: 1 } })
  actor.subscribe({ error: () => {} })
  assert.is(actor.getSnapshot().status, 'error')
  assert.is((actor.getSnapshot().error as HoldfastError).option, 'leaseMs')
  actor.start()
})

const twinMachine = setup({
  types: { context: {} as { refs: Ref[] } },
  actors: { dictionary: syncLogic },
}).createMachine({
  context: ({ spawn }) => ({
    refs: ['alice', 'bob'].map((peerId) =>
      spawn('dictionary', { id: peerId, input: { peerId, listen: ['tcp://127.0.0.1:0'] } }),
    ),
  }),
})

sync('spawned: two in one actor system do not collide, and meet over the network', async () => {
  const twins = createActor(twinMachine).start()
  const [alice, bob] = twins.getSnapshot().context.refs as [Ref, Ref]
  await until(() => [alice, bob].every((ref) => ref.getSnapshot().value === 'open'))
  const [address] = alice.getSnapshot().context.listening as [string]
  const heard: SyncEmitted[] = []
  bob.on('update', (fact) => heard.push(fact))
  bob.send({ type: 'peer.connect', address })
  alice.send({ type: 'entry.set', key: 'door', value: 'open' })
  await until(() => heard.length === 1)
  assert.equal(heard, [
    {
      type: 'update',
      key: 'door',
      value: 'open',
      previous: undefined,
      owner: 'alice',
      token: 1,
      local: false,
    },
  ])
  const digests = [alice, bob].map((ref) => ref.getSnapshot().context.reader.digest())
  assert.is(digests[0], digests[1])
  twins.stop()
  assert.is(alice.getSnapshot().status, 'stopped')
})

sync('its snapshot as JSON is a summary, and never the data', async () => {
  const actor = createActor(syncLogic, { input: { peerId: 'alice' } }).start()
  await waitFor(actor, ({ value }) => value === 'open')
  const secret = 'the value of a key '.repeat(100)
  for (let index = 0; index < 100; index++) {
    actor.send({ type: 'entry.set', key: `key ${index}`, value: secret })
  }
  const text = JSON.stringify(actor.getSnapshot())
  assert.ok(text.length < 1_000, `${text.length} characters`)
  assert.not.match(text, 'the value of a key')
  const { status, value, context } = JSON.parse(text) as SyncSnapshot
  assert.is(status, 'active')
  assert.is(value, 'open')
  const { digest, ...reader } = JSON.parse(JSON.stringify(context.reader)) as { digest: string }
  assert.equal(reader, { peerId: 'alice', size: 100, peers: [] })
  assert.is(digest, actor.getSnapshot().context.reader.digest())
  actor.stop()
})

sync(
  'persisted, it keeps how it stands; restored, its parent hears that it cannot live',
  async () => {
    const house = createActor(houseMachine, { input: { peerId: 'alice' } }).start()
    house.send({ type: 'open' })
    await until(() => house.getSnapshot().context.heard.length === 1)
    const kept = JSON.parse(JSON.stringify(house.getPersistedSnapshot()))
    assert.ok(JSON.stringify(kept).length < 2_000)
    assert.is(kept.children.dictionary.snapshot.value, 'open')
    house.stop()
    // Only the dictionary comes back: the listener's input named an actor that is gone.
    kept.children = { dictionary: kept.children.dictionary }
    const again = createActor(houseMachine, { snapshot: kept, input: { peerId: 'alice' } }).start()
    assert.is(again.getSnapshot().value, 'broken')
    const error = again.getSnapshot().context.failure as HoldfastError
    assert.is(error.code, 'OPTION_INVALID')
    assert.is(error.option, 'snapshot')
    again.stop()
  },
)

const lonely = `
import { syncLogic } from 'holdfast'
import { createActor, waitFor } from 'xstate'
const input = { peerId: 'alice', listen: ['tcp://127.0.0.1:0'], join: ['tcp://127.0.0.1:1'] }
const alice = createActor(syncLogic, { input }).start()
await waitFor(alice, ({ value }) => value === 'open')
const [address] = alice.getSnapshot().context.listening
const bob = createActor(syncLogic, { input: { peerId: 'bob', join: [address] } }).start()
await new Promise((resolve) => bob.on('connect', resolve))
alice.send({ type: 'lease.acquire', key: 'door' })
alice.stop()
bob.stop()
console.log('stopped')
`

sync('stopped without a farewell it leaves nothing open, and the process exits', () => {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', lonely]
  const options = { encoding: 'utf8', timeout: 20_000 } as const
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, options)
  assert.is(stdout.trim(), 'stopped', stderr)
  assert.is(status, 0, `${signal} ${stderr}`)
})

sync('every actor of it is stopped with it', async () => {
  const refs = new Set<AnyActorRef>()
  const actor = createActor(syncLogic, {
    input: { listen: ['tcp://127.0.0.1:0'], join: ['tcp://127.0.0.1:1'] },
    inspect: ({ type, actorRef }) => {
      if (type === '@xstate.actor') refs.add(actorRef as AnyActorRef)
    },
  }).start()
  await waitFor(actor, ({ value }) => value === 'open')
  assert.ok(refs.size >= 6, `${refs.size} actors`)
  actor.stop()
  const living = [...refs].filter((ref) => ref.getSnapshot().status !== 'stopped')
  assert.equal(
    living.map(({ id }) => id),
    [],
  )
})

sync.run()
