/**
 * For each limit somebody who reaches it at alice's, over real loopback TCP. A limit that is added
 * without one does not compile here.
 */

import type { Dictionary, LimitName, OpenOptions } from 'holdfast'
import { PENDING_MS_MAX } from '../../actors/doors.ts'
import { ANSWERED_BYTES_MAX } from '../../actors/line.ts'
import { boards } from '../../actors/sync.ts'
import { CONNECTION_MS } from '../../machines/connection.ts'
import { LEASE_MS_MAX_DEFAULT, safetyFingerprint } from '../../machines/rules/ballot.ts'
import { MEMBERS_MAX, type Presence } from '../../machines/rules/census.ts'
import { ORIGINS_MAX, RANGES_MAX } from '../../machines/rules/coverage.ts'
import { PEERS_TOLD_MAX } from '../../machines/rules/hearsay.ts'
import { KEY_BYTES_MAX } from '../../machines/rules/key.ts'
import { OWN_MACHINE_FACTOR } from '../../machines/rules/knock.ts'
import type { Message } from '../../machines/rules/message.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import { indexOrigin, ORIGINS_KEPT_MAX, type Replica } from '../../machines/rules/replica.ts'
import { SHARE_BYTES_LEAST } from '../../machines/rules/share.ts'
import { VALUE_BYTES_MAX } from '../../machines/rules/value.ts'
import { BOXES_BYTES_MAX } from '../../machines/rules/voter.ts'
import { FRAME_DEPTH_MAX, FRAME_ELEMENTS_MAX } from '../../transport/shape.ts'
import type { SteppingClock } from '../../transport/stepping.ts'
import { originOf } from '../rules/scene.ts'
import { type Company, until } from './company.ts'
import { Stranger } from './stranger.ts'

interface Scene {
  readonly company: Company
  readonly alice: Dictionary
  readonly address: string
  readonly clock: SteppingClock
}

export interface Provocation {
  /** What alice is opened with. */
  readonly options?: OpenOptions
  /** True if her time goes on only when the scene says so. */
  readonly isStepped?: boolean
  /** Reaches the limit; what it leads to may take a moment. */
  readonly act: (scene: Scene) => unknown
}

const STRANGER = '0-stranger' as PeerId
/** A loopback address that does not count as this machine. */
const ELSEWHERE = '127.0.0.66'
const LARGE = 'x'.repeat(256 * 1024)

const dial = ({ address }: Scene) => Stranger.dial(address)
const join = async (scene: Scene) => (await dial(scene)).join()

/** A member says this. */
const says = (message: Message): Provocation => ({
  act: async (scene) => (await join(scene)).say(message),
})

/** Somebody who is not known yet sends these bytes behind the preamble. */
const sends = (send: (stranger: Stranger) => unknown): Provocation => ({
  act: async (scene) => send((await dial(scene)).preamble()),
})

/** Bob, who may write more than alice takes in, writes. */
const writes = (limits: OpenOptions['limits'], write: (bob: Dictionary) => void): Provocation => ({
  options: { ...(limits && { limits }) },
  act: async ({ company, address }) => {
    const bob = await company.alone({ peerId: 'bob', limits: { shareMax: 1 } })
    await bob.connect(address)
    write(bob)
  },
})

