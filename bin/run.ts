/** `holdfast run`: runs a command while a lease is held. */

import { constants } from 'node:os'
import { type Dictionary, HoldfastError } from 'holdfast'
import type { Command } from './command.ts'
import { type Deadline, deadlineIn, remainingMs } from './deadline.ts'
import { readDuration, showDuration } from './duration.ts'
import { EXIT, Failure } from './exit.ts'
import { type Flags, readWords } from './flag.ts'
import { type Ending, Leash } from './leash.ts'
import { enter, meet, type Place, placeOf, requirePlace } from './network.ts'
import { readSettings, settingFlags, surroundings } from './settings.ts'
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

const FLAGS = {
  wait: { value: 'TIME', help: 'how long to wait for the key; default 0: once or not at all' },
  term: { value: 'TIME', help: 'how long the lease lasts if this process dies; default 30s' },
  grace: {
    value: 'TIME',
    help: 'how long before the end of a lost lease SIGTERM is sent; default 10s, or term / 4',
  },
  ...settingFlags('network', 'join', 'listen', 'advertise', 'peerId', 'secretFile'),
  ...settingFlags('identity', 'allow', 'deny'),
  settle: {
    value: 'TIME',
    help: 'how long to look for others before the key is taken; default 5s',
  },
  'when-cut': {
    value: 'WHAT',
    choices: ['stop', 'continue'],
    help: 'whether to go on, though another may start, when most others are cut off; default stop',
  },
  verbose: { help: 'say on standard error what happens' },
} as const satisfies Flags

export const runCommand: Command = {
  name: 'run',
  usage: 'KEY [flags] -- COMMAND [ARGUMENTS]',
  summary: 'run a command while the lease of a key is held',
  story: `
Takes the lease of KEY, runs COMMAND while it is held, and gives it back. COMMAND finds the key in
HOLDFAST_KEY and the fencing token in HOLDFAST_TOKEN. When the lease is about to be lost, it gets
SIGTERM, and SIGKILL before anybody else may start. The exit status is that of COMMAND, 128 and the
number of the signal that ended it, or one of those below.

TIME is in milliseconds, or has a unit: 500ms, 30s, 5m, 2h, 1d.`,
  flags: FLAGS,
  examples: [
    {
      line: 'holdfast run nightly --listen tcp://127.0.0.1:0 --settle 1s -- echo done',
      does: 'runs `echo done` unless somebody else holds nightly',
    },
  ],
  exits: [
    EXIT.usage,
    EXIT.unavailable,
    EXIT.busy,
    EXIT.lost,
    EXIT.failed,
    EXIT.notStarted,
    EXIT.notFound,
  ],
  act: run,
}

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
  const own = split < 0 ? words : words.slice(0, split)
  const given = readWords({ name: 'run', flags: FLAGS, words: own })
  const [key, ...others] = given.words
  if (key === undefined || others.length > 0 || command.length === 0) {
    const what = key === undefined ? 'A key is missing' : 'The command is missing'
    const advice = 'Write: holdfast run KEY -- COMMAND [ARGUMENTS]'
    throw new Failure(
      EXIT.usage,
      `${others.length > 0 ? 'There is one key only' : what}. ${advice}`,
    )
  }
  const whenCut = (given.text('when-cut') ?? 'stop') as WhenCut
  const read = (name: 'term' | 'wait' | 'grace' | 'settle', ms: number, min: number, max: number) =>
    readDuration(name, given.text(name) ?? ms, { min, max })
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
    tell: (what) => given.has('verbose') && console.error(`holdfast: ${what}`),
    place: requirePlace(placeOf(readSettings({ given, ...surroundings() }))),
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
  const note = (owner: string | undefined) => {
    if (owner === undefined || owner === dictionary.peerId || owner === former) return
    former = owner
    job.tell(`'${key}' is held by ${owner}`)
  }
  // Who has just met others may not have heard yet of what they hold.
  const changed = dictionary.on('lease.changed', (fact) => {
    if (fact.key === key) note(fact.owner)
  })
  try {
    note(dictionary.lease(key)?.owner)
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
