/** How a dictionary opens, and how it does not: options, addresses, and calls that come early. */

import { createServer } from 'node:net'
import { inspect } from 'node:util'
import {
  Dictionary,
  type ErrorCode,
  type HoldfastError,
  LIMITS,
  type OpenOptions,
  openDictionary,
  syncLogic,
} from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor } from 'xstate'
import { realClock } from '../../transport/clock.ts'
import { tcpTransport } from '../../transport/tcp.ts'
import { freePort } from '../freePort.ts'
import { addressOf, listen, refused, rejected, until, withCompany } from './company.ts'

const ADDRESSES = new Set(['listen', 'join', 'advertise'])
const ALWAYS_WRONG = [null, Symbol.iterator, Number.NaN, -1, {}, [[]], new Date()]
const WRONG_ADDRESSES = [
  null,
  'tcp://127.0.0.1:0',
  7,
  {},
  [7],
  [null],
  [''],
  ['127.0.0.1:0'],
  ['tcp://a b:1'],
  [`tcp://${'x'.repeat(300)}:1`],
  Array(65).fill('tcp://127.0.0.1:1'),
]
const without = (name: string) => ({ ...realClock(), [name]: undefined })

/** Every option there is, and values that it cannot have. */
const WRONG: { readonly [Name in keyof Required<OpenOptions>]: readonly unknown[] } = {
  network: [...ALWAYS_WRONG, 7, '', 'x'.repeat(257), 'half \ud83d'],
  listen: WRONG_ADDRESSES,
  join: WRONG_ADDRESSES,
  advertise: WRONG_ADDRESSES,
  leasing: [...ALWAYS_WRONG, 'yes', 1],
  safety: [...ALWAYS_WRONG, 'none', true],
  integrity: [...ALWAYS_WRONG, 'none', true],
  readOnly: [null, 'alice', [''], ['alice', 'alice'], [7]],
  permissions: [
    ...[null, {}, [null], [{}], [{ prefix: 7 }], [{ prefix: '', id: [] }]],
    ...[[{ prefix: '', ops: ['read'] }], [{ prefix: '', ids: 'alice' }]],
    ...[[{ prefix: '', maxTtlMs: 1 }], [{ prefix: '\ud83d' }], Array(257).fill({ prefix: '' })],
  ],
  voters: [
    ...[null, 'alice', [], ['alice', 'alice'], ['two words'], Array.from('abcdefghij')],
    // Voters are of no use unless they decide.
    ['alice', 'bob', 'carol'],
  ],
  leaseMsMax: [null, '1000', 19, 15_000],
  leaseMs: [null, '1000', 0, 19, -1, Number.NaN, Number.POSITIVE_INFINITY, 4e11, {}],
  peerId: [...ALWAYS_WRONG, 7, '', 'two words', 'ünï', 'x'.repeat(129)],
  secret: [null, 7, '', new Uint8Array(0), [], ['one', ''], ['a', 'b', 'c'], 'x'.repeat(1025)],
  allow: [null, 'alice', [''], ['alice', 'alice'], [7], Array(4097).fill('x')],
  deny: [null, 'alice', [''], ['alice', 'alice'], [7], {}],
  identity: [null, 7, '', {}],
  insecure: [null, true, false, 'yes', 'plain-text'],
  maxOutgoing: [null, '8', -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, {}],
  takeover: [...ALWAYS_WRONG, 'nobody', true],
  limits: [
    null,
    7,
    'few',
    [],
    { entries: 1 },
    ...Object.keys(LIMITS).flatMap((name) =>
      [null, '8', 0, -1, Number.NaN, {}].map((value) => ({ [name]: value })),
    ),
  ],
  clock: [
    null,
    7,
    {},
    Date,
    ...['now', 'wall', 'setTimeout', 'clearTimeout', 'defer'].map(without),
  ],
  random: [null, 0.5, 'dice', {}],
  makeId: [null, 'id', {}],
  transports: [null, tcpTransport(), [7], [{}], [{ ...tcpTransport(), scheme: undefined }]],
  tls: [null, 7, 'certificates', {}, { ca: 'nowhere.pem' }],
  inspect: [null, 7, 'loudly'],
}

