import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RENEWING } from '../../machines/rules/batch.ts'
import { acquire, release } from '../../machines/rules/holding.ts'
import { marginMs, ownerTermMs, takeoverAt } from '../../machines/rules/lease.ts'
import { releaseLeft } from '../../machines/rules/merge.ts'
import {
  hearRenewal,
  hearRenewalWords,
  renewAll,
  renewalToSend,
  renewalWords,
} from '../../machines/rules/renewal.ts'
import { type Replica, viewLease } from '../../machines/rules/replica.ts'
import { broadcast } from './courier.ts'
import {
  at,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  slotOf,
  told,
  trySet,
  wordOf,
} from './scene.ts'

const renewals = suite('rules/renewal: one frame for all leases')

const THIRD_MS = LEASE_MS / 3
const alicesOrigin = originOf('alice')

const hold = (replica: Replica, name: string, now: number, leaseMs = LEASE_MS) =>
  doneBy(acquire(replica, keyOf(name), { reading: at(now), kind: RENEWING, leaseMs }))

/** Alice renews and tells bob, if she has anything to tell. */
function renew(alice: Replica, bob: Replica, now: number): void {
  renewAll(alice, at(now))
  broadcast(alice, [bob], { reading: at(now) })
  const renewal = renewalToSend(alice, at(now))
  if (renewal) hearRenewal(bob, { origin: alicesOrigin, renewal }, at(now))
}

const tryDoor = (bob: Replica, now: number) =>
  wordOf(trySet(bob, ['door', 'bob'], { reading: at(now) }))

renewals('a lease that goes on is due at a third of its term, and then holds a term longer', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  hold(alice, 'door', 0)
  broadcast(alice, [bob], { reading: at(0) })
  assert.is(alice.renewDueAt, THIRD_MS)
  renew(alice, bob, THIRD_MS)
  assert.is(alice.renewDueAt, 2 * THIRD_MS)
  const remainingMs = (replica: Replica) =>
    viewLease(replica, slotOf(replica, 'door'), at(THIRD_MS))?.remainingMs
  assert.is(remainingMs(alice), ownerTermMs(LEASE_MS))
  assert.is(remainingMs(bob), LEASE_MS)
  assert.is(tryDoor(bob, takeoverAt(LEASE_MS, LEASE_MS) + 1), 'held', 'not by the first term')
  assert.is(tryDoor(bob, takeoverAt(LEASE_MS + THIRD_MS, LEASE_MS) + 1), 'done')
})

renewals('what passes between two renewals is the third of the shortest term', () => {
  const alice = open('alice')
  hold(alice, 'day', 0, 300_000)
  hold(alice, 'second', 0, 3_000)
  assert.is(alice.renewDueAt, 1_000)
  doneBy(release(alice, keyOf('second'), { reading: at(500) }))
  renewAll(alice, at(1_000))
  assert.is(alice.renewDueAt, 101_000)
  doneBy(release(alice, keyOf('day'), { reading: at(2_000) }))
  renewAll(alice, at(101_000))
  assert.is(alice.renewDueAt, Number.POSITIVE_INFINITY)
  assert.is(alice.renewing.size, 0)
})

renewals('a renewal changes no entry, and a lease that is not to go on is not renewed', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  hold(alice, 'door', 0)
  doneBy(acquire(alice, keyOf('window'), { reading: at(0) }))
  broadcast(alice, [bob], { reading: at(0) })
  const { sequence } = alice
  renew(alice, bob, THIRD_MS)
  assert.is(alice.sequence, sequence)
  const late = at(takeoverAt(LEASE_MS, LEASE_MS) + 1)
  assert.is(wordOf(trySet(bob, ['window', 'bob'], { reading: late })), 'done')
  assert.is(wordOf(trySet(bob, ['door', 'bob'], { reading: late })), 'held')
})