/** So many come to the door one after the other and say nothing. */
const visits = (count: number, limits: OpenOptions['limits']): Provocation => ({
  options: { ...(limits && { limits }) },
  act: async (scene) => {
    for (let each = 0; each < count; each++) {
      await dial(scene)
      // The pace lets one of this machine in every three milliseconds.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  },
})

/** A broadcast that says nothing. */
const broadcast = (number: number, origin = originOf(STRANGER)): Message => ({
  kind: 'broadcast',
  origin,
  number,
  body: { kind: 'note', payload: null, to: null },
})

/** A broadcast in which a member tells of itself. */
const presence = (
  number: number,
  words: Partial<Presence>,
  origin = originOf(STRANGER),
): Message => ({
  kind: 'broadcast',
  origin,
  number,
  body: {
    kind: 'presence',
    presence: { addresses: [], coverage: [], members: [], lacks: [], ...words },
  },
})

/** Bytes of a frame with an array of one element more than there may be. */
function crowdedFrame(): Uint8Array {
  const bytes = new Uint8Array(5 + FRAME_ELEMENTS_MAX)
  bytes.set([0xdd, 0, FRAME_ELEMENTS_MAX >>> 16, FRAME_ELEMENTS_MAX >>> 8, FRAME_ELEMENTS_MAX])
  return bytes
}

/** As many runs of one writer as there may be, as if each had written something that is here. */
function fillOrigins(replica: Replica): void {
  const writer = indexOrigin(replica, originOf('writer'))
  for (let each = 0; each < ORIGINS_KEPT_MAX; each++) {
    replica.originIndex.set(`writer run-${each}`, writer)
  }
  replica.lineages.set(-1, [[writer, 1]])
}

type Reach = (stranger: Stranger) => unknown

/** What a member does too much of; nobody is cut off for it. */
export const EXCESSES: readonly (readonly [LimitName, Reach])[] = [
  ['exchange.pace', (s) => repeat(20, () => s.say({ kind: 'peers.ask' }))],
  ['exchange.pace', (s) => repeat(20, () => s.say({ kind: 'peers.tell', peers: [] }))],
  ['exchange.place', (s) => s.say({ kind: 'peers.tell', peers: [told('tcp://127.0.0.1:22')] })],
  [
    'exchange.addresses',
    (s) => {
      repeat(10, (time) => {
        const addresses = Array.from({ length: 8 }, (_, at) => `tcp://127.9.${time}.${at}:4444`)
        s.say({ kind: 'peers.tell', peers: addresses.map((each) => told(each)) })
      })
    },
  ],
  ['questions', (s) => repeat(80, (ask) => s.say({ ...COMPARE, ask: ask + 1 }))],
  ['questions', (s) => repeat(80, () => s.say({ kind: 'sync.hint' }))],
]

export const COMPARE = {
  kind: 'sync.compare',
  heard: '0'.repeat(16),
  renewed: '0'.repeat(16),
} as const

function told(address: string, name = 'victim') {
  return { peerId: name as PeerId, addresses: [address] }
}

export function repeat(times: number, act: (time: number) => unknown): void {
  for (let time = 0; time < times; time++) act(time)
}

/** The first of those that reach this limit. */
const exceeds = (limit: LimitName): Provocation => ({
  options: { maxOutgoing: 0 },
  act: async (scene) => {
    const stranger = await join(scene)
    EXCESSES.find(([each]) => each === limit)?.[1](stranger)
  },
})

export const PROVOCATIONS: Readonly<Record<LimitName, Provocation>> = {
  'frame.length': sends((stranger) => stranger.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff))),
  'frame.depth': sends((stranger) => stranger.frame(Array(FRAME_DEPTH_MAX + 2).fill(0x91))),
  'frame.elements': { act: async (scene) => (await join(scene)).frame(crowdedFrame()) },
  'frame.content': sends((stranger) => stranger.frame([0x81, 0xa1, 0x61, 1])),
  'frame.key': says({
    kind: 'broadcast',
    origin: originOf(STRANGER),
    number: 1,
    body: { kind: 'waits', isAll: false, keys: [['k'.repeat(KEY_BYTES_MAX + 1) as never, 1]] },
  }),
  'frame.value': says({ kind: 'whisper', payload: 'x'.repeat(VALUE_BYTES_MAX) }),
  connections: {
    options: { limits: { connectionsMax: 1 } },
    act: async (scene) => {
      await join(scene)
      await until(() => scene.alice.peers.length === 1)
      await dial(scene)
    },
  },
  'connections.address': {
    options: { limits: { connectionsMax: 2 } },
    act: async ({ alice, address }) => {
      await (await Stranger.dial(address, ELSEWHERE)).join()
      await until(() => alice.peers.length === 1)
      await Stranger.dial(address, ELSEWHERE)
    },
  },
  handshakes: visits(2, { handshakesMax: 1 }),
  'handshakes.address': visits(2, { handshakesPerAddressMax: 1 / OWN_MACHINE_FACTOR }),
  'handshakes.pace': visits(2, {
    handshakesPerAddressMax: 1 / OWN_MACHINE_FACTOR,
    handshakesPerSecondMax: 1 / OWN_MACHINE_FACTOR,
  }),
  'handshake.time': {
    isStepped: true,
    act: async (scene) => {
      await dial(scene)
      await until(() => scene.alice.stats().connections === 1)
      scene.clock.advance(PENDING_MS_MAX)
    },
  },
  'exchange.pace': exceeds('exchange.pace'),
  'exchange.place': exceeds('exchange.place'),
  'exchange.addresses': exceeds('exchange.addresses'),
  dials: {
    act: async (scene) => {
      const names = Array.from({ length: 8 }, (_, each) => `peer-${each}`)
      const peers = names.map((name, at) => told(`tcp://127.9.0.${at}:4444`, name))
      ;(await join(scene)).say({ kind: 'peers.tell', peers })
    },
  },
  questions: exceeds('questions'),
  silence: {
    isStepped: true,
    act: async (scene) => {
      await join(scene)
      await until(() => scene.alice.peers.length === 1)
      scene.clock.advance(CONNECTION_MS.silence + 2 * CONNECTION_MS.heartbeat)
    },
  },
  queue: {
    options: { limits: { sendQueueBytesMax: 1 } },
    act: async (scene) => {
      // Alice says nothing before a neighbour has told her what it knows.
      await (await scene.company.alone({ peerId: 'bob' })).connect(scene.address)
      const stranger = await join(scene)
      await until(() => scene.alice.peers.length === 2)
      stranger.pause()
      for (let count = 0; count < 100 && scene.alice.stats().limitQueue === 0; count++) {
        scene.alice.set('door', `${count} ${LARGE}`)
        await new Promise(setImmediate)
      }
      stranger.destroy()
    },
  },
  'queue.answers': {
    options: { limits: { sendQueueBytesMax: 1 } },
    act: async (scene) => {
      const stranger = await join(scene)
      await until(() => scene.alice.peers.length === 1)
      stranger.pause()
      const line = boards.get(scene.alice.actor)?.lines.to(STRANGER)
      // What is said is queued in one go, so no time passes in which the system could take it.
      const answers = 2 * (1 + ANSWERED_BYTES_MAX / LARGE.length) + 64
      for (let count = 0; count < answers; count++) line?.say({ kind: 'whisper', payload: LARGE })
    },
  },
  'exchange.peers': says({
    kind: 'peers.tell',
    peers: Array.from({ length: PEERS_TOLD_MAX + 1 }, (_, each) => ({
      peerId: `peer-${each}` as PeerId,
      addresses: [],
    })),
  }),
  'window.gaps': {
    act: async (scene) => {
      const stranger = await join(scene)
      for (let each = 1; each <= RANGES_MAX + 2; each++) stranger.say(broadcast(2 * each))
    },
  },
  'window.runs': {
    act: async (scene) => {
      const stranger = await join(scene)
      for (let each = 0; each <= ORIGINS_MAX; each++) {
        stranger.say(broadcast(1, originOf(STRANGER, `run-${each}`)))
      }
    },
  },
  members: {
    act: async (scene) => {
      const stranger = await join(scene)
      const words = Array.from({ length: MEMBERS_MAX }, (_, each) => {
        return [`member-${each}` as PeerId, 'run-1' as RunId, 1] as const
      })
      stranger.say(presence(1, { members: words }))
      stranger.say(presence(1, {}, originOf('one-more')))
    },
  },
  'members.heard': says(
    presence(1, {
      coverage: Array.from({ length: 2_000 }, (_, each) => {
        return [`writer-${each}` as PeerId, 'r'.repeat(100) as RunId, each] as const
      }),
    }),
  ),
  ballots: {
    isStepped: true,
    options: { safety: 'majority', voters: ['alice'] },
    act: async (scene) => {
      scene.clock.advance(4 * LEASE_MS_MAX_DEFAULT)
      const safety = safetyFingerprint(['alice' as PeerId], LEASE_MS_MAX_DEFAULT)
      const stranger = await (await dial(scene)).join({ safety })
      const words = 1 + BOXES_BYTES_MAX / (2 * KEY_BYTES_MAX) / 900
      for (let word = 0; word < words; word++) {
        const keys = Array.from({ length: 900 }, (_, each) => {
          return `${word} ${each}`.padEnd(KEY_BYTES_MAX, 'k') as never
        })
        const run = 'run-1' as RunId
        stranger.say({ kind: 'ballot', word: { act: 'prepare', run, counter: 1, keys } })
      }
    },
  },
  origins: {
    act: async (scene) => {
      fillOrigins(boards.get(scene.alice.actor)?.replica as Replica)
      await writes(undefined, (bob) => bob.set('door', 'open')).act(scene)
    },
  },
  share: writes({ bytesMax: 2 * SHARE_BYTES_LEAST }, (bob) => {
    const values = 1 + SHARE_BYTES_LEAST / LARGE.length
    for (let each = 0; each < values; each++) bob.set(`key${each}`, LARGE)
  }),
  entries: writes({ entriesMax: 1 }, (bob) => bob.update({ door: 1, gate: 2 })),
  bytes: writes({ bytesMax: 1_000 }, (bob) => bob.set('door', LARGE)),
}
