/**
 * A visit: a peer that joins, does one thing and leaves.
 *
 * It knows enough to answer when every address that it was to join has answered or refused, and
 * everybody it is connected to has told what they have. What it writes has arrived when one of them
 * has confirmed that; they pass it on. Only then does it leave.
 */

import type { Dictionary, HoldfastError } from 'holdfast'
import { deadlineIn, remainingMs } from './deadline.ts'
import { readDuration, showDuration } from './duration.ts'
import { EXIT, Failure } from './exit.ts'
import type { Given } from './flag.ts'
import { Interruption } from './interruption.ts'
import { enter, failureOf, type Place, placeOf } from './network.ts'
import { say } from './output.ts'
import {
  ADDRESS_DEFAULT,
  readSettings,
  type Settings,
  settingFlags,
  surroundings,
} from './settings.ts'

const TIMEOUT_MS_DEFAULT = 5_000
/** A key is out of reach for so long while this process asks what it missed. */
const MOMENT_MS_MAX = 500
const TIMEOUT_MS_MIN = 100
const TIMEOUT_MS_MAX = 3_600_000

/** The flags of every command that visits. */
export const VISIT_FLAGS = settingFlags('network', 'join', 'peerId', 'secretFile', 'timeout')

export interface Visit {
  readonly dictionary: Dictionary
  /** Aborts when the command is to end. */
  readonly signal: AbortSignal
  /** Resolves when it is to end. */
  readonly asked: Promise<void>
  /** Writes. One that was held up asks its neighbours first, and then tries again. */
  readonly write: <Result>(act: () => Result) => Promise<Result>
  /** Resolves when what was written is somewhere else too. Throws a `Failure`. */
  readonly deliver: () => Promise<void>
}

export interface VisitOptions {
  /** What was written stays this peer's until its lease lapses, though the peer has left. */
  readonly keepLeases?: boolean
  /** How many others it connects to beside those that it joins. Default 0. */
  readonly maxOutgoing?: number
  /** It stays, so lost connections are to come back. */
  readonly stays?: boolean
}

/** Joins, does the work and leaves. Resolves with the exit status. */
export async function visit(
  given: Given,
  work: (visit: Visit) => Promise<number>,
  options: VisitOptions = {},
): Promise<number> {
  const settings = readSettings({ given, ...surroundings() })
  const timeoutMs = timeoutOf(settings)
  const place = visitPlace(settings)
  const interruption = new Interruption()
  const { signal, asked } = interruption
  let dictionary: Dictionary | undefined
  try {
    const { maxOutgoing = 0, stays = false } = options
    dictionary = await enter({ ...place, join: stays ? place.join : [], maxOutgoing })
    const opened = dictionary
    const whole: Visit = {
      dictionary,
      signal,
      asked,
      write: (act) => write(act, timeoutMs),
      deliver: () => deliver(opened, timeoutMs),
    }
    await arrive(opened, { join: place.join, timeoutMs, signal })
    const status = signal.aborted ? 0 : await work(whole)
    return signal.aborted ? interruption.status : status
  } catch (error) {
    if (signal.aborted) return interruption.status
    throw failureOf(error)
  } finally {
    await dictionary?.close({ keepLeases: options.keepLeases === true })
    interruption.end()
  }
}

/** Where a visitor looks for others: where it is told to, else on this machine. */
export function visitPlace(settings: Settings): Place {
  const place = placeOf(settings)
  // The peers of this machine listen where the settings say, also if that is on all interfaces.
  const near = place.listen
    .filter((address) => !address.endsWith(':0'))
    .map((address) => address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'))
  const fallback = near.length > 0 ? near : [ADDRESS_DEFAULT]
  return { ...place, listen: [], join: place.join.length > 0 ? place.join : fallback }
}

/** How long a visitor looks for others, in milliseconds. */
export function timeoutOf({ timeout }: Settings): number {
  const limits = { min: TIMEOUT_MS_MIN, max: TIMEOUT_MS_MAX }
  return readDuration('timeout', timeout?.[0] ?? TIMEOUT_MS_DEFAULT, limits)
}

interface Arrival {
  readonly join: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function arrive(dictionary: Dictionary, arrival: Arrival): Promise<void> {
  const { join, timeoutMs, signal } = arrival
  const until = deadlineIn(timeoutMs)
  const failures = new Map<string, string>()
  const reached = new Set<string>()
  const dials = join.map(async (address) => {
    try {
      await dictionary.connect(address)
      reached.add(address)
    } catch (error) {
      failures.set(address, (error as Error).message)
    }
  })
  await within(Promise.all(dials), { ms: timeoutMs, signal })
  if (signal.aborted) return
  if (reached.size === 0) throw nobody(arrival, failures)
  const silent = join.filter((address) => !reached.has(address) && !failures.has(address))
  for (const address of silent) {
    say(`holdfast: ${address} did not answer in ${showDuration(timeoutMs)}; going on without it.`)
  }
  await dictionary.untilCurrent({ waitMs: Math.max(100, remainingMs(until)), signal })
}

function nobody({ join, timeoutMs }: Arrival, failures: ReadonlyMap<string, string>): Failure {
  const lines = join.map((address) => {
    const silence = `${address} did not answer in ${showDuration(timeoutMs)}.`
    return `  ${failures.get(address) ?? silence}`
  })
  const advice =
    join.length === 1 && join[0] === ADDRESS_DEFAULT
      ? 'Start a peer in another terminal: holdfast up. Or say where one listens: --join ADDRESS'
      : 'See what is wrong: holdfast doctor'
  return new Failure(EXIT.unavailable, ['Nobody was reached.', ...lines, advice].join('\n'))
}

async function write<Result>(act: () => Result, waitMs: number): Promise<Result> {
  const until = deadlineIn(waitMs)
  for (;;) {
    try {
      return act()
    } catch (error) {
      const { code, remainingMs: leftMs = Infinity } = error as HoldfastError
      const isMoment = code === 'LEASE_HELD' && leftMs <= MOMENT_MS_MAX
      if (!isMoment || remainingMs(until) <= 0) throw error
      await new Promise((resolve) => setTimeout(resolve, leftMs))
    }
  }
}

async function deliver(dictionary: Dictionary, waitMs: number): Promise<void> {
  try {
    await dictionary.untilDelivered({ waitMs, peers: 1 })
  } catch (error) {
    const what = `Nobody confirmed in ${showDuration(waitMs)} what was written; it may be lost.`
    throw new Failure(EXIT.unavailable, `${what} (${(error as Error).message})`)
  }
}

/** Waits for a promise, but not longer than that, and not when the command is to end. */
function within(
  promise: Promise<unknown>,
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    promise.then(done, done)
  })
}
