/** A frame that is refused is found to be too much of something, wherever in it that stands. */
import { Packr } from 'msgpackr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KEY_BYTES_MAX } from '../../machines/rules/key.ts'
import type { Broadcast, BroadcastBody, Message } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { VALUE_BYTES_MAX, VALUE_PARTS_MAX } from '../../machines/rules/value.ts'
import { decode, encode, encodeOwn, encodeRelayed, problemOf } from '../../transport/codec.ts'
import { seal } from '../../transport/framing.ts'
import type { Frame } from '../../transport/ports.ts'
import { batchOf, LEASE_MS, originOf } from '../rules/scene.ts'

const excess = suite('transport/excess')

const origin = originOf('bob')
const KEYS = ['k'.repeat(KEY_BYTES_MAX + 1), 'ä'.repeat(KEY_BYTES_MAX / 2 + 1)]
const VALUES: readonly unknown[] = [
  'x'.repeat(VALUE_BYTES_MAX),
  Array(VALUE_PARTS_MAX).fill(1),
  new Uint8Array(VALUE_BYTES_MAX),
  [10n ** 5_000n],
]

/** Entries with this in one row, as their writer sends them in either form, and as others do. */
function framesOf({ key = 'gate', value = 1 }: { key?: string; value?: unknown }): Frame[] {
  const rows = ['door', 'gate'].map((each, row) => ({
    ...{ key: each, epoch: 1, sequence: row + 1, value: 1, termMs: LEASE_MS, writer: 'bob' },
  }))
  const cells = { keys: ['door', key] as never, values: [1, value] as never }
  const batch = { ...batchOf(rows), ...cells }
  const shared = { epoch: 1, sequence: 1, termMs: LEASE_MS, flags: 0, remainingMs: null }
  const own = { ...batch, ...shared, origins: [origin], writer: 0 }
  const body = { kind: 'entries', from: 1, to: 2, batch: own } as BroadcastBody
  const broadcast = { kind: 'broadcast', origin, number: 1, body } as Broadcast
  const give = { kind: 'sync.give', ask: 1, batch } as Message
  const short = encodeOwn(broadcast)
  return [encode(broadcast), short, encodeRelayed(short, origin), encode(give)]
}

function problems(frames: readonly Frame[]): (string | undefined)[] {
  return frames.map((frame) => {
    return decode(frame, origin) === undefined ? problemOf(frame) : 'none'
  })
}

excess('what is in order is none', () => {
  assert.equal(problems(framesOf({})), Array(4).fill('none'))
})

for (const key of KEYS) {
  excess(`a key of ${key.length} characters like ${key[0]}`, () => {
    assert.equal(problems(framesOf({ key })), Array(4).fill('frame.key'))
    const waits = { kind: 'waits', isAll: true, keys: [[key as never, 1]] } as const
    const said = encode({ kind: 'broadcast', origin, number: 1, body: waits })
    assert.equal(problems([said]), ['frame.key'])
  })
}

VALUES.forEach((value, index) => {
  excess(`a value that is too large: ${index}`, () => {
    assert.equal(problems(framesOf({ value })), Array(4).fill('frame.value'))
    const note = { kind: 'note', payload: value as never, to: null } as const
    const said = encode({ kind: 'broadcast', origin, number: 1, body: note })
    assert.equal(
      problems([said, encode({ kind: 'whisper', payload: value as never })]),
      Array(2).fill('frame.value'),
    )
  })
})

excess('more peers than a message may tell of', () => {
  const peers = Array.from({ length: 17 }, (_, each) => ({
    peerId: `p${each}` as PeerId,
    addresses: [],
  }))
  assert.equal(problems([encode({ kind: 'peers.tell', peers })]), ['exchange.peers'])
})

excess('what makes no sense is that, and nothing throws', () => {
  const packr = new Packr({ useRecords: false })
  const flats: unknown[] = [
    ...[[], [32], [33], [35], [35, 7], [37], [44, 1, 2, 3, 0], [50], [50, 1, 2, 3, 4, 5, 7]],
    ...[[51], [51, 'bob', '1', 7], [32, 'bob', '1', 1, 5, true, 7], [37, 1, [1, 2, 3]], 'text', 7],
  ]
  for (const flat of flats) {
    const bytes = packr.encode(flat)
    const frame = new Uint8Array(4 + bytes.length)
    frame.set(bytes, 4)
    assert.is(problemOf(seal(frame) as Frame), 'frame.content', JSON.stringify(flat))
  }
})

excess.run()
