/**
 * The ports through which everything above reaches the world: bytes, time and chance.
 *
 * A carrier (TCP, the simulated network, one of yours) implements `Transport`. Nothing here knows
 * an actor, a machine or a message: a frame is bytes, and what they mean is somebody else's
 * business.
 */

/**
 * One frame: four bytes of length (big-endian, not counting themselves), then the body. A frame
 * keeps its header wherever it goes, so that a relay can pass on the very bytes it received.
 */
export type Frame = Uint8Array

/** Why a wire ended. `code` is stable and for programs, `detail` is for people. */
export interface WireEnd {
  readonly code:
    | 'ended' // the other side closed in good order
    | 'closed' // this side closed
    | 'refused' // nobody listens there
    | 'reset' // the connection broke
    | 'timeout' // the dial took too long
    | 'bad-preamble' // the first bytes are not ours
    | 'bad-frame' // a frame was too long, empty or cut off
    | 'unsupported' // no carrier for this address
    | 'tls-missing' // the other side does not speak TLS
    | 'tls-version' // the other side does not speak TLS 1.3
    | 'tls-protocol' // the other side speaks TLS about something else
    | 'tls-secret' // one side does not know the secret of the other
    | 'tls-failed' // TLS could not be agreed upon; `detail` says why
    | 'certificate-missing' // the other side has none
    | 'certificate-expired' // that of the other side, or it is not valid yet
    | 'certificate-untrusted' // no authority of ours has signed it for this
    | 'certificate-name' // it is another one's than the address says
    | 'certificate-refused' // the other side refuses ours
  readonly detail?: string
}

/** What a wire tells its owner. No call is made before `dial` or `accepted` has returned. */
export interface WireEvents {
  /** The wire carries frames now. Called once, for dialled and for accepted wires. */
  opened(): void
  /** All whole frames of one read, in order. The owner may keep them; they are never reused. */
  frames(frames: readonly Frame[]): void
  /** The send queue, which had grown past `queueBytesHigh`, is empty again. */
  drained(): void
  /** The wire is gone. Called exactly once, and last. */
  closed(end: WireEnd): void
}

/** One stream of frames between two processes: reliable and in order, until it ends. */
export interface Wire {
  /**
   * The other end, as a URL such as `tcp://127.0.0.1:4444`. For an accepted wire the port is the
   * dialler's.
   */
  readonly remoteAddress: string
  /** Its numeric address, where it has one and `remoteAddress` may be a name. */
  readonly remoteHost?: string | undefined
  /**
   * What both ends of this very stream know, and nobody who stands between two streams can make
   * equal: the exporter of its TLS session, say. The handshake's proofs cover it, so it is asked
   * for once the wire is open. Without it a proof holds for any wire.
   */
  readonly binding?: Uint8Array | undefined
  /** Bytes handed to `send` and not yet taken by the network. */
  readonly queuedBytes: number
  /** Queues a frame. Frames sent in one tick travel together. After the end it does nothing. */
  send(frame: Frame): void
  /**
   * Raises or lowers the longest body that is read, in bytes. A longer one ends the wire with
   * `bad-frame`.
   */
  limitFrames(bodyBytesMax: number): void
  /** Stops and restarts reading, so that a receiver can hold back a fast sender. */
  pauseReading(): void
  resumeReading(): void
  /**
   * Sends what is queued, then ends this direction. What the other side had under way is still
   * read, until it ends too or `lingerMs` (2,000) have passed.
   */
  close(): void
  /** Ends at once; queued bytes are lost. */
  destroy(): void
}

/** What a listener tells its owner. */
export interface ListenerEvents {
  /** Bound. `address` is the address with the port that the system chose. Called once. */
  listening(address: string): void
  /** Somebody dialled. Returns who hears of this wire, or undefined to turn it away at once. */
  accepted(wire: Wire): WireEvents | undefined
  /**
   * Could not bind, or can no longer accept. Called instead of or after `listening`; the listener
   * is gone.
   */
  failed(failure: ListenFailure): void
}

export interface ListenFailure {
  readonly code: 'address-in-use' | 'address-invalid' | 'not-permitted' | 'failed'
  readonly detail: string
}

