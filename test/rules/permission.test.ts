/** Who may write what: the same answer at every peer, from what an entry itself says. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fingerprintOf, type NetworkRules } from '../../actors/permissions.ts'
import { ABSENT, EPHEMERAL, KEPT, RELEASED, STOLEN } from '../../machines/rules/batch.ts'
import { acquire, renew } from '../../machines/rules/holding.ts'
import { judgeIngress } from '../../machines/rules/ingress.ts'
import type { DataMessage } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import {
  judgeBatch,
  judgeIntent,
  operationsOf,
  type Permission,
  permissionsOf,
} from '../../machines/rules/permission.ts'
import { update } from '../../machines/rules/update.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { remove, removeAny } from '../../machines/rules/write.ts'
import {
  at,
  batchOf,
  keyOf,
  LEASE_MS,
  open,
  originOf,
  put,
  tried,
  trySet,
  valueAt,
} from './scene.ts'

const test = suite('rules/permission')

const RULES: readonly Permission[] = [
  { prefix: '', ops: ['set'] },
  { prefix: 'lock/', ids: ['alice', 'bob'], maxTtlMs: 60_000 },
  { prefix: 'lock/', ids: ['carol'], ops: ['set', 'delete'], maxTtlMs: 1_000 },
  { prefix: 'lock/door', ids: ['bob'] },
]
const permissions = permissionsOf(['rita'], RULES)

function judged(peer: string, key: string, flags = 0, termMs = 500) {
  const intent = { peer: peer as PeerId, key: keyOf(key), operations: operationsOf(flags), termMs }
  return judgeIntent(permissions, intent) ?? 'permitted'
}

test('the rules with the longest prefix count, and one of them must permit it', () => {
  assert.is(judged('alice', 'lock/gate'), 'permitted')
  assert.is(judged('dave', 'lock/gate'), 'prefix')
  assert.is(judged('alice', 'lock/door'), 'prefix', 'a longer prefix leaves no way round')
  assert.is(judged('bob', 'lock/door'), 'permitted')
  assert.is(judged('dave', 'loc'), 'permitted')
  assert.is(judged('dave', 'loc', ABSENT | RELEASED), 'prefix', 'nobody may delete there')
  assert.is(judged('dave', 'loc', STOLEN), 'prefix')
  assert.is(judged('carol', 'lock/gate', ABSENT | RELEASED), 'permitted')
  assert.is(judged('carol', 'lock/gate', 0, 1_001), 'term')
  assert.is(judged('alice', 'lock/gate', 0, 60_000), 'permitted')
  assert.is(judged('alice', 'lock/gate', 0, 60_001), 'term')
  assert.is(judged('rita', 'anything'), 'read-only')
})

test('giving a bare lease back and the end of what is ephemeral delete nothing', () => {
  assert.equal(operationsOf(ABSENT | RELEASED | KEPT), ['set'])
  assert.equal(operationsOf(ABSENT | RELEASED | EPHEMERAL), ['set'])
  assert.equal(operationsOf(ABSENT | RELEASED), ['delete'])
  assert.equal(operationsOf(ABSENT), ['set'])
  assert.equal(operationsOf(STOLEN), ['set', 'steal'])
})

test('a local write that is not permitted changes nothing and says why', () => {
  const carol = open('carol', { permissions })
  assert.is(
    tried(carol, () => trySet(carol, ['lock/door', 1], { reading: at(0) })),
    'denied',
  )
  const tooLong = { reading: at(0), leaseMs: 2_000 }
  assert.is(
    tried(carol, () => trySet(carol, ['lock/gate', 1], tooLong)),
    'denied',
  )
  assert.is(
    tried(carol, () => acquire(carol, keyOf('lock/gate'), tooLong)),
    'denied',
  )
  const pairs = [{ key: keyOf('free'), value: admitValue(1) }]
  pairs.push({ key: keyOf('lock/door'), value: admitValue(1) })
  assert.is(
    tried(carol, () => update(carol, pairs, { reading: at(0) })),
    'denied',
  )
  put(carol, ['free', 1], at(0))
  assert.is(
    tried(carol, () => remove(carol, keyOf('free'), { reading: at(0) })),
    'denied',
  )
  assert.is(
    tried(carol, () => removeAny(carol, { reading: at(0) })),
    'missing',
  )
  const receipt = put(carol, ['lock/gate', 1], at(0))
  assert.is(receipt.leaseMs, 1_000, 'a term that was not asked for is what is permitted')
  assert.is(
    tried(carol, () => renew(carol, keyOf('lock/gate'), tooLong)),
    'denied',
  )
  const rita = open('rita', { permissions })
  assert.is(
    tried(rita, () => trySet(rita, ['free', 1], { reading: at(0) })),
    'denied',
  )
})

test('what a peer may not write is refused at the door, whoever brings it', () => {
  const row = { key: 'lock/door', epoch: 1, sequence: 1, value: 1, termMs: LEASE_MS }
  const good = batchOf([{ ...row, writer: 'bob' }])
  const bad = batchOf([
    { ...row, writer: 'bob' },
    { ...row, writer: 'alice' },
  ])
  assert.is(judgeBatch(permissions, good), undefined)
  assert.is(judgeBatch(permissions, bad), 'prefix')
  const give = (batch: typeof good) => ({ kind: 'sync.give', ask: 1, batch }) as DataMessage
  const bob = open('bob', { permissions })
  const judge = (message: DataMessage) => judgeIngress(bob, { message, teller: null })
  assert.is(judge(give(good)), undefined)
  assert.is(judge(give(bad)), 'not-permitted')
  const said = (name: string, body: object) =>
    ({ kind: 'broadcast', origin: originOf(name), number: 1, body }) as DataMessage
  const renewal = { kind: 'renewal', number: 1, through: 1 }
  const waits = { kind: 'waits', isAll: true, keys: [] }
  assert.is(judge(said('rita', renewal)), 'not-permitted')
  assert.is(judge(said('rita', waits)), 'not-permitted')
  assert.is(judge(said('bob', renewal)), undefined)
  assert.is(judge(said('rita', { kind: 'left' })), undefined)
  assert.is(valueAt(open('bob', { permissions }), 'lock/door'), undefined)
})

test('the fingerprint tells rules apart, and not the order in which they are written', () => {
  const rules: NetworkRules = { integrity: 'signed', readOnly: ['a', 'b'], permissions: RULES }
  const turned = { ...rules, readOnly: ['b', 'a'], permissions: [...RULES].reverse() }
  assert.is(fingerprintOf(turned), fingerprintOf(rules))
  const others: readonly Partial<NetworkRules>[] = [
    { integrity: 'channel' },
    { readOnly: ['a'] },
    { permissions: RULES.slice(1) },
    { permissions: [{ ...(RULES[0] as Permission), prefix: 'x' }, ...RULES.slice(1)] },
    { permissions: [{ ...(RULES[0] as Permission), ids: [] }, ...RULES.slice(1)] },
    { permissions: [{ ...(RULES[0] as Permission), maxTtlMs: 20 }, ...RULES.slice(1)] },
    { permissions: [{ prefix: '' }, ...RULES.slice(1)] },
  ]
  const all = [rules, ...others.map((other) => ({ ...rules, ...other }))].map(fingerprintOf)
  assert.is(new Set(all).size, all.length)
  assert.ok(all.every((each) => each.length <= 64))
})

test.run()
