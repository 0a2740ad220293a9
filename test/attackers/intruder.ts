/**
 * `npx tsx test/attackers/intruder.ts --count 100000 --seed 1`: somebody who has recorded
 * handshakes, stands between two peers, guesses secrets, or is a member with a key of its own, says
 * what it may say again, changed, mixed, mirrored and on other wires. Prints how much of it was
 * accepted; exit code 1 if anything was.
 */

import { parseArgs } from 'node:util'
import type { Auth } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import { decode, encode } from '../../transport/codec.ts'
import type { Credentials, Frame } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import {
  bytesOf,
  credentialsOf,
  EVIDENCE,
  exchange,
  reworded,
  type Side,
  sideOf,
  type Tampering,
  take,
  wordsOf,
} from '../actors/exchange.ts'
import { SOUND, type Victim } from '../actors/intrusions.ts'
import type { Tally } from './forger.ts'

/** How many handshakes were recorded, each on a wire of its own. */
const RECORDED = 32

const FRAMES = ['hello', 'reply', 'auth'] as const
type Recording = Readonly<Record<(typeof FRAMES)[number], Frame>>
type Draw = (count: number) => number

/** Whom it concerns, and what the intruder has. */
interface Siege {
  /** The honest ones, who may have forgotten something. */
  readonly alice: Credentials
  readonly bob: Credentials
  readonly mallory: Credentials
  /** Strangers who guessed a secret. */
  readonly guests: readonly Credentials[]
  readonly recordings: readonly Recording[]
  /** A side on a wire that was never used before. */
  readonly on: (credentials: Credentials) => Side
}

/** What the intruder tries; true if one of the honest took it for what it is not. */
type Attempt = (siege: Siege, draw: Draw) => boolean

function createSiege({ flaw, isBound }: Victim, draw: Draw): Siege {
  const [alice, bob] = [flaw(credentialsOf()), flaw(credentialsOf({ peerId: 'bob' }))]
  const guess = () => credentialsOf({ secrets: [bytesOf(`a guess ${draw(2 ** 32)}`)] })
  let wires = 0
  const on = (credentials: Credentials) => {
    wires += 1
    return { credentials, binding: bytesOf(isBound ? `wire ${wires}` : '') }
  }
  const recordings = Array.from({ length: RECORDED }, () => {
    const from = on(alice)
    const [hello, reply, auth] = exchange(from, { ...from, credentials: bob }).frames
    return { hello, reply, auth } as Recording
  })
  const guests = Array.from({ length: 8 }, guess)
  return { alice, bob, mallory: credentialsOf(), guests, recordings, on }
}

/** True if bob takes these for a hello and an auth. */
function convinces({ bob, on }: Siege, hello: Frame, auth: Frame): boolean {
  const side = on(bob)
  const acceptor = sideOf('acceptor', side)
  if (take(acceptor, hello)?.verdict !== 'proven') return false
  acceptor.reply({ ...wordsOf(side), version: 1, evidence: EVIDENCE })
  return take(acceptor, auth)?.verdict === 'proven'
}

/** True if alice, who has just said hello, takes this for the reply. */
function answers({ alice, on }: Siege, reply: Frame): boolean {
  const side = on(alice)
  const dialler = sideOf('dialler', side)
  dialler.hello({ ...wordsOf(side), versions: [1], expects: null })
  return take(dialler, reply)?.verdict === 'proven'
}

/** True if a handshake that was changed on the way came to its end. */
function survives({ alice, bob, on }: Siege, tampering: Tampering): boolean {
  const from = on(alice)
  return exchange(from, { ...from, credentials: bob }, tampering).auth?.verdict === 'proven'
}

const pick = <Item>(list: readonly Item[], draw: Draw) => list[draw(list.length)] as Item

function flipped(frame: Frame, draw: Draw): Frame {
  const altered = Uint8Array.from(frame)
  const at = 4 + draw(frame.length - 4)
  altered[at] = (altered[at] as number) ^ (1 << draw(8))
  return altered
}

function resized(frame: Frame, draw: Draw): Frame {
  const at = 4 + draw(frame.length - 4)
  const gap = draw(2) === 0 ? [draw(256)] : []
  return Uint8Array.from([
    ...frame.subarray(0, at),
    ...gap,
    ...frame.subarray(at + (gap.length === 0 ? 1 : 0)),
  ])
}

/** Other words for each message, which are sound by themselves. */
const OTHER_WORDS: readonly (readonly [(typeof FRAMES)[number], (draw: Draw) => object])[] = [
  ['hello', (draw) => ({ versions: [1, 2 + draw(99)] })],
  ['hello', (draw) => ({ run: `run-${2 + draw(1e6)}` })],
  ['hello', (draw) => ({ addresses: [`tcp://127.0.0.1:${2 + draw(6e4)}`] })],
  ['hello', (draw) => ({ rules: `rules ${draw(1e6)}` })],
  ['hello', () => ({ expects: 'bob' })],
  ['reply', (draw) => ({ run: `run-${2 + draw(1e6)}` })],
  ['reply', (draw) => ({ version: 2 + draw(99) })],
  ['reply', (draw) => ({ capabilities: [`can${draw(1e6)}`] })],
  ['reply', (draw) => ({ evidence: { have: null, lastSelect: 1 + draw(1e6) } })],
  ['auth', (draw) => ({ evidence: { have: `other${draw(1e6)}`, lastSelect: 0 } })],
  ['auth', (draw) => ({ evidence: { have: null, lastSelect: 1 + draw(1e6) } })],
]

