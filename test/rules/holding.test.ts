import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  acquire,
  bequeath,
  endLeases,
  inherit,
  lapse,
  release,
  renew,
} from '../../machines/rules/holding.ts'
import type { StoredKey } from '../../machines/rules/key.ts'
import { ownerTermMs, takeoverAt } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { viewLease } from '../../machines/rules/replica.ts'
import { broadcast } from './courier.ts'
import {
  at,
  batchOf,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  openBesideBob,
  put,
  slotOf,
  told,
  tried,
  trySet,
  valueAt,
} from './scene.ts'

const leases = suite('rules/holding: a lease on purpose')

const now = { reading: at(0) }
const LOST_AT = ownerTermMs(LEASE_MS)
const door = keyOf('door')

leases('two holders in one process exclude each other', () => {
  const alice = open('alice')
  const first = doneBy(acquire(alice, door, now))
  assert.is(first.token, 1)
  const refused = acquire(alice, door, { reading: at(100) })
  const remainingMs = LOST_AT - 100
  assert.equal(refused, { refused: { verdict: 'held', owner: 'alice', remainingMs }, key: 'door' })
  doneBy(release(alice, door, { reading: at(200), token: first.token }))
  assert.is(doneBy(acquire(alice, door, { reading: at(200) })).token, 2)
})

leases('a lease is of a key, with or without a value, and its value is set under it', () => {
  const alice = open('alice')
  const { token } = doneBy(acquire(alice, door, now))
  assert.is(valueAt(alice, 'door'), undefined)
  assert.is(alice.table.size, 0)
  put(alice, ['door', 1], at(1))
  doneBy(renew(alice, door, { reading: at(2), token }))
  assert.is(valueAt(alice, 'door'), 1)
  doneBy(release(alice, door, { reading: at(3), token }))
  assert.is(valueAt(alice, 'door'), 1, 'the value stays')
  assert.equal(
    told(alice, 'lease.lost').map(({ reason }) => reason),
    ['released'],
  )
})

leases(
  'L12: release is idempotent, and a non-holder can neither renew nor release nor hand over',
  () => {
    const alice = openBesideBob()
    const gate = keyOf('gate')
    const heir = 'carol' as PeerId
    for (const key of [gate, door]) {
      assert.is(
        tried(alice, () => renew(alice, key, now)),
        'not-held',
      )
      assert.is(
        tried(alice, () => release(alice, key, now)),
        'not-held',
      )
      assert.is(
        tried(alice, () => bequeath(alice, { key, heir }, now)),
        'not-held',
      )
    }
    doneBy(acquire(alice, door, now))
    assert.is(
      tried(alice, () => release(alice, door, now)),
      'done',
    )
    assert.is(
      tried(alice, () => release(alice, door, now)),
      'not-held',
    )
    assert.is(told(alice, 'lease.lost').length, 1)
  },
)

leases('L2: under a lost lease nothing is written, until its holder has been told', () => {
  const alice = open('alice')
  const { token } = doneBy(acquire(alice, door, now))
  const late = { reading: at(LOST_AT) }
  assert.is(
    tried(alice, () => renew(alice, door, { ...late, token })),
    'lost',
  )
  assert.is(
    tried(alice, () => release(alice, door, { ...late, token })),
    'lost',
  )
  assert.is(
    tried(alice, () => trySet(alice, ['door', 1], late)),
    'lost',
  )
  lapse(alice, door, token + 1)
  assert.is(
    tried(alice, () => trySet(alice, ['door', 1], late)),
    'lost',
    'another lease lapsed',
  )
  lapse(alice, door, token)
  lapse(alice, door, token)
  lapse(alice, keyOf('unknown'), token)
  const lost = { type: 'lease.lost', key: 'door', token, reason: 'expired' }
  assert.equal(told(alice, 'lease.lost'), [lost])
  assert.is(doneBy(trySet(alice, ['door', 1], late)).token, token + 1)
})

leases('L6: who acquires what lapsed here tells the earlier holder first', () => {
  const alice = open('alice')
  doneBy(acquire(alice, door, now))
  assert.is(doneBy(acquire(alice, door, { reading: at(LOST_AT) })).token, 2)
  assert.equal(told(alice, 'lease.lost'), [
    { type: 'lease.lost', key: 'door', token: 1, reason: 'expired' },
  ])
  lapse(alice, door, 1)
  assert.equal(told(alice, 'lease.lost'), [])
})

