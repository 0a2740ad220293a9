/**
 * What both sides of one handshake prove. With the tag of its hello the dialler shows that it knows
 * the secret; without a right tag it hears nothing, whatever else is wrong. The other side proves
 * itself first, the dialler last, each over the transcript so far:
 *
 *     T   = SHA-256(hello, reply without its proofs, what the wire is bound to)
 *     mac = HMAC(key of the role, T), signature = Ed25519(key of the peer, role, T, mac)
 *
 * and the same with the whole reply and the auth. So versions, capabilities, modes and addresses
 * are proved too, nothing of one handshake fits another one, and nothing said by one side fits the
 * other. The MAC is looked at first, since a signature takes forty times as long.
 *
 * A refusal proves its reason in the same way. To all who do not know the secret every refusal
 * looks alike; to a member, whichever reason gives these very bytes is the one.
 */

import type {
  Auth,
  ControlMessage,
  Hello,
  RefusalReason,
  Refuse,
  Reply,
} from '../machines/rules/message.ts'
import type { ConnectionId } from '../machines/rules/peer.ts'
import {
  MAC_BYTES,
  NONCE_BYTES,
  type ProofVerdict,
  SIGNATURE_BYTES,
} from '../machines/rules/proof.ts'
import { encode } from '../transport/codec.ts'
import { hexOf, joined } from '../transport/credentials.ts'
import type { Credentials, Frame, Membership } from '../transport/ports.ts'

export type HandshakeRole = 'dialler' | 'acceptor'

export interface HandshakeOptions {
  readonly credentials: Credentials
  readonly network: string
  readonly role: HandshakeRole
  /** What the wire is bound to (see `Wire.binding`), asked for when it is open. */
  readonly binding: () => Uint8Array | undefined
}

const NOTHING = new Uint8Array(0)
const text = new TextEncoder()
const UNPROVED = { proof: new Uint8Array(MAC_BYTES), signature: new Uint8Array(SIGNATURE_BYTES) }
/** Both proofs stand at the end of their frame, each after two bytes that say its length. */
const PROOFS_BYTES = 2 + MAC_BYTES + 2 + SIGNATURE_BYTES

/** Every reason, so that one can be found by what proves it. */
const REASONS: readonly RefusalReason[] = Object.keys({
  network: true,
  secret: true,
  unanswered: true,
  'bad-mac': true,
  'bad-identity': true,
  'bad-signature': true,
  unproven: true,
  version: true,
  leasing: true,
  safety: true,
  rules: true,
  'measure-key': true,
  'measure-value': true,
  'measure-term': true,
  'measure-frame': true,
  denied: true,
  self: true,
  'id-clash': true,
  'id-mismatch': true,
  busy: true,
  closing: true,
  malformed: true,
} satisfies Record<RefusalReason, true>) as RefusalReason[]

type Words<Message extends Hello | Reply | Auth> = Omit<
  Message,
  'kind' | 'nonce' | 'publicKey' | 'tag' | 'proof' | 'signature'
>

type Proofs = Pick<Auth, 'proof' | 'signature'>
type Claim = Pick<Hello, 'publicKey' | 'peerId'>

/** One side of one handshake. What it says must be sent, and what comes be heard, in order. */
export class Handshake {
  readonly #options: HandshakeOptions
  readonly #credentials: Credentials
  /** The secret that both sides know, once that is certain. */
  #membership: Membership | undefined
  #hello: Frame | undefined
  #reply: Frame | undefined
  #nonces: readonly Uint8Array[] = []
  /** Who is at the other end, by its own word. */
  #other: Claim | undefined
  #isOver = false

  constructor(options: HandshakeOptions) {
    this.#options = options
    this.#credentials = options.credentials
  }

  /** The first word of the dialler. */
  hello(words: Words<Hello>): Hello {
    const { publicKey, memberships } = this.#credentials
    const nonce = this.#credentials.randomBytes(NONCE_BYTES)
    this.#membership = memberships[0] as Membership
    const tag = this.#membership.prove('tag', nonce)
    const hello = { kind: 'hello', ...words, nonce, publicKey, tag } as const
    this.#hello = encode(hello)
    this.#nonces = [nonce]
    return hello
  }

