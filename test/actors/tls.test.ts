import { HoldfastError } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { certificatesOf } from '../transport/tlsScene.ts'
import { addressOf, until, withCompany } from './company.ts'

const LISTEN = { listen: ['tls://127.0.0.1:0'] }
const [OLD, NEW] = ['old-secret-of-26-characters', 'new-secret-of-26-characters']

const tls = suite('tls: dictionaries')

/** The code and reason with which a call of `connect` was refused. */
async function refusalOf(connecting: Promise<unknown>): Promise<string> {
  try {
    await connecting
  } catch (error) {
    if (error instanceof HoldfastError) return `${error.code} ${error.reason}`
    throw error
  }
  return 'connected'
}

tls(
  'alice and bob share by the secret, and by certificates',
  withCompany(async (company) => {
    for (const [alice, bob] of [
      [{}, {}],
      [{ tls: certificatesOf('alice') }, { tls: certificatesOf('bob') }],
    ]) {
      const one = await company.listening({ ...LISTEN, ...alice })
      const other = await company.alone({ peerId: 'bob', ...bob })
      await other.connect(addressOf(one))
      one.set('door', 'open')
      await until(() => other.get('door') === 'open')
      assert.match(addressOf(one), /^tls:/)
    }
  }),
)

tls(
  'mallory, who does not know the secret, is told so, and harms nobody',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two({ ...LISTEN, secret: OLD })
    const reasons: string[] = []
    alice.on('connection.closed', ({ cause, reason }) => reasons.push(`${cause} ${reason}`))
    const mallory = await company.alone({ peerId: 'mallory', secret: NEW })
    assert.is(await refusalOf(mallory.connect(address)), 'CONNECT_FAILED tls-secret')
    await until(() => reasons.length === 1)
    assert.equal(reasons, ['wire tls-secret'])
    const bay = await company.alone({ peerId: 'erin', secret: OLD, network: 'bay' })
    assert.is(await refusalOf(bay.connect(address)), 'CONNECT_FAILED tls-secret')
    alice.set('door', 'open')
    await until(() => bob.get('door') === 'open')
  }),
)

tls(
  'a plain dial to a TLS door, and a TLS dial to a plain one, end without harm',
  withCompany(async (company) => {
    const secured = await company.listening(LISTEN)
    const plain = await company.listening({ peerId: 'bob' })
    const carol = await company.alone({ peerId: 'carol' })
    const crossed = (address: string, scheme: string) => address.replace(/^\w+/, scheme)
    const reasons: string[] = []
    secured.on('connection.closed', ({ reason }) => reasons.push(reason))
    assert.match(
      await refusalOf(carol.connect(crossed(addressOf(secured), 'tcp'))),
      'CONNECT_FAILED',
    )
    await until(() => reasons.length === 1)
    assert.equal(reasons, ['tls-missing'])
    assert.match(await refusalOf(carol.connect(crossed(addressOf(plain), 'tls'))), 'CONNECT_FAILED')
    await carol.connect(addressOf(secured))
    await carol.connect(addressOf(plain))
    assert.is(carol.peers.length, 2)
  }),
)

tls(
  'a secret is changed peer by peer, and two peers always understand each other',
  withCompany(async (company) => {
    const steps = [OLD, [OLD, NEW], [NEW, OLD], NEW] as const
    for (const [at, secret] of steps.entries()) {
      const next = steps[at + 1] ?? secret
      const alice = await company.listening({ ...LISTEN, peerId: 'alice', secret })
      const bob = await company.listening({ ...LISTEN, peerId: 'bob', secret: next })
      await bob.connect(addressOf(alice))
      bob.disconnect('alice')
      await until(() => alice.peers.length === 0 && bob.peers.length === 0)
      await alice.connect(addressOf(bob))
      await alice.close()
      await bob.close()
    }
  }),
)

tls(
  'every address may be bound behind TLS and a strong secret',
  withCompany(async (company) => {
    const listen = ['tls://0.0.0.0:0']
    const alice = await company.listening({ listen, secret: OLD })
    const bob = await company.alone({ peerId: 'bob', secret: OLD })
    await bob.connect(addressOf(alice).replace('0.0.0.0', '127.0.0.1'))
  }),
)

tls.run()