export interface Listener {
  /**
   * Stops accepting. Wires that were accepted live on. `done` is called when the address is free.
   */
  close(done?: () => void): void
}

/** A carrier of frames, chosen by the scheme of an address. */
export interface Transport {
  /** `tcp` answers for `tcp://…`. */
  readonly scheme: string
  /**
   * What carries the bytes: `plain` text over a network, which may leave this machine only if the
   * application says so by name; or `encrypted`. Without it nothing leaves this machine.
   */
  readonly medium?: 'plain' | 'encrypted'
  /**
   * Another peer may have told of the address. So where a name stands for several numeric addresses
   * only those are dialled that `mayReach` allows; with none left the wire ends as `unsupported`.
   */
  dial(address: string, events: WireEvents, mayReach?: (host: string) => boolean): Wire
  listen(address: string, events: ListenerEvents): Listener
}

/** A handle that `setTimeout` returned. */
export type Timer = unknown

/**
 * Time, as data. XState takes the same object as its `clock`, so that machines and network step
 * together.
 */
export interface Clock {
  /** Milliseconds since some start, never backwards. May stand still while the machine sleeps. */
  now(): number
  /** Milliseconds since 1970, as the operating system believes. May jump either way. */
  wall(): number
  setTimeout(callback: () => void, delayMs: number): Timer
  clearTimeout(timer: Timer): void
  /** Runs the callback when the present call stack is done, before any timer or network event. */
  defer(callback: () => void): void
}

/** A number in [0, 1), as `Math.random`. */
export type Random = () => number

/** What a proof is for. Each has a key of its own, so that one never passes for another. */
export type ProofPurpose =
  | 'tag' // the first word of who dials: "I know the secret"
  | 'mac-dialler' // what the dialler says in the handshake
  | 'mac-acceptor' // what the other side says in it
  | 'refusal' // why somebody is not let in, readable by members only
  | 'connection' // the id that both ends give to the connection

/** What who knows one secret of one network can prove. The keys stay inside. */
export interface Membership {
  /** A MAC over the bytes. 32 bytes; 8 for `tag`, 16 for `refusal` and `connection`. */
  prove(purpose: ProofPurpose, bytes: Uint8Array): Uint8Array
}

/** What a signature is for. A signature for one purpose is none for another. */
export type SigningPurpose = 'auth-dialler' | 'auth-acceptor' | 'batch'

export interface Signed {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly purpose: SigningPurpose
  readonly bytes: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/**
 * With what one peer shows that it belongs to the network and is who it says. Everything is decided
 * at once, nothing throws on what others sent, and neither secrets nor private keys can be read out
 * of it, by JSON or otherwise.
 */
export interface Credentials {
  /** Derived from the public key, or a name whose key is derived from the network's secret. */
  readonly peerId: string
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** What the secrets of this network prove. The first is used, all are accepted. */
  readonly memberships: readonly Membership[]
  /** The same secrets in another network, to find out that only its name is wrong. */
  membershipsIn(network: string): readonly Membership[]
  /** Ed25519, 64 bytes. */
  sign(purpose: SigningPurpose, bytes: Uint8Array): Uint8Array
  verify(signed: Signed): boolean
  /** The id that belongs to a public key: 32 characters. */
  idOf(publicKey: Uint8Array): string
  /**
   * The public key of a peer with a name, as everybody who knows the secret can compute it;
   * undefined for an id that is derived from a key, which only its owner can show.
   */
  publicKeyOf(peerId: string): Uint8Array | undefined
  /** True if this key speaks for this id: derived from it, or that of the name. */
  isKeyOf(publicKey: Uint8Array, peerId: string): boolean
  /** SHA-256 of all parts, 32 bytes. */
  hash(parts: readonly Uint8Array[]): Uint8Array
  /** Compares in a time that does not depend on where two texts of bytes differ. */
  isEqual(one: Uint8Array, other: Uint8Array): boolean
  /** Bytes that nobody can foretell, or those of a scenario that has a seed. */
  randomBytes(count: number): Uint8Array
}