renewals('a lease that lapsed at its owner before the renewal is given up, not renewed', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  const lapsed = hold(alice, 'door', 0, 1_000)
  hold(alice, 'window', 0, 60_000)
  broadcast(alice, [bob], { reading: at(0) })
  alice.facts = []
  // Alice was held up; one of her leases is over and the other is not.
  renew(alice, bob, 5_000)
  assert.equal(
    told(alice, 'lease.lost').map(({ key, token, reason }) => [key, token, reason]),
    [['door', lapsed.token, 'expired']],
  )
  assert.is(viewLease(bob, slotOf(bob, 'door'), at(5_000)), undefined)
  assert.is(tryDoor(bob, 5_000), 'done')
  assert.is(viewLease(bob, slotOf(bob, 'window'), at(5_000))?.remainingMs, 60_000)
})

renewals("alice's late word does not take a key back that bob has taken meanwhile", () => {
  const [alice, bob] = [open('alice'), open('bob')]
  hold(alice, 'door', 0)
  broadcast(alice, [bob], { reading: at(0) })
  const later = takeoverAt(LEASE_MS, LEASE_MS) + 1
  assert.is(tryDoor(bob, later), 'done')
  renew(alice, bob, later)
  assert.is(viewLease(bob, slotOf(bob, 'door'), at(later))?.owner, 'bob')
  broadcast(bob, [alice], { reading: at(later) })
  assert.is(viewLease(alice, slotOf(alice, 'door'), at(later))?.owner, 'bob')
})

renewals('neither an old renewal nor the same by another way extends anything', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  hold(alice, 'door', 0)
  broadcast(alice, [bob], { reading: at(0) })
  renew(alice, bob, THIRD_MS)
  const lapsesAt = takeoverAt(LEASE_MS + THIRD_MS, LEASE_MS)
  const origin = alicesOrigin
  hearRenewalWords(bob, renewalWords(alice, at(9_000)), at(9_000))
  hearRenewal(bob, { origin, renewal: { number: 1, through: 9 } }, at(9_500))
  assert.is(tryDoor(bob, lapsesAt - 1), 'held')
  assert.is(tryDoor(bob, lapsesAt + 1), 'done')
})

renewals('who was away is told of renewals by whoever heard them, counted from then', () => {
  const [alice, bob, carol] = [open('alice'), open('bob'), open('carol')]
  hold(alice, 'door', 0)
  broadcast(alice, [bob, carol], { reading: at(0) })
  renew(alice, bob, 9_000)
  const late = takeoverAt(LEASE_MS, LEASE_MS) + 1
  hearRenewalWords(carol, renewalWords(bob, at(late)), at(late))
  const lapsesAt = takeoverAt(9_000 + LEASE_MS, LEASE_MS)
  assert.is(tryDoor(carol, lapsesAt - 1), 'held')
  assert.is(tryDoor(carol, lapsesAt + 1), 'done')
})

renewals('a renewal counts for what was written before it, of that run, until it leaves', () => {
  const [alice, bob] = [open('alice'), open('bob')]
  hold(alice, 'door', 0)
  broadcast(alice, [bob], { reading: at(0) })
  renew(alice, bob, THIRD_MS)
  hold(alice, 'window', THIRD_MS + 1, 1_000)
  broadcast(alice, [bob], { reading: at(THIRD_MS + 1) })
  const window = () => viewLease(bob, slotOf(bob, 'window'), at(THIRD_MS + 1_002 + marginMs(1_000)))
  assert.ok((window()?.remainingMs as number) < 50, 'its own word counts')
  const reborn = { origin: originOf('alice', '2'), renewal: { number: 9, through: 99 } }
  hearRenewal(bob, reborn, at(THIRD_MS + 2))
  assert.ok((window()?.remainingMs as number) < 50, 'another run renews nothing here')
  releaseLeft(bob, alicesOrigin)
  assert.is(tryDoor(bob, THIRD_MS + 3), 'done')
})

renewals('what is set under a lease that goes on does not end that', () => {
  const alice = open('alice')
  const { token } = hold(alice, 'door', 0)
  doneBy(trySet(alice, ['door', 1], { reading: at(10), token }))
  renewAll(alice, at(THIRD_MS))
  const view = viewLease(alice, slotOf(alice, 'door'), at(THIRD_MS))
  assert.is(view?.remainingMs, ownerTermMs(LEASE_MS))
})

renewals.run()
