import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AnyMachineSnapshot, assign, fromCallback } from 'xstate'
import { FAREWELL_MS, type MeshInput, meshMachine } from '../../machines/mesh.ts'
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

const FOLLOWED_ALWAYS = [
  'hello.received',
  'reply.received',
  'auth.received',
  'pair.said',
  'farewell.received',
  'wire.accepted',
  'drain.elapsed',
  'acknowledge.elapsed',
  'peers.asked',
  'peers.told',
  'guests.changed',
  'xstate.done.actor.a-7',
  'xstate.error.actor.a-7',
]
const FOLLOWED_WHEN_OPEN = [
  ...['dial.due', 'peer.connect', 'peer.disconnect', 'peers.request', 'peer.spare', 'view.looked'],
]
const NAMES = [
  'listener.bound',
  'listener.failed',
  ...FOLLOWED_ALWAYS,
  ...FOLLOWED_WHEN_OPEN,
  'mesh.close',
]
const FAREWELL = 'xstate.after.farewellMs.mesh.closing'

/** How many dials may wait for the mesh to open. */
const DIALS_WAITING_MAX = 64

const EVENTS: Record<string, { type: string }> = {
  ...Object.fromEntries(NAMES.map((type) => [type, { type, address: 'sim://alice:1' }])),
  farewellMs: { type: FAREWELL },
}

/** A mesh that listens at so many addresses, and has so many connections. */
function walkOf({ listens, connections }: { listens: number; connections: number }) {
  const members = new Map(Array.from({ length: connections }, (_, index) => [index, {}]))
  return {
    machine: meshMachine,
    input: {
      shared: {},
      roster: { members },
      listen: Array.from({ length: listens }, () => 'sim://alice'),
    } as unknown as MeshInput,
    events: EVENTS,
    memory: ({ value, context }: AnyMachineSnapshot) =>
      value === 'opening' ? `${context.unbound} more` : '',
  } satisfies Walk<typeof meshMachine>
}

const ALWAYS = FOLLOWED_ALWAYS.join(' ')
const GOODBYE = 'tell doors doors.close, sayGoodbye, +farewellMs'
const AT_ONCE = `${GOODBYE}, -farewellMs, tellClosed, stop doors`

const mesh = suite('machines/mesh')

mesh('it opens when the last address is bound, and closes at once if it has nobody', () => {
  const walk = walkOf({ listens: 2, connections: 0 })
  assert.equal(begin(walk).asked, ['spawn doors'])
  const opening = {
    [`→ closed: tellFailed, ${AT_ONCE}`]: 'listener.failed',
    follow: ALWAYS,
    '(noted)': 'peer.connect',
    '(ignored)': 'dial.due peers.request peer.spare view.looked',
    [`→ closed: ${AT_ONCE}`]: 'mesh.close',
  }
  assert.equal(chart(walk), {
    'opening 2 more': { '→ opening 1 more: follow': 'listener.bound', ...opening },
    'opening 1 more': { '→ open: follow, tellOpen, join': 'listener.bound', ...opening },
    open: {
      tellFailed: 'listener.failed',
      follow: [...FOLLOWED_ALWAYS, ...FOLLOWED_WHEN_OPEN].join(' '),
      [`→ closed: ${AT_ONCE}`]: 'mesh.close',
    },
    closed: {},
  })
})

mesh('without an address it is open from the start', () => {
  const { snapshot, asked } = begin(walkOf({ listens: 0, connections: 0 }))
  assert.is(snapshot.value, 'open')
  assert.equal(asked, ['spawn doors', 'tellOpen', 'join'])
})

mesh('with connections it waits for their last words', () => {
  const walk = walkOf({ listens: 1, connections: 1 })
  assert.equal(chart(walk), {
    'opening 1 more': {
      '→ open: follow, tellOpen, join': 'listener.bound',
      [`→ closing: tellFailed, ${GOODBYE}`]: 'listener.failed',
      follow: ALWAYS,
      '(noted)': 'peer.connect',
      '(ignored)': 'dial.due peers.request peer.spare view.looked',
      [`→ closing: ${GOODBYE}`]: 'mesh.close',
    },
    open: {
      tellFailed: 'listener.failed',
      follow: [...FOLLOWED_ALWAYS, ...FOLLOWED_WHEN_OPEN].join(' '),
      [`→ closing: ${GOODBYE}`]: 'mesh.close',
    },
    closing: {
      tellFailed: 'listener.failed',
      follow: ALWAYS,
      '(ignored)': 'dial.due peers.request peer.spare view.looked mesh.close',
      '→ closed: -farewellMs, tellClosed, stop doors': 'farewellMs',
    },
    closed: {},
  })
  assert.is(meshMachine.implementations.delays.farewellMs, FAREWELL_MS)
})

