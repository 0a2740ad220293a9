/** The messages that steer one connection, as they travel. See `codec.ts`. */

import { ADDRESS_CHARS_MAX } from '../machines/rules/addressBook.ts'
import { NETWORK_CHARS_MAX, OWN_ADDRESSES_MAX, SAFETY_CHARS_MAX } from '../machines/rules/hello.ts'
import { MEASURES_CHARS_MAX } from '../machines/rules/measure.ts'
import type {
  Auth,
  ControlMessage,
  FarewellReason,
  Hello,
  Introduction,
  PairEvidence,
  Reply,
} from '../machines/rules/message.ts'
import { type ConnectionId, isId, type PeerId, type RunId } from '../machines/rules/peer.ts'
import {
  isBytesOf,
  MAC_BYTES,
  NONCE_BYTES,
  PUBLIC_KEY_BYTES,
  REFUSAL_BYTES,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from '../machines/rules/proof.ts'

const KINDS = [
  'hello',
  'reply',
  'auth',
  'refuse',
  'select',
  'acknowledge',
  'confirm',
  'resume',
  'end',
  'ping',
  'pong',
  'farewell',
] as const satisfies readonly ControlMessage['kind'][]

const FAREWELLS: ReadonlySet<unknown> = new Set<FarewellReason>([
  'leaving',
  'duplicate',
  'superseded',
  'disconnected',
  'slow',
  'surplus',
])

/** The most versions or capabilities in one hello. */
const LIST_MAX = 32

export function flattenControl(message: ControlMessage): unknown[] {
  const kind = KINDS.indexOf(message.kind)
  switch (message.kind) {
    case 'hello': {
      const { versions, expects, tag } = message
      return [kind, flattenIntroduction(message), versions, expects, tag]
    }
    case 'reply': {
      const { version, evidence, proof, signature } = message
      const { have, lastSelect } = evidence
      return [kind, flattenIntroduction(message), version, have, lastSelect, proof, signature]
    }
    case 'auth': {
      const { have, lastSelect } = message.evidence
      return [kind, have, lastSelect, message.proof, message.signature]
    }
    case 'refuse':
      return [kind, message.proof]
    case 'farewell':
      return [kind, message.reason]
    case 'select':
    case 'acknowledge':
    case 'confirm':
      return [kind, message.number]
    case 'ping':
    case 'pong':
      return [kind, message.sentMs]
    default:
      return [kind]
  }
}

/** The message, or undefined if that is none. */
export function unflattenControl(flat: unknown[]): ControlMessage | undefined {
  const kind = KINDS[flat[0] as number]
  const [, first] = flat
  switch (kind) {
    case 'hello':
      return readHello(flat)
    case 'reply':
      return readReply(flat)
    case 'auth':
      return readAuth(flat)
    case 'refuse':
      return isBytesOf(first, REFUSAL_BYTES) ? { kind, proof: first } : undefined
    case 'farewell':
      return FAREWELLS.has(first) ? { kind, reason: first as FarewellReason } : undefined
    case 'select':
    case 'acknowledge':
    case 'confirm':
      return isCount(first) ? { kind, number: first } : undefined
    case 'ping':
    case 'pong':
      return Number.isFinite(first) ? { kind, sentMs: first as number } : undefined
    case 'resume':
    case 'end':
      return { kind }
    default:
      return undefined
  }
}

function readHello(flat: unknown[]): Hello | undefined {
  const [, introduction, versions, expects, tag] = flat
  const self = readIntroduction(introduction)
  if (self === undefined || !isListOf(versions, isCount)) return undefined
  if ((expects !== null && !isId(expects)) || !isBytesOf(tag, TAG_BYTES)) return undefined
  return { kind: 'hello', ...self, versions, expects: expects as PeerId | null, tag }
}

function readReply(flat: unknown[]): Reply | undefined {
  const [, introduction, version, have, lastSelect, proof, signature] = flat
  const self = readIntroduction(introduction)
  const evidence = readEvidence(have, lastSelect)
  if (self === undefined || evidence === undefined || !isCount(version)) return undefined
  if (!isBytesOf(proof, MAC_BYTES) || !isBytesOf(signature, SIGNATURE_BYTES)) return undefined
  return { kind: 'reply', ...self, version, evidence, proof, signature }
}

function readAuth(flat: unknown[]): Auth | undefined {
  const [, have, lastSelect, proof, signature] = flat
  const evidence = readEvidence(have, lastSelect)
  if (evidence === undefined) return undefined
  if (!isBytesOf(proof, MAC_BYTES) || !isBytesOf(signature, SIGNATURE_BYTES)) return undefined
  return { kind: 'auth', evidence, proof, signature }
}

function flattenIntroduction(self: Introduction): unknown[] {
  const { network, leasing, safety, rules, measures } = self
  const { peerId, run, capabilities, addresses } = self
  const { nonce, publicKey } = self
  const ours = [network, leasing, peerId, run, capabilities, addresses, nonce, publicKey]
  return [...ours, safety, rules, measures]
}

function readIntroduction(flat: unknown): Introduction | undefined {
  if (!Array.isArray(flat) || flat.length !== 11) return undefined
  const [network, leasing, peerId, run, capabilities, addresses, nonce, publicKey] = flat
  const [safety, rules, measures] = flat.slice(8)
  if (typeof network !== 'string' || network.length > NETWORK_CHARS_MAX) return undefined
  if (typeof leasing !== 'boolean' || !isId(peerId) || !isId(run)) return undefined
  if (!isListOf(capabilities, isId) || !areAddresses(addresses)) return undefined
  if (!isBytesOf(nonce, NONCE_BYTES) || !isBytesOf(publicKey, PUBLIC_KEY_BYTES)) return undefined
  if (typeof safety !== 'string' || safety.length > SAFETY_CHARS_MAX) return undefined
  if (typeof rules !== 'string' || rules.length > SAFETY_CHARS_MAX) return undefined
  if (typeof measures !== 'string' || measures.length > MEASURES_CHARS_MAX) return undefined
  const ids = { peerId: peerId as PeerId, run: run as RunId }
  const words = { network, leasing, safety, rules, measures }
  return { ...words, ...ids, capabilities, addresses, nonce, publicKey }
}

function readEvidence(have: unknown, lastSelect: unknown): PairEvidence | undefined {
  if ((have !== null && !isId(have)) || !isCount(lastSelect)) return undefined
  return { have: have as ConnectionId | null, lastSelect }
}

/** True for a list of addresses as it may come from anybody. */
export function areAddresses(list: unknown): list is string[] {
  if (!Array.isArray(list) || list.length > OWN_ADDRESSES_MAX) return false
  return list.every((address) => typeof address === 'string' && address.length <= ADDRESS_CHARS_MAX)
}

/** True for a whole number from zero to the greatest safe one. */
export function isCount(number: unknown): number is number {
  return Number.isSafeInteger(number) && (number as number) >= 0
}

/** True for so many hexadecimal digits. */
export function isDigest(text: unknown, length: number): text is string {
  return typeof text === 'string' && text.length === length && /^[0-9a-f]+$/.test(text)
}

function isListOf<Item>(list: unknown, isItem: (item: unknown) => item is Item): list is Item[] {
  return Array.isArray(list) && list.length <= LIST_MAX && list.every(isItem)
}
