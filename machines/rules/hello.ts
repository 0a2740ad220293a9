/**
 * Who is let in.
 *
 * The dialler says `hello`. The other side judges it and answers `reply`, or `refuse`; the dialler
 * judges the reply in the same way and ends with `auth`, or refuses in its turn. Both ask the same
 * questions in the same order, so that two peers that cannot talk name the same reason, and the
 * reason that is hardest to mend comes first. A message that makes no sense is never looked into
 * further, and what a stranger says is judged by its proof alone, after the name of the network.
 * Whoever hears nothing at all gives up by its own clock.
 */

import { validAddress } from './addressBook.ts'
import { differingMeasure, MEASURES_CHARS_MAX } from './measure.ts'
import type { Auth, Hello, Introduction, PairEvidence, RefusalReason, Reply } from './message.ts'
import { isId, type PeerId, type RunId } from './peer.ts'
import {
  isBytesOf,
  MAC_BYTES,
  NONCE_BYTES,
  type ProofVerdict,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from './proof.ts'

/** How many protocol versions a hello may offer. */
export const VERSIONS_MAX = 16

/** How many capabilities a peer may have. */
export const CAPABILITIES_MAX = 32

/**
 * How many addresses of its own a peer may name. Eight long ones fit a first frame, more may not.
 */
export const OWN_ADDRESSES_MAX = 8

/** The longest name of a network, in characters. */
export const NETWORK_CHARS_MAX = 256

/** The longest fingerprint of a safety mode or of the rules, in characters. */
export const SAFETY_CHARS_MAX = 64

/** What this peer is at the moment of judging. */
export interface HelloSelf {
  readonly network: string
  readonly leasing: boolean
  readonly safety: string
  readonly rules: string
  readonly measures: string
  readonly peerId: PeerId
  readonly run: RunId
  /** Best first. */
  readonly versions: readonly number[]
  readonly capabilities: readonly string[]
  /** This peer is about to leave. */
  readonly closing: boolean
  /** No further connection is wanted, at all or from this peer (see `mayAuthenticate`). */
  readonly busy: boolean
}

export type HelloVerdict =
  | {
      readonly verdict: 'welcome'
      readonly version: number
      /** What both sides can do. */
      readonly capabilities: readonly string[]
    }
  | { readonly verdict: 'refused'; readonly reason: RefusalReason }

/**
 * Judges what a dialler says. The checks, in this order: malformed, network, the proof, version,
 * leasing, safety, rules, measures, self, id-clash, id-mismatch, busy, closing. The version is the
 * best one of ours that the dialler speaks too.
 *
 * @example judgeHello({ hello, proof }, self) // { verdict: 'refused', reason: 'network' }
 */
export function judgeHello(
  { hello, proof }: { hello: Hello; proof: ProofVerdict },
  self: HelloSelf,
): HelloVerdict {
  if (!isHello(hello)) return refused('malformed')
  const version = self.versions.find((each) => hello.versions.includes(each))
  const mismatch = hello.expects !== null && hello.expects !== self.peerId
  return judge(hello, self, { version, mismatch, proof })
}

/** Judges what the dialled side answers: the same checks. `expects` is who was dialled, or null. */
export function judgeReply(
  { reply, proof }: { reply: Reply; proof: ProofVerdict },
  self: HelloSelf,
  expects: PeerId | null,
): HelloVerdict {
  if (!isReply(reply)) return refused('malformed')
  const version = self.versions.find((each) => each === reply.version)
  const mismatch = expects !== null && expects !== reply.peerId
  return judge(reply, self, { version, mismatch, proof })
}

/** Judges the dialler's last word. */
export function judgeAuth({ auth, proof }: { auth: Auth; proof: ProofVerdict }): ProofVerdict {
  const isSound = isEvidence(auth.evidence) && isProof(auth)
  return isSound ? proof : refused('malformed')
}

function judge(
  other: Introduction,
  self: HelloSelf,
  found: { version: number | undefined; mismatch: boolean; proof: ProofVerdict },
): HelloVerdict {
  const { version, mismatch, proof } = found
  if (other.network !== self.network) return refused('network')
  if (proof.verdict === 'refused') return proof
  if (version === undefined) return refused('version')
  if (other.leasing !== self.leasing) return refused('leasing')
  if (other.safety !== self.safety) return refused('safety')
  if (other.rules !== self.rules) return refused('rules')
  const measure = differingMeasure(self.measures, other.measures)
  if (measure !== undefined) return refused(`measure-${measure}`)
  if (other.peerId === self.peerId) return refused(other.run === self.run ? 'self' : 'id-clash')
  if (mismatch) return refused('id-mismatch')
  if (self.busy) return refused('busy')
  if (self.closing) return refused('closing')
  const capabilities = self.capabilities.filter((each) => other.capabilities.includes(each))
  return { verdict: 'welcome', version, capabilities }
}

function refused(reason: RefusalReason): { verdict: 'refused'; reason: RefusalReason } {
  return { verdict: 'refused', reason }
}

function isHello(hello: Hello): boolean {
  if (!isIntroduction(hello) || !isListOf(hello.versions, VERSIONS_MAX, isVersion)) return false
  return (hello.expects === null || isId(hello.expects)) && isBytesOf(hello.tag, TAG_BYTES)
}

function isReply(reply: Reply): boolean {
  if (!isIntroduction(reply) || !isVersion(reply.version)) return false
  return isEvidence(reply.evidence) && isProof(reply)
}

function isIntroduction(other: Introduction): boolean {
  const { network, leasing, safety, rules, measures } = other
  const { peerId, run, capabilities, addresses } = other
  if (typeof network !== 'string' || network.length > NETWORK_CHARS_MAX) return false
  if (typeof leasing !== 'boolean' || !isId(peerId) || !isId(run)) return false
  if (typeof safety !== 'string' || safety.length > SAFETY_CHARS_MAX) return false
  if (typeof rules !== 'string' || rules.length > SAFETY_CHARS_MAX) return false
  if (typeof measures !== 'string' || measures.length > MEASURES_CHARS_MAX) return false
  if (!isListOf(capabilities, CAPABILITIES_MAX, isId)) return false
  if (!isListOf(addresses, OWN_ADDRESSES_MAX, validAddress)) return false
  return isBytesOf(other.nonce, NONCE_BYTES) && isBytesOf(other.publicKey, PUBLIC_KEY_BYTES)
}

function isEvidence(evidence: PairEvidence | undefined): boolean {
  if (typeof evidence !== 'object' || evidence === null) return false
  const { have, lastSelect } = evidence
  return (have === null || isId(have)) && Number.isSafeInteger(lastSelect) && lastSelect >= 0
}

function isListOf(list: unknown, most: number, is: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.length <= most && list.every(is)
}

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && (version as number) > 0
}

function isProof({ proof, signature }: Pick<Auth, 'proof' | 'signature'>): boolean {
  return isBytesOf(proof, MAC_BYTES) && isBytesOf(signature, SIGNATURE_BYTES)
}
