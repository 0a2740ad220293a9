/** The proofs of the handshake, without a network. At random: see `attackers/intruder.ts`. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RefusalReason, Refuse } from '../../machines/rules/message.ts'
import { decode, encode } from '../../transport/codec.ts'
import type { Credentials, Frame } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import {
  bytesOf,
  credentialsOf,
  EVIDENCE,
  exchange,
  flips,
  reworded,
  SECRETS,
  sideOf,
  type Tampering,
  take,
  wordsOf,
} from './exchange.ts'
import { FLAWS, INTRUSIONS, SOUND } from './intrusions.ts'

const refused = (reason: RefusalReason) => ({ verdict: 'refused', reason })
const later = bytesOf('the summer is short and the gate is green')
const [alice, bob] = [credentialsOf({ peerId: 'alice' }), credentialsOf()]

const handshake = suite('handshake')

handshake('two members prove themselves, and know the connection by one new id', () => {
  const ids = new Set<unknown>()
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
    [credentialsOf(), credentialsOf()],
  ] as const) {
    const { hello, reply, auth } = exchange({ credentials: from }, { credentials: to })
    assert.equal(hello, { verdict: 'proven', connection: null })
    assert.is(reply?.verdict, 'proven')
    assert.equal(reply, auth)
    ids.add(reply?.verdict === 'proven' && reply.connection)
  }
  assert.is(ids.size, 3)
  for (const id of ids) assert.match(String(id), /^[0-9a-f]{32}$/)
})

handshake('a nonce that comes from a seed makes the same handshake again', () => {
  const play = () => {
    const random = seededRandom(7)
    const [from, to] = ['alice', 'bob'].map((peerId) => credentialsOf({ peerId, random }))
    return exchange({ credentials: from as Credentials }, { credentials: to as Credentials })
  }
  assert.equal(play(), play())
})

handshake('who has another secret is not answered, whatever else it says', () => {
  const stranger = credentialsOf({ secrets: [later] })
  const { hello } = exchange({ credentials: stranger }, { credentials: bob })
  assert.equal(hello, refused('secret'))
  const side = sideOf('acceptor', { credentials: bob })
  const said = sideOf('dialler', { credentials: stranger }).hello({
    ...wordsOf({ credentials: stranger, network: 'cafe' }),
    versions: [1],
    expects: null,
  })
  assert.equal(take(side, encode(said)), refused('secret'))
  for (const reason of ['network', 'version', 'busy', 'secret'] as const) {
    assert.is(side.refuse(reason), undefined, reason)
  }
})

handshake('who knows the secret and means another network is told so, and nothing else', () => {
  const elsewhere = { credentials: credentialsOf({ network: 'cafe' }), network: 'cafe' }
  const dialler = sideOf('dialler', elsewhere)
  const acceptor = sideOf('acceptor', { credentials: bob })
  const said = dialler.hello({ ...wordsOf(elsewhere), versions: [1], expects: null })
  assert.equal(take(acceptor, encode(said)), refused('network'))
  const refusal = acceptor.refuse('network') as Refuse
  assert.equal(take(dialler, encode(refusal)), refused('network'))
})

handshake('while the secret changes, the old and the new one are both right', () => {
  const one = { old: SECRETS, both: [...SECRETS, later], turned: [later, ...SECRETS] }
  const sides = { ...one, renewed: [later] }
  const meets = (from: keyof typeof sides, to: keyof typeof sides) =>
    exchange(
      { credentials: credentialsOf({ secrets: sides[from], peerId: 'alice' }) },
      { credentials: credentialsOf({ secrets: sides[to], peerId: 'bob' }) },
    ).auth?.verdict === 'proven'
  // First all accept both, then all use the new one, then all forget the old one.
  const steps = ['old', 'both', 'turned', 'renewed'] as const
  steps.forEach((step, index) => {
    const next = steps[index + 1] ?? step
    for (const from of [step, next]) {
      for (const to of [step, next]) assert.ok(meets(from, to), `${from} dials ${to}`)
    }
  })
  assert.not.ok(meets('old', 'renewed'))
  assert.not.ok(meets('renewed', 'old'))
})

handshake('a bit that is changed on the way is noticed, whichever it is', () => {
  const from = { credentials: alice }
  const to = { credentials: bob }
  const outcomes = new Set<string>()
  for (const name of ['hello', 'reply', 'auth'] as const) {
    // Another nonce each time, so the bits of one frame are those of another one as well.
    const { frames } = exchange(from, to)
    const index = { hello: 0, reply: 1, auth: 2 }[name]
    const bits = (frames[index] as Frame).length * 8
    for (let bit = 32; bit < bits; bit += name === 'auth' ? 1 : 3) {
      const tampering: Tampering = { [name]: (frame: Frame) => flipped(frame, bit) }
      const { hello, reply, auth } = exchange(from, to, tampering)
      assert.is.not(auth?.verdict, 'proven', `bit ${bit} of the ${name}`)
      for (const each of [hello, reply, auth]) {
        if (each?.verdict === 'refused') outcomes.add(each.reason)
      }
    }
  }
  for (const reason of ['secret', 'bad-mac', 'bad-identity', 'bad-signature']) {
    assert.ok(outcomes.has(reason), reason)
  }
})

function flipped(frame: Frame, bit: number): Frame {
  const altered = Uint8Array.from(frame)
  altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
  return altered
}

handshake('what one side said proves nothing for the other', () => {
  const from = { credentials: alice }
  const dialler = sideOf('dialler', from)
  const acceptor = sideOf('acceptor', { credentials: bob })
  const said = dialler.hello({ ...wordsOf(from), versions: [1], expects: null })
  take(acceptor, encode(said))
  const words = { ...wordsOf({ credentials: bob }), version: 1, evidence: EVIDENCE }
  const { proof, signature } = acceptor.reply(words)
  const reflected = encode({ kind: 'auth', evidence: EVIDENCE, proof, signature })
  assert.equal(take(acceptor, reflected), refused('bad-mac'))
  // A hello that comes back to who said it has the right tag; its answer is of the wrong wire.
  const mirror = sideOf('acceptor', { ...from, binding: bytesOf('another wire') })
  assert.is(take(mirror, encode(said))?.verdict, 'proven')
  const answer = encode(mirror.reply({ ...wordsOf(from), version: 1, evidence: EVIDENCE }))
  assert.equal(take(dialler, answer), refused('bad-mac'))
})

handshake('out of turn nothing is proved', () => {
  const { frames } = exchange({ credentials: alice }, { credentials: bob })
  const [hello, reply, auth] = frames as [Frame, Frame, Frame]
  const senseless = refused('malformed')
  for (const frame of [reply, auth]) {
    assert.equal(take(sideOf('acceptor', { credentials: bob }), frame), senseless)
  }
  for (const frame of [hello, reply, auth]) {
    assert.equal(take(sideOf('dialler', { credentials: alice }), frame), senseless)
  }
  const acceptor = sideOf('acceptor', { credentials: bob })
  take(acceptor, hello)
  assert.equal(take(acceptor, hello), senseless)
  assert.equal(take(acceptor, auth), senseless)
})

const REASONS = [
  ...['network', 'secret', 'unanswered', 'bad-mac', 'bad-identity', 'bad-signature', 'unproven'],
  ...[
    'version',
    'leasing',
    'safety',
    'rules',
    'denied',
    'self',
    'measure-key',
    'id-clash',
    'id-mismatch',
    'busy',
  ],
  ...['closing', 'malformed'],
] as RefusalReason[]

handshake('a refusal looks like any other, and a member reads the reason in it', () => {
  const from = { credentials: alice }
  const dialler = sideOf('dialler', from)
  const acceptor = sideOf('acceptor', { credentials: bob })
  const said = encode(dialler.hello({ ...wordsOf(from), versions: [1], expects: null }))
  take(acceptor, said)
  const seen = new Set<string>()
  for (const reason of REASONS) {
    const frame = encode(acceptor.refuse(reason) as Refuse)
    assert.is(frame.length, 4 + 4 + 16, reason)
    seen.add(Buffer.from(frame).toString('hex'))
    assert.equal(take(dialler, frame), refused(reason))
    // Neither the side that said it nor anybody of another handshake takes it for its own.
    assert.equal(take(acceptor, frame), refused('unproven'))
    const other = sideOf('dialler', from)
    other.hello({ ...wordsOf(from), versions: [1], expects: null })
    assert.equal(take(other, frame), refused('unproven'))
  }
  assert.is(seen.size, REASONS.length)
  for (const frame of flips(encode(acceptor.refuse('busy') as Refuse))) {
    const message = decode(frame)
    if (message?.kind === 'refuse') assert.equal(take(dialler, frame), refused('unproven'))
  }
})

handshake('a name with the form of an id that belongs to a key is nobody', () => {
  const thief = credentialsOf({ peerId: bob.peerId })
  const { hello } = exchange({ credentials: thief }, { credentials: alice })
  assert.equal(hello, refused('bad-identity'))
  const { reply } = exchange({ credentials: alice }, { credentials: thief })
  assert.equal(reply, refused('bad-identity'))
  const reworder = { hello: (frame: Frame) => reworded(frame, { peerId: 'carol' }) }
  const renamed = exchange({ credentials: alice }, { credentials: bob }, reworder)
  assert.equal(renamed.hello, refused('bad-identity'))
})

for (const [title, intrude] of Object.entries(INTRUSIONS)) {
  handshake(`it does not happen that ${title}`, () => assert.is(intrude(SOUND), false))
}

for (const { title, lets, ...flaw } of FLAWS) {
  handshake(`the check is awake: if ${title}, ${lets}`, () => {
    assert.is(INTRUSIONS[lets]?.(flaw), true)
  })
}

handshake.run()
