import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type SyncMachineInput, type SyncOutput, syncMachine } from '../../machines/sync.ts'
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

const CHILDREN = [
  ...['store', 'waterfall', 'reconcile', 'census', 'ephemeral', 'reminder', 'tree'],
  ...['neighbourhood', 'ballot', 'mesh'],
]
const FAILURE = {
  type: 'listener.failed',
  address: 'sim://alice',
  code: 'address-in-use',
  detail: 'in use',
}

const EVENTS = {
  'mesh.opened': { type: 'mesh.opened', listening: ['sim://alice'] },
  'listener.failed': FAILURE,
  'mesh.closed': { type: 'mesh.closed' },
  'entry.set': { type: 'entry.set' },
  'entry.delete': { type: 'entry.delete' },
  'entry.pop': { type: 'entry.pop' },
  'lease.acquire': { type: 'lease.acquire' },
  'lease.renew': { type: 'lease.renew' },
  'lease.release': { type: 'lease.release' },
  'lease.transfer': { type: 'lease.transfer' },
  'message.send': { type: 'message.send' },
  'peer.connect': { type: 'peer.connect' },
  'peer.disconnect': { type: 'peer.disconnect' },
  'peers.request': { type: 'peers.request' },
  'sync.close': { type: 'sync.close' },
  ...Object.fromEntries(
    CHILDREN.map((id) => [
      `crash of ${id}`,
      { type: `xstate.error.actor.${id}`, error: new Error('crashed'), actorId: id },
    ]),
  ),
}

const walk: Walk<typeof syncMachine> = {
  machine: syncMachine,
  input: { shared: {}, reader: {} } as unknown as SyncMachineInput,
  events: EVENTS,
  ending: ({ failure }: SyncOutput) => (failure === null ? 'in order' : failure.code),
}

const STOPS = CHILDREN.map((id) => `stop ${id}`).join(', ')
const CRASHES = CHILDREN.map((id) => `crash of ${id}`).join(' ')
const WRITES =
  'entry.set entry.delete entry.pop lease.acquire lease.renew lease.release lease.transfer'

const PEERS = 'peer.connect peer.disconnect peers.request'

const sync = suite('machines/sync')

sync('it opens, passes on what it is told, and closes in order', () => {
  assert.equal(
    begin(walk).asked,
    CHILDREN.map((id) => `spawn ${id}`),
  )
  const always = {
    [`→ closed (in order): ${STOPS}`]: 'mesh.closed',
    [`→ an error: ${STOPS}`]: CRASHES,
  }
  const commands = {
    tellStore: WRITES,
    tellMesh: PEERS,
    sendMessage: 'message.send',
    '→ closing: leave': 'sync.close',
  }
  assert.equal(chart(walk), {
    opening: {
      ...always,
      ...commands,
      '→ open': 'mesh.opened',
      '(noted)': 'listener.failed',
    },
    open: { ...always, ...commands, tellFailure: 'listener.failed' },
    closing: {
      ...always,
      refuseLate: `${WRITES} message.send ${PEERS}`,
      '(ignored)': 'sync.close',
    },
    closed: {},
    'an error': {},
  })
})

sync('it knows where it listens, and why it could not open', () => {
  const { snapshot } = begin(walk)
  const open = take(snapshot, EVENTS['mesh.opened']).snapshot
  assert.equal(open.context.listening, ['sim://alice'])
  assert.is(open.context.failure, null)
  const failed = take(snapshot, FAILURE).snapshot
  assert.equal(failed.context.failure, FAILURE)
  const closed = take(failed, EVENTS['mesh.closed']).snapshot
  assert.equal(closed.output, { failure: FAILURE })
})

sync('all states are reached, and all events are tried in each', () => {
  knowsAllEvents(walk)
  reachesAll(syncMachine, [walk as never])
})

sync('on every path it leaves once at most, and its children stop with it', () => {
  for (const path of paths(walk)) {
    const asked = path.flatMap((step) => step.asked)
    const last = path.at(-1)?.snapshot
    const isOver = last?.status !== 'active'
    assert.is(asked.filter((name) => name.startsWith('stop ')).length, isOver ? CHILDREN.length : 0)
    const states = path.map(({ snapshot }) => snapshot.value)
    const leaves = asked.filter((name) => name === 'leave').length
    assert.is(leaves, states.includes('closing') ? 1 : 0)
  }
})

sync('a hole without hands says its name', () => {
  const deeds = ['tellStore', 'tellMesh', 'sendMessage', 'leave', 'refuseLate', 'tellFailure']
  assert.equal(holes(syncMachine), [...deeds, ...CHILDREN])
  const failure = failureOf(syncMachine, walk.input, { type: 'entry.set' })
  assert.is(failure, "provide 'tellStore'")
})

sync.run()
