/** The messages that steer one connection, as they travel. See `codec.ts`. */

import { ADDRESS_CHARS_MAX } from '../machines/rules/dialling.ts'
import {
  NETWORK_CHARS_MAX,
  OWN_ADDRESSES_MAX,
  PROOF_BYTES_MAX,
  SAFETY_CHARS_MAX,
} from '../machines/rules/hello.ts'
import type {
  Auth,
  ControlMessage,
  FarewellReason,
  Hello,
  Introduction,
  PairEvidence,
  RefusalReason,
  Reply,
} from '../machines/rules/message.ts'
import { type ConnectionId, isId, type PeerId, type RunId } from '../machines/rules/peer.ts'

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

const REFUSALS: ReadonlySet<unknown> = new Set<RefusalReason>([
  'network',
  'version',
  'leasing',
  'safety',
  'rules',
  'self',
  'id-clash',
  'id-mismatch',
  'busy',
  'closing',
  'malformed',
])

const FAREWELLS: ReadonlySet<unknown> = new Set<FarewellReason>([
  'leaving',
  'duplicate',
  'superseded',
  'disconnected',
  'slow',
])

/** The most versions or capabilities in one hello. */
const LIST_MAX = 32

export function flattenControl(message: ControlMessage): unknown[] {
  const kind = KINDS.indexOf(message.kind)
  switch (message.kind) {
    case 'hello': {
      const { versions, connection, expects, tag } = message
      return [kind, flattenIntroduction(message), versions, connection, expects, tag]
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
      return REFUSALS.has(first) ? { kind, reason: first as RefusalReason } : undefined
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
  const [, introduction, versions, connection, expects, tag] = flat
  const self = readIntroduction(introduction)
  if (self === undefined || !isListOf(versions, isCount) || !isId(connection)) return undefined
  if ((expects !== null && !isId(expects)) || !isProof(tag)) return undefined
  return {
    kind: 'hello',
    ...self,
    versions,
    connection: connection as ConnectionId,
    expects: expects as PeerId | null,
    tag,
  }
}

function readReply(flat: unknown[]): Reply | undefined {
  const [, introduction, version, have, lastSelect, proof, signature] = flat
  const self = readIntroduction(introduction)
  const evidence = readEvidence(have, lastSelect)
  if (self === undefined || evidence === undefined || !isCount(version)) return undefined
  if (!isProof(proof) || !isProof(signature)) return undefined
  return { kind: 'reply', ...self, version, evidence, proof, signature }
}

function readAuth(flat: unknown[]): Auth | undefined {
  const [, have, lastSelect, proof, signature] = flat
  const evidence = readEvidence(have, lastSelect)
  if (evidence === undefined || !isProof(proof) || !isProof(signature)) return undefined
  return { kind: 'auth', evidence, proof, signature }
}

function flattenIntroduction(self: Introduction): unknown[] {
  const { network, leasing, safety, rules, peerId, run, capabilities, addresses } = self
  const { nonce, publicKey } = self
  const ours = [network, leasing, peerId, run, capabilities, addresses, nonce, publicKey]
  return [...ours, safety, rules]
}

function readIntroduction(flat: unknown): Introduction | undefined {
  if (!Array.isArray(flat) || flat.length !== 10) return undefined
  const [network, leasing, peerId, run, capabilities, addresses, nonce, publicKey] = flat
  const [safety, rules] = flat.slice(8)
  if (typeof network !== 'string' || network.length > NETWORK_CHARS_MAX) return undefined
  if (typeof leasing !== 'boolean' || !isId(peerId) || !isId(run)) return undefined
  if (!isListOf(capabilities, isId) || !areAddresses(addresses)) return undefined
  if (!isProof(nonce) || !isProof(publicKey)) return undefined
  if (typeof safety !== 'string' || safety.length > SAFETY_CHARS_MAX) return undefined
  if (typeof rules !== 'string' || rules.length > SAFETY_CHARS_MAX) return undefined
  const ids = { peerId: peerId as PeerId, run: run as RunId }
  return { network, leasing, safety, rules, ...ids, capabilities, addresses, nonce, publicKey }
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

function isProof(bytes: unknown): bytes is Uint8Array {
  return bytes instanceof Uint8Array && bytes.length <= PROOF_BYTES_MAX
}

function isListOf<Item>(list: unknown, isItem: (item: unknown) => item is Item): list is Item[] {
  return Array.isArray(list) && list.length <= LIST_MAX && list.every(isItem)
}
