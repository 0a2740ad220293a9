/**
 * Bytes that are none of ours, over real loopback TCP: each ends the link that it came over, with a
 * reason, and nothing else. Alice and bob go on all the while.
 */

import type { Announcement, Dictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Message } from '../../machines/rules/message.ts'
import { seededRandom } from '../../transport/random.ts'
import { Company, listen, until } from './company.ts'
import { AUTH, Stranger } from './stranger.ts'

const HTTP = 'GET / HTTP/1.1\r\nHost: alice\r\nAccept: */*\r\n\r\n'
/** The header of a frame of 4 GiB less one byte. */
const ENDLESS = Uint8Array.of(0xff, 0xff, 0xff, 0xff)
/** The header of a frame of 100 bytes, and two of them. */
const TRUNCATED = Uint8Array.of(0, 0, 0, 100, 0x92, 0x01)
const EMPTY = Uint8Array.of(0, 0, 0, 0)
const MAP = [0x81, 0xa1, 0x61, 0x01]
const EXTENSION = [0x92, 32, 0xc7, 3, 0x72, 1, 2, 3]
const RECORD = [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01]
const UNKNOWN_KIND = [0x91, 77]
const BOMB_BYTES = 1024 * 1024
/** How often alice and bob write while strangers come and go, in milliseconds. */
const TICK_MS = 2

const seed = Date.now() % 1_000_000
const random = seededRandom(seed)

type ClosedFact = Extract<Announcement, { type: 'connection.closed' }>

/** What ended the link. */
interface End {
  readonly cause: ClosedFact['cause']
  readonly reason: string
  readonly by?: 'us' | 'them'
}

interface Visit {
  readonly title: string
  readonly act: (stranger: Stranger) => unknown
  readonly end: End
  /** True if the stranger must not be told a single byte. */
  readonly isSilent?: true
}

const badFrame: End = { cause: 'wire', reason: 'bad-frame' }
const badPreamble: End = { cause: 'wire', reason: 'bad-preamble' }
const protocol: End = { cause: 'limit', reason: 'protocol' }
const refused = (reason: string, by: 'us' | 'them' = 'us'): End => ({
  cause: 'refused',
  reason,
  by,
})

const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => random() * 256)

const visits: readonly Visit[] = [
  { title: 'an HTTP request', act: (s) => s.write(HTTP), end: badPreamble, isSilent: true },
  {
    title: 'random bytes',
    // The first byte of the preamble is none of these.
    act: (s) => s.write(noise(1_000).fill(0x80, 0, 1)),
    end: badPreamble,
    isSilent: true,
  },
  {
    title: 'a stranger that says nothing and goes',
    act: (s) => s.finish(),
    end: { cause: 'wire', reason: 'ended' },
    isSilent: true,
  },
  { title: 'a frame of 4 GiB', act: (s) => s.preamble().write(ENDLESS), end: badFrame },
  { title: 'a frame of nothing', act: (s) => s.preamble().write(EMPTY), end: badFrame },
  {
    title: 'a first frame that is longer than any hello',
    act: (s) => s.preamble().frame(new Uint8Array(5_000)),
    end: badFrame,
  },
  {
    title: 'a frame that is cut off',
    act: (s) => s.preamble().write(TRUNCATED).finish(),
    end: badFrame,
  },
  { title: 'a frame of noise', act: (s) => s.preamble().frame(noise(500)), end: protocol },
  { title: 'a map for a hello', act: (s) => s.preamble().frame(MAP), end: protocol },
  {
    title: 'data before the hello',
    act: (s) => s.preamble().say({ kind: 'sync.hint' }),
    end: protocol,
  },
  { title: 'a question before the hello', act: askEarly, end: protocol },
  { title: 'a heartbeat before the hello', act: beatEarly, end: protocol },
  { title: 'an auth before the hello', act: (s) => s.preamble().say(AUTH), end: protocol },
  { title: 'a second hello', act: (s) => s.preamble().hello().hello(), end: protocol },
  {
    title: 'data between hello and auth',
    act: (s) => s.preamble().hello().say({ kind: 'peers.ask' }),
    end: protocol,
  },
  {
    title: 'a peer that speaks another version',
    act: (s) => refusedFor('version', s.preamble().hello({ versions: [99] })),
    end: refused('version'),
  },
  {
    title: 'a peer of another network',
    act: (s) => refusedFor('network', s.preamble().hello({ network: 'elsewhere' })),
    end: refused('network'),
  },
  {
    title: 'a peer without leases',
    act: (s) => refusedFor('leasing', s.preamble().hello({ leasing: false })),
    end: refused('leasing'),
  },
  {
    title: 'a peer that looks for somebody else',
    act: (s) => refusedFor('id-mismatch', s.preamble().hello({ expects: 'carol' as never })),
    end: refused('id-mismatch'),
  },
  {
    title: 'a peer with the id of alice',
    act: (s) => refusedFor('id-clash', s.preamble().hello({ peerId: 'alice' as never })),
    end: refused('id-clash'),
  },
  {
    title: 'a peer that changes its mind',
    act: async (s) => {
      await s.greet()
      s.say(s.handshake?.refuse('network') as Message)
    },
    end: refused('network', 'them'),
  },
  {
    title: 'a network with too long a name',
    act: (s) => s.preamble().hello({ network: 'x'.repeat(300) }),
    end: protocol,
  },
  {
    title: 'a hello with too many addresses',
    act: (s) => s.preamble().hello({ addresses: Array(40).fill('tcp://127.0.0.1:1') }),
    end: protocol,
  },
  { title: 'a map', act: async (s) => (await s.join()).frame(MAP), end: protocol },
  { title: 'an extension', act: async (s) => (await s.join()).frame(EXTENSION), end: protocol },
  { title: 'a record', act: async (s) => (await s.join()).frame(RECORD), end: protocol },
  {
    title: 'an unknown kind',
    act: async (s) => (await s.join()).frame(UNKNOWN_KIND),
    end: protocol,
  },
  {
    title: 'a bomb of arrays in arrays',
    act: async (s) => (await s.join()).frame(new Uint8Array(BOMB_BYTES).fill(0x91)),
    end: protocol,
  },
  {
    title: 'an array that claims to have four billion items',
    act: async (s) => (await s.join()).frame([0xdd, 0xff, 0xff, 0xff, 0xff, 1]),
    end: protocol,
  },
  {
    title: 'noise from a peer',
    act: async (s) => (await s.join()).frame(noise(900)),
    end: protocol,
  },
  { title: '4 GiB from a peer', act: async (s) => (await s.join()).write(ENDLESS), end: badFrame },
  {
    title: 'more than a frame may hold from a peer',
    act: async (s) => (await s.join()).frame(new Uint8Array(BOMB_BYTES + 1)),
    end: badFrame,
  },
  {
    title: 'a cut off frame from a peer',
    act: async (s) => (await s.join()).write(TRUNCATED).finish(),
    end: badFrame,
  },
  { title: 'a hello from a peer', act: async (s) => (await s.join()).hello(), end: protocol },
  { title: 'an auth from a peer', act: async (s) => (await s.join()).say(AUTH), end: protocol },
]

