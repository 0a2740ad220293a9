import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EPHEMERAL, RENEWING, STOLEN } from '../../machines/rules/batch.ts'
import { Deadlines } from '../../machines/rules/deadlines.ts'
import { digestOf } from '../../machines/rules/digest.ts'
import {
  dueAt,
  lapseDue,
  reviveRenewed,
  TRACES_MAX,
  traceDue,
  traceOwn,
} from '../../machines/rules/ephemeral.ts'
import type { ExpiredFact } from '../../machines/rules/fact.ts'
import { acquire, bequeath, inherit, release } from '../../machines/rules/holding.ts'
import { ownerTermMs, type Reading, takeoverAt } from '../../machines/rules/lease.ts'
import { releaseLeft } from '../../machines/rules/merge.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { hearWaits } from '../../machines/rules/queue.ts'
import { hearRenewal } from '../../machines/rules/renewal.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { remove } from '../../machines/rules/write.ts'
import { chanceOf, seedOfRun } from './chance.ts'
import { ask, broadcast } from './courier.ts'
import {
  at,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  put,
  slotOf,
  told,
  trySet,
  valueAt,
} from './scene.ts'

const ephemeral = suite('rules/ephemeral: values that are gone with their lease')

const OWNER_ENDS_AT = ownerTermMs(LEASE_MS)
const OTHERS_END_AT = takeoverAt(LEASE_MS, LEASE_MS)
const TRACE_MS = 60_000
const LONG_AFTER = OTHERS_END_AT + TRACE_MS

/** Finds what is gone at this moment, and writes down what may be. */
function look(replica: Replica, reading: Reading, isCurrent = true): void {
  const moment = { reading, traceMs: TRACE_MS, isCurrent }
  lapseDue(replica, moment)
  traceDue(replica, moment)
}

/** Only what a reader does: nothing is written. */
function read(replica: Replica, reading: Reading, isCurrent = true): void {
  lapseDue(replica, { reading, traceMs: TRACE_MS, isCurrent })
}

function appear(replica: Replica, name: string, reading: Reading, kind = EPHEMERAL): void {
  doneBy(trySet(replica, [name, replica.origins[0]?.peer], { reading, kind }))
  read(replica, reading)
}

/** Alice is here, and bob and carol know. */
function three(kind = EPHEMERAL): [Replica, Replica, Replica] {
  const peers = [open('alice'), open('bob'), open('carol')] as const
  const [alice, ...others] = peers
  appear(alice, 'here', at(0), kind)
  broadcast(alice, others, { reading: at(0) })
  for (const peer of peers) {
    read(peer, at(0))
    peer.facts = []
  }
  return [...peers]
}

const expired = (owner: string, token = 1): ExpiredFact =>
  ({ type: 'expired', key: 'here', previous: owner, owner, token }) as ExpiredFact

ephemeral('the owner loses it early, the others late, and each is told once', () => {
  const [alice, bob] = three()
  const digest = digestOf(bob)
  for (const [peer, endsAt] of [
    [alice, OWNER_ENDS_AT],
    [bob, OTHERS_END_AT],
  ] as const) {
    read(peer, at(endsAt - 1))
    assert.is(valueAt(peer, 'here'), 'alice')
    read(peer, at(endsAt))
    assert.is(valueAt(peer, 'here'), undefined)
    assert.equal(told(peer, 'expired'), [expired('alice')])
    read(peer, at(endsAt + 1))
    assert.equal(peer.facts, [])
    assert.is(peer.table.size - peer.table.gone.size, 0)
  }
  assert.is(digestOf(bob), digest, 'passing time changes no replicated byte')
})

