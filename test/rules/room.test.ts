import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gather } from '../../machines/rules/gather.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { at, open, put, valueAt } from './scene.ts'

const room = suite('rules/room: what others write has to fit')

const BYTES_MAX = 10_000

/** Gives bob everything that alice has. True if all of it fitted. */
function give(alice: Replica, bob: Replica): boolean {
  return mergeBatch(bob, gather(alice, [...alice.table.slotsInUse()], at(1)), at(1))
}

room('a known key may not outgrow the room, and what is there stays', () => {
  const [alice, bob] = [
    open('alice'),
    open('bob', { limits: { entriesMax: 9, bytesMax: BYTES_MAX } }),
  ]
  put(alice, ['door', 'open'], at(0))
  put(alice, ['gate', 'shut'], at(0))
  assert.ok(give(alice, bob))
  put(alice, ['door', 'x'.repeat(BYTES_MAX)], at(0))
  put(alice, ['gate', 'ajar'], at(0))
  assert.not(give(alice, bob))
  assert.equal([valueAt(bob, 'door'), valueAt(bob, 'gate')], ['open', 'ajar'])
  assert.ok(bob.table.bytes <= BYTES_MAX)
  put(alice, ['door', 'shut'], at(0))
  assert.ok(give(alice, bob))
  assert.is(valueAt(bob, 'door'), 'shut')
})

room('what does not grow is taken in, however full the room is', () => {
  const [alice, bob] = [open('alice'), open('bob', { limits: { entriesMax: 9, bytesMax: 700 } })]
  put(alice, ['door', 'open and wide'], at(0))
  put(alice, ['gate', 'open and wide'], at(0))
  assert.ok(give(alice, bob))
  put(alice, ['door', 'shut'], at(0))
  assert.ok(give(alice, bob))
  assert.is(valueAt(bob, 'door'), 'shut')
})

room.run()
