/** The carriers that a dictionary has by itself: plain TCP, and TLS. */

import type { Transport } from '../transport/ports.ts'
import { tcpTransport } from '../transport/tcp.ts'
import { tlsTransport } from '../transport/tls.ts'
import type { TlsCertificates } from '../transport/tlsCertificates.ts'

export interface CarrierOptions {
  readonly network: string
  readonly secrets: readonly Uint8Array[]
  /** Certificates in place of the secret, for TLS. */
  readonly tls: TlsCertificates | undefined
  /** A queue too long for a line is one too long for its carrier, in bytes. */
  readonly queueBytesHigh: number
  /** Whether proofs cover the addresses of a plain connection. */
  readonly isBound: boolean
}

/** Throws `OPTION_INVALID` when the certificates cannot be used. */
export function carriersOf(options: CarrierOptions): Transport[] {
  const { network, secrets, tls, queueBytesHigh, isBound } = options
  return [
    tcpTransport({ queueBytesHigh, isBound }),
    tlsTransport({ network, secrets, queueBytesHigh, ...(tls && { certificates: tls }) }),
  ]
}
