/**
 * A hold: one lease that is waited for, held and renewed for as long as somebody watches, and given
 * back when the last one stops watching. Whoever loses it waits in line again.
 */

import { type Dictionary, type Key, leaseLogic } from 'holdfast'
import { type Actor, createActor } from 'xstate'
import { View } from './views.ts'

export interface HoldOptions {
  /** The term, in milliseconds; it is renewed at a third of it. Default the dictionary's. */
  readonly leaseMs?: number | undefined
  /** How long to wait for the key, in milliseconds. Default for ever. */
  readonly waitMs?: number | undefined
}

/** How a hold stands. */
export type Holding =
  /** In line behind `owner`, or about to ask. */
  | { readonly state: 'waiting'; readonly owner: string | undefined; readonly token: null }
  | { readonly state: 'held'; readonly owner: string; readonly token: number }
  /** It waited for too long, or the dictionary is closed: the `error` says. */
  | { readonly state: 'refused'; readonly owner: undefined; readonly token: null; error: unknown }

export const WAITING: Holding = { state: 'waiting', owner: undefined, token: null }

/** A hold of one key, to be watched. */
export class Hold {
  readonly #dictionary: Dictionary
  readonly #key: Key
  readonly #options: HoldOptions
  readonly #view = new View(() => this.#holding)
  #holding = WAITING
  #actor: Actor<typeof leaseLogic> | undefined

  constructor(dictionary: Dictionary, key: Key, options: HoldOptions) {
    this.#dictionary = dictionary
    this.#key = key
    this.#options = options
  }

  readonly snapshot = this.#view.look

  readonly subscribe = (listener: () => void): (() => void) => {
    const leave = this.#view.listen(listener)
    if (this.#actor === undefined) this.#start()
    return () => {
      leave()
      if (this.#view.listeners.size === 0) this.#stop()
    }
  }

  #start(): void {
    const input = { ...this.#options, sync: this.#dictionary.actor, key: this.#key }
    const actor = createActor(leaseLogic, { input })
    this.#actor = actor
    actor.subscribe({
      next: ({ status, context: { token } }) => {
        if (status === 'active') this.#show(this.#standing(token))
      },
      complete: () => {
        const output = actor.getSnapshot().output
        if (this.#actor !== actor || output === undefined) return
        if (output.held) return this.#start()
        this.#show({ state: 'refused', owner: undefined, token: null, error: output.error })
      },
      error: (error) => {
        this.#show({ state: 'refused', owner: undefined, token: null, error })
      },
    })
    actor.start()
  }

  #stop(): void {
    const actor = this.#actor
    this.#actor = undefined
    actor?.stop()
    this.#show(WAITING)
  }

  #standing(token: number | null): Holding {
    const { peerId } = this.#dictionary
    if (token !== null) return { state: 'held', owner: peerId, token }
    return { state: 'waiting', owner: this.#dictionary.lease(this.#key)?.owner, token: null }
  }

  #show(next: Holding): void {
    const { state, owner, token } = this.#holding
    if (state === next.state && owner === next.owner && token === next.token) return
    this.#holding = next
    this.#view.change()
  }
}