  /** The answer to a hello whose tag was right. */
  reply(words: Words<Reply>): Reply {
    const { publicKey } = this.#credentials
    const nonce = this.#credentials.randomBytes(NONCE_BYTES)
    this.#nonces = [...this.#nonces, nonce]
    const unproved = { kind: 'reply', ...words, nonce, publicKey, ...UNPROVED } as const
    const reply = { ...unproved, ...this.#prove(this.#transcript({ reply: encode(unproved) })) }
    this.#reply = encode(reply)
    return reply
  }

  /** The last word of the dialler. */
  auth(words: Words<Auth>): Auth {
    const unproved = { kind: 'auth', ...words, ...UNPROVED } as const
    const auth = { ...unproved, ...this.#prove(this.#transcript({ auth: encode(unproved) })) }
    this.#finish()
    return auth
  }

  /** A refusal; undefined for who has not shown that it knows the secret. */
  refuse(reason: RefusalReason): Refuse | undefined {
    if (this.#membership === undefined) return undefined
    return { kind: 'refuse', proof: this.#refusal(this.#options.role, reason) }
  }

  /** What the message proves, or the reason that it gives. Out of turn it proves nothing. */
  hear(message: ControlMessage, frame: Frame): ProofVerdict {
    const { role } = this.#options
    const isDialler = role === 'dialler'
    switch (message.kind) {
      case 'hello':
        if (isDialler || this.#hello !== undefined) break
        return this.#hearHello(message, frame)
      case 'reply':
        if (!isDialler || this.#hello === undefined || this.#reply !== undefined) break
        return this.#hearReply(message, frame)
      case 'auth':
        if (isDialler || this.#reply === undefined || this.#isOver) break
        return this.#hearAuth(message, frame)
      case 'refuse':
        return { verdict: 'refused', reason: this.#reasonOf(message) }
    }
    return { verdict: 'refused', reason: 'malformed' }
  }

  #hearHello(hello: Hello, frame: Frame): ProofVerdict {
    const { nonce, tag, network, publicKey, peerId } = hello
    this.#hello = frame
    this.#nonces = [nonce]
    this.#other = { publicKey, peerId }
    const credentials = this.#credentials
    const isOurs = network === this.#options.network
    // Who knows the secret and means another network is told so, in words of that network.
    const possible = isOurs ? credentials.memberships : credentials.membershipsIn(network)
    this.#membership = possible.find((each) => credentials.isEqual(each.prove('tag', nonce), tag))
    if (this.#membership === undefined) return { verdict: 'refused', reason: 'secret' }
    if (!isOurs) return { verdict: 'refused', reason: 'network' }
    const isOwner = credentials.isKeyOf(publicKey, peerId)
    if (!isOwner) return { verdict: 'refused', reason: 'bad-identity' }
    return { verdict: 'proven', connection: null }
  }

  #hearReply(reply: Reply, frame: Frame): ProofVerdict {
    const { nonce, publicKey, peerId } = reply
    this.#nonces = [...this.#nonces, nonce]
    this.#other = { publicKey, peerId }
    this.#reply = frame
    return this.#judge(reply, this.#transcript({ reply: frame }))
  }

  #hearAuth(auth: Auth, frame: Frame): ProofVerdict {
    const verdict = this.#judge(auth, this.#transcript({ auth: frame }))
    this.#finish()
    return verdict
  }

  #judge({ proof, signature }: Proofs, transcript: Uint8Array): ProofVerdict {
    const credentials = this.#credentials
    const role = this.#options.role === 'dialler' ? 'acceptor' : 'dialler'
    const mac = this.#member.prove(`mac-${role}`, transcript)
    if (!credentials.isEqual(mac, proof)) return { verdict: 'refused', reason: 'bad-mac' }
    const { publicKey, peerId } = this.#other as Claim
    const isOwner = credentials.isKeyOf(publicKey, peerId)
    if (!isOwner) return { verdict: 'refused', reason: 'bad-identity' }
    const bytes = joined(transcript, mac)
    const isSigned = credentials.verify({
      publicKey,
      purpose: `auth-${role}`,
      bytes,
      signature,
    })
    if (!isSigned) return { verdict: 'refused', reason: 'bad-signature' }
    return { verdict: 'proven', connection: this.#connection() }
  }

  #prove(transcript: Uint8Array): Proofs {
    const { role } = this.#options
    const proof = this.#member.prove(`mac-${role}`, transcript)
    const signature = this.#credentials.sign(`auth-${role}`, joined(transcript, proof))
    return { proof, signature }
  }

  /** All that was said before the proofs of the frame that is given, and of it all but these. */
  #transcript(last: { reply: Frame } | { auth: Frame }): Uint8Array {
    const bare = (frame: Frame) => frame.subarray(0, -PROOFS_BYTES)
    const said =
      'reply' in last
        ? part('reply', bare(last.reply))
        : joined(part('whole reply', this.#reply as Frame), part('auth', bare(last.auth)))
    return this.#hash(said)
  }

  /** The same at both ends, and never the same again. */
  #connection(): ConnectionId {
    const bytes = this.#hash(part('whole reply', this.#reply as Frame))
    const id = this.#member.prove('connection', bytes)
    return hexOf(id) as ConnectionId
  }

  #hash(said: Uint8Array): Uint8Array {
    const binding = this.#options.binding() ?? NOTHING
    const hello = part('hello', this.#hello as Frame)
    return this.#credentials.hash([hello, said, part('binding', binding)])
  }

  #reasonOf({ proof }: Refuse): RefusalReason {
    if (this.#membership === undefined) return 'unproven'
    const role = this.#options.role === 'dialler' ? 'acceptor' : 'dialler'
    const proves = (each: RefusalReason) =>
      this.#credentials.isEqual(this.#refusal(role, each), proof)
    return REASONS.find(proves) ?? 'unproven'
  }

  #refusal(role: HandshakeRole, reason: RefusalReason): Uint8Array {
    const nonces = this.#nonces.map((nonce) => part('nonce', nonce))
    const parts = [part(role, NOTHING), ...nonces, part('reason', text.encode(reason))]
    return this.#member.prove('refusal', this.#credentials.hash(parts))
  }

  get #member(): Membership {
    return this.#membership as Membership
  }

  #finish(): void {
    this.#isOver = true
    this.#hello = undefined
    this.#reply = undefined
  }
}

/** Says what the bytes are and where they end, so that no two transcripts look alike. */
function part(name: string, bytes: Uint8Array): Uint8Array {
  return joined(text.encode(`holdfast/1 ${name} ${bytes.length}\n`), bytes)
}
