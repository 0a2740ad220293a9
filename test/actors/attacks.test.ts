/**
 * What somebody gets who is at the door of a peer, over real loopback TCP, and does not belong; or
 * who belongs and wants to be somebody else. Alice goes on all the while.
 */

import type { Dictionary } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Handshake } from '../../actors/handshake.ts'
import type { Auth, Message, RefusalReason } from '../../machines/rules/message.ts'
import { createCredentials } from '../../transport/credentials.ts'
import { PREAMBLE } from '../../transport/framing.ts'
import { TcpProxy } from '../processes/proxy.ts'
import { addressOf, Company, listen, rejected, until } from './company.ts'
import { openHost, REPLY_WORDS } from './host.ts'
import { type Claim, Stranger } from './stranger.ts'

const EVIDENCE = { have: null, lastSelect: 0 }
/** The id of somebody with a key of its own. */
const stolen = createCredentials({ network: 'lab', secrets: [new Uint8Array(32)] }).peerId

const attacks = suite<{ company: Company; alice: Dictionary }>('attacks')

attacks.before(async (context) => {
  context.company = new Company()
  context.alice = await context.company.listening()
})

attacks.after(({ company }) => company.close())

/** Acts at alice's door, and returns what she was told of it, once that is over. */
async function knock(alice: Dictionary, act: (stranger: Stranger) => unknown) {
  const heard = listen(alice as never, 'refused', 'connect')
  const stranger = await Stranger.dial(addressOf(alice))
  stranger.preamble()
  await act(stranger)
  await until(() => stranger.isClosed && heard.length > 0)
  const told = heard.map((fact) => (fact.type === 'refused' ? `${fact.reason} by ${fact.by}` : ''))
  return { stranger, told }
}

const UNANSWERED: readonly (readonly [string, Claim, RefusalReason])[] = [
  ['who has another secret', { secret: 'a guess' }, 'secret'],
  ['who has another secret and names no network', { secret: 'a guess', network: '' }, 'network'],
  [
    'who has another secret and claims her id',
    { secret: 'a guess', peerId: 'alice' as never },
    'secret',
  ],
  ['who makes up a tag', { tag: new Uint8Array(8) }, 'secret'],
  ['who takes the nonce of another', { nonce: new Uint8Array(32) }, 'secret'],
]

for (const [title, claim, reason] of UNANSWERED) {
  attacks(`${title} is not answered`, async ({ alice }) => {
    const { stranger, told } = await knock(alice, (it) => it.hello(claim))
    assert.equal(told, [`${reason} by us`])
    assert.is(stranger.bytesHeard, PREAMBLE.length)
  })
}

