import type { TLSSocket } from 'node:tls'
import type { WireEnd } from './ports.ts'
import { wireEndOf } from './tcpError.ts'

/** How the two ends know each other. */
export type TlsMode = 'secret' | 'certificates'

type Code = WireEnd['code']

/** Errors that mean the same whatever the mode is. */
const ANY_MODE: Readonly<Record<string, Code>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls-missing',
  ERR_SSL_HTTP_REQUEST: 'tls-missing',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'tls-missing',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'tls-missing',
  ERR_SSL_BAD_RECORD_TYPE: 'tls-missing',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls-version',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'tls-version',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'tls-protocol',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'tls-protocol',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-name',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'certificate-missing',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'certificate-refused',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'certificate-refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'certificate-refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'certificate-refused',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'certificate-refused',
}

/** The other side is no member: with a secret these say nothing else. */
const SECRET_CODES: ReadonlySet<string> = new Set([
  'ERR_SSL_BINDER_DOES_NOT_VERIFY',
  'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM',
  'ERR_SSL_NO_SHARED_CIPHER',
  'ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER',
  'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
])

const SECRET_DETAIL = 'one side does not know the secret of the other'

/**
 * Why an error before TLS stood ends its wire. OpenSSL's text is kept, which names the step that
 * failed and never a key.
 */
export function tlsEndOf(error: NodeJS.ErrnoException, mode: TlsMode): WireEnd {
  const name = error.code ?? ''
  const plain = wireEndOf(error)
  const known = ANY_MODE[name]
  // A certificate is no answer to a secret, whoever signed it.
  const isByCertificate = known?.startsWith('certificate') || isVerdict(name)
  if (mode === 'secret' && (SECRET_CODES.has(name) || isByCertificate)) {
    return { code: 'tls-secret', detail: SECRET_DETAIL }
  }
  if (known !== undefined) return { code: known, detail: textOf(error) }
  if (isVerdict(name)) return { code: 'certificate-untrusted', detail: textOf(error) }
  if (name.startsWith('ERR_SSL') || name.startsWith('ERR_TLS')) {
    return { code: 'tls-failed', detail: textOf(error) }
  }
  return plain
}

/** Why a dialler's certificate is refused; undefined if it is right. */
export function certificateEnd(socket: TLSSocket): WireEnd | undefined {
  if (socket.authorized === true) return undefined
  if (socket.getPeerX509Certificate() === undefined) {
    return { code: 'certificate-missing', detail: 'the dialler showed none' }
  }
  // The verdict of OpenSSL by its name, whatever the declaration says.
  const verdict = String(socket.authorizationError)
  return { code: ANY_MODE[verdict] ?? 'certificate-untrusted', detail: verdict }
}

/** OpenSSL's verdicts over chains of certificates have names without a prefix. */
function isVerdict(name: string): boolean {
  return /CERT|SIGNED|SIGNATURE|PURPOSE|CRL|DEPTH|PATH_LENGTH/.test(name) && !name.startsWith('ERR')
}

/** `80BC…:error:0A0000FD:SSL routines:tls_psk_do_binder:binder does not verify:…` in few words. */
function textOf({ message, code = 'unknown' }: NodeJS.ErrnoException): string {
  const parts = message.trim().split(':')
  return parts[1] === 'error' ? `${parts[5] ?? code}` : message.trim()
}
