import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  CAPABILITIES_MAX,
  type HelloSelf,
  judgeAuth,
  judgeHello,
  judgeReply,
  NETWORK_CHARS_MAX,
  OWN_ADDRESSES_MAX,
  SAFETY_CHARS_MAX,
  VERSIONS_MAX,
} from '../../machines/rules/hello.ts'
import {
  differingMeasure,
  MEASURES_CHARS_MAX,
  MEASURES_TEXT,
} from '../../machines/rules/measure.ts'
import type { Auth, Hello, RefusalReason, Reply } from '../../machines/rules/message.ts'
import type { ConnectionId, PeerId, RunId } from '../../machines/rules/peer.ts'
import type { ProofVerdict } from '../../machines/rules/proof.ts'

const alice = 'alice' as PeerId
const bob = 'bob' as PeerId
const carol = 'carol' as PeerId
const bobRun = 'bob.1' as RunId
const bytesOf = (count: number) => new Uint8Array(count)
const proofs = { proof: bytesOf(32), signature: bytesOf(64) }
const proven: ProofVerdict = { verdict: 'proven', connection: 'c-1' as ConnectionId }

/** Bob, who judges. */
const self: HelloSelf = {
  network: 'office',
  leasing: true,
  safety: 'majority-1-2',
  rules: 'channel',
  measures: '1024 9/8 7',
  peerId: bob,
  run: bobRun,
  versions: [3, 2],
  capabilities: ['zip', 'relay'],
  closing: false,
  busy: false,
}

/** Alice, who is judged. */
const introduction = {
  network: 'office',
  leasing: true,
  safety: 'majority-1-2',
  rules: 'channel',
  measures: '1024 9/8 7',
  peerId: alice,
  run: 'alice.1' as RunId,
  capabilities: ['relay', 'sing'],
  addresses: ['tcp://127.0.0.1:4444'],
  nonce: bytesOf(32),
  publicKey: bytesOf(32),
}
const hello: Hello = {
  ...introduction,
  kind: 'hello',
  versions: [1, 2, 3],
  expects: null,
  tag: bytesOf(8),
}
const reply: Reply = {
  ...introduction,
  kind: 'reply',
  version: 2,
  evidence: { have: null, lastSelect: 0 },
  ...proofs,
}
const auth: Auth = {
  kind: 'auth',
  evidence: { have: 'c-1' as ConnectionId, lastSelect: 7 },
  ...proofs,
}

/** The verdicts, where the proofs are as they are said to be. */
const atHello = (said: Hello, me: HelloSelf, proof: ProofVerdict = proven) =>
  judgeHello({ hello: said, proof }, me)
const atReply = (said: Reply, { me = self, expects = null, proof = proven }: Judging = {}) =>
  judgeReply({ reply: said, proof }, me, expects)
interface Judging {
  readonly me?: HelloSelf
  readonly expects?: PeerId | null
  readonly proof?: ProofVerdict
}

/** Each reason made true, at a hello and at a reply, in the order in which they are checked. */
const REASONS: {
  reason: RefusalReason
  hello: object
  reply: object
  self?: object
  proof?: ProofVerdict
}[] = [
  { reason: 'malformed', hello: { addresses: ['nowhere'] }, reply: { addresses: ['nowhere'] } },
  { reason: 'network', hello: { network: 'cafe' }, reply: { network: 'cafe' } },
  {
    reason: 'bad-mac',
    hello: {},
    reply: {},
    proof: { verdict: 'refused', reason: 'bad-mac' },
  },
  { reason: 'version', hello: { versions: [1, 4] }, reply: { version: 1 } },
  { reason: 'leasing', hello: { leasing: false }, reply: { leasing: false } },
  { reason: 'safety', hello: { safety: '' }, reply: { safety: 'majority-1-3' } },
  { reason: 'rules', hello: { rules: 'signed' }, reply: { rules: 'channel-1' } },
  { reason: 'measure-key', hello: { measures: '1025 9/8 7' }, reply: { measures: '9 9/8 7' } },
  {
    reason: 'measure-value',
    hello: { measures: '1024 9/9 7' },
    reply: { measures: '1024' },
  },
  {
    reason: 'self',
    hello: { peerId: bob, run: bobRun },
    reply: { peerId: bob, run: bobRun },
  },
  {
    reason: 'id-clash',
    hello: { peerId: bob, run: 'bob.2' },
    reply: { peerId: bob, run: 'bob.2' },
  },
  { reason: 'id-mismatch', hello: { expects: carol }, reply: { peerId: carol } },
  { reason: 'busy', hello: {}, reply: {}, self: { busy: true } },
  { reason: 'closing', hello: {}, reply: {}, self: { closing: true } },
]

const judging = suite('hello')

judging('a hello of the same network is welcome, in the best version that both speak', () => {
  const welcome = { verdict: 'welcome', version: 3, capabilities: ['relay'] }
  assert.equal(atHello(hello, self), welcome)
  assert.equal(atHello({ ...hello, expects: bob }, self), welcome)
  const older = { ...hello, versions: [2, 1] }
  assert.equal(atHello(older, self), { ...welcome, version: 2 })
})

