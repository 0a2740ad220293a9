import type { ListenFailure, WireEnd } from './ports.ts'

/** The code of the error when a name leads where it may not. */
export const PLACE_REFUSED = 'EPLACE'

const WIRE_CODES: Readonly<Record<string, WireEnd['code']>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ENETUNREACH: 'refused',
  EADDRNOTAVAIL: 'refused',
  ENOTFOUND: 'refused',
  EAI_AGAIN: 'refused',
  [PLACE_REFUSED]: 'unsupported',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
}

const LISTEN_CODES: Readonly<Record<string, ListenFailure['code']>> = {
  EADDRINUSE: 'address-in-use',
  EADDRNOTAVAIL: 'address-invalid',
  EAFNOSUPPORT: 'address-invalid',
  EINVAL: 'address-invalid',
  ENOTFOUND: 'address-invalid',
  EAI_AGAIN: 'address-invalid',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
}

/** Why a socket's error ends its wire. An error without a better name is a broken connection. */
export function wireEndOf(error: NodeJS.ErrnoException): WireEnd {
  return { code: WIRE_CODES[error.code ?? ''] ?? 'reset', detail: textOf(error) }
}

/** Why a server's error ends its listener. */
export function listenFailureOf(error: NodeJS.ErrnoException): ListenFailure {
  return { code: LISTEN_CODES[error.code ?? ''] ?? 'failed', detail: textOf(error) }
}

/** A host with several addresses fails with an error that has a code and no message. */
function textOf(error: NodeJS.ErrnoException): string {
  return error.message || error.code || error.name
}
