/** By what way peers of a measurement talk: what carries the bytes, and what proves the entries. */

import {
  type TlsCertificates,
  type Transport,
  tcpTransport,
  tlsTransport,
} from 'holdfast/transport'

export interface Way {
  readonly carrier: 'tcp' | 'tls by secret' | 'tls by certificates'
  /** Whether owners sign what they write. Default as the package has it. */
  readonly integrity?: 'signed' | 'channel'
  /** With `tls by certificates`. */
  readonly certificates?: TlsCertificates
}

/** How the other measurements talk. */
export const PLAIN: Way = { carrier: 'tcp' }

const SECRET = new Uint8Array(32).fill(7)

export function transportOf({ carrier, certificates }: Way): Transport {
  if (carrier === 'tcp') return tcpTransport()
  if (certificates !== undefined) return tlsTransport({ certificates })
  return tlsTransport({ network: 'holdfast', secrets: [SECRET] })
}
