/**
 * What somebody may try who does not belong, or who wants to be somebody else: each returns true if
 * it got what it wanted of a victim with such credentials. And what a victim may have forgotten:
 * each of these makes one of them succeed.
 */

import type { PeerId } from '../../machines/rules/peer.ts'
import { encode } from '../../transport/codec.ts'
import type { Credentials } from '../../transport/ports.ts'
import {
  bytesOf,
  credentialsOf,
  EVIDENCE,
  exchange,
  reworded,
  sideOf,
  take,
  wordsOf,
} from './exchange.ts'

/** What the victim forgets; the other members are as they should be, unless both must forget it. */
export interface Victim {
  readonly flaw: (credentials: Credentials) => Credentials
  readonly isBound: boolean
}

export type Intrusion = (victim: Victim) => boolean

const elsewhere = bytesOf('another wire')
const flawed = (victim: Victim, name?: string) =>
  victim.flaw(credentialsOf(name === undefined ? {} : { peerId: name }))
const bindingOf = (victim: Victim, binding: Uint8Array) =>
  victim.isBound ? { binding } : { binding: bytesOf('') }

export const INTRUSIONS: Readonly<Record<string, Intrusion>> = {
  'a stranger is answered': (victim) => {
    const stranger = { credentials: credentialsOf({ secrets: [bytesOf('a guess')] }) }
    const { hello } = exchange(stranger, { credentials: flawed(victim) })
    return hello?.verdict === 'proven'
  },
  'a member speaks for an id with a key of its own': (victim) => {
    const mallory = credentialsOf()
    const alice = credentialsOf().peerId as PeerId
    const side = sideOf('acceptor', { credentials: flawed(victim) })
    const said = sideOf('dialler', { credentials: mallory }).hello({
      ...wordsOf({ credentials: mallory }),
      versions: [1],
      expects: null,
      peerId: alice,
    })
    return take(side, encode(said))?.verdict === 'proven'
  },
  'a member shows a key that it does not have': (victim) => {
    const alice = credentialsOf()
    const mallory = credentialsOf()
    const { peerId, publicKey, idOf, isKeyOf } = alice
    const mask = { ...mallory, peerId, publicKey, idOf, isKeyOf }
    return (
      exchange({ credentials: mask }, { credentials: flawed(victim) }).auth?.verdict === 'proven'
    )
  },
  'what a member said once is said again': (victim) => {
    const member = { credentials: credentialsOf() }
    const acceptor = { credentials: flawed(victim, 'bob') }
    const [hello, , auth] = exchange(member, acceptor).frames
    const again = sideOf('acceptor', acceptor)
    take(again, hello)
    again.reply({ ...wordsOf(acceptor), version: 1, evidence: EVIDENCE })
    return take(again, auth)?.verdict === 'proven'
  },
  'somebody between two wires passes everything on': (victim) => {
    const near = { credentials: flawed(victim), ...bindingOf(victim, bytesOf('one wire')) }
    const far = { credentials: flawed(victim), ...bindingOf(victim, elsewhere) }
    return exchange(near, far).auth?.verdict === 'proven'
  },
  'somebody in between takes the better version away': (victim) => {
    const [from, to] = [{ credentials: flawed(victim) }, { credentials: flawed(victim) }]
    const downgrade = { hello: (frame: Uint8Array) => reworded(frame, { versions: [0] }) }
    return exchange(from, to, downgrade).auth?.verdict === 'proven'
  },
  'somebody in between changes what is answered': (victim) => {
    const [from, to] = [{ credentials: flawed(victim) }, { credentials: flawed(victim) }]
    const change = { reply: (frame: Uint8Array) => reworded(frame, { addresses: [] }) }
    return exchange(from, to, change).auth?.verdict === 'proven'
  },
  'somebody in between changes what is said last': (victim) => {
    const [from, to] = [{ credentials: flawed(victim) }, { credentials: flawed(victim) }]
    const evidence = { have: null, lastSelect: 9 }
    const change = { auth: (frame: Uint8Array) => reworded(frame, { evidence }) }
    return exchange(from, to, change).auth?.verdict === 'proven'
  },
}

/** The victim that forgets nothing. */
export const SOUND: Victim = { flaw: (credentials) => credentials, isBound: true }

const leavingOut =
  (part: RegExp) =>
  (credentials: Credentials): Credentials => ({
    ...credentials,
    hash: (parts) =>
      credentials.hash(parts.filter((each) => !part.test(Buffer.from(each).toString('latin1')))),
  })

/** One thing forgotten at a time, and what succeeds then. */
export const FLAWS: readonly (Victim & { readonly title: string; readonly lets: string })[] = [
  {
    title: 'any tag and any MAC is right',
    flaw: (credentials) => ({ ...credentials, isEqual: () => true }),
    isBound: true,
    lets: 'a stranger is answered',
  },
  {
    title: 'any key is that of any id',
    flaw: (credentials) => ({ ...credentials, isKeyOf: () => true }),
    isBound: true,
    lets: 'a member speaks for an id with a key of its own',
  },
  {
    title: 'no signature is looked at',
    flaw: (credentials) => ({ ...credentials, verify: () => true }),
    isBound: true,
    lets: 'a member shows a key that it does not have',
  },
  {
    title: 'nonces come again',
    flaw: (credentials) => ({ ...credentials, randomBytes: (count) => new Uint8Array(count) }),
    isBound: true,
    lets: 'what a member said once is said again',
  },
  {
    title: 'proofs hold for any wire',
    flaw: (credentials) => credentials,
    isBound: false,
    lets: 'somebody between two wires passes everything on',
  },
  {
    title: 'the hello is not proved',
    flaw: leavingOut(/^holdfast\/1 hello /),
    isBound: true,
    lets: 'somebody in between takes the better version away',
  },
  {
    title: 'the words of the reply are not proved',
    flaw: leavingOut(/^holdfast\/1 (reply|whole reply \d+\n.*holdfast\/1 auth) /s),
    isBound: true,
    lets: 'somebody in between changes what is answered',
  },
  {
    title: 'the words of the auth are not proved',
    flaw: leavingOut(/holdfast\/1 auth /),
    isBound: true,
    lets: 'somebody in between changes what is said last',
  },
]
