/** Tokens that were made up leave others tokens enough, and deletions that can be forgotten. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { collectTombstones, FLOOR_TOLD_MAX, noteCollected } from '../../machines/rules/collect.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { judgeIngress, TOKEN_RISE_MAX } from '../../machines/rules/ingress.ts'
import type { DataMessage } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { remove } from '../../machines/rules/write.ts'
import { broadcast } from './courier.ts'
import { at, batchOf, doneBy, keyOf, LEASE_MS, open, originOf, put } from './scene.ts'

const tokens = suite('rules/tokens')
const now = { reading: at(0) }
const teller = 'mallory' as PeerId

function claimOf(epoch: number): DataMessage {
  const row = { key: 'door', epoch, sequence: 1, value: 1, termMs: LEASE_MS, writer: 'mallory' }
  return { kind: 'sync.give', ask: 1, batch: batchOf([row]) }
}

tokens('who claims a token far above the one that is known is refused', () => {
  const bob = open('bob')
  const message = claimOf(Number.MAX_SAFE_INTEGER)
  assert.is(judgeIngress(bob, { message, teller }), 'token-raised')
  const { batch } = message as Extract<DataMessage, { kind: 'sync.give' }>
  const body = { kind: 'entries', from: 1, to: 1, batch } as const
  const said = { kind: 'broadcast', origin: originOf('mallory'), number: 1, body } as const
  assert.is(judgeIngress(bob, { message: said, teller }), 'token-raised')
})

tokens(
  'what may be is believed: a token in reach, one without leases, one that is passed on',
  () => {
    const bob = open('bob')
    const { token } = put(bob, ['door', 1], at(0))
    const message = claimOf(token + TOKEN_RISE_MAX)
    assert.is(judgeIngress(bob, { message, teller }), undefined)
    const high = { message: claimOf(2 ** 50), teller }
    assert.is(judgeIngress(open('bob', { leasing: false }), high), undefined)
    assert.is(judgeIngress(bob, { ...high, teller: 'carol' as PeerId }), undefined)
  },
)

tokens('a forged floor leaves new keys a token whose trace can be collected', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  noteCollected(alice, { collected: [], floor: Number.MAX_SAFE_INTEGER })
  assert.is(alice.floor, FLOOR_TOLD_MAX)
  for (let round = 0; round < 50; round++) {
    put(alice, ['door', round], at(round))
    doneBy(remove(alice, keyOf('door'), now))
    noteCollected(alice, { collected: [], floor: Number.MAX_SAFE_INTEGER })
    broadcast(alice, [bob], now)
    const members = [coverageList(alice), coverageList(bob)]
    assert.equal(
      [alice, bob].map((peer) => collectTombstones(peer, members)),
      [1, 1],
    )
  }
  assert.is(bob.table.entries, 0)
})

tokens.run()
