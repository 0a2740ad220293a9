/**
 * The limits that strangers and peers run into, over real loopback TCP: each is counted, told, and
 * costs nobody else anything. What the rules decide is tested beside them in `test/rules`.
 */

import type { Announcement, Dictionary, LimitName } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PENDING_MS_MAX } from '../../actors/doors.ts'
import { limitStat } from '../../actors/stats.ts'
import { SteppingClock } from '../../transport/stepping.ts'
import { addressOf, listen, until, withCompany } from './company.ts'
import { COMPARE, EXCESSES, PROVOCATIONS, repeat } from './limitList.ts'
import { Stranger } from './stranger.ts'

type LimitFact = Extract<Announcement, { type: 'limit.reached' }>

const limits = suite('limits')

for (const [name, { options, isStepped, act }] of Object.entries(PROVOCATIONS)) {
  const limit = name as LimitName
  limits(
    `${limit} is told when it is reached, and counted in stats()`,
    withCompany(async (company) => {
      const clock = new SteppingClock()
      const time = setInterval(() => clock.advance(0), 1)
      try {
        const alice = await company.listening({ ...options, ...(isStepped && { clock }) })
        const facts = listen(alice as never, 'limit.reached') as unknown as LimitFact[]
        assert.is(reached(alice, limit), 0)
        const scene = { company, alice, address: addressOf(alice), clock }
        await act(scene)
        await until(() => facts.some((fact) => fact.limit === limit))
        const [fact] = facts.filter((each) => each.limit === limit)
        assert.is(fact?.count, 1)
        assert.ok((fact?.peerId ?? fact?.address) !== null, 'who it was')
        assert.ok(reached(alice, limit) >= 1)
        // Nothing else was in the way, but for the queue that has to be full first.
        const told = new Set(facts.map((each) => each.limit))
        if (limit === 'queue.answers') told.delete('queue')
        assert.equal([...told], [limit])
        await company.close()
      } finally {
        clearInterval(time)
      }
    }),
  )
}

for (const [limit, act] of EXCESSES) {
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
  'a limit that one reaches is counted where it is reached, and ends that connection alone',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two()
    const stranger = await Stranger.dial(address)
    stranger.preamble().frame([0x81, 0xa1, 0x61, 1])
    await until(() => stranger.isClosed && reached(alice, 'frame.content') === 1)
    assert.is(reached(bob, 'frame.content'), 0)
    assert.is(alice.peers.length, 1)
  }),
)

limits(
  'a byte now and then buys no time: one deadline ends it',
  withCompany(async (company) => {
    const { alice, address } = await company.two()
    const stranger = await Stranger.dial(address)
    const start = performance.now()
    // Four seconds for the preamble, and the rest of its life for the header of a frame.
    const drip = Uint8Array.of(0x48, 0x46, 0x53, 0x54, 0x01, 0, 0, 4, 0)
    let sent = 0
    const timer = setInterval(() => {
      const byte = drip.subarray(sent, sent + 1)
      sent += 1
      stranger.write(byte.length === 1 ? byte : Uint8Array.of(0x90))
    }, 850)
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
function reached(dictionary: Dictionary, limit: LimitName): number {
  return dictionary.stats()[limitStat(limit)]
}

limits.run()
