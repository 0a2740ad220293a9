/** Handshakes in the hand: what both sides say passes here, and may be altered on the way. */

import { Handshake, type HandshakeRole } from '../../actors/handshake.ts'
import { MEASURES_TEXT } from '../../machines/rules/measure.ts'
import type { Auth, Hello, Message, Reply } from '../../machines/rules/message.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import type { ProofVerdict } from '../../machines/rules/proof.ts'
import { decode, encode } from '../../transport/codec.ts'
import { type CredentialsOptions, createCredentials } from '../../transport/credentials.ts'
import type { Credentials, Frame } from '../../transport/ports.ts'

export const bytesOf = (text: string) => new TextEncoder().encode(text)
export const SECRETS = [bytesOf('the winter is long and the door is blue')]
export const WIRE = bytesOf('plain:tcp://127.0.0.1:1 tcp://127.0.0.1:2')
export const EVIDENCE = { have: null, lastSelect: 0 }

export const credentialsOf = (options: Partial<CredentialsOptions> = {}): Credentials =>
  createCredentials({ network: 'lab', secrets: SECRETS, ...options })

export interface Side {
  readonly credentials: Credentials
  readonly network?: string
  readonly binding?: Uint8Array
}

export function sideOf(role: HandshakeRole, side: Side): Handshake {
  const { credentials, network = 'lab', binding = WIRE } = side
  return new Handshake({ credentials, network, role, binding: () => binding })
}

/** What a peer says of itself beside its proofs. */
export function wordsOf({ credentials, network = 'lab' }: Side) {
  return {
    network,
    leasing: true,
    safety: '',
    rules: 'channel',
    measures: MEASURES_TEXT,
    peerId: credentials.peerId as PeerId,
    run: 'run-1' as RunId,
    capabilities: [],
    addresses: ['tcp://127.0.0.1:1'],
  }
}

/** Changes a frame that is on its way; undefined loses it. */
export type Tamper = (frame: Frame) => Frame | undefined

export interface Tampering {
  readonly hello?: Tamper
  readonly reply?: Tamper
  readonly auth?: Tamper
}

/** How far a handshake came, with the verdicts of both sides and the frames as they were sent. */
export interface Exchange {
  readonly hello?: ProofVerdict
  readonly reply?: ProofVerdict
  readonly auth?: ProofVerdict
  readonly frames: readonly Frame[]
}

/** One handshake. It stops at the first verdict that refuses. */
export function exchange(from: Side, to: Side, tampering: Tampering = {}): Exchange {
  const dialler = sideOf('dialler', from)
  const acceptor = sideOf('acceptor', to)
  const frames: Frame[] = []
  const carry = (said: Message, by: Tamper = (frame) => frame) => {
    frames.push(encode(said))
    return by(frames.at(-1) as Frame)
  }
  const said = dialler.hello({ ...wordsOf(from), versions: [1], expects: null })
  const hello = take(acceptor, carry(said, tampering.hello))
  if (hello?.verdict !== 'proven') return { ...(hello && { hello }), frames }
  const answer = acceptor.reply({ ...wordsOf(to), version: 1, evidence: EVIDENCE })
  const reply = take(dialler, carry(answer, tampering.reply))
  if (reply?.verdict !== 'proven') return { hello, ...(reply && { reply }), frames }
  const last = dialler.auth({ evidence: EVIDENCE })
  const auth = take(acceptor, carry(last, tampering.auth))
  return { hello, reply, ...(auth && { auth }), frames }
}

/** What a side makes of a frame; undefined if there is no message in it. */
export function take(side: Handshake, frame: Frame | undefined): ProofVerdict | undefined {
  const message = frame && decode(frame)
  if (message === undefined || frame === undefined) return undefined
  return side.hear(message as Hello | Reply | Auth, frame)
}

/** Each bit of a frame's body changed, one at a time. */
export function* flips(frame: Frame): Generator<Frame> {
  for (let bit = 32; bit < frame.length * 8; bit++) {
    const altered = Uint8Array.from(frame)
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
    yield altered
  }
}

/** The same message with other words in it. */
export function reworded(frame: Frame, words: object): Frame {
  return encode({ ...(decode(frame) as Message), ...words } as Message)
}
