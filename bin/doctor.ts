/** `holdfast doctor`: says which check fails, and what to do about it. */

import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dictionary, HoldfastError, openDictionary } from 'holdfast'
import type { Command } from './command.ts'
import { showDuration } from './duration.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { type Place, placeOf } from './network.ts'
import { print } from './output.ts'
import { paint } from './paint.ts'
import { readSettings, settingFlags, surroundings } from './settings.ts'
import { timeoutOf, visitPlace } from './visit.ts'

const NODE_MIN = [20, 19] as const
/** Connections, and what a process has open besides. */
const FILES_MIN = 256
/** How long the clocks are compared, and how far they may differ: what leases are reckoned with. */
const CLOCK_MS = 500
const DRIFT_MAX = 0.01
/** A process that runs this much late holds leases badly, in milliseconds. */
const LATE_MS_MAX = 250

const FLAGS = {
  json: { help: 'a JSON object for each check, one a line' },
  ...settingFlags('network', 'join', 'listen', 'advertise', 'peerId', 'secretFile', 'timeout'),
} as const satisfies Flags

/** One check and how it went. */
export interface Finding {
  readonly check: 'version' | 'limits' | 'clock' | 'address' | 'secret' | 'network'
  readonly ok: boolean
  readonly found: string
  /** What to do, if it failed. */
  readonly advice?: string
}

