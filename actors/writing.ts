/** How a write is to be made: what an application may say, checked. */

import { EPHEMERAL, RENEWING } from '../machines/rules/batch.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import { requireLeaseMs, requireLeases, type Settings } from './settings.ts'

/** How a write is to be made. */
export interface WriteOptions {
  /**
   * How long the key stays this peer's. Milliseconds, 20 to ten years; default the lease's or
   * dictionary's.
   */
  readonly leaseMs?: number
  /** The token of a lease: the write is refused with `LEASE_LOST` unless it is still in force. */
  readonly token?: number
  /**
   * The value is gone everywhere as soon as its lease is: released, lapsed, or its owner left.
   * Default false; a later write without it makes the value one that stays.
   */
  readonly ephemeral?: boolean
  /** The lease is renewed for as long as the dictionary is open and the key is not released. */
  readonly renew?: boolean
}

/** A write about which nothing was said. */
export const PLAIN = { leaseMs: undefined, token: undefined, kind: 0 } as const

/** Throws `OPTION_INVALID`, or `LEASES_OFF` if it needs leases and there are none. */
export function checkedWrite(
  settings: Pick<Settings, 'leasing'>,
  { leaseMs, token, ephemeral, renew }: WriteOptions,
) {
  requireLeaseMs(leaseMs)
  for (const [option, value] of Object.entries({ ephemeral, renew })) {
    if (value === undefined || typeof value === 'boolean') continue
    throw new HoldfastError('OPTION_INVALID', `'${option}' is neither true nor false.`, { option })
  }
  if (ephemeral || renew) requireLeases(settings)
  const kind = (ephemeral ? EPHEMERAL : 0) | (renew ? RENEWING : 0)
  return { leaseMs, token, kind }
}