ephemeral('its owner writes it down at once, under its own token, and nobody is told again', () => {
  const [alice, bob, carol] = three()
  look(alice, at(OWNER_ENDS_AT))
  read(bob, at(OTHERS_END_AT))
  assert.is(told(bob, 'expired').length, 1)
  broadcast(alice, [bob, carol], { reading: at(OTHERS_END_AT) })
  assert.equal(bob.facts, [])
  assert.equal(carol.facts, [expired('alice')], 'and whoever had not looked hears it by that')
  for (const peer of [alice, bob, carol]) {
    assert.is(peer.table.size, 0)
    assert.is(peer.table.epoch[slotOf(peer, 'here')], 1)
    assert.is(dueAt(peer.table), Number.POSITIVE_INFINITY, 'nothing is left to look at')
  }
})

ephemeral('an explicit delete is a delete, a release is not', () => {
  const [alice, bob] = three()
  doneBy(remove(alice, keyOf('here'), { reading: at(1) }))
  broadcast(alice, [bob], { reading: at(1) })
  assert.equal([told(alice, 'delete').length, told(bob, 'delete').length], [1, 1])
  const [carol, dave] = three()
  doneBy(release(carol, keyOf('here'), { reading: at(1) }))
  broadcast(carol, [dave], { reading: at(1) })
  assert.equal([carol.facts, dave.facts], [[expired('alice')], [expired('alice')]])
  assert.is(dave.table.size, 0)
})

ephemeral('whoever leaves in good order takes it along, even if nothing was written down', () => {
  const [alice, bob, carol] = three()
  releaseLeft(bob, originOf('alice'))
  read(bob, at(1))
  assert.equal(bob.facts, [expired('alice')])
  traceOwn(alice, at(1))
  assert.equal(told(alice, 'expired').length, 1)
  broadcast(alice, [carol], { reading: at(1) })
  assert.equal(carol.facts, [expired('alice')])
})

ephemeral('what is written anew goes on, and a plain value is not ephemeral any more', () => {
  const [alice, bob] = three()
  appear(alice, 'here', at(5_000))
  broadcast(alice, [bob], { reading: at(5_000) })
  read(bob, at(OTHERS_END_AT + 1))
  assert.is(valueAt(bob, 'here'), 'alice')
  assert.equal(told(bob, 'expired'), [])
  put(alice, ['here', 'to stay'], at(6_000))
  broadcast(alice, [bob], { reading: at(6_000) })
  look(bob, at(LONG_AFTER * 9))
  assert.is(valueAt(bob, 'here'), 'to stay')
  assert.equal(told(bob, 'expired'), [])
})

ephemeral('a late joiner is not shown what is over, and neither is who comes back', () => {
  const [, bob] = three()
  const dave = open('dave')
  ask(dave, bob, { reading: at(LEASE_MS + 1) })
  read(dave, at(LEASE_MS + 1))
  assert.is(valueAt(dave, 'here'), undefined)
  assert.equal(dave.facts, [], 'of what it never saw it is told nothing')
  const erin = open('erin')
  ask(erin, bob, { reading: at(LEASE_MS / 2) })
  read(erin, at(LEASE_MS / 2))
  assert.is(valueAt(erin, 'here'), 'alice')
  read(erin, at(LEASE_MS + takeoverAt(0, LEASE_MS)))
  assert.is(valueAt(erin, 'here'), undefined, 'what was left came along')
})

ephemeral('another peer writes it down when the owner does not, and only if it may', () => {
  const [alice, bob] = three()
  const carol = open('carol', { takeover: 'majority' })
  ask(carol, bob, { reading: at(0) })
  carol.peers = { known: 2, connected: 0 }
  look(bob, at(OTHERS_END_AT))
  look(bob, at(LONG_AFTER - 1))
  assert.is(bob.table.size, 1, 'not at once')
  look(bob, at(LONG_AFTER))
  assert.is(bob.table.size, 0)
  look(carol, at(OTHERS_END_AT))
  look(carol, at(LONG_AFTER * 2))
  assert.is(carol.table.size, 1)
  carol.peers = { known: 2, connected: 1 }
  look(carol, at(LONG_AFTER * 4))
  assert.is(carol.table.size, 0)
  for (const peer of [bob, carol, alice]) peer.facts = []
  broadcast(bob, [carol, alice], { reading: at(LONG_AFTER * 4) })
  broadcast(carol, [bob, alice], { reading: at(LONG_AFTER * 4) })
  assert.is(digestOf(bob), digestOf(carol))
  assert.equal([bob.facts, carol.facts], [[], []], 'two traces of one value merge in silence')
  assert.equal(told(alice, 'conflict'), [], 'what came to its end was lost to nobody')
})

