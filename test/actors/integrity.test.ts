/** How entries are proven if nothing is said about it: by whether a secret was given. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fingerprintOf } from '../../actors/permissions.ts'
import { type DictionaryOptions, settle } from '../../actors/settings.ts'
import { Switchboard } from '../../actors/switchboard.ts'
import { addressOf, withCompany } from './company.ts'

const integrities = suite('actors/integrity')
const secret = '0123456789abcdef0123456789abcdef0123456789abcdef'

const integrityOf = (options: DictionaryOptions) => settle(options).integrity

integrities('what only processes of one user know the secret of is not signed', () => {
  assert.is(integrityOf({}), 'channel')
  assert.is(integrityOf({ listen: ['tcp://127.0.0.1:0'], join: ['tls://localhost:1'] }), 'channel')
})

integrities('where a secret is given each writer signs', () => {
  assert.is(integrityOf({ secret }), 'signed')
  assert.is(integrityOf({ secret: [secret, 'the old one'] }), 'signed')
  process.env.HOLDFAST_SECRET = secret
  try {
    assert.is(integrityOf({}), 'signed')
  } finally {
    delete process.env.HOLDFAST_SECRET
  }
  const settings = settle({ secret, listen: ['tls://0.0.0.0:1'] })
  assert.ok(new Switchboard(settings, {} as never).notary, 'and it is done')
  assert.is(fingerprintOf(settings), 'signed', 'and compared in the handshake')
})

integrities('who says how it is to be is heeded', () => {
  assert.is(integrityOf({ secret, integrity: 'channel' }), 'channel')
  assert.is(integrityOf({ integrity: 'signed' }), 'signed')
})

integrities(
  'peers of one secret agree, by whatever address they reach each other',
  withCompany(async (company) => {
    const alice = await company.listening({ listen: ['tls://0.0.0.0:0'], secret })
    const bob = await company.alone({ peerId: 'bob', secret, listen: ['tcp://127.0.0.1:0'] })
    const carol = await company.alone({ peerId: 'carol', secret })
    await bob.connect(addressOf(alice).replace('0.0.0.0', '127.0.0.1'))
    await carol.connect(addressOf(bob))
  }),
)

integrities.run()
