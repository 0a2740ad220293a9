/** The certificates of a network that has an authority of its own. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { HoldfastError } from '../machines/rules/errors.ts'

/** How long a file may be that holds certificates or a key, in characters. */
const PEM_CHARS_MAX = 1024 * 1024

/**
 * Who may belong to the network: whoever shows a certificate that this authority has signed. All
 * are PEM: the text itself, its bytes, or the path of a file, which is read once.
 */
export interface TlsCertificates {
  /** The authority's certificate, or several. Those of the system count for nothing. */
  readonly ca: string | Uint8Array
  /** This peer's certificate, with those between it and the authority, if there are any. */
  readonly cert: string | Uint8Array
  /** Its private key. */
  readonly key: string | Uint8Array
  /**
   * The name that every peer's certificate has, where peers are dialled by addresses that theirs do
   * not name. Default the host of the address that is dialled.
   */
  readonly servername?: string
}

/** The same as texts. */
export type CertificateTexts = Readonly<Record<'ca' | 'cert' | 'key', string>> &
  Pick<TlsCertificates, 'servername'>

/** Reads all files. Throws `OPTION_INVALID`, and never quotes what it read. */
export function readCertificates(given: TlsCertificates): CertificateTexts {
  const { servername } = given
  if (servername !== undefined && typeof servername !== 'string') throw invalid('servername')
  const [ca, cert, key] = (['ca', 'cert', 'key'] as const).map((name) => {
    const text = readable(() => textOf(given[name]), name)
    if (name !== 'key') readable(() => new X509Certificate(text), name)
    return text
  }) as [string, string, string]
  return { ca, cert, key, ...(servername && { servername }) }
}

/** What `make` returns, or `OPTION_INVALID` when it throws. */
export function readable<Value>(make: () => Value, name?: string): Value {
  try {
    return make()
  } catch (cause) {
    throw invalid(name, cause)
  }
}

function textOf(given: unknown): string {
  if (given instanceof Uint8Array) return Buffer.from(given).toString('utf8')
  if (typeof given !== 'string') throw new TypeError('It is missing.')
  const text = given.includes('-----BEGIN ') ? given : readFileSync(given, 'utf8')
  if (text.length > PEM_CHARS_MAX) throw new RangeError('It is too long.')
  return text
}

function invalid(name: string | undefined, cause?: unknown): HoldfastError {
  const part = name === undefined ? 'tls' : `tls.${name}`
  const reason = cause instanceof Error ? ` (${reasonOf(cause)})` : ''
  const message = `The option '${part}' is no PEM that fits${reason}.`
  return new HoldfastError('OPTION_INVALID', message, {
    option: 'tls',
    ...(name !== undefined && { path: `.${name}` }),
  })
}

/** OpenSSL's own words name no content. What was taken for a path may be a key. */
function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.syscall !== undefined) return error.code ?? 'it cannot be read'
  return error.message
}
