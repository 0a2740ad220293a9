import { inspect } from 'node:util'
import { HoldfastError } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { transportChecks } from '../../transport/acceptance.ts'
import { type TlsOptions, tlsTransport } from '../../transport/tls.ts'
import { leavesNothing, sceneOf, until } from './sockets.ts'
import {
  call,
  certificatesOf,
  LAB,
  OTHER_SECRET,
  openDoor,
  pem,
  refusalOf,
  SECRET,
} from './tlsScene.ts'

for (const [name, address, options] of [
  ['by secret', 'tls://127.0.0.1:0', LAB],
  ['by certificates', 'tls://[::1]:0', { certificates: certificatesOf('alice') }],
] as const) {
  const carrier = suite(`tls: carrier ${name}`)
  const setup = () => sceneOf(tlsTransport(options), address)
  for (const { title, run } of transportChecks(setup)) carrier(title, run)
  carrier.run()
}

const friends = suite('tls: friends')

friends('each stream has a binding of its own, and both ends know it', async () => {
  for (const options of [LAB, { certificates: certificatesOf('bob') }]) {
    const door = await openDoor(options)
    const bindings = new Set<string>()
    for (let count = 1; count <= 3; count += 1) {
      const { wire } = await call(door.address, options)
      await until(() => door.accepted[count - 1]?.openedCount === 1)
      const binding = Buffer.from(wire.binding ?? []).toString('hex')
      assert.is(binding.length, 64)
      assert.is(Buffer.from(door.wires[count - 1]?.binding ?? []).toString('hex'), binding)
      bindings.add(binding)
      wire.destroy()
    }
    assert.is(bindings.size, 3)
    door.close()
  }
})

friends('a network changes its secret peer by peer, and nobody is shut out', async () => {
  const before = { network: 'lab', secrets: [OTHER_SECRET] }
  const both = { network: 'lab', secrets: [OTHER_SECRET, SECRET] }
  const turned = { network: 'lab', secrets: [SECRET, OTHER_SECRET] }
  // At any time two neighbouring steps of the three are in use.
  for (const [one, other] of [
    [before, both],
    [both, turned],
    [turned, LAB],
  ] as const) {
    for (const [door, dialler] of [
      [one, other],
      [other, one],
    ] as const) {
      const there = await openDoor(door)
      const { heard } = await call(there.address, dialler)
      assert.is(heard.end, undefined)
      assert.is(heard.openedCount, 1)
      there.close()
    }
  }
  const refused = { dialler: 'tls-secret', acceptor: 'tls-secret' }
  assert.equal(await refusalOf(LAB, before), refused, 'the old secret is over')
})

friends('peers that are dialled by address may all have one name', async () => {
  const servername = 'peers.example'
  const bob = await openDoor({ certificates: certificatesOf('bob') })
  const named = await call(bob.address, {
    certificates: { ...certificatesOf('alice'), servername },
  })
  assert.is(named.heard.openedCount, 1)
  bob.close()
  const alice = await openDoor({ certificates: certificatesOf('alice') })
  const { heard } = await call(alice.address, {
    certificates: { ...certificatesOf('bob'), servername },
  })
  assert.is(heard.end?.code, 'certificate-name')
  alice.close()
})

friends('certificates are read from files, too', async () => {
  const path = (name: string) => new URL(`./certificates/${name}.pem`, import.meta.url).pathname
  const certificates = {
    ca: path('authority'),
    cert: Buffer.from(pem('alice')),
    key: path('alice-key'),
  }
  const door = await openDoor({ certificates })
  const { heard } = await call(door.address, { certificates: certificatesOf('bob') })
  assert.is(heard.openedCount, 1)
  door.close()
})

friends.run()

const options = suite('tls: options')

options('what cannot be used is refused at once, and nothing of it is quoted', () => {
  const alice = certificatesOf('alice')
  const secretText = 'MIGHAgEAMBMGByqGSM49'
  const cases: readonly (readonly [TlsOptions, string | undefined])[] = [
    [{}, undefined],
    [{ secrets: [] }, undefined],
    [{ certificates: { ...alice, ca: 'no/such/file.pem' } }, '.ca'],
    [{ certificates: { ...alice, ca: '-----BEGIN CERTIFICATE-----\nAAAA' } }, '.ca'],
    [{ certificates: { ...alice, cert: alice.key } }, '.cert'],
    [{ certificates: { ca: alice.ca, cert: alice.cert } as never }, '.key'],
    // A key without its first line, which is taken for a path.
    [{ certificates: { ...alice, key: secretText } }, '.key'],
    [{ certificates: { ...alice, key: certificatesOf('bob').key } }, undefined],
    [{ certificates: { ...alice, key: `-----BEGIN PRIVATE KEY-----\n${secretText}` } }, undefined],
    [{ certificates: { ...alice, servername: 7 as never } }, '.servername'],
  ]
  for (const [given, path] of cases) {
    try {
      tlsTransport(given)
      assert.unreachable(inspect(given))
    } catch (error) {
      assert.instance(error, HoldfastError, inspect(error))
      const { code, option, path: at } = error as HoldfastError
      assert.equal({ code, option, at }, { code: 'OPTION_INVALID', option: 'tls', at: path })
      assert.not.match(inspect(error), secretText)
    }
  }
})

options.run()

const leftovers = suite('tls: the process')

leftovers('what was closed leaves no handle that would keep the process alive', () =>
  leavesNothing(sceneOf(tlsTransport(LAB), 'tls://127.0.0.1:0')),
)

leftovers.run()
