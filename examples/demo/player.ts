/** A peer in a process of its own, seen from the process that directs the demonstration. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Reply, Request, Verbs } from './peer.ts'
import { within } from './wait.ts'

/** Compiled or not, the program of a peer lies beside this file and ends as it does. */
const PEER = fileURLToPath(import.meta.url.replace(/player(\.\w+)$/, 'peer$1'))

type Done<Verb extends keyof Verbs> = Awaited<ReturnType<Verbs[Verb]>>

export class Player {
  readonly name: string
  /** Hears how many entries were written since it heard last. */
  onLoaded: (entries: number) => void = () => {}
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (reply: Exclude<Reply, { loaded: number }>) => void>()
  #requests = 0

  /** Starts the process. It inherits how this one was started, so that it runs TypeScript too. */
  constructor(name: string) {
    this.name = name
    this.#child = fork(PEER)
    this.#child.on('message', (reply: Reply) => {
      if ('loaded' in reply) return this.onLoaded(reply.loaded)
      this.#waiting.get(reply.id)?.(reply)
      this.#waiting.delete(reply.id)
    })
    this.#child.on('exit', (code, signal) => {
      const error = `${name} ended (${signal ?? code}) before it answered.`
      for (const [id, settle] of this.#waiting) settle({ id, error })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Asks the peer to do something. Rejects if it fails, ends or takes too long. */
  ask<Verb extends keyof Verbs>(
    verb: Verb,
    ...input: Parameters<Verbs[Verb]>
  ): Promise<Done<Verb>> {
    const id = ++this.#requests
    const reply = new Promise<Done<Verb>>((resolve, reject) => {
      this.#waiting.set(id, (reply) => {
        if ('error' in reply) reject(new Error(`${this.name}: ${reply.error}`))
        else resolve(reply.done as Done<Verb>)
      })
      this.#child.send({ id, verb, input } satisfies Request, (error) => {
        if (error) reject(new Error(`${this.name} cannot be asked: ${error.message}`))
      })
    })
    return within(`${this.name} answers '${verb}'`, reply)
  }

  /** Kills the process. It can do nothing about it, and tells nobody. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await within(`the process of ${this.name} is gone`, exit)
  }

  /** Closes the dictionary in good order and ends the process. */
  async leave(): Promise<void> {
    await this.ask('close')
    const exit = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    await within(`the process of ${this.name} ends`, exit)
  }
}