ephemeral('a trace never wins over what somebody wrote meanwhile', () => {
  for (let round = 0; round < 50; round++) {
    const [, bob, carol] = three()
    const name = `here ${round}`
    appear(bob, name, at(0))
    broadcast(bob, [carol], { reading: at(0) })
    const dave = open('dave')
    ask(dave, carol, { reading: at(0) })
    look(carol, at(OTHERS_END_AT))
    look(carol, at(LONG_AFTER))
    put(dave, [name, 'dave'], at(LONG_AFTER))
    look(bob, at(LONG_AFTER))
    for (const [from, to] of [
      [carol, [dave, bob]],
      [bob, [carol, dave]],
      [dave, [bob, carol]],
    ] as const) {
      broadcast(from, to, { reading: at(LONG_AFTER) })
    }
    for (const peer of [bob, carol, dave]) {
      assert.is(valueAt(peer, name), 'dave')
      assert.equal(told(peer, 'conflict'), [])
    }
  }
})

ephemeral('who takes the key over does not get the value, and the others hear of the end', () => {
  const [, bob, carol] = three()
  read(bob, at(OTHERS_END_AT))
  assert.is(doneBy(remove(bob, keyOf('here'), { reading: at(OTHERS_END_AT) })).removed, false)
  bob.facts = []
  const { token } = doneBy(acquire(bob, keyOf('here'), { reading: at(OTHERS_END_AT) }))
  assert.ok(token > 1)
  assert.is(valueAt(bob, 'here'), undefined)
  assert.equal(told(bob, 'update'), [])
  put(bob, ['here', 'bob'], at(OTHERS_END_AT))
  broadcast(bob, [carol], { reading: at(OTHERS_END_AT) })
  const [ended, written] = carol.facts
  assert.equal(ended, expired('alice'))
  assert.equal([written?.type, (written as { previous?: unknown }).previous], ['update', undefined])
})

ephemeral('it goes to an heir whole, and ends with the lease of the heir', () => {
  const [alice, bob, carol] = three()
  const heir = 'bob' as PeerId
  doneBy(bequeath(alice, { key: keyOf('here'), heir }, { reading: at(1_000) }))
  broadcast(alice, [bob, carol], { reading: at(1_000) })
  inherit(bob, at(1_000))
  broadcast(bob, [alice, carol], { reading: at(1_000) })
  for (const peer of [alice, bob, carol]) {
    read(peer, at(5_000))
    assert.is(valueAt(peer, 'here'), 'alice')
    assert.equal(told(peer, 'expired'), [])
  }
  read(bob, at(1_000 + OWNER_ENDS_AT))
  assert.is(told(bob, 'expired')[0]?.owner, 'bob')
})

ephemeral('who steals the lease does not get the value', () => {
  const [alice, bob, carol] = three()
  doneBy(acquire(bob, keyOf('here'), { reading: at(1_000), kind: STOLEN }))
  assert.equal(told(bob, 'expired'), [expired('alice')])
  broadcast(bob, [alice, carol], { reading: at(1_000) })
  for (const peer of [alice, carol]) {
    assert.is(valueAt(peer, 'here'), undefined)
    assert.equal([told(peer, 'expired'), peer.table.size], [[expired('alice')], 0])
  }
})

