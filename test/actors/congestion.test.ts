/** A writer that outruns the network is told, and a peer that reads nothing holds nobody up. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boards } from '../../actors/sync.ts'
import { until, withCompany } from './company.ts'
import { stallable } from './stallable.ts'

const WRITTEN_BYTES = 24 * 1024 * 1024
const VALUE_BYTES = 64 * 1024
/** Different keys, so that nothing that is left out is overwritten meanwhile. */
const KEYS = WRITTEN_BYTES / VALUE_BYTES
/** More than one neighbour is waited for in vain, with much room for a slow machine. */
const WRITING_MS_MAX = 8_000

const congestion = suite('a writer that outruns the network')

congestion(
  'waits for bob, is told so, and leaves nothing out',
  withCompany(async (company) => {
    const { alice, bob } = await company.two({ maxOutgoing: 0 })
    const told: string[] = []
    alice.on('congested', ({ type, backlogBytes }) => told.push(`${type} ${backlogBytes > 0}`))
    alice.on('drained', ({ type }) => told.push(type))
    for (let key = 0; key < KEYS; key++) {
      alice.set(`key${key}`, `${key}`.padEnd(VALUE_BYTES))
      if (key % 40 === 39) await alice.drained()
    }
    await until(() => bob.size === KEYS)
    assert.is(alice.stats().framesSkipped, 0)
    assert.equal(told.slice(0, 2), ['congested true', 'drained'])
    assert.is(told.length % 2, 0)
    assert.ok(alice.backlogBytes < 1024 * 1024)
  }),
)

congestion(
  'is not held up by carol, who reads nothing, and carol has everything when she reads again',
  withCompany(async (company) => {
    const limits = { sendQueueBytesMax: 4 * 1024 * 1024 }
    const { alice, bob, address } = await company.two({ maxOutgoing: 0, limits })
    const { transport, wires } = stallable()
    const carol = await company.alone({ peerId: 'carol', maxOutgoing: 0, transports: [transport] })
    await carol.connect(address)
    await until(() => alice.peers.length === 2)
    for (const wire of wires) wire.pauseReading()
    const start = performance.now()
    let longest = 0
    for (let key = 0; key < KEYS; key++) {
      alice.set(`key${key}`, `${key}`.padEnd(VALUE_BYTES))
      if (key % 20 !== 19) continue
      await alice.drained()
      const lines = boards.get(alice.actor)?.lines.neighbours() ?? []
      longest = Math.max(longest, ...[...lines].map(({ queuedBytes }) => queuedBytes))
    }
    assert.ok(performance.now() - start < WRITING_MS_MAX)
    assert.ok(longest <= limits.sendQueueBytesMax + 20 * VALUE_BYTES, `${longest} bytes waited`)
    await until(() => bob.size === KEYS)
    for (const wire of wires) wire.resumeReading()
    await until(() => carol.size > KEYS / 2)
    await until(() => carol.size === KEYS)
    await until(() => carol.digest() === alice.digest())
  }),
)

congestion(
  'ends its waiting when it closes, and cannot wait afterwards',
  withCompany(async (company) => {
    const { alice } = await company.two({ maxOutgoing: 0 })
    alice.set('door', 'open')
    const waiting = alice.drained()
    await alice.close()
    await waiting
    const { code } = await alice.drained().catch((error) => error)
    assert.is(code, 'CLOSED')
  }),
)

congestion.run()
