/**
 * Which addresses may be used, judged before anything is opened: a carrier must serve them, and
 * what leaves this machine must be encrypted and behind a strong secret.
 */

import { HoldfastError } from '../machines/rules/errors.ts'
import { type Lack, lacks } from '../machines/rules/exposure.ts'
import type { Transport } from '../transport/ports.ts'
import type { Settings } from './settings.ts'

type Sheltered = Pick<Settings, 'transports' | 'protection'>

/** The carrier of an address, if there is one. */
export function carrierOf(
  { transports }: Pick<Settings, 'transports'>,
  address: string,
): Transport | undefined {
  return transports.find(({ scheme }) => address.startsWith(`${scheme}://`))
}

/** Throws `ADDRESS_INVALID` for an address that no carrier serves. */
export function requireTransports(
  settings: Pick<Settings, 'transports' | 'listen' | 'join'>,
): void {
  for (const option of ['listen', 'join'] as const) {
    for (const address of settings[option]) {
      if (carrierOf(settings, address) !== undefined) continue
      const message = `No transport serves ${address}.`
      throw new HoldfastError('ADDRESS_INVALID', message, { option, address })
    }
  }
}

/** Throws `ADDRESS_EXPOSED` for an address that lacks what keeps strangers out. */
export function requireSheltered(settings: Sheltered & Pick<Settings, 'listen' | 'join'>): void {
  for (const address of settings.listen) {
    const missing = lackOf(settings, { address, purpose: 'listen' })
    if (missing.length > 0) throw exposed(address, { option: 'listen', missing })
  }
  for (const address of settings.join) {
    const missing = lackOf(settings, { address, purpose: 'dial' })
    if (missing.length > 0) throw exposed(address, { option: 'join', missing })
  }
}

/** The same for an address that is dialled later; undefined if it may be. */
export function whyNotDial(settings: Sheltered, address: string): HoldfastError | undefined {
  const missing = lackOf(settings, { address, purpose: 'dial' })
  return missing.length > 0 ? exposed(address, { option: 'connect', missing }) : undefined
}

function lackOf(
  settings: Sheltered,
  { address, purpose }: { address: string; purpose: 'listen' | 'dial' },
) {
  const medium = carrierOf(settings, address)?.medium
  return lacks({ address, purpose, medium }, settings.protection)
}

function exposed(
  address: string,
  { option, missing }: { option: string; missing: readonly Lack[] },
): HoldfastError {
  const encrypted = `'${address.replace(/^[^:]*/, 'tls')}'`
  const lines: Readonly<Record<Lack, string>> = {
    secret: "secret: '…', // 128 bits or more, as `npx holdfast secret` prints them",
    encryption: option === 'connect' ? `connect(${encrypted})` : `${option}: [${encrypted}],`,
  }
  const message = [
    `${address} leads out of this machine, where others can read along and try to join. Write`,
    ...missing.map((lack) => `  ${lines[lack]}`),
    'and the same secret at every peer.',
  ].join('\n')
  return new HoldfastError('ADDRESS_EXPOSED', message, { address, option })
}