leases('L7: after a takeover the old holder is told once, and its token writes nothing', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  const { token } = doneBy(acquire(alice, door, now))
  broadcast(alice, [bob], now)
  const late = { reading: at(takeoverAt(LEASE_MS, LEASE_MS)) }
  doneBy(acquire(bob, door, late))
  broadcast(bob, [alice], late)
  const lost = { type: 'lease.lost', key: 'door', token, reason: 'superseded' }
  assert.equal(told(alice, 'lease.lost'), [lost])
  assert.is(
    tried(alice, () => trySet(alice, ['door', 1], { ...late, token })),
    'held',
  )
  assert.is(
    tried(alice, () => renew(alice, door, { ...late, token })),
    'lost',
  )
  assert.is(
    tried(alice, () => renew(alice, door, late)),
    'not-held',
  )
})

leases(
  'a key that is handed over is the heir’s alone, with a greater token and the same value',
  () => {
    const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
    put(alice, ['door', 'x'], at(0))
    const { token } = doneBy(acquire(alice, door, now))
    broadcast(alice, [bob, carol], now)
    doneBy(bequeath(alice, { key: door, heir: 'bob' as PeerId }, { ...now, token }))
    assert.equal(
      told(alice, 'lease.lost').map(({ reason }) => reason),
      ['transferred'],
    )
    broadcast(alice, [bob, carol], now)
    for (const peer of [alice, carol]) {
      assert.is(
        tried(peer, () => acquire(peer, door, now)),
        'held',
      )
      assert.is(viewLease(peer, slotOf(peer, 'door'), at(0))?.owner, 'bob' as PeerId)
    }
    assert.is(
      tried(alice, () => renew(alice, door, { ...now, token })),
      'not-held',
    )
    assert.is(doneBy(acquire(bob, door, now)).token, token + 1)
    assert.is(valueAt(bob, 'door'), 'x')
    broadcast(bob, [alice, carol], now)
    assert.is(viewLease(carol, slotOf(carol, 'door'), at(0))?.token, token + 1)
  },
)

leases('an heir takes what was reserved for it, once, for the term that it had', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  put(alice, ['door', 'x'], at(0), 60_000)
  doneBy(bequeath(alice, { key: door, heir: 'bob' as PeerId }, now))
  broadcast(alice, [bob, carol], now)
  for (const peer of [bob, carol]) inherit(peer, at(0))
  assert.is(viewLease(carol, slotOf(carol, 'door'), at(0))?.owner, 'bob' as PeerId)
  const view = viewLease(bob, slotOf(bob, 'door'), at(0))
  const mine = { owner: 'bob', token: 2, mine: true, remainingMs: ownerTermMs(60_000) }
  assert.equal(view, mine)
  const { sequence } = bob
  inherit(bob, at(0))
  assert.is(bob.sequence, sequence)
})

leases('who closes tells each holder once, and what it set stays set', () => {
  const alice = open('alice')
  doneBy(acquire(alice, door, now))
  put(alice, ['wall', 1], at(0))
  endLeases(alice)
  endLeases(alice)
  const lost = { type: 'lease.lost', key: 'door', token: 1, reason: 'shutdown' }
  assert.equal(told(alice, 'lease.lost'), [lost])
  assert.is(valueAt(alice, 'wall'), 1)
})

leases('who waits for a key is told of each change of its lease, and others are not', () => {
  const alice = open('alice')
  alice.watched.set('door' as StoredKey, 1)
  put(alice, ['gate', 1], at(0))
  assert.equal(told(alice, 'lease.changed'), [])
  const { token } = doneBy(acquire(alice, door, now))
  doneBy(renew(alice, door, { ...now, token }))
  doneBy(release(alice, door, { ...now, token }))
  mergeBatch(alice, batchOf([{ writer: 'bob', epoch: 2, sequence: 1, value: 1 }]), at(0))
  const changes = told(alice, 'lease.changed').map((fact) => `${fact.owner} ${fact.token}`)
  assert.equal(changes, ['alice 1', 'alice 1', 'alice 1', 'bob 2'])
})

leases('with leasing off nothing is held: renew, release and hand-over are refused', () => {
  const alice = open('alice', { leasing: false })
  put(alice, ['door', 1], at(0))
  const heir = 'bob' as PeerId
  assert.is(
    tried(alice, () => renew(alice, door, now)),
    'lost',
  )
  assert.is(
    tried(alice, () => release(alice, door, now)),
    'lost',
  )
  assert.is(
    tried(alice, () => bequeath(alice, { key: door, heir }, now)),
    'lost',
  )
})

leases.run()
