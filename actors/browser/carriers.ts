/** `../carriers.ts` for a browser, which has no sockets: the application brings its carriers. */

import { HoldfastError } from '../../machines/rules/errors.ts'
import type * as carriers from '../carriers.ts'

/** Throws `OPTION_INVALID` for certificates. */
export const carriersOf: typeof carriers.carriersOf = ({ tls }) => {
  if (tls === undefined) return []
  const message = 'A browser has no TLS of its own: give the option transports.'
  throw new HoldfastError('OPTION_INVALID', message, { option: 'tls' })
}
