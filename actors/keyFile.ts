/**
 * Files that keep 256 random bits for one user of this machine: the secret that all dictionaries of
 * this user share, and the identity of a peer.
 *
 * Such a file is made with all it holds or not at all, also when two processes make it at once, and
 * is refused if anybody else could read or have written it.
 */

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { HoldfastError } from '../machines/rules/errors.ts'

/** How much such a file holds, in bytes. */
export const KEY_BYTES = 32
/** The longest file that is read, in bytes. */
const FILE_BYTES_MAX = 4 * 1024
/** Permissions of anybody but the owner. */
const OTHERS = 0o077

/** Where the secret of this user is kept. */
export function secretPath(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME, HOME } = environment
  const home = XDG_CONFIG_HOME || join(HOME || homedir(), '.config')
  return join(home, 'holdfast', 'secret')
}

/**
 * The bytes that are kept in the file, which is made if it is not there. Throws
 * `SECRET_FILE_REFUSED`.
 */
export function keptKey(path: string): Uint8Array {
  try {
    return read(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw refusal(path, error)
  }
  try {
    make(path)
    return read(path)
  } catch (error) {
    throw refusal(path, error)
  }
}

/** The secret that the environment names, if it does. */
export function namedSecret(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return environment.HOLDFAST_SECRET || undefined
}

/** 256 random bits as text, for a file or an option. */
export function freshSecret(): string {
  return randomBytes(KEY_BYTES).toString('base64url')
}

function read(path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const stats = fstatSync(file)
    requireOwn(path, stats)
    const text = stats.size > FILE_BYTES_MAX ? '' : readFileSync(file, 'utf8').trim()
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length === KEY_BYTES && bytes.toString('base64url') === text) return bytes
    throw new HoldfastError('SECRET_FILE_REFUSED', `${path} holds no key of 256 bits.`, {
      path,
      reason: 'content',
    })
  } finally {
    closeSync(file)
  }
}

/** Whoever is first wins; the others read what it wrote. */
function make(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  try {
    writeFileSync(draft, `${freshSecret()}\n`, { flag: 'wx', mode: 0o600, flush: true })
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Windows has no such owners and permissions; there the user's folder protects the file. */
function requireOwn(path: string, stats: Stats): void {
  const user = process.getuid?.()
  if (user === undefined) return
  if (stats.uid !== user) {
    const message = `${path} belongs to somebody else.`
    throw new HoldfastError('SECRET_FILE_REFUSED', message, { path, reason: 'owner' })
  }
  if ((stats.mode & OTHERS) === 0) return
  const message = `Others than its owner have access to ${path}.`
  throw new HoldfastError('SECRET_FILE_REFUSED', message, { path, reason: 'permissions' })
}

function refusal(path: string, cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause
  const message = `${path} can be neither read nor made: ${(cause as Error).message}.`
  return new HoldfastError('SECRET_FILE_REFUSED', message, { path, reason: 'unreadable', cause })
}
