/**
 * Who may be connected to whom, over real loopback TCP and real handshakes: lists at the side that
 * is dialled and at the side that dials, and lists that change while peers run.
 */

import { HoldfastError } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Handshake } from '../../actors/handshake.ts'
import { PREAMBLE } from '../../transport/framing.ts'
import { addressOf, listen, refused, rejected, told, until, withCompany } from './company.ts'
import { Stranger } from './stranger.ts'

const guests = suite('guests')

const EVIDENCE = { have: null, lastSelect: 0 }
/** The form of an id that belongs to a key. */
const KEY_ID = 'a'.repeat(32)

/** What was refused there, and by whom. */
function refusals(dictionary: object): string[] {
  const heard: string[] = []
  const { on } = dictionary as { on: (type: string, listener: (fact: never) => void) => void }
  on.call(dictionary, 'refused', ({ peerId, reason, by }: Record<string, string>) => {
    heard.push(`${peerId} ${reason} by ${by}`)
  })
  return heard
}

guests(
  'whom alice does not allow is not let in, and both are told why',
  withCompany(async (company) => {
    const alice = await company.listening({ allow: ['bob'] })
    const address = addressOf(alice)
    const carol = await company.alone({ peerId: 'carol' })
    const [atAlice, atCarol] = [refusals(alice), refusals(carol)]
    const met = listen(alice as never, 'connect')
    const { reason } = await rejected('PEER_DENIED', carol.connect(address))
    assert.is(reason, 'denied')
    await until(() => atAlice.length > 0)
    assert.equal(atAlice, ['carol denied by us'])
    assert.equal(atCarol, ['alice denied by them'])
    const bob = await company.alone({ peerId: 'bob' })
    assert.is(await bob.connect(address), 'alice')
    await until(() => met.length > 0)
    assert.equal(
      met.map(({ peerId }) => peerId),
      ['bob'],
    )
  }),
)

guests(
  'who is denied is not let in, even if it is allowed',
  withCompany(async (company) => {
    const alice = await company.listening({ allow: ['bob', 'carol'], deny: ['carol'] })
    const carol = await company.alone({ peerId: 'carol' })
    await rejected('PEER_DENIED', carol.connect(addressOf(alice)))
    const dave = await company.alone({ peerId: 'dave' })
    await rejected('PEER_DENIED', dave.connect(addressOf(alice)))
    assert.equal(alice.peers, [])
  }),
)

guests(
  'who dials does not take whom it denies, whoever it was that it dialled',
  withCompany(async (company) => {
    const alice = await company.listening()
    const bob = await company.alone({ peerId: 'bob', deny: ['alice'] })
    const [atAlice, atBob] = [refusals(alice), refusals(bob)]
    await rejected('PEER_DENIED', bob.connect(addressOf(alice)))
    await until(() => atAlice.length > 0)
    assert.equal(atBob, ['alice denied by us'])
    assert.equal(atAlice, ['bob denied by them'])
    assert.equal(alice.peers, [])
  }),
)

guests(
  'before the last word nobody learns who is on a list, and the refusal looks like any other',
  withCompany(async (company) => {
    const alice = await company.listening({ allow: ['bob'], deny: ['0-carol'] })
    const atAlice = refusals(alice)
    for (const name of ['bob', '0-carol', '0-dave']) {
      const member = await Stranger.dial(addressOf(alice))
      await member.greet({ peerId: name as never })
      if (name === 'bob') {
        member.destroy()
        continue
      }
      const answered = member.bytesHeard
      member.say((member.handshake as Handshake).auth({ evidence: EVIDENCE }))
      await until(() => member.isClosed)
      assert.is(member.bytesHeard - answered, 4 + 4 + 16)
      assert.ok(answered > PREAMBLE.length)
    }
    assert.equal(atAlice, ['0-carol denied by us', '0-dave denied by us'])
  }),
)

