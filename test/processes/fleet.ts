/**
 * Starts peers in processes of their own, asks them things, and ends them all.
 *
 * Processes and sockets run in real time, so real time passes here; but no wait is a fixed sleep.
 * Each ends with what it waits for, and fails at a deadline.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import type { OpenOptions } from 'holdfast'
import { startWordsOf } from '../bundle.ts'
import type { Answer, Commands, Orders } from './peer.ts'

/** How long a process may take to start, several of them at a time on few cores. */
const START_MS_MAX = 40_000
/** How long a command may take. */
const CALL_MS_MAX = 30_000
/** How long a process may take to end by itself. */
const EXIT_MS_MAX = 10_000
/** How long `until` waits. */
const UNTIL_MS_MAX = 15_000
/** How long `until` pauses between two looks, which keep all processes busy, in milliseconds. */
const LOOK_MS = 50
/** How much of the output of a process is kept. */
const OUTPUT_CHARACTERS_MAX = 64 * 1024

const PEER = await startWordsOf('test/processes/peer.ts')

type Result<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The error of a command: the child's, with its code. */
export class CommandError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** All processes of one test file. */
export class Fleet {
  readonly #members = new Set<PeerProcess>()

  constructor() {
    // A failed test, or one that is stopped, leaves no process behind, not even a stopped one.
    process.on('exit', () => this.killAll())
  }

  /**
   * A process that obeys commands; with options, one whose dictionary is open. A launcher is a
   * command that runs the one that is put behind it.
   */
  async start(options?: OpenOptions, launcher: readonly string[] = []): Promise<PeerProcess> {
    const member = this.#spawn({}, launcher)
    await member.ready
    if (options) await member.call('open', options)
    return member
  }

  startMany(count: number): Promise<PeerProcess[]> {
    return Promise.all(Array.from({ length: count }, () => this.start()))
  }

  /** A process that opens a dictionary, writes, closes and ends. Resolves with what it printed. */
  async runOnce(options: OpenOptions): Promise<{ exit: Exit; said: unknown }> {
    const member = this.#spawn({ once: options })
    const exit = await within(START_MS_MAX, member.exited, 'the end of the process')
    return { exit, said: JSON.parse(member.output) }
  }

  killAll(): void {
    for (const member of this.#members) member.signal('SIGKILL')
  }

  #spawn(orders: Orders, launcher: readonly string[] = []): PeerProcess {
    const member = new PeerProcess(orders, launcher)
    this.#members.add(member)
    void member.exited.then(() => this.#members.delete(member))
    return member
  }
}

/** One process. */
export class PeerProcess {
  readonly ready: Promise<void>
  readonly exited: Promise<Exit>
  isGone = false
  /** What it wrote to its output, its last words at least. */
  output = ''
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #calls = 0

  constructor(orders: Orders, launcher: readonly string[] = []) {
    const peer = [process.execPath, ...PEER, JSON.stringify(orders)]
    const [command, ...rest] = [...launcher, ...peer]
    const child = spawn(command as string, rest, {
      stdio: ['ignore', 'pipe', 'inherit', ...(orders.once ? [] : (['ipc'] as const))],
    })
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output = (this.output + text).slice(-OUTPUT_CHARACTERS_MAX)
    })
    // `close` comes when the output has been read to its end, too.
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.isGone = true
        resolve({ code, signal })
      })
    })
    const ready = new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('error', reject)
      if (!orders.once) child.once('close', () => reject(new Error('It ended too early.')))
    })
    this.ready = within(START_MS_MAX, orders.once ? Promise.resolve() : ready, 'a process to start')
    child.on('message', (message: Answer | 'ready') => {
      if (message !== 'ready') this.#waiting.get(message.id)?.(message)
    })
  }

  /** Runs a command there. Rejects with a `CommandError`, or when no answer comes in time. */
  async call<Name extends keyof Commands>(
    name: Name,
    ...input: Parameters<Commands[Name]>
  ): Promise<Result<Name>> {
    this.#calls += 1
    const id = this.#calls
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    this.#child.send({ id, name, input })
    const dead = this.exited.then(({ code, signal }) => {
      throw new Error(`The process ended (${code}, ${signal}) before it answered '${name}'.`)
    })
    try {
      const either = Promise.race([answered, dead])
      const answer = await within(CALL_MS_MAX, either, `the answer to '${name}'`)
      if ('error' in answer) throw new CommandError(answer.error.code, answer.error.message)
      return answer.result as Result<Name>
    } finally {
      this.#waiting.delete(id)
    }
  }

  /** Lets it end by itself: nothing but what the library left open keeps it alive. */
  async end(): Promise<Exit> {
    await this.call('letGo')
    return within(EXIT_MS_MAX, this.exited, 'the process to end by itself')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Kills it without a chance to say goodbye, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await within(EXIT_MS_MAX, this.exited, 'the killed process to be gone')
  }
}

/** Waits for a promise, but not for ever. */
export async function within<Value>(
  ms: number,
  promise: Promise<Value>,
  what: string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms for ${what}.`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Looks again and again until the condition holds. Returns how long that took, in milliseconds. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  msMax: number = UNTIL_MS_MAX,
): Promise<number> {
  const start = performance.now()
  for (;;) {
    if (await condition()) return performance.now() - start
    if (performance.now() - start > msMax) throw new Error(`Waited ${msMax} ms for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
