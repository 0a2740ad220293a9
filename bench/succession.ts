/**
 * Rounds in which one process holds a lease, another one waits for it, and the first one loses it:
 * how long after the loss the second one is granted it. Both are processes of their own, over TCP.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sharedNow } from './clock.ts'
import type { Commands, Held, Notices } from './contender.ts'

/** How long a process may take to start, or to tell what it is asked, in milliseconds. */
const HEAR_MS_MAX = 60_000
/** So often in a row a round is begun anew because the lease was over before its mishap. */
const SPOILED_MAX = 20

/** How a lease is lost, and what its loss is measured by. */
export const MISHAPS = {
  released: 'its `lost` event',
  lapsed: 'its `lost` event',
  stopped: 'its deadline',
  killed: 'its deadline',
} as const

export type Mishap = keyof typeof MISHAPS

interface Round {
  readonly held: Held
  readonly granting: Promise<Notices['held']>
}

/** What a holder saw, or would have seen if it were not dead. */
interface Loss extends Round {
  /** By the clock that all processes share, in milliseconds. */
  readonly lostAt: number
  /** True if the lease was over before the mishap could happen: the round does not count. */
  readonly isTooLate: boolean
  /** True if it was found to be valid after it was lost. */
  readonly isLate?: boolean
}

export interface Outcome {
  /** From each loss to the next grant, in milliseconds. */
  readonly gapsMs: readonly number[]
  /** Rounds that were begun anew, since the lease was over before its mishap. */
  readonly spoiled: number
  /** What must not be, in sentences. */
  readonly faults: readonly string[]
}

export class Succession {
  readonly #termMs: number
  #alice: Contender
  readonly #bob: Contender

  constructor({ termMs }: { termMs: number }) {
    this.#termMs = termMs
    this.#alice = new Contender('alice')
    this.#bob = new Contender('bob')
  }

  async open(): Promise<void> {
    const { address } = await this.#bob.ready
    await this.#alice.ready
    await this.#alice.call('connect', address)
  }

  close(): void {
    for (const contender of [this.#alice, this.#bob]) contender.signal('SIGKILL')
  }

  async play(mishap: Mishap, rounds: number): Promise<Outcome> {
    const gapsMs: number[] = []
    const faults: string[] = []
    let [spoiled, inRow] = [0, 0]
    while (gapsMs.length < rounds) {
      const { gapMs, isTooLate, wrong } = await this.#round(mishap)
      faults.push(...wrong.map((what) => `${mishap}, round ${gapsMs.length + 1}: ${what}`))
      if (!isTooLate) gapsMs.push(gapMs)
      inRow = isTooLate ? inRow + 1 : 0
      spoiled += isTooLate ? 1 : 0
      if (inRow > SPOILED_MAX) throw new Error(`${inRow} rounds were too late: give more --term.`)
    }
    return { gapsMs, spoiled, faults }
  }

  async #round(mishap: Mishap) {
    const { held, granting, lostAt, isTooLate, isLate = false } = await this.#lose(mishap)
    const granted = await granting
    const gapMs = granted.at - lostAt
    const wrong: string[] = []
    // Also in a round that is begun anew: too late or not, the loss must come first.
    if (gapMs < 0) wrong.push(`the next grant came ${-gapMs} ms before the loss.`)
    if (isLate) wrong.push('a look after the loss found the lease valid.')
    if (granted.token <= held.token) wrong.push(`${granted.token} came after ${held.token}.`)
    await this.#bob.call('giveBack', undefined)
    return { gapMs, isTooLate, wrong }
  }

  #lose(mishap: Mishap): Promise<Loss> {
    if (mishap === 'released') return this.#release()
    if (mishap === 'lapsed') return this.#lapse()
    return mishap === 'stopped' ? this.#stop() : this.#kill()
  }

  /** Alice holds the lease, and Bob has heard it and waits. */
  async #begin(): Promise<Round> {
    const termMs = this.#termMs
    const held = await this.#alice.call('hold', { termMs })
    const granting = this.#bob.hear('held')
    await this.#bob.call('wait', { ...held, termMs })
    return { held, granting }
  }

  async #release(): Promise<Loss> {
    const losing = this.#alice.hear('lost')
    const round = await this.#begin()
    await this.#alice.call('knowWaiter', undefined)
    await this.#alice.call('release', undefined)
    const { at, reason } = await losing
    return { ...round, lostAt: at, isTooLate: reason !== 'released' }
  }

  /** Nobody renews it. */
  async #lapse(): Promise<Loss> {
    const losing = this.#alice.hear('lost')
    const round = await this.#begin()
    const waitingAt = sharedNow()
    const { at } = await losing
    return { ...round, lostAt: at, isTooLate: at < waitingAt }
  }

  /** Stops the holder while it looks at its lease, and lets it go on when another one has it. */
  async #stop(): Promise<Loss> {
    const alice = this.#alice
    const round = await this.#begin()
    const looking = alice.hear('looking')
    const seeing = alice.call('look', undefined)
    await looking
    alice.signal('SIGSTOP')
    const stoppedAt = sharedNow()
    await round.granting
    const continuedAt = sharedNow()
    alice.signal('SIGCONT')
    const { lastValidAt } = await seeing
    const { deadline } = round.held
    const isLate = lastValidAt > Math.min(deadline, continuedAt)
    return { ...round, lostAt: deadline, isTooLate: deadline < stoppedAt, isLate }
  }

  /** Kills the holder; another process takes its place when the lease is granted. */
  async #kill(): Promise<Loss> {
    const round = await this.#begin()
    this.#alice.signal('SIGKILL')
    const killedAt = sharedNow()
    await round.granting
    this.#alice = new Contender('alice')
    await this.open()
    const { deadline } = round.held
    return { ...round, lostAt: deadline, isTooLate: deadline < killedAt }
  }
}

/** The process that holds, or the one that waits. */
class Contender {
  readonly ready: Promise<Notices['ready']>
  readonly #child: ChildProcess
  readonly #name: string

  constructor(name: string) {
    const file = fileURLToPath(new URL('contender.ts', import.meta.url))
    this.#name = name
    this.#child = fork(file, [name], { execArgv: process.execArgv })
    this.ready = this.hear('ready')
  }

  async call<Name extends keyof Commands>(
    name: Name,
    input: Parameters<Commands[Name]>[0],
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const answer = this.#next(name)
    this.#child.send({ name, input })
    return (await answer) as Awaited<ReturnType<Commands[Name]>>
  }

  /** The next notice of this name. */
  hear<Name extends keyof Notices>(name: Name): Promise<Notices[Name]> {
    return this.#next(name) as Promise<Notices[Name]>
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  #next(name: string): Promise<unknown> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        child.off('message', listen)
        child.off('exit', fail)
      }
      const listen = (message: { name: string; result?: unknown }) => {
        if (message.name !== name) return
        end()
        resolve(message.result)
      }
      const fail = () => {
        end()
        reject(new Error(`${this.#name} did not tell '${name}'.`))
      }
      const timer = setTimeout(fail, HEAR_MS_MAX)
      child.on('message', listen as (message: unknown) => void)
      child.on('exit', fail)
    })
  }
}