guests(
  'whoever is not admitted any more is cut off at once, and what it sends then is not taken in',
  withCompany(async (company) => {
    const { alice, bob, address } = await company.two()
    const carol = await company.alone({ peerId: 'carol' })
    await carol.connect(address)
    await until(() => alice.peers.length === 2)
    const [closed, parted] = [
      listen(alice as never, 'connection.closed'),
      listen(alice as never, 'disconnect'),
    ]
    const atBob = refusals(bob)
    alice.admit({ deny: ['bob'] })
    assert.equal(
      alice.peers.map(({ peerId }) => peerId),
      ['carol'],
    )
    bob.set('late', 1)
    await told()
    assert.equal(
      closed.map(({ peerId, reason, by }) => `${peerId} ${reason} by ${by}`),
      ['bob denied by us'],
    )
    assert.equal(
      parted.map(({ peerId }) => peerId),
      ['bob'],
    )
    await until(() => bob.peers.length === 0)
    await rejected('PEER_DENIED', bob.connect(address))
    assert.equal(atBob, ['alice denied by them'])
    assert.not(alice.has('late'))
    alice.admit({})
    assert.is(await bob.connect(address), 'alice')
    await until(() => alice.get('late') === 1)
    assert.is(carol.peers.length, 1)
  }),
)

guests(
  'lists that say the wrong thing change nothing',
  withCompany(async (company) => {
    const { alice } = await company.two()
    refused('OPTION_INVALID', () => alice.admit({ allow: 'bob' as never }))
    refused('OPTION_INVALID', () => alice.admit(null as never))
    refused('OPTION_UNKNOWN', () => alice.admit({ denied: ['bob'] } as never))
    assert.is(alice.peers.length, 1)
    const late = listen(alice as never, 'entry.refused')
    alice.actor.send({ type: 'peers.admit', deny: [7] as never })
    await told()
    assert.is(late[0]?.error.code, 'OPTION_INVALID')
    alice.actor.send({ type: 'peers.admit', allow: [] })
    assert.equal(alice.peers, [])
  }),
)

guests(
  'whom others tell of and this peer does not admit is not dialled',
  withCompany(async (company) => {
    const alice = await company.listening()
    const options = { listen: ['tcp://127.0.0.1:0'], join: [addressOf(alice)] }
    const carol = await company.alone({ peerId: 'carol', ...options })
    await until(() => alice.peers.length === 1)
    const bob = await company.alone({ peerId: 'bob', ...options, deny: ['carol'] })
    const dialled: string[] = []
    bob.on('connection.closed', ({ address }) => dialled.push(address))
    await until(() => alice.peers.length === 2)
    // Dave hears of the same peers, and later.
    const dave = await company.alone({ peerId: 'dave', join: options.join })
    await until(() => dave.peers.length === 3)
    carol.set('door', 'open')
    await until(() => bob.get('door') === 'open')
    assert.equal(bob.peers.map(({ peerId }) => peerId).sort(), ['alice', 'dave'])
    assert.not(dialled.includes(addressOf(carol)))
  }),
)

for (const integrity of ['channel', 'signed'] as const) {
  guests(
    `lists judge connections, not entries: what carol wrote comes by way of others (${integrity})`,
    withCompany(async (company) => {
      const alice = await company.listening({ integrity, deny: ['carol'] })
      const bob = await company.listening({ peerId: 'bob', integrity, join: [addressOf(alice)] })
      const carol = await company.alone({ peerId: 'carol', integrity, join: [addressOf(bob)] })
      carol.set('door', 'open')
      await until(() => alice.get('door') === 'open')
      assert.is(alice.lease('door')?.owner, 'carol')
      assert.equal(
        alice.peers.map(({ peerId }) => peerId),
        ['bob'],
      )
      await until(() => alice.digest() === carol.digest())
    }),
  )
}

guests(
  'a list of ids that belong to keys stands for a long secret, and a list of names does not',
  withCompany(async (company) => {
    const weak = { peerId: undefined as never, secret: 'short', listen: ['tls://0.0.0.0:0'] }
    for (const allow of [undefined as never, ['bob'], [KEY_ID, 'bob']]) {
      await rejected('ADDRESS_EXPOSED', company.alone({ ...weak, allow }))
    }
    const alice = await company.alone({ ...weak, allow: [KEY_ID] })
    const bob = await company.alone({ peerId: 'bob', secret: 'short' })
    const address = addressOf(alice).replace('0.0.0.0', '127.0.0.1')
    await rejected('PEER_DENIED', bob.connect(address))
    const error = refused('ADDRESS_EXPOSED', () => alice.admit({}))
    assert.instance(error, HoldfastError)
    refused('ADDRESS_EXPOSED', () => alice.admit({ allow: ['bob'] }))
    alice.admit({ allow: [KEY_ID, 'b'.repeat(32)] })
    await rejected('PEER_DENIED', bob.connect(address))
  }),
)

guests.run()
