/**
 * The leash: holdfast's end of its command. The other end is in `supervisor.ts`.
 *
 * Both read the deadline and either of them alone ends the command by it, so it makes no difference
 * which one of the two is stopped or killed.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { type Deadline, deadlineIn, remainingMs } from './deadline.ts'
import { type Order, type Report, signalGroup } from './order.ts'

/** The longest time between two looks at the clocks. */
const LOOK_MS_MAX = 100
/** How long a supervisor may take to start. */
const START_MS_MAX = 30_000
/** How long the system may take to bury a group that was killed. */
const BURIAL_MS_MAX = 2_000
const BURIAL_LOOK_MS = 2

/** How a command ended. */
export type Ending =
  | { readonly how: 'refused'; readonly code: string }
  | { readonly how: 'ended'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  /** It was stopped because the lease was lost or about to be. */
  | { readonly how: 'lost' }
  /** Somebody killed the supervisor, and the command was killed for it. */
  | { readonly how: 'unsupervised' }

export interface Start {
  readonly command: readonly string[]
  /** Added to the environment of holdfast. */
  readonly environment: Readonly<Record<string, string>>
  readonly deadline: Deadline
  /** How long before the deadline the command is asked to end, in milliseconds. */
  readonly graceMs: number
}

export class Leash {
  /** Resolves when nobody of the command's group is left. */
  readonly ended: Promise<Ending>
  readonly #supervisor: ChildProcess
  readonly #ready: Promise<void>
  #deadline: Deadline = deadlineIn(Number.POSITIVE_INFINITY)
  #ending: Ending | undefined
  #isLost = false
  #timer: NodeJS.Timeout | undefined

  /** Starts the supervisor, so that it is ready when the lease is granted. */
  constructor() {
    // Compiled or not, the supervisor lies beside this file and ends as it does.
    const path = new URL(import.meta.url.replace(/leash(\.\w+)$/, 'supervisor$1'))
    const supervisor = fork(path, [], {
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    this.#supervisor = supervisor
    this.#ready = new Promise((resolve, reject) => {
      const late = () => reject(new Error('The supervisor does not start.'))
      const timer = setTimeout(late, START_MS_MAX).unref()
      supervisor.once('message', () => {
        clearTimeout(timer)
        resolve()
      })
      supervisor.once('error', reject)
      supervisor.once('exit', late)
    })
    // Whoever starts the command hears of it; until then nobody needs to.
    this.#ready.catch(() => {})
    supervisor.on('message', (report: Report) => this.#hear(report))
    // What it said last may be read only after it is gone.
    const silent = new Promise((resolve) => supervisor.once('disconnect', resolve))
    const gone = new Promise((resolve) => supervisor.once('exit', resolve))
    const buried = gone.then(() => this.#bury())
    this.ended = Promise.all([buried, silent]).then(() => this.#conclude())
  }

  get ready(): Promise<void> {
    return this.#ready
  }

  start({ command, environment, deadline, graceMs }: Start): void {
    this.#deadline = deadline
    this.#tell({ order: 'start', command, environment, deadline, graceMs })
    this.#look()
  }

  /** The lease was renewed: the command may run until then. */
  extend(deadline: Deadline): void {
    // A renewal that comes too late does not bring back what is over.
    this.#look()
    if (this.#isLost) return
    this.#deadline = deadline
    this.#tell({ order: 'extend', deadline })
  }

  forward(signal: NodeJS.Signals): void {
    this.#tell({ order: 'forward', signal })
  }

  /** The lease is gone: ends the command now. */
  lose(): void {
    this.#isLost = true
    this.#kill()
  }

  /** Ends a supervisor whose command was never started, or that is not needed any more. */
  end(): void {
    this.#tell({ order: 'kill' })
    if (this.#supervisor.connected) this.#supervisor.disconnect()
  }

  #hear(report: Report): void {
    if (report.report === 'stopping') this.#isLost = true
    if (report.report === 'refused') this.#ending = { how: 'refused', code: report.code }
    if (report.report !== 'ended') return
    const { code, signal, isLost } = report
    this.#ending = isLost ? { how: 'lost' } : { how: 'ended', code, signal }
  }

  #look(): void {
    clearTimeout(this.#timer)
    const leftMs = remainingMs(this.#deadline)
    if (leftMs <= 0) return this.lose()
    this.#timer = setTimeout(() => this.#look(), Math.min(LOOK_MS_MAX, leftMs))
  }

  #kill(): void {
    const { pid, exitCode, signalCode } = this.#supervisor
    // The id of a process that has ended may be another's by now.
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    signalGroup(pid, 'SIGKILL')
    this.#supervisor.kill('SIGKILL')
  }

  /** If only the supervisor was killed, its group lives on. */
  async #bury(): Promise<void> {
    clearTimeout(this.#timer)
    const { pid } = this.#supervisor
    if (pid === undefined) return
    const until = deadlineIn(BURIAL_MS_MAX)
    while (signalGroup(pid, 'SIGKILL') && remainingMs(until) > 0) {
      await new Promise((resolve) => setTimeout(resolve, BURIAL_LOOK_MS))
    }
  }

  #conclude(): Ending {
    if (this.#ending !== undefined) return this.#ending
    return { how: this.#isLost || remainingMs(this.#deadline) <= 0 ? 'lost' : 'unsupervised' }
  }

  #tell(order: Order): void {
    if (this.#supervisor.connected) this.#supervisor.send(order, () => {})
  }
}
