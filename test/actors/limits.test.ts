/**
 * The limits that strangers and peers run into, over real loopback TCP: each is counted, told, and
 * costs nobody else anything. What the rules decide is tested beside them in `test/rules`.
 */

import type { Announcement, LimitName } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PENDING_MS_MAX } from '../../actors/doors.ts'
import { boards } from '../../actors/sync.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { FRAME_DEPTH_MAX, FRAME_ELEMENTS_MAX } from '../../transport/shape.ts'
import { listen, until, withCompany } from './company.ts'
import { Stranger } from './stranger.ts'

type LimitFact = Extract<Announcement, { type: 'limit.reached' }>

const limits = suite('limits')

/** What a stranger does, and the limit that stops it. */
const offences: readonly (readonly [LimitName, (stranger: Stranger) => unknown])[] = [
  ['frame.length', (s) => s.preamble().write(Uint8Array.of(0xff, 0xff, 0xff, 0xff))],
  ['frame.depth', (s) => s.preamble().frame(new Uint8Array(FRAME_DEPTH_MAX + 2).fill(0x91))],
  ['frame.content', (s) => s.preamble().frame([0x81, 0xa1, 0x61, 1])],
  [
    'frame.elements',
    async (s) => {
      const bytes = new Uint8Array(5 + FRAME_ELEMENTS_MAX)
      bytes.set([0xdd, 0, FRAME_ELEMENTS_MAX >>> 16, FRAME_ELEMENTS_MAX >>> 8, FRAME_ELEMENTS_MAX])
      const joined = await s.join()
      joined.frame(bytes)
    },
  ],
]

for (const [limit, act] of offences) {
  limits(
    `${limit} is counted and told, and ends one connection`,
    withCompany(async (company) => {
      const { alice, bob, address } = await company.two()
      const facts = listen(alice as never, 'limit.reached')
      const stranger = await Stranger.dial(address)
      await act(stranger)
      await until(() => stranger.isClosed && facts.length > 0)
      const [fact] = facts as unknown as LimitFact[]
      assert.is(fact?.limit, limit)
      assert.is(fact?.address, stranger.address)
      assert.is(reached(alice, limit), 1)
      assert.is(reached(bob, limit), 0)
      assert.is(alice.peers.length, 1)
    }),
  )
}

/** What a member does too much of; nobody is cut off for it. */
const excesses: readonly (readonly [LimitName, (stranger: Stranger) => unknown])[] = [
  ['exchange.pace', (s) => repeat(20, () => s.say({ kind: 'peers.ask' }))],
  ['exchange.pace', (s) => repeat(20, () => s.say({ kind: 'peers.tell', peers: [] }))],
  ['exchange.place', (s) => s.say({ kind: 'peers.tell', peers: [told('tcp://127.0.0.1:22')] })],
  [
    'exchange.addresses',
    (s) => {
      repeat(10, (time) => {
        const peers = [...Array(8).keys()].map((at) => told(`tcp://127.9.${time}.${at}:4444`))
        s.say({ kind: 'peers.tell', peers })
      })
    },
  ],
  ['questions', (s) => repeat(80, (ask) => s.say({ ...COMPARE, ask: ask + 1 }))],
  ['questions', (s) => repeat(80, () => s.say({ kind: 'sync.hint' }))],
]

const COMPARE = { kind: 'sync.compare', summary: '0'.repeat(32), renewed: '0'.repeat(16) } as const

function told(address: string) {
  return { peerId: 'victim' as PeerId, addresses: [address] }
}

function repeat(times: number, act: (time: number) => unknown): void {
  for (let time = 0; time < times; time++) act(time)
}

for (const [limit, act] of excesses) {
  limits(
    `${limit} is counted and told, and ends no connection`,
    withCompany(async (company) => {
      const { alice, address } = await company.two({ maxOutgoing: 0 })
      const facts = listen(alice as never, 'limit.reached')
      const stranger = await (await Stranger.dial(address)).join()
      act(stranger)
      await until(() => facts.length > 0)
      const [fact] = facts as unknown as LimitFact[]
      assert.is(fact?.limit, limit)
      assert.is(fact?.peerId, '0-stranger')
      stranger.say({ kind: 'ping', sentMs: 7 })
      await stranger.hears('pong')
      assert.is(alice.peers.length, 2)
    }),
  )
}

limits(
  'who asks too often is answered all the same, a little later',
  withCompany(async (company) => {
    const { address } = await company.two()
    const stranger = await (await Stranger.dial(address)).join()
    repeat(80, (ask) => stranger.say({ ...COMPARE, ask: ask + 1 }))
    const answers = () => stranger.heard.flatMap((word) => ('ask' in word ? [word.ask] : []))
    await until(() => answers().at(-1) === 80)
    assert.ok(answers().length < 80, 'of those that wait only the last one')
  }),
)

limits(
  'a byte now and then buys no time: one deadline ends it',
  withCompany(async (company) => {
    const { alice, address } = await company.two()
    const stranger = await Stranger.dial(address)
    const start = performance.now()
    // Two seconds for the preamble, and the rest of its life for the header of a frame.
    const drip = Uint8Array.of(0x48, 0x46, 0x53, 0x54, 0x01, 0, 0, 4, 0)
    let sent = 0
    const timer = setInterval(() => {
      const byte = drip.subarray(sent, sent + 1)
      sent += 1
      stranger.write(byte.length === 1 ? byte : Uint8Array.of(0x90))
    }, 400)
    await new Promise((resolve) => setTimeout(resolve, PENDING_MS_MAX - 500))
    assert.not(stranger.isClosed)
    await until(() => stranger.isClosed)
    clearInterval(timer)
    const tookMs = performance.now() - start
    assert.ok(tookMs < PENDING_MS_MAX + 3_000, `${tookMs} ms`)
    await until(() => reached(alice, 'handshake.time') === 1)
  }),
)

limits(
  'a crowd that says nothing gives way to who comes after it',
  withCompany(async (company) => {
    const { alice, address } = await company.two()
    const crowd = await Promise.all(Array.from({ length: 80 }, () => Stranger.dial(address)))
    await until(() => reached(alice, 'handshakes') >= 80 - 64)
    const carol = await company.alone({ peerId: 'carol' })
    await carol.connect(address)
    assert.is(reached(alice, 'connections'), 0)
    for (const stranger of crowd) stranger.destroy()
  }),
)

/** How often the limit was reached there. */
function reached(dictionary: { readonly actor: object }, limit: LimitName): number {
  return boards.get(dictionary.actor)?.bounds.counts[limit] ?? Number.NaN
}

limits.run()