export const doctorCommand: Command = {
  name: 'doctor',
  usage: '',
  summary: 'check versions, limits, clock, addresses, secret and network',
  story: `
Looks at everything that a peer with these settings needs, one line for each check: versions, the
limit of open files, the two clocks, each address to listen at and to join, the secret, and whether
the peers there let this one in. A check that failed says what to do.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast doctor', does: 'checks what the other commands would use' },
    { line: 'holdfast doctor --json', does: 'the same for machines' },
  ],
  exits: [EXIT.missing, EXIT.usage],
  async act(words) {
    const given = readWords({ name: 'doctor', flags: FLAGS, words })
    requireWords(given, { name: 'doctor', usage: '[flags]', min: 0, max: 0 })
    const settings = readSettings({ given, ...surroundings() })
    const place = placeOf(settings)
    const { join } = visitPlace(settings)
    let failed = 0
    for await (const finding of examine({ ...place, join }, timeoutOf(settings))) {
      if (!finding.ok) failed++
      await print(given.has('json') ? JSON.stringify(finding) : lineOf(finding))
    }
    return failed === 0 ? 0 : EXIT.missing
  },
}

/** All checks, in an order in which the first that fails explains those that follow. */
async function* examine(place: Place, timeoutMs: number): AsyncGenerator<Finding> {
  yield checkVersion()
  yield checkFiles()
  yield await checkClock()
  for (const address of place.listen) yield await checkListen(place, address)
  for (const address of place.join) yield await checkName(address)
  const { network, peerId } = place
  let dictionary: Dictionary
  try {
    dictionary = await openDictionary({ network, ...(peerId !== undefined && { peerId }) })
  } catch (error) {
    yield { check: 'secret', ok: false, found: 'the dictionary does not open', ...told(error) }
    return
  }
  yield { check: 'secret', ok: true, found: 'a dictionary opens with these settings' }
  for (const address of place.join) yield await checkJoin(dictionary, address, timeoutMs)
  await dictionary.close()
}

function checkVersion(): Finding {
  const version = process.versions.node
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const ok = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])
  const found = `holdfast ${ownVersion()}, Node ${version}`
  return { check: 'version', ok, found, ...(!ok && { advice: 'Install Node 20.19 or later.' }) }
}

/** The version in package.json, which lies above `bin`, compiled or not. */
export function ownVersion(): string {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const above = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  return (JSON.parse(read(above)) as { version: string }).version
}

function checkFiles(): Finding {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft: number | 'unlimited' } } }
    | undefined
  const soft = report?.userLimits?.open_files?.soft
  const ok = typeof soft !== 'number' || soft >= FILES_MIN
  const found = `${soft ?? 'no limit known of'} open files`
  const advice = `Allow this process ${FILES_MIN} at least: ulimit -n 1024`
  return { check: 'limits', ok, found, ...(!ok && { advice }) }
}

/** A lease is reckoned with both clocks; a process that is held up loses it. */
async function checkClock(): Promise<Finding> {
  const [wall, steady] = [Date.now(), performance.now()]
  await sleep(CLOCK_MS)
  const [wallMs, steadyMs] = [Date.now() - wall, performance.now() - steady]
  const driftMs = Math.abs(wallMs - steadyMs)
  const lateMs = steadyMs - CLOCK_MS
  const found = `wall and steady clock agree within ${driftMs.toFixed(1)} ms in ${CLOCK_MS} ms`
  // Each of the two readings of the wall clock is rounded to a millisecond.
  if (driftMs > CLOCK_MS * DRIFT_MAX + 2) {
    const advice = 'Something sets the clock; leases end early. Let it slew, as chronyd does.'
    return { check: 'clock', ok: false, found: `they differ by ${driftMs.toFixed(1)} ms`, advice }
  }
  if (lateMs <= LATE_MS_MAX) return { check: 'clock', ok: true, found }
  const advice = 'This machine is too busy: give it more time, or leases longer terms.'
  return { check: 'clock', ok: false, found: `timers are ${Math.round(lateMs)} ms late`, advice }
}

async function checkListen(place: Place, address: string): Promise<Finding> {
  const { network, advertise, peerId } = place
  const self = peerId === undefined ? {} : { peerId }
  try {
    const dictionary = await openDictionary({ network, advertise, listen: [address], ...self })
    const found = `${dictionary.listening[0]} can be listened at`
    await dictionary.close()
    return { check: 'address', ok: true, found }
  } catch (error) {
    return { check: 'address', ok: false, found: `${address}, to listen at`, ...told(error) }
  }
}

async function checkName(address: string): Promise<Finding> {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:\[([^\]]+)\]|([^:/]+)):\d+$/.exec(address)
  const name = host?.[1] ?? host?.[2]
  if (name === undefined) {
    const advice = 'Write tcp://host:port.'
    return { check: 'address', ok: false, found: `${address} cannot be read`, advice }
  }
  try {
    const found = (await lookup(name)).address
    const isName = found !== name
    return {
      check: 'address',
      ok: true,
      found: `${address}${isName ? ` is ${found}` : ' is read'}`,
    }
  } catch (error) {
    const advice = `Nobody knows the name ${name} (${(error as NodeJS.ErrnoException).code}).`
    return { check: 'address', ok: false, found: address, advice }
  }
}

async function checkJoin(
  dictionary: Dictionary,
  address: string,
  timeoutMs: number,
): Promise<Finding> {
  const giveUp = new AbortController()
  const late = sleep(timeoutMs, undefined, { signal: giveUp.signal }).then(() => {
    const what = `did not answer in ${showDuration(timeoutMs)}`
    throw new Error(`${what}: a firewall may drop it, or the peer is stopped.`)
  })
  late.catch(() => {})
  try {
    const startedAt = performance.now()
    const peerId = await Promise.race([dictionary.connect(address), late])
    const ms = (performance.now() - startedAt).toFixed(1)
    return { check: 'network', ok: true, found: `${address} is ${peerId}, met in ${ms} ms` }
  } catch (error) {
    return { check: 'network', ok: false, found: address, ...told(error) }
  } finally {
    giveUp.abort()
  }
}

/** What an error advises: the message of one that is known ends with the cure. */
function told(error: unknown): { advice: string } {
  const code = error instanceof HoldfastError ? `${error.code}: ` : ''
  return { advice: code + (error as Error).message }
}

function lineOf({ check, ok, found, advice }: Finding): string {
  const word = ok ? paint('green', 'ok    ') : paint('red', 'failed')
  const rest = advice === undefined ? '' : `\n       ${' '.repeat(9)}${paint('yellow', advice)}`
  return `${word} ${check.padEnd(8)} ${found}${rest}`
}