/** Values at the edge of what is right. */
const RIGHT: readonly OpenOptions[] = [
  {},
  { network: 'x'.repeat(256), peerId: 'x'.repeat(128) },
  { leaseMs: 20 },
  { leaseMs: 10 * 365 * 24 * 3_600_000 },
  { maxOutgoing: 0, takeover: 'any', limits: {} },
  { inspect: () => {}, listen: [], join: [], advertise: ['tcp://example.org:1'] },
  { network: undefined as never, limits: undefined as never, clock: undefined as never },
]

const options = suite('options')

for (const [name, values] of Object.entries(WRONG)) {
  options(`${name} cannot be just anything`, async () => {
    const code = ADDRESSES.has(name) ? 'ADDRESS_INVALID' : 'OPTION_INVALID'
    for (const value of values) {
      const error = await notOpened(code, { [name]: value })
      assert.is(error.option, name)
    }
  })
}

/** Like `rejected`; what opened against all expectation is closed, so that the test ends. */
async function notOpened(code: ErrorCode, given: unknown): Promise<HoldfastError> {
  const opened = openDictionary(given as OpenOptions)
  opened.then(
    (dictionary) => dictionary.close(),
    () => {},
  )
  try {
    return await rejected(code, opened)
  } catch (error) {
    throw new Error(`With ${inspect(given)}`, { cause: error })
  }
}

options('an option that does not exist is named', async () => {
  for (const name of ['lease', 'Network', 'peers', 'constructor', '__proto__x', '0']) {
    const error = await notOpened('OPTION_UNKNOWN', { [name]: 1 })
    assert.is(error.option, name)
  }
  for (const wrong of [null, 7, 'lab']) {
    await notOpened('OPTION_INVALID', wrong)
  }
})

options('what is at the edge is right', async () => {
  for (const right of RIGHT) await (await openDictionary(right)).close()
})

options(
  'a peer with as many addresses as it may have is connected like any other',
  withCompany(async (company) => {
    const listening = Array<string>(64).fill('tcp://127.0.0.1:0')
    const alice = await company.alone({ listen: listening })
    assert.is(new Set(alice.listening).size, 64)
    const bob = await company.listening({ peerId: 'bob' })
    assert.is(await bob.connect(alice.listening[63] as string), 'alice')
    const carol = await company.alone({ peerId: 'carol' })
    await carol.connect(addressOf(bob))
    await until(() => carol.peers.length === 2)
    const advertise = Array<string>(64).fill(`tcp://${'x'.repeat(200)}:1`)
    const dave = await company.alone({ peerId: 'dave', integrity: 'channel', advertise })
    assert.is(await dave.connect(addressOf(bob)), 'bob')
  }),
)

options.run()

const opening = suite('opening')

opening(
  'one address that is taken: all others are free again, and nothing was dialled',
  withCompany(async (company) => {
    const alice = await company.listening()
    const bob = await company.listening({ peerId: 'bob' })
    const heard = listen(bob as never, 'connect', 'connection.closed')
    const free = await freePort()
    const given = {
      listen: [`tcp://127.0.0.1:${free}`, addressOf(alice)],
      join: [addressOf(bob)],
      network: 'lab',
    }
    const error = await rejected('ADDRESS_IN_USE', openDictionary(given))
    assert.is(error.address, addressOf(alice))
    const carol = await company.alone({ peerId: 'carol', listen: [`tcp://127.0.0.1:${free}`] })
    assert.is(await carol.connect(addressOf(bob)), 'bob')
    assert.equal(heard, [{ type: 'connect', peerId: 'carol' }])
  }),
)

opening('what cannot be opened leaves nothing that keeps the process alive', async () => {
  const handles = () => process.getActiveResourcesInfo().filter((name) => !isOfTests(name))
  await until(() => handles().length === 0)
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  const before = handles()
  const addresses = ['tcp://127.0.0.1:0', `tcp://127.0.0.1:${port}`, 'tcp://127.0.0.1:0']
  await rejected('ADDRESS_IN_USE', openDictionary({ listen: addresses }))
  await until(() => handles().join() === before.join())
  taken.close()
})

