/**
 * Peers that do not read, and crowds at the door, over real loopback TCP: they delay nobody, cost a
 * bounded amount of memory, and have everything soon after they read again.
 */

import type { Dictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ANSWERED_BYTES_MAX } from '../../actors/line.ts'
import { boards } from '../../actors/sync.ts'
import { FRAME_BYTES_MAX } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { tcpTransport } from '../../transport/tcp.ts'
import { addressOf, type Company, listen, until, withCompany } from './company.ts'
import { stallable } from './stallable.ts'
import { Stranger } from './stranger.ts'

/** More than the system keeps on the way between two sockets of one machine, in bytes. */
const FLOOD_BYTES = 24 * 1024 * 1024
const VALUE_BYTES = 128 * 1024
/** How long a set may take from one peer to the next while a third one does not read. */
const DELIVERY_MS_MAX = 500
/** How long catching up may take; it does not wait for a heartbeat, which comes after 5,000. */
const CATCH_UP_MS_MAX = 1_500
/** How many timers may run in a process with a few dictionaries. */
const TIMERS_MAX = 100
const KEYS = 20

/** How many bytes wait at one peer for another one. */
function queuedBytes(dictionary: Dictionary, peerId: string): number {
  return boards.get(dictionary.actor)?.lines.to(peerId as PeerId)?.queuedBytes ?? 0
}

/** Alice writes so much that no buffer takes it; bob gets each write before the next one. */
async function flood(alice: Dictionary, bob: Dictionary, slow: string) {
  const text = 'x'.repeat(VALUE_BYTES)
  const deliveries: number[] = []
  let longest = 0
  for (let count = 1; count * VALUE_BYTES <= FLOOD_BYTES; count += 1) {
    const start = performance.now()
    alice.set(`key${count % KEYS}`, { count, text })
    await until(() => (bob.get(`key${count % KEYS}`) as { count: number })?.count === count)
    deliveries.push(performance.now() - start)
    longest = Math.max(longest, queuedBytes(alice, slow))
  }
  deliveries.sort((one, other) => one - other)
  return { slowestMs: deliveries.at(-1) ?? 0, longest }
}

const slow = suite('slow peers')

for (const sendQueueBytesMax of [64 * 1024, 1024 * 1024, 4 * 1024 * 1024]) {
  slow(
    `a peer that stops reading delays nobody, keeps ${sendQueueBytesMax} bytes waiting, catches up`,
    withCompany(async (company) => {
      const limits = { sendQueueBytesMax }
      const { alice, bob, address } = await company.two({ limits, maxOutgoing: 0 })
      const { transport, wires } = stallable()
      const carol = await company.alone({
        peerId: 'carol',
        maxOutgoing: 0,
        transports: [transport],
      })
      await carol.connect(address)
      alice.set('before', 1)
      await until(() => carol.get('before') === 1)
      for (const wire of wires) wire.pauseReading()
      const { slowestMs, longest } = await flood(alice as never, bob as never, 'carol')
      assert.ok(slowestMs < DELIVERY_MS_MAX, `a set took ${slowestMs} ms`)
      assert.ok(longest > sendQueueBytesMax, `only ${longest} bytes ever waited`)
      assert.ok(longest <= sendQueueBytesMax + 2 * VALUE_BYTES, `${longest} bytes waited`)
      assert.is.not(carol.digest(), alice.digest())
      const heard = listen(carol as never, 'disconnect')
      for (const wire of wires) wire.resumeReading()
      const start = performance.now()
      await until(() => carol.digest() === alice.digest())
      const caughtUpMs = performance.now() - start
      assert.ok(caughtUpMs < CATCH_UP_MS_MAX, `she took ${caughtUpMs} ms`)
      assert.is(carol.size, KEYS + 1)
      // From now on she gets every write at once again.
      alice.set('after', 1)
      await until(() => carol.get('after') === 1)
      carol.set('answer', 1)
      await until(() => bob.get('answer') === 1)
      assert.equal(heard, [], 'she was connected all the time')
    }),
  )
}

