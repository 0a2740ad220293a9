/** `../keyFile.ts` for a browser, which has no files and no environment: secrets are given. */

import { HoldfastError } from '../../machines/rules/errors.ts'
import type * as keyFile from '../keyFile.ts'

export const secretPath: typeof keyFile.secretPath = () => '~/.config/holdfast/secret'

export const namedSecret: typeof keyFile.namedSecret = () => undefined

/** Throws `SECRET_FILE_REFUSED`. */
export const keptKey: typeof keyFile.keptKey = (path) => {
  const message = `A browser cannot read ${path}. Give the option secret, and no identity.`
  throw new HoldfastError('SECRET_FILE_REFUSED', message, { path, reason: 'unreadable' })
}