mesh('the end of the last connection ends the mesh that is closing', () => {
  const forgets = meshMachine.provide({
    actions: {
      follow: assign({ roster: ({ context }) => ({ ...context.roster, members: new Map() }) }),
    },
  })
  const walk = { ...walkOf({ listens: 0, connections: 1 }), machine: forgets as typeof meshMachine }
  const { snapshot: closing } = take(begin(walk).snapshot, { type: 'mesh.close' })
  assert.is(closing.value, 'closing')
  const last = take(closing, { type: 'xstate.done.actor.a-7' })
  assert.is(last.snapshot.value, 'closed')
  assert.equal(last.asked, ['-farewellMs', 'tellClosed', 'stop doors'])
})

mesh('it notes each address that is bound', () => {
  let { snapshot } = begin(walkOf({ listens: 2, connections: 0 }))
  for (const address of ['sim://alice:1', 'sim://alice:2']) {
    snapshot = take(snapshot, { type: 'listener.bound', address } as { type: string }).snapshot
  }
  assert.equal(snapshot.context.listening, ['sim://alice:1', 'sim://alice:2'])
  assert.is(snapshot.context.unbound, 0)
})

mesh('a dial that is asked for too early waits until it is open, and too many do not', () => {
  let { snapshot } = begin(walkOf({ listens: 1, connections: 0 }))
  for (let dial = 0; dial < DIALS_WAITING_MAX; dial++) {
    const { asked, snapshot: next } = take(snapshot, EVENTS['peer.connect'] as { type: string })
    assert.equal(asked, [])
    snapshot = next
  }
  const tooMany = take(snapshot, EVENTS['peer.connect'] as { type: string })
  assert.equal(tooMany.asked, ['follow'])
  const open = take(snapshot, EVENTS['listener.bound'] as { type: string })
  const each = (what: string) => Array.from({ length: DIALS_WAITING_MAX }, () => what)
  const dials = [...each('raise peer.connect'), ...each('follow')]
  assert.equal(open.asked, ['follow', 'tellOpen', 'join', ...dials])
  assert.equal(open.snapshot.context.waiting, [])
})

mesh('all states are reached, and all events are tried in each', () => {
  const walks = [
    walkOf({ listens: 2, connections: 0 }),
    walkOf({ listens: 0, connections: 1 }),
    walkOf({ listens: 1, connections: 1 }),
  ]
  for (const walk of walks) knowsAllEvents(walk)
  reachesAll(meshMachine, walks as never)
})

mesh('on every path it says that it is open and that it is closed once at most', () => {
  const walks = [walkOf({ listens: 2, connections: 0 }), walkOf({ listens: 2, connections: 1 })]
  for (const path of walks.flatMap((walk) => paths(walk))) {
    const asked = path.flatMap((step) => step.asked)
    const last = path.at(-1)?.snapshot
    const count = (name: string) => asked.filter((each) => each === name).length
    const isBound = last?.context.unbound === 0
    assert.is(count('tellOpen'), isBound ? 1 : 0)
    assert.is(count('join'), count('tellOpen'))
    assert.is(count('tellClosed'), last?.value === 'closed' ? 1 : 0)
    const isEnding = last?.value === 'closed' || last?.value === 'closing'
    assert.is(count('sayGoodbye'), isEnding ? 1 : 0)
    assert.is(count('tell doors doors.close'), count('sayGoodbye'))
  }
})

mesh('a hole without hands says its name', () => {
  const deeds = ['join', 'follow', 'sayGoodbye', 'tellOpen', 'tellFailed', 'tellClosed', 'doors']
  assert.equal(holes(meshMachine), deeds)
  const { input } = walkOf({ listens: 1, connections: 0 })
  const withDoors = meshMachine.provide({ actors: { doors: fromCallback(() => {}) } })
  assert.is(failureOf(withDoors, input, { type: 'peers.told' }), "provide 'follow'")
})

mesh.run()
