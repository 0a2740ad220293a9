/** From a verdict of the rules to the error that the public face throws. */

import type { ListenerFailed } from '../machines/mesh.ts'
import { type ErrorCode, HoldfastError } from '../machines/rules/errors.ts'
import type { Key } from '../machines/rules/key.ts'
import type { ConnectionEnd } from '../machines/rules/line.ts'
import type { RefusalReason } from '../machines/rules/message.ts'
import type { Denial } from '../machines/rules/permission.ts'
import type { WriteRefusal } from '../machines/rules/write.ts'

export function refusalError(refused: WriteRefusal, key: Key): HoldfastError {
  const name = typeof key === 'string' ? `'${key}'` : 'That key'
  switch (refused.verdict) {
    case 'held': {
      const { owner, remainingMs } = refused
      const message = `${name} belongs to ${owner} for ${Math.ceil(remainingMs)} ms more.`
      return new HoldfastError('LEASE_HELD', message, { key, owner, remainingMs })
    }
    case 'minority': {
      const { owner } = refused
      const message = `${name} was ${owner}'s; this peer sees too few others to take it over.`
      return new HoldfastError('NO_MAJORITY', message, { key, owner })
    }
    case 'quorum':
    case 'unleased':
    case 'forbidden':
    case 'closed':
      return safetyError(refused.verdict, { key, name })
    case 'full': {
      const { limit } = refused
      return new HoldfastError('STORE_FULL', `There is no room for ${name}.`, { key, limit })
    }
    case 'denied':
      return deniedError(refused.reason, { key, name })
    case 'missing':
      return new HoldfastError(
        'KEY_MISSING',
        key === '' ? 'Nothing to pop.' : `${name} is missing.`,
        {
          key,
        },
      )
    case 'lost':
      return new HoldfastError('LEASE_LOST', `The lease of ${name} is lost.`, { key })
    case 'not-held':
      return new HoldfastError('LEASE_NOT_HELD', `${name} is not held by this peer.`, { key })
  }
}

/** What the rules of the network forbid. */
function deniedError(reason: Denial, { key, name }: { key: Key; name: string }): HoldfastError {
  if (reason === 'read-only') {
    return new HoldfastError('READ_ONLY', 'This peer may only read.', { key, reason })
  }
  const message = `This peer may not do that with ${name}.`
  return new HoldfastError('NOT_PERMITTED', message, { key, reason })
}

/** What happens in majority mode only. */
function safetyError(
  verdict: 'quorum' | 'unleased' | 'forbidden' | 'closed',
  { key, name }: { key: Key; name: string },
): HoldfastError {
  if (verdict === 'unleased') {
    return new HoldfastError('LEASE_REQUIRED', `This peer holds no lease of ${name}.`, { key })
  }
  if (verdict === 'closed') {
    return new HoldfastError('CLOSED', `The dictionary closed before ${name} was granted.`, { key })
  }
  if (verdict === 'forbidden') {
    return new HoldfastError('SAFETY_FORBIDS', `Voters cannot grant this for ${name}.`, { key })
  }
  const message = `No majority of the voters could be won for ${name}.`
  return new HoldfastError('NO_MAJORITY', message, { key })
}

const REFUSAL_CODES: Readonly<Record<RefusalReason, ErrorCode>> = {
  network: 'NETWORK_MISMATCH',
  secret: 'SECRET_MISMATCH',
  unanswered: 'SECRET_MISMATCH',
  'bad-mac': 'PROOF_INVALID',
  'bad-identity': 'PROOF_INVALID',
  'bad-signature': 'PROOF_INVALID',
  unproven: 'PROOF_INVALID',
  version: 'VERSION_MISMATCH',
  leasing: 'LEASING_MISMATCH',
  safety: 'SAFETY_MISMATCH',
  rules: 'RULES_MISMATCH',
  'measure-key': 'RULES_MISMATCH',
  'measure-value': 'RULES_MISMATCH',
  'measure-term': 'RULES_MISMATCH',
  'measure-frame': 'RULES_MISMATCH',
  denied: 'PEER_DENIED',
  self: 'SELF_CONNECTION',
  'id-clash': 'PEER_CLASH',
  'id-mismatch': 'PEER_MISMATCH',
  busy: 'PEER_BUSY',
  closing: 'PEER_BUSY',
  malformed: 'CONNECT_FAILED',
}

/** Why an address is not listened at, or no more. */
export function listenError({ address, code: reason, detail }: ListenerFailed): HoldfastError {
  const code = reason === 'address-in-use' ? 'ADDRESS_IN_USE' : 'LISTEN_FAILED'
  return new HoldfastError(code, `${address} could not be bound: ${detail}.`, { address, reason })
}

/** Why a call of `connect` did not succeed. */
export function connectError(end: ConnectionEnd, address: string): HoldfastError {
  const { reason } = end
  if (end.cause === 'refused') {
    const who = end.by === 'us' ? 'This peer' : 'The peer there'
    const message = `${who} refused the connection to ${address}: ${reason}.`
    return new HoldfastError(REFUSAL_CODES[end.reason], message, { address, reason })
  }
  if (end.cause === 'farewell' && end.by === 'us' && reason === 'leaving') {
    return new HoldfastError('CLOSED', 'The dictionary closed.', { address })
  }
  if (end.cause === 'wire' && reason === 'unsupported') {
    const message = `'${address}' is no address that can be dialled.`
    return new HoldfastError('ADDRESS_INVALID', message, { address, reason })
  }
  const detail = end.cause === 'wire' && end.detail ? ` (${end.detail})` : ''
  const message = `No connection to ${address}: ${reason}${detail}.`
  return new HoldfastError('CONNECT_FAILED', message, { address, reason })
}
