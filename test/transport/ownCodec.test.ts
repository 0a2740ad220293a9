/** What a peer wrote itself travels without its name, and is read as what it is. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Batch, EPHEMERAL } from '../../machines/rules/batch.ts'
import type { StoredKey } from '../../machines/rules/key.ts'
import { LEASE_MS_DEFAULT } from '../../machines/rules/lease.ts'
import type { Broadcast, BroadcastBody } from '../../machines/rules/message.ts'
import type { Origin } from '../../machines/rules/peer.ts'
import { decode, encode, encodeOwn, encodeRelayed } from '../../transport/codec.ts'

const own = suite('transport/ownCodec')

const alice = { peer: 'alice', run: 'r'.repeat(21) } as Origin
const bob = { peer: 'bob', run: 's'.repeat(21) } as Origin
const value = 'x'.repeat(100)

const PLAIN: Batch = {
  origins: [alice],
  keys: ['door', 'gate'] as StoredKey[],
  values: [value, { wide: ['open', 7n] }],
  sizes: [101, 25],
  writer: 0,
  epoch: 3,
  sequence: 41,
  termMs: LEASE_MS_DEFAULT,
  remainingMs: null,
  flags: 0,
  heirs: [],
  over: [],
}

function told(changes: Partial<Batch> = {}): Broadcast {
  const body: BroadcastBody = { kind: 'entries', from: 41, to: 42, batch: { ...PLAIN, ...changes } }
  return { kind: 'broadcast', origin: alice, number: 9, body }
}

own('what alice sends bob reads as hers, though it does not name her', () => {
  const message = told({ flags: EPHEMERAL, termMs: 2_500.5 })
  const frame = encodeOwn(message)
  assert.not(Buffer.from(frame).includes(alice.run))
  assert.equal(strip(decode(frame, alice)), strip(message))
  assert.is(decode(frame), undefined, 'who sent it is not known')
})

own('it costs less than a fifth of a small write', () => {
  const body = {
    kind: 'entries',
    from: 41,
    to: 41,
    batch: { ...PLAIN, keys: ['k000001'] },
  } as never
  const batch = { ...PLAIN, keys: ['k000001'] as StoredKey[], values: [value], sizes: [101] }
  const frame = encodeOwn({ ...told(), body: { ...(body as object), batch } as never })
  assert.ok(frame.length < 1.2 * (8 + 102), `${frame.length} bytes`)
})

own('bob passes it on under her name, byte for byte, and carol passes on the same frame', () => {
  const frame = encodeOwn(told())
  const relayed = encodeRelayed(frame, alice)
  assert.ok(Buffer.from(relayed).includes(Buffer.from(frame.subarray(4))))
  assert.equal(strip(decode(relayed, bob)), strip(told()))
  assert.is(encodeRelayed(relayed, alice), relayed)
})

own('what is out of the ordinary takes the long form', () => {
  const odd: Partial<Batch>[] = [
    { epoch: [3, 4] },
    { sequence: [41, 43] },
    { termMs: [1_000, 2_000] },
    { remainingMs: 20 },
    { flags: [0, 1], values: [value, null] },
    { heirs: [[0, bob.peer]] },
    { over: [[1, 0, 12]] },
  ]
  for (const changes of odd) {
    const message = told(changes)
    assert.equal(encodeOwn(message), encode(message))
  }
})

own('bytes that were changed are refused or read as something sound', () => {
  const frame = encodeOwn(told())
  for (let at = 4; at < frame.length; at++) {
    for (const byte of [0, 0x7f, 0xc0, 0xff]) {
      const spoilt = Uint8Array.from(frame)
      spoilt[at] = byte
      const message = decode(spoilt, alice)
      if (message?.kind !== 'broadcast' || message.body.kind !== 'entries') continue
      const { batch, from, to } = message.body
      assert.is(to - from + 1, batch.keys.length)
      assert.is(batch.values.length, batch.keys.length)
    }
  }
})

/** Without the sizes, which either side counts for itself. */
function strip(message: unknown): unknown {
  const { origin, number, body } = message as Broadcast
  const { from, to, batch } = body as Extract<BroadcastBody, { kind: 'entries' }>
  return { origin, number, from, to, batch: { ...batch, sizes: [] } }
}

own.run()
