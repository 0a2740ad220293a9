/** `holdfast run`: runs a command while a lease is held. */

import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { type Dictionary, HoldfastError } from 'holdfast'
import { type Deadline, deadlineIn, remainingMs } from './deadline.ts'
import { readDuration, showDuration } from './duration.ts'
import { EXIT, Failure } from './exit.ts'
import { type Ending, Leash } from './leash.ts'
import { enter, meet, NETWORK_HELP, NETWORK_OPTIONS, type Place, readPlace } from './network.ts'
import { Tenure, type WhenCut } from './tenure.ts'

const TERM_MS_DEFAULT = 30_000
/** A shorter term leaves no time to ask others and to end a command. */
const TERM_MS_MIN = 1_000
const TERM_MS_MAX = 365 * 86_400_000
const GRACE_MS_DEFAULT = 10_000
const SETTLE_MS_DEFAULT = 5_000
/** How long others may take to confirm a lease at least, since who lost may not have heard yet. */
const CONFIRM_MS = 3_000
/** How much longer than its term a lease of another may be waited for. */
const LAPSE_SHARE = 1.1
/** Passed on to the command. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const

export const SUMMARY = 'run KEY -- COMMAND …   run a command while the lease of KEY is held'

export const HELP = `holdfast run KEY [options] -- COMMAND [ARGUMENTS]

Takes the lease of KEY, runs COMMAND while it is held, and gives it back. COMMAND finds the key in
HOLDFAST_KEY and the fencing token in HOLDFAST_TOKEN. When the lease is about to be lost, it gets
SIGTERM, and SIGKILL before anybody else may start.

  --wait TIME      how long to wait for the key (0: once or not at all)
  --term TIME      how long the lease lasts if this process dies (30s)
  --grace TIME     how long before the end of a lost lease SIGTERM is sent; at most a quarter of
                   the term (10s, or a quarter of the term)
${NETWORK_HELP}
  --settle TIME    how long to look for others before the key is taken (5s)
  --when-cut WHAT  stop: end the command when most others cannot be reached any more;
                   continue: go on, though another may have started (stop)
  --verbose        say on standard error what happens

TIME is in milliseconds, or has a unit: 500ms, 30s, 5m, 2h, 1d.

Exit status: that of COMMAND, 128 and the number of the signal that ended it, or
  ${EXIT.usage}   the command line makes no sense
  ${EXIT.unavailable}   the network could not be entered, as when the port is in use
  ${EXIT.busy}   somebody else holds the key, or nobody could confirm that it is ours
  ${EXIT.lost}  the lease was lost, and COMMAND was ended
  ${EXIT.failed}  holdfast failed; COMMAND does not run any more
  ${EXIT.notStarted}  COMMAND could not be started
  ${EXIT.notFound}  there is no such COMMAND
`

interface Job {
  readonly key: string
  readonly command: readonly string[]
  readonly place: Place
  readonly termMs: number
  readonly waitMs: number
  readonly graceMs: number
  readonly settleMs: number
  readonly whenCut: WhenCut
  /** Tells what happens, to who wants to know. */
  readonly tell: (what: string) => void
}