slow(
  'a carrier that never tells that its queue is empty loses nothing',
  withCompany(async (company) => {
    const transports = [tcpTransport({ queueBytesHigh: Number.MAX_SAFE_INTEGER })]
    const limits = { sendQueueBytesMax: 64 * 1024 }
    const { alice, bob, address } = await company.two({ limits, transports, maxOutgoing: 0 })
    const { transport, wires } = stallable()
    const carol = await company.alone({ peerId: 'carol', maxOutgoing: 0, transports: [transport] })
    await carol.connect(address)
    for (const wire of wires) wire.pauseReading()
    await flood(alice as never, bob as never, 'carol')
    for (const wire of wires) wire.resumeReading()
    await until(() => queuedBytes(alice as never, 'carol') === 0)
    alice.set('after', 1)
    await until(() => carol.digest() === alice.digest())
  }),
)

slow(
  'a stranger that reads nothing is told to ask when it reads again',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two({ limits: { sendQueueBytesMax: 65_536 } })
    const stranger = await (await Stranger.dial(address)).join()
    stranger.pause()
    await flood(alice as never, bob as never, '0-stranger')
    assert.not(stranger.heard.some(({ kind }) => kind === 'sync.hint'))
    stranger.resume()
    await stranger.hears('sync.hint')
    stranger.say({ kind: 'sync.ask', ask: 1, coverage: [], all: true })
    await stranger.hears('sync.done')
    assert.ok(stranger.heard.some(({ kind }) => kind === 'sync.give'))
  }),
)

/** What a stranger may ask for again and again without reading the answers. */
const EVERYTHING = { kind: 'sync.ask', ask: 1, coverage: [], all: true } as const

slow(
  'a stranger that asks for everything and reads nothing costs no more than a slow peer',
  withCompany(async (company) => {
    const sendQueueBytesMax = 64 * 1024
    const { alice, bob, address } = await talkative(company, sendQueueBytesMax)
    const closed = listen(alice as never, 'connection.closed')
    const stranger = await (await Stranger.dial(address)).join()
    stranger.pause()
    let longest = 0
    for (let count = 0; count < 200 && closed.length === 0; count += 1) {
      for (let times = 0; times < 50; times += 1) stranger.say(EVERYTHING)
      alice.set('count', count)
      const start = performance.now()
      await until(() => bob.get('count') === count)
      assert.ok(performance.now() - start < DELIVERY_MS_MAX)
      longest = Math.max(longest, queuedBytes(alice, '0-stranger'))
    }
    const most = sendQueueBytesMax + ANSWERED_BYTES_MAX + FRAME_BYTES_MAX
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    assert.ok(timers < TIMERS_MAX, `${timers} timers wait for her to read`)
    assert.ok(longest > sendQueueBytesMax, `only ${longest} bytes ever waited`)
    assert.ok(longest <= most, `${longest} bytes waited`)
    stranger.destroy()
    assert.equal(alice.peers.map(({ peerId }) => peerId).includes('bob'), true)
  }),
)

/** Alice has much to tell. */
async function talkative(company: Company, sendQueueBytesMax: number) {
  const alice = await company.listening({ limits: { sendQueueBytesMax } })
  const bob = await company.alone({ peerId: 'bob', integrity: 'channel' })
  const address = addressOf(alice)
  await bob.connect(address)
  for (let count = 0; count < KEYS * 8; count += 1)
    alice.set(`key${count}`, 'x'.repeat(VALUE_BYTES))
  await until(() => bob.digest() === alice.digest())
  return { alice, bob, address }
}

slow(
  'a crowd beyond the limit is turned away, disturbs nobody, and lets a peer in after it',
  withCompany(async (company) => {
    // A quarter of these is left for peers that alice dials herself, and bob has one.
    const connectionsMax = 8
    const transports = [tcpTransport({ preambleMsMax: 300 })]
    const { alice, bob, address } = await company.two({ limits: { connectionsMax }, transports })
    const crowd = await Promise.all(Array.from({ length: 40 }, () => Stranger.dial(address)))
    await until(
      () => crowd.filter(({ isClosed }) => isClosed).length === 40 - (connectionsMax - 2 - 1),
    )
    const carol = await company.alone({ peerId: 'carol', join: [address] })
    assert.equal(carol.peers, [])
    bob.set('door', 'open')
    await until(() => alice.get('door') === 'open')
    await until(() => carol.get('door') === 'open')
    await until(() => crowd.every(({ isClosed }) => isClosed))
    assert.equal(
      crowd.map(({ bytesHeard }) => bytesHeard),
      crowd.map(() => 0),
    )
    assert.equal(alice.peers.map(({ peerId }) => peerId).sort(), ['bob', 'carol'])
  }),
)

slow.run()