function askEarly(stranger: Stranger): void {
  const ask = { kind: 'sync.ask', ask: 1, coverage: [], all: true } as const
  stranger.preamble().say(ask)
}

function beatEarly(stranger: Stranger): void {
  stranger.preamble().say({ kind: 'ping', sentMs: 1 })
}

/** It is told why, in a word that only members understand. */
async function refusedFor(reason: string, stranger: Stranger): Promise<void> {
  await stranger.hears('refuse')
  assert.equal(stranger.proofs, [{ verdict: 'refused', reason }])
}

const strangers = suite<{ company: Company; alice: Dictionary; bob: Dictionary; stop: () => void }>(
  'strangers',
)

strangers.before(async (context) => {
  console.log(`  seed ${seed}`)
  context.company = new Company()
  Object.assign(context, await context.company.two())
  const { alice, bob } = context
  let ticks = 0
  const timer = setInterval(() => {
    ticks += 1
    alice.set('of alice', ticks)
    bob.set('of bob', ticks)
  }, TICK_MS)
  context.stop = () => clearInterval(timer)
})

strangers.after(async ({ company, stop }) => {
  stop()
  await company.close()
})

for (const { title, act, end, isSilent } of visits) {
  strangers(`${title} ends its own link only: ${end.reason}`, async ({ alice, bob }) => {
    const ends = [alice, bob].map((each) =>
      listen(each as never, 'connection.closed', 'disconnect', 'error'),
    )
    const stranger = await Stranger.dial(alice.listening[0] as string)
    await act(stranger)
    await until(() => stranger.isClosed)
    const [atAlice = [], atBob = []] = ends
    const closed = () => atAlice.filter(({ type }) => type === 'connection.closed')
    await until(() => closed().length > 0)
    assert.equal(closed().length, 1)
    const { address, cause, reason, by } = closed()[0] as ClosedFact
    assert.equal({ address, cause, reason, by }, { address: stranger.address, by: null, ...end })
    if (isSilent) assert.is(stranger.bytesHeard, 0)
    assert.equal(atBob, [])
    await exchange(alice, bob)
    assert.equal(
      alice.peers.map(({ peerId }) => peerId),
      ['bob'],
    )
    assert.equal([alice.status, bob.status], ['nominal', 'nominal'])
  })
}

/** What both write from now on reaches the other. */
async function exchange(alice: Dictionary, bob: Dictionary): Promise<void> {
  const [aliceAt, bobAt] = [alice.get('of alice') as number, bob.get('of bob') as number]
  await until(() => (bob.get('of alice') as number) > aliceAt)
  await until(() => (alice.get('of bob') as number) > bobAt)
}

strangers('connections of one peer beyond four are answered busy', async ({ alice, bob }) => {
  const heard = listen(alice as never, 'refused')
  const all = await Promise.all(
    Array.from({ length: 6 }, () => Stranger.dial(alice.listening[0] as string)),
  )
  for (const stranger of all) stranger.preamble().hello()
  await until(() => heard.length === 2)
  assert.equal(
    heard.map(({ reason, by }) => ({ reason, by })),
    Array(2).fill({ reason: 'busy', by: 'us' }),
  )
  for (const stranger of all) stranger.destroy()
  await exchange(alice, bob)
})

strangers('nothing of what strangers said was taken for data', ({ alice, bob }) => {
  assert.equal([...alice.keys()].sort(), ['of alice', 'of bob'])
  assert.equal([...bob.keys()].sort(), ['of alice', 'of bob'])
})

strangers.run()