attacks('who scans ports, or says nothing, hears nothing', async ({ alice }) => {
  for (const bytes of ['', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00', 'HFST\x02']) {
    const stranger = await Stranger.dial(addressOf(alice))
    stranger.write(bytes).finish()
    await until(() => stranger.isClosed)
    assert.is(stranger.bytesHeard, 0, bytes)
  }
})

attacks('every refusal has the same length, and no word in it', async ({ alice }) => {
  const claims: readonly Claim[] = [
    { versions: [99] },
    { leasing: false },
    { safety: 'majority' },
    { expects: 'carol' as never },
    { network: 'cafe' },
    { peerId: 'alice' as never },
  ]
  const lengths = new Set<number>()
  const told = new Set<string>()
  for (const claim of claims) {
    const { stranger, told: reasons } = await knock(alice, (it) => it.hello(claim))
    lengths.add(stranger.bytesHeard)
    for (const reason of reasons) told.add(reason)
  }
  assert.equal([...lengths], [PREAMBLE.length + 4 + 4 + 16])
  assert.is(told.size, claims.length)
})

attacks('what was said in one handshake is worth nothing in another', async ({ alice }) => {
  const member = await Stranger.dial(addressOf(alice))
  await member.join({ peerId: '0-bob' as never })
  const { told } = await knock(alice, async (thief) => {
    thief.write(member.bytesSaid('hello'))
    await thief.hears('reply').catch(() => {})
    thief.write(member.bytesSaid('auth'))
  })
  assert.equal(told, ['bad-mac by us'])
  member.destroy()
})

const LAST_WORDS: readonly (readonly [string, (auth: Auth) => Auth, RefusalReason])[] = [
  ['a MAC that is made up', (auth) => ({ ...auth, proof: new Uint8Array(32) }), 'bad-mac'],
  [
    'other words than those',
    (auth) => ({ ...auth, evidence: { ...EVIDENCE, lastSelect: 1 } }),
    'bad-mac',
  ],
  [
    'the signature of nobody',
    (auth) => ({ ...auth, signature: new Uint8Array(64) }),
    'bad-signature',
  ],
]

for (const [title, change, reason] of LAST_WORDS) {
  attacks(`a member with ${title} is not let in`, async ({ alice }) => {
    const { told, stranger } = await knock(alice, async (it) => {
      it.hello()
      await it.hears('reply')
      it.say(change((it.handshake as Handshake).auth({ evidence: EVIDENCE })))
    })
    assert.equal(told, [`${reason} by us`])
    assert.equal(stranger.proofs.at(-1), { verdict: 'refused', reason })
  })
}

attacks('a member cannot take the id of somebody with a key', async ({ alice }) => {
  const asName = await knock(alice, (it) => it.hello({ peerId: stolen as never }))
  assert.equal(asName.told, ['bad-identity by us'])
  await rejected('OPTION_INVALID', new Company().alone({ peerId: stolen }))
})

attacks('a member cannot take the name of another with a key of its own', async ({ alice }) => {
  const { publicKey } = createCredentials({ network: 'lab', secrets: [new Uint8Array(32)] })
  const { told } = await knock(alice, (it) => it.hello({ publicKey }))
  assert.equal(told, ['bad-identity by us'])
})

/** Alice dials somebody who plays the other side, and tells why she did not like it. */
async function dialled(
  company: Company,
  host: Omit<Parameters<typeof openHost>[0], 'answer'> & {
    answer: (handshake: Handshake) => Message | undefined
  },
): Promise<{ reason: string | undefined; said: string[] }> {
  const { address, heard, close } = await openHost(host)
  const carol = await company.alone({ peerId: 'carol' })
  try {
    const code = host.secret === undefined ? 'PROOF_INVALID' : 'SECRET_MISMATCH'
    const { reason } = await rejected(code, carol.connect(address))
    return { reason, said: heard.map(({ kind }) => kind) }
  } finally {
    close()
    await carol.close()
  }
}

attacks('who answers without the secret hears no more than a hello', async ({ company }) => {
  const silent = await dialled(company, { secret: 'a guess', answer: () => undefined })
  assert.equal(silent, { reason: 'unanswered', said: ['hello'] })
  const forged = (handshake: Handshake) => ({
    ...handshake.reply(REPLY_WORDS),
    proof: new Uint8Array(32),
  })
  const { reason, said } = await dialled(company, { answer: forged })
  assert.is(reason, 'bad-mac')
  assert.not.ok(said.includes('auth'))
})

attacks('who answers cannot be somebody else, or refuse for somebody else', async ({ company }) => {
  const other = (handshake: Handshake) =>
    handshake.reply({ ...REPLY_WORDS, peerId: stolen as never })
  assert.is((await dialled(company, { answer: other })).reason, 'bad-identity')
  const unsigned = (handshake: Handshake) => ({
    ...handshake.reply(REPLY_WORDS),
    signature: new Uint8Array(64),
  })
  assert.is((await dialled(company, { answer: unsigned })).reason, 'bad-signature')
  const forged = (): Message => ({ kind: 'refuse', proof: new Uint8Array(16) })
  assert.is((await dialled(company, { answer: forged })).reason, 'unproven')
})

attacks('who passes the bytes of two peers on is noticed, unless they allow it', async () => {
  const company = new Company()
  const proxy = new TcpProxy({ identify: () => 'bob' })
  try {
    const doorOf = async (name: string, dictionary: Dictionary) => {
      proxy.lead(name, Number(new URL(addressOf(dictionary)).port))
      return proxy.open(name)
    }
    const alice = await company.listening()
    const bob = await company.alone({ peerId: 'bob' })
    const { reason } = await rejected('PROOF_INVALID', bob.connect(await doorOf('alice', alice)))
    assert.is(reason, 'bad-mac')
    const insecure = 'plain-text-on-this-network'
    const carol = await company.listening({ peerId: 'carol', insecure })
    const dave = await company.alone({ peerId: 'dave', insecure })
    assert.is(await dave.connect(await doorOf('carol', carol)), 'carol')
  } finally {
    await company.close()
    await proxy.close()
  }
})

attacks('alice has met nobody, and nothing is wrong with her', ({ alice }) => {
  assert.equal(alice.peers, [])
  assert.is(alice.status, 'nominal')
})

attacks.run()
