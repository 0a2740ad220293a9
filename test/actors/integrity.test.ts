/** How entries are proven if nothing is said about it: by whether an address leads out. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fingerprintOf } from '../../actors/permissions.ts'
import { type DictionaryOptions, settle } from '../../actors/settings.ts'
import { Switchboard } from '../../actors/switchboard.ts'

const integrities = suite('actors/integrity')
const secret = '0123456789abcdef0123456789abcdef0123456789abcdef'

function integrityOf(options: DictionaryOptions): string {
  return settle({ secret, ...options }).integrity
}

integrities('what stays on this machine is not signed', () => {
  assert.is(integrityOf({}), 'channel')
  assert.is(integrityOf({ listen: ['tcp://127.0.0.1:0'], join: ['tcp://localhost:1'] }), 'channel')
  assert.is(integrityOf({ join: ['tls://[::1]:1'] }), 'channel')
})

integrities('where an address leads out of this machine each writer signs', () => {
  assert.is(integrityOf({ listen: ['tls://0.0.0.0:1'] }), 'signed')
  assert.is(integrityOf({ join: ['tls://peer.example:1', 'tcp://127.0.0.1:2'] }), 'signed')
  assert.is(
    integrityOf({ listen: ['tls://127.0.0.1:1'], advertise: ['tls://10.0.0.7:1'] }),
    'signed',
  )
  const insecure = 'plain-text-on-this-network'
  assert.is(integrityOf({ join: ['tcp://10.0.0.7:1'], insecure }), 'signed')
  const settings = settle({ secret, listen: ['tls://0.0.0.0:1'] })
  assert.ok(new Switchboard(settings, {} as never).notary, 'and it is done')
  assert.is(fingerprintOf(settings), 'signed', 'and compared in the handshake')
})

integrities('who says how it is to be is heeded, and a carrier of its own is trusted', () => {
  assert.is(integrityOf({ listen: ['tls://0.0.0.0:1'], integrity: 'channel' }), 'channel')
  assert.is(integrityOf({ listen: ['tcp://127.0.0.1:0'], integrity: 'signed' }), 'signed')
  const carrier = { scheme: 'own', dial: () => ({}), listen: () => ({}) } as never
  assert.is(integrityOf({ listen: ['own://far:1'], transports: [carrier] }), 'channel')
})

integrities.run()