/** Runs the command line after `holdfast run`. Resolves with the exit status. */
export async function run(words: readonly string[]): Promise<number> {
  const job = readJob(words)
  const leash = new Leash()
  const interrupt = new AbortController()
  const listener = (signal: NodeJS.Signals) => {
    interrupt.abort(signal)
    leash.forward(signal)
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  let dictionary: Dictionary | undefined
  try {
    dictionary = await enter(job.place)
    return await work({ dictionary, leash, job, signal: interrupt.signal })
  } catch (error) {
    if (!isInterruption(error, interrupt.signal)) throw error
    return signalStatus(interrupt.signal.reason)
  } finally {
    leash.end()
    await dictionary?.close()
    for (const signal of SIGNALS) process.off(signal, listener)
  }
}

function readJob(words: readonly string[]): Job {
  const split = words.indexOf('--')
  const command = split < 0 ? [] : words.slice(split + 1)
  const { values, positionals } = parse(split < 0 ? words : words.slice(0, split))
  const [key, ...others] = positionals
  if (key === undefined || others.length > 0 || command.length === 0) {
    const what = key === undefined ? 'A key is missing' : 'The command is missing'
    const advice = 'Write: holdfast run KEY -- COMMAND [ARGUMENTS]'
    throw new Failure(
      EXIT.usage,
      `${others.length > 0 ? 'There is one key only' : what}. ${advice}`,
    )
  }
  const whenCut = values['when-cut'] ?? 'stop'
  if (whenCut !== 'stop' && whenCut !== 'continue') {
    throw new Failure(EXIT.usage, `--when-cut is stop or continue, not '${whenCut}'.`)
  }
  const read = (
    name: 'term' | 'wait' | 'grace' | 'settle',
    ms: number,
    min: number,
    max: number,
  ) => (values[name] === undefined ? ms : readDuration(name, values[name], { min, max }))
  const termMs = read('term', TERM_MS_DEFAULT, TERM_MS_MIN, TERM_MS_MAX)
  // A renewal is a third of the term apart, and may take a sixth.
  const graceMsMax = termMs / 4
  return {
    key,
    command,
    termMs,
    waitMs: read('wait', 0, 0, TERM_MS_MAX),
    graceMs: read('grace', Math.min(GRACE_MS_DEFAULT, graceMsMax), 0, graceMsMax),
    settleMs: read('settle', SETTLE_MS_DEFAULT, 0, TERM_MS_MAX),
    whenCut,
    tell: (what) => values.verbose && console.error(`holdfast: ${what}`),
    place: readPlace(values, process.env),
  }
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const
  const own = { term: text, wait: text, grace: text, settle: text, 'when-cut': text }
  const verbose = { type: 'boolean' } as const
  try {
    const options = { ...NETWORK_OPTIONS, ...own, verbose }
    return parseArgs({ args: [...words], allowPositionals: true, options })
  } catch (error) {
    throw new Failure(EXIT.usage, `${(error as Error).message} See: holdfast run --help`)
  }
}

interface Work {
  readonly dictionary: Dictionary
  readonly leash: Leash
  readonly job: Job
  readonly signal: AbortSignal
}

async function work({ dictionary, leash, job, signal }: Work): Promise<number> {
  const { key, termMs, settleMs, graceMs, command, place } = job
  const silentMs = termMs * LAPSE_SHARE
  job.tell(`looks for others in '${place.network}'`)
  const witness = await meet(dictionary, { join: place.join, settleMs, silentMs, signal })
  await leash.ready
  job.tell(`met ${dictionary.peers.length} others, ${witness.count} of them run commands`)
  const waitUntil = deadlineIn(job.waitMs)
  for (;;) {
    signal.throwIfAborted()
    const { lease, former } = await acquire(dictionary, { job, waitUntil, signal })
    const tenure = new Tenure(lease, witness, { ...job, former })
    try {
      const confirmMs = Math.max(remainingMs(waitUntil), Math.min(termMs, CONFIRM_MS))
      const deadline = await tenure.begin(deadlineIn(confirmMs), signal)
      signal.throwIfAborted()
      if (deadline !== undefined) {
        const environment = { HOLDFAST_KEY: key, HOLDFAST_TOKEN: String(lease.token) }
        job.tell(`holds '${key}' under token ${lease.token}, and starts ${command[0]}`)
        leash.start({ command, environment, deadline, graceMs })
        try {
          await tenure.keep(leash)
        } finally {
          // Whatever went wrong: the lease is not given back while somebody works under it.
          leash.lose()
          await leash.ended
        }
        return statusOf(await leash.ended, job)
      }
      // Who lost it meanwhile waits again; whom nobody confirms would wait in vain.
      job.tell(`lost '${key}' before it was confirmed: ${lease.signal.reason ?? 'in time'}`)
      if (lease.valid) throw busy(key, 'is free, but most others do not confirm that we have it.')
    } finally {
      tenure.end()
    }
  }
}

interface Attempt {
  readonly job: Job
  readonly waitUntil: Deadline
  readonly signal: AbortSignal
}

/** Takes the lease, or waits for it; tells who had it before. */
async function acquire(dictionary: Dictionary, { job, waitUntil, signal }: Attempt) {
  const { key, termMs } = job
  let former: string | undefined
  const changed = dictionary.on('lease.changed', (fact) => {
    if (fact.key === key && fact.owner !== dictionary.peerId) former = fact.owner
  })
  try {
    former = dictionary.lease(key)?.owner
    if (former !== undefined) job.tell(`'${key}' is held by ${former}`)
    const waitMs = Math.max(0, remainingMs(waitUntil))
    return { lease: await dictionary.acquire(key, { leaseMs: termMs, waitMs, signal }), former }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const { code, owner, remainingMs: leftMs = 0 } = error
    if (code === 'KEY_INVALID') throw new Failure(EXIT.usage, error.message)
    if (code === 'NO_MAJORITY') throw busy(key, 'was not given back by a peer out of reach.')
    if (code !== 'LEASE_HELD' && code !== 'TIMEOUT') throw error
    throw busy(
      key,
      `is held by ${owner ?? 'another'}, for ${showDuration(leftMs)} if it is silent.`,
    )
  } finally {
    changed.unsubscribe()
  }
}

function busy(key: string, what: string): Failure {
  return new Failure(EXIT.busy, `'${key}' ${what} Try again later, or wait with --wait TIME.`)
}

/** The exit status for how the command ended; says on standard error what it would not tell. */
function statusOf(ending: Ending, { key, command }: Job): number {
  switch (ending.how) {
    case 'ended':
      return ending.signal === null ? (ending.code ?? EXIT.failed) : signalStatus(ending.signal)
    case 'lost':
      throw new Failure(EXIT.lost, `The lease of '${key}' was lost, and the command was ended.`)
    case 'refused': {
      const isMissing = ending.code === 'ENOENT'
      const what = isMissing ? 'There is no such command' : `It cannot be started (${ending.code})`
      throw new Failure(isMissing ? EXIT.notFound : EXIT.notStarted, `${what}: ${command[0]}`)
    }
    case 'unsupervised':
      throw new Failure(EXIT.failed, 'The supervisor was killed, and the command with it.')
  }
}

function signalStatus(signal: NodeJS.Signals): number {
  return EXIT.signal + constants.signals[signal]
}

function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  return error === signal.reason || (error instanceof HoldfastError && error.code === 'ABORTED')
}