/** The pipes of this process, and the timer of `until` itself. */
function isOfTests(name: string): boolean {
  return /^(TTYWrap|PipeWrap|FSReq|Timeout|Immediate)/.test(name)
}

opening(
  'a dictionary that is still opening takes every call',
  withCompany(async (company) => {
    const bob = await company.listening({ peerId: 'bob' })
    const input = { peerId: 'alice', network: 'lab', listen: ['tcp://127.0.0.1:0'] }
    const alice = new Dictionary(createActor(syncLogic, { input }).start())
    assert.is(alice.actor.getSnapshot().value, 'opening')
    const connected = alice.connect(addressOf(bob))
    assert.is(alice.set('door', 'open').key, 'door')
    assert.equal(alice.update({ window: 1 }).length, 1)
    assert.is(alice.get('door'), 'open')
    assert.is(alice.pop('window'), 1)
    assert.is(alice.renew('door').key, 'door')
    assert.is(alice.send('hello'), 0)
    alice.requestPeers()
    refused('PEER_UNKNOWN', () => alice.disconnect('bob'))
    await rejected('PEER_UNKNOWN', alice.transfer('door', 'bob'))
    const lease = await alice.acquire('lock')
    assert.ok(lease.valid)
    assert.is(await connected, 'bob')
    await until(() => bob.get('door') === 'open' && bob.lease('lock')?.owner === 'alice')
    await alice.close()
  }),
)

opening('a dictionary that is closed while it opens is closed', async () => {
  const input = { listen: ['tcp://127.0.0.1:0'] }
  const alice = new Dictionary(createActor(syncLogic, { input }).start())
  const connecting = rejected('CLOSED', alice.connect('tcp://127.0.0.1:1'))
  assert.is(alice.actor.getSnapshot().value, 'opening')
  await alice.close()
  refused('CLOSED', () => alice.set('door', 'open'))
  assert.is(alice.size, 0)
  await connecting
})

opening(
  'an address that nobody can read is invalid when it is dialled, too',
  withCompany(async (company) => {
    const alice = await company.alone()
    for (const wrong of ['tcp://127.0.0.1', 'tcp://127.0.0.1:65536', 'tcp://127.0.0.1:0']) {
      const error = await rejected('ADDRESS_INVALID', alice.connect(wrong))
      assert.is(error.address, wrong)
    }
    assert.is(
      (await rejected('CONNECT_FAILED', alice.connect('tcp://127.0.0.1:1'))).reason,
      'refused',
    )
    const nowhere = openDictionary({ listen: ['tcp://127.0.0.1:65536'] })
    await rejected('LISTEN_FAILED', nowhere)
  }),
)

opening(
  'a peer that joins another network hears why, as that one does, and so does who joins itself',
  withCompany(async (company) => {
    const alice = await company.listening()
    const join = [addressOf(alice)]
    const cases = [
      { given: { network: 'elsewhere', peerId: 'bob' }, reason: 'network' },
      { given: { leasing: false, peerId: 'bob' }, reason: 'leasing' },
      { given: { safety: 'majority' as const, voters: ['bob'], peerId: 'bob' }, reason: 'safety' },
      { given: { readOnly: ['carol'], peerId: 'bob' }, reason: 'rules' },
      { given: { peerId: 'alice' }, reason: 'id-clash' },
    ]
    for (const { given, reason } of cases) {
      const atAlice = listen(alice as never, 'refused')
      const bob = await company.alone({ ...given, join })
      const atBob = listen(bob as never, 'refused')
      await until(() => atAlice.length > 0 && atBob.length > 0)
      assert.equal([atAlice[0]?.reason, atAlice[0]?.by], [reason, 'us'])
      assert.equal([atBob[0]?.reason, atBob[0]?.by, atBob[0]?.address], [reason, 'them', join[0]])
      await bob.close()
    }
    const free = `tcp://127.0.0.1:${await freePort()}`
    const self = await company.alone({ peerId: 'self', listen: [free], join: [free] })
    const heard = listen(self as never, 'refused')
    await until(() => heard.length === 2)
    assert.equal(heard.map(({ reason, by }) => `${reason} ${by}`).sort(), ['self them', 'self us'])
    assert.equal(self.peers, [])
  }),
)

opening.run()
