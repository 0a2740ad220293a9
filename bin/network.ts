/** Where a command finds others, and how it waits until it has found them. */

import { readFileSync, statSync } from 'node:fs'
import {
  type Dictionary,
  type ErrorCode,
  HoldfastError,
  type OpenOptions,
  openDictionary,
} from 'holdfast'
import { deadlineIn, remainingMs } from './deadline.ts'
import { showDuration } from './duration.ts'
import { EXIT, Failure } from './exit.ts'
import type { Settings } from './settings.ts'
import { Witness } from './witness.ts'

const LOOK_MS = 20
/** Permissions of anybody but the owner of a file. */
const OTHERS = 0o077

/** Where a command finds others, and who it is there. */
export interface Place {
  readonly network: string
  readonly listen: readonly string[]
  readonly join: readonly string[]
  readonly advertise: readonly string[]
  readonly peerId?: string
  readonly identity?: string
  readonly secret?: string
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
}

/** The place that is set, without a guess. */
export function placeOf(settings: Settings): Place {
  const { network, listen = [], join = [], advertise = [], peerId, secretFile } = settings
  return {
    network: network?.[0] ?? 'holdfast',
    listen,
    join,
    advertise,
    ...(peerId?.[0] !== undefined && { peerId: peerId[0] }),
    ...(settings.identity?.[0] !== undefined && { identity: settings.identity[0] }),
    ...(secretFile?.[0] !== undefined && { secret: readSecret(secretFile[0]) }),
    ...(settings.allow !== undefined && { allow: settings.allow }),
    ...(settings.deny !== undefined && { deny: settings.deny }),
  }
}

/** What the file holds, without the end of its line. Nobody else may be able to read it. */
function readSecret(path: string): string {
  try {
    const isOpen = process.platform !== 'win32' && (statSync(path).mode & OTHERS) !== 0
    if (isOpen) throw new Failure(EXIT.usage, `Others can read ${path}. Run: chmod 600 ${path}`)
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(EXIT.noInput, `${path} cannot be read: ${(error as Error).message}`)
  }
}

/** The place of a command that may not start where nobody could be found. */
export function requirePlace(place: Place): Place {
  if (place.listen.length + place.join.length > 0) return place
  throw new Failure(
    EXIT.usage,
    [
      'Nobody could be found: neither --listen nor --join is given, and the key would seem free',
      'to everybody who starts this way. Add, on each of two machines, where it is and the other:',
      '  --listen tls://0.0.0.0:7001 --join tls://second.example:7001   # on the first',
      '  --listen tls://0.0.0.0:7001 --join tls://first.example:7001    # on the second',
      'with the same HOLDFAST_SECRET, as `holdfast secret` prints one; or set',
      'HOLDFAST_LISTEN and HOLDFAST_JOIN.',
    ].join('\n'),
  )
}

/** Enters the network. Throws a `Failure`. */
export async function enter(place: Place & Pick<OpenOptions, 'maxOutgoing'>): Promise<Dictionary> {
  try {
    return await openDictionary({ ...place })
  } catch (error) {
    throw failureOf(error)
  }
}

/** What holdfast refuses, with the exit status for it. Anything else is a defect, and stays one. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof HoldfastError)) return error
  const { code, message, key, owner, remainingMs = 0 } = error
  if (code === 'LEASE_HELD') {
    const rest = `for ${showDuration(remainingMs)} if it is silent`
    const advice = 'Try again later, or wait with --wait TIME.'
    return new Failure(EXIT.busy, `'${key}' is held by ${owner}, ${rest}. ${advice}`)
  }
  return new Failure(STATUS[code] ?? EXIT.unavailable, message)
}

const STATUS: { readonly [Code in ErrorCode]?: number } = {
  ADDRESS_EXPOSED: EXIT.usage,
  ADDRESS_INVALID: EXIT.usage,
  KEY_INVALID: EXIT.usage,
  KEY_MISSING: EXIT.missing,
  LEASE_LOST: EXIT.busy,
  NO_MAJORITY: EXIT.busy,
  OPTION_INVALID: EXIT.usage,
  OPTION_UNKNOWN: EXIT.usage,
  VALUE_INVALID: EXIT.data,
  VALUE_TOO_LARGE: EXIT.data,
}

export interface Meeting {
  readonly join: readonly string[]
  /** How long to look for others, in milliseconds. */
  readonly settleMs: number
  /** How long to wait for an address that neither answers nor refuses, in milliseconds. */
  readonly silentMs: number
  readonly signal: AbortSignal
}

/**
 * Waits until as many peers as there are addresses to join are connected (without such addresses:
 * one), and each has said whether it is a witness; or until the time for it is over.
 *
 * Where nobody listens, the dial is refused, and the time to look for others is enough. An address
 * that is silent may belong to somebody who is stopped and holds the key, so it is waited for until
 * such a lease would have lapsed.
 */
export async function meet(dictionary: Dictionary, meeting: Meeting): Promise<Witness> {
  const { join, settleMs, silentMs, signal } = meeting
  const witness = new Witness(dictionary)
  const absent = new Set<string>()
  const closed = dictionary.on('connection.closed', ({ address, cause, reason }) => {
    // Nobody listens there, or somebody who belongs to another network. Who went without a word
    // may have been about to answer.
    const isRefused = cause === 'refused' && reason !== 'unanswered'
    if (join.includes(address) && (isRefused || reason === 'refused')) absent.add(address)
  })
  const settled = deadlineIn(settleMs)
  const silent = deadlineIn(Math.max(settleMs, silentMs))
  while (!signal.aborted && remainingMs(silent) > 0) {
    const met = dictionary.peers.length
    if (met >= Math.max(1, join.length) && witness.knowsAll) break
    if (remainingMs(settled) <= 0 && met + absent.size >= join.length) break
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  closed.unsubscribe()
  return witness
}