judging('a reply is welcome in the version that it chose, from whoever was expected', () => {
  const welcome = { verdict: 'welcome', version: 2, capabilities: ['relay'] }
  assert.equal(atReply(reply), welcome)
  assert.equal(atReply(reply, { expects: alice }), welcome)
})

for (const each of REASONS) {
  judging(`refused: ${each.reason}`, () => {
    const refused = { verdict: 'refused', reason: each.reason }
    const me = { ...self, ...each.self }
    const { proof = proven } = each
    assert.equal(atHello({ ...hello, ...each.hello } as Hello, me, proof), refused)
    const answered = { ...reply, ...each.reply } as Reply
    assert.equal(atReply(answered, { me, expects: alice, proof }), refused)
  })
}

judging('of two reasons, the one that is checked first is named', () => {
  REASONS.forEach((former, i) => {
    for (const latter of REASONS.slice(i + 1)) {
      // Both speak of the peer's id, so only one of them can be true.
      const me = { ...self, ...latter.self, ...former.self }
      const refused = { verdict: 'refused', reason: former.reason }
      const said = { ...hello, ...latter.hello, ...former.hello } as Hello
      const proof = former.proof ?? latter.proof ?? proven
      assert.equal(atHello(said, me, proof), refused, `${former.reason} before ${latter.reason}`)
      const answered = { ...reply, ...latter.reply, ...former.reply } as Reply
      const verdict = atReply(answered, { me, expects: alice, proof })
      assert.equal(verdict, refused, `${former.reason}, ${latter.reason}`)
    }
  })
})

const long = 'x'.repeat(NETWORK_CHARS_MAX + 1)
const many = (count: number, item: unknown) => Array.from({ length: count }, () => item)

const SENSELESS_INTRODUCTIONS: object[] = [
  { network: 7 },
  { network: long },
  { leasing: 'yes' },
  { safety: null },
  { safety: 'x'.repeat(SAFETY_CHARS_MAX + 1) },
  { rules: null },
  { rules: 'x'.repeat(SAFETY_CHARS_MAX + 1) },
  { measures: 1_024 },
  { measures: '1'.repeat(MEASURES_CHARS_MAX + 1) },
  { peerId: '' },
  { peerId: 'two words' },
  { run: null },
  { capabilities: 'zip' },
  { capabilities: ['two words'] },
  { capabilities: many(CAPABILITIES_MAX + 1, 'zip') },
  { addresses: many(OWN_ADDRESSES_MAX + 1, 'tcp://127.0.0.1:1') },
  { addresses: undefined },
  { nonce: 'text' },
  { nonce: bytesOf(31) },
  { publicKey: bytesOf(33) },
]

const SENSELESS_HELLOS: object[] = [
  { versions: 3 },
  { versions: [3, 'three'] },
  { versions: [3, 0] },
  { versions: many(VERSIONS_MAX + 1, 3) },
  { expects: undefined },
  { expects: 'two words' },
  { tag: bytesOf(9) },
  { tag: bytesOf(0) },
]

const SENSELESS_EVIDENCE: object[] = [
  { evidence: undefined },
  { evidence: null },
  { evidence: { have: 7, lastSelect: 0 } },
  { evidence: { have: null, lastSelect: -1 } },
  { evidence: { have: null, lastSelect: 0.5 } },
  { proof: bytesOf(0) },
  { proof: bytesOf(33) },
  { signature: bytesOf(63) },
  { signature: [] },
]

judging('what makes no sense is refused as malformed', () => {
  const malformed = { verdict: 'refused', reason: 'malformed' }
  for (const part of [...SENSELESS_INTRODUCTIONS, ...SENSELESS_HELLOS]) {
    const said = { ...hello, ...part } as Hello
    assert.equal(atHello(said, self), malformed, JSON.stringify(part))
  }
  for (const part of [...SENSELESS_INTRODUCTIONS, ...SENSELESS_EVIDENCE, { version: '2' }]) {
    const said = { ...reply, ...part } as Reply
    assert.equal(atReply(said), malformed, JSON.stringify(part))
  }
  for (const part of SENSELESS_EVIDENCE) {
    const said = { ...auth, ...part } as Auth
    assert.equal(judgeAuth({ auth: said, proof: proven }), malformed, JSON.stringify(part))
  }
  assert.equal(judgeAuth({ auth, proof: proven }), proven)
  const forged = { verdict: 'refused', reason: 'bad-signature' } as const
  assert.equal(judgeAuth({ auth, proof: forged }), forged)
})

judging('the measure that differs first is named, and a text that is longer differs too', () => {
  assert.is(differingMeasure(MEASURES_TEXT, MEASURES_TEXT), undefined)
  assert.ok(MEASURES_TEXT.length <= MEASURES_CHARS_MAX)
  const parts = MEASURES_TEXT.split(' ')
  const names = ['key', 'value', 'term', 'frame']
  assert.equal(
    names.map((_, at) => differingMeasure(MEASURES_TEXT, parts.with(at, '7').join(' '))),
    names,
  )
  assert.is(differingMeasure(MEASURES_TEXT, ''), 'key')
  assert.is(differingMeasure(MEASURES_TEXT, `${MEASURES_TEXT} 7`), 'frame')
})

judging.run()