export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'a recorded handshake, said again': (siege, draw) => {
    const { hello, auth } = pick(siege.recordings, draw)
    return convinces(siege, hello, auth)
  },
  'a recorded hello, and the auth of another handshake': (siege, draw) => {
    return convinces(siege, pick(siege.recordings, draw).hello, pick(siege.recordings, draw).auth)
  },
  'a recorded reply to a new hello': (siege, draw) => {
    return answers(siege, pick(siege.recordings, draw).reply)
  },
  'a bit changed on the way': (siege, draw) => {
    return survives(siege, { [pick(FRAMES, draw)]: (frame: Frame) => flipped(frame, draw) })
  },
  'a byte more or less on the way': (siege, draw) => {
    return survives(siege, { [pick(FRAMES, draw)]: (frame: Frame) => resized(frame, draw) })
  },
  'other words on the way': (siege, draw) => {
    const [name, words] = pick(OTHER_WORDS, draw)
    return survives(siege, { [name]: (frame: Frame) => reworded(frame, words(draw)) })
  },
  'a recorded message in the place of one on the way': (siege, draw) => {
    const name = pick(FRAMES, draw)
    return survives(siege, { [name]: () => pick(siege.recordings, draw)[name] })
  },
  'another secret': (siege, draw) => {
    const host = siege.on(siege.bob)
    const guest = { ...host, credentials: pick(siege.guests, draw) }
    const [there, back] = [exchange(guest, host), exchange(host, guest)]
    return there.hello?.verdict === 'proven' || back.reply?.verdict === 'proven'
  },
  'another secret behind a recorded hello': (siege, draw) => {
    const guest = siege.on(pick(siege.guests, draw))
    const stranger = sideOf('dialler', guest)
    stranger.hello({ ...wordsOf(guest), versions: [1], expects: null })
    take(stranger, pick(siege.recordings, draw).reply)
    const auth = encode(stranger.auth({ evidence: EVIDENCE }))
    return convinces(siege, pick(siege.recordings, draw).hello, auth)
  },
  'the proofs of the other side, given back': (siege, draw) => {
    const host = siege.on(siege.bob)
    const acceptor = sideOf('acceptor', host)
    take(acceptor, pick(siege.recordings, draw).hello)
    const words = { ...wordsOf(host), version: 1, evidence: EVIDENCE }
    const { proof, signature } = acceptor.reply(words)
    const auth = encode({ kind: 'auth', evidence: EVIDENCE, proof, signature })
    return take(acceptor, auth)?.verdict === 'proven'
  },
  'the proof of one handshake with the signature of another': (siege, draw) => {
    const [one, other] = [pick(siege.recordings, draw), pick(siege.recordings, draw)]
    if (one === other) return convinces(siege, one.hello, one.auth)
    const { signature } = decode(other.auth) as Auth
    return convinces(siege, one.hello, reworded(one.auth, { signature }))
  },
  'everything passed on from one wire to another': (siege) => {
    const { auth } = exchange(siege.on(siege.alice), siege.on(siege.bob))
    return auth?.verdict === 'proven'
  },
  'a member with its own key and the id of another': (siege) => {
    const { alice, bob, mallory, on } = siege
    const peerId = alice.peerId as PeerId
    const { publicKey, sign } = mallory
    const mask = { ...alice, peerId, publicKey, sign, isKeyOf: () => true }
    const from = on(mask)
    const { hello, auth } = exchange(from, { ...from, credentials: bob })
    return hello?.verdict === 'proven' || auth?.verdict === 'proven'
  },
  'a member with the id and key of another, and its own signature': (siege) => {
    const { alice, bob, mallory, on } = siege
    const mask = { ...alice, sign: mallory.sign }
    const from = on(mask)
    return exchange(from, { ...from, credentials: bob }).auth?.verdict === 'proven'
  },
}

/** Tries so many attempts of each kind in turn, against who may have forgotten something. */
export function intrude(
  { count, seed }: { count: number; seed: number },
  victim: Victim = SOUND,
): Tally[] {
  const random = seededRandom(seed)
  const draw: Draw = (most) => Math.floor(random() * most)
  const siege = createSiege(victim, draw)
  const kinds = Object.entries(ATTEMPTS)
  return kinds.map(([kind, attempt], index) => {
    const tried = Math.floor(count / kinds.length) + (index < count % kinds.length ? 1 : 0)
    let accepted = 0
    for (let each = 0; each < tried; each++) if (attempt(siege, draw)) accepted++
    return { kind, tried, accepted }
  })
}

if (process.argv[1]?.endsWith('intruder.ts')) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const tallies = intrude({ count: Number(values.count), seed: Number(values.seed) })
  for (const { kind, tried, accepted } of tallies)
    console.log(`${tried} ${kind}: ${accepted} accepted`)
  const accepted = tallies.reduce((sum, each) => sum + each.accepted, 0)
  console.log(`${values.count} in all: ${accepted} accepted`)
  process.exitCode = accepted === 0 ? 0 : 1
}