ephemeral('who waits for the key is handed it without the value', () => {
  const [alice, bob, carol] = three()
  hearWaits(alice.queue, 'bob' as PeerId, { isAll: true, keys: [[keyOf('here'), 0]] }, 0)
  doneBy(release(alice, keyOf('here'), { reading: at(1_000) }))
  broadcast(alice, [bob, carol], { reading: at(1_000) })
  assert.equal(told(alice, 'expired'), [expired('alice')])
  doneBy(acquire(bob, keyOf('here'), { reading: at(1_001) }))
  broadcast(bob, [alice, carol], { reading: at(1_001) })
  assert.is((bob.table.flags[slotOf(bob, 'here')] as number) & EPHEMERAL, 0)
  assert.equal([told(bob, 'expired').length, told(carol, 'expired').length], [1, 1])
})

ephemeral('what its owner renewed all the time is shown again when that is heard', () => {
  const [, bob] = three(EPHEMERAL | RENEWING)
  read(bob, at(OTHERS_END_AT))
  assert.is(told(bob, 'expired').length, 1)
  const heardAt = at(OTHERS_END_AT + 5_000)
  const renewal = { number: 1, through: 1 }
  hearRenewal(bob, { origin: originOf('alice'), renewal }, heardAt)
  reviveRenewed(bob, heardAt)
  look(bob, heardAt)
  assert.is(valueAt(bob, 'here'), 'alice')
  assert.is(told(bob, 'update').length, 1)
  look(bob, at(heardAt.now + OTHERS_END_AT))
  assert.is(valueAt(bob, 'here'), undefined)
  assert.is(told(bob, 'expired').length, 1)
})

ephemeral('whoever was held up calls nothing of others over before it has read', () => {
  const [alice, bob] = three()
  read(bob, at(OTHERS_END_AT), false)
  assert.is(valueAt(bob, 'here'), 'alice')
  read(alice, at(OWNER_ENDS_AT), false)
  assert.is(valueAt(alice, 'here'), undefined, 'its own is over whatever it reads')
  read(bob, at(OTHERS_END_AT + 1_000))
  assert.is(valueAt(bob, 'here'), undefined)
})

ephemeral('a wall clock that went ahead, as over a suspension, ends it at its owner', () => {
  const [alice, bob] = three()
  const ahead = (now: number): Reading => ({ now, wall: at(now).wall + 86_400_000 })
  read(alice, ahead(10))
  assert.is(valueAt(alice, 'here'), undefined)
  read(bob, ahead(10))
  assert.is(valueAt(bob, 'here'), 'alice', 'for others no wall clock decides')
})

ephemeral('however much is over at once, it is written down in pieces', () => {
  const alice = open('alice')
  const count = TRACES_MAX * 2 + 1
  for (let index = 0; index < count; index++) appear(alice, `key ${index}`, at(0))
  alice.facts = []
  const sizes = [0, 1, 2, 3].map(() => {
    look(alice, at(OWNER_ENDS_AT))
    return alice.table.size
  })
  assert.equal(sizes, [TRACES_MAX + 1, 1, 0, 0])
  assert.is(told(alice, 'expired').length, count)
})

ephemeral('deadlines come in order, whatever was moved and taken out', () => {
  const seed = seedOfRun()
  console.log('seed', seed)
  const chance = chanceOf(seed)
  const deadlines = new Deadlines()
  const model = new Map<number, number>()
  for (let step = 0; step < 20_000; step++) {
    const slot = Math.floor(chance() * 200)
    if (chance() < 0.3) {
      deadlines.delete(slot)
      model.delete(slot)
    } else {
      const time = chance() < 0.1 ? Number.NEGATIVE_INFINITY : Math.floor(chance() * 1_000)
      deadlines.set(slot, time)
      model.set(slot, time)
    }
    assert.is(deadlines.nextAt, Math.min(Number.POSITIVE_INFINITY, ...model.values()))
    assert.is(deadlines.size, model.size)
    if (model.size > 0) assert.is(model.get(deadlines.first as number), deadlines.nextAt)
  }
})

ephemeral.run()
