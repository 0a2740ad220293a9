/** Where a command finds others, and how it waits until it has found them. */

import { type Dictionary, HoldfastError, openDictionary } from 'holdfast'
import { deadlineIn, remainingMs } from './deadline.ts'
import { EXIT, Failure } from './exit.ts'
import { Witness } from './witness.ts'

const LOOK_MS = 20

/** The options of every command that enters a network, for `parseArgs`. */
export const NETWORK_OPTIONS = {
  network: { type: 'string' },
  listen: { type: 'string', multiple: true },
  join: { type: 'string', multiple: true },
  advertise: { type: 'string', multiple: true },
} as const

export const NETWORK_HELP = `  --network NAME   peers of another one are refused
                   (HOLDFAST_NETWORK; holdfast)
  --listen ADDRESS where this one is to be dialled, as tcp://127.0.0.1:7001
                   (HOLDFAST_LISTEN, separated by commas); may be repeated
  --join ADDRESS   where another one listens (HOLDFAST_JOIN, separated by commas);
                   may be repeated
  --advertise ADDRESS  where others can dial this one, if that is another address
                   than that of --listen (HOLDFAST_ADVERTISE); may be repeated`

export interface Place {
  readonly network: string
  readonly listen: readonly string[]
  readonly join: readonly string[]
  readonly advertise: readonly string[]
}

interface Given {
  readonly network?: string | undefined
  readonly listen?: string[] | undefined
  readonly join?: string[] | undefined
  readonly advertise?: string[] | undefined
}

/** The place that options and environment name. An option replaces the variable of its name. */
export function readPlace(given: Given, environment: NodeJS.ProcessEnv): Place {
  const list = (text = '') => text.split(',').flatMap((each) => each.trim() || [])
  const place = {
    network: given.network ?? (environment.HOLDFAST_NETWORK || 'holdfast'),
    listen: given.listen ?? list(environment.HOLDFAST_LISTEN),
    join: given.join ?? list(environment.HOLDFAST_JOIN),
    advertise: given.advertise ?? list(environment.HOLDFAST_ADVERTISE),
  }
  if (place.listen.length + place.join.length > 0) return place
  throw new Failure(
    EXIT.usage,
    [
      'Nobody could be found: neither --listen nor --join is given, and the key would seem free',
      'to everybody who starts this way. Add, on each of two machines, where it is and the other:',
      '  --listen tcp://0.0.0.0:7001 --join tcp://second.example:7001   # on the first',
      '  --listen tcp://0.0.0.0:7001 --join tcp://first.example:7001    # on the second',
      'or set HOLDFAST_LISTEN and HOLDFAST_JOIN.',
    ].join('\n'),
  )
}

/** Enters the network. Throws a `Failure`. */
export async function enter(place: Place): Promise<Dictionary> {
  try {
    return await openDictionary({ ...place })
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const isUsage = /^(OPTION|ADDRESS)_(INVALID|UNKNOWN)$/.test(error.code)
    throw new Failure(isUsage ? EXIT.usage : EXIT.unavailable, error.message)
  }
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
    // Nobody listens there, or somebody who belongs to another network.
    if (join.includes(address) && (cause === 'refused' || reason === 'refused')) absent.add(address)
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
