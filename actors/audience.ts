/** Who hears of changed values. Where nobody does, a write need not be put into words. */

import type { AnyActorRef } from 'xstate'
import { areChangesPublished } from './diagnostics.ts'

/** The listeners that hear of changed values. */
const HEARD = ['update', 'delete', '*'] as const

type Listeners = ReadonlyMap<string, ReadonlySet<unknown>>

/** What an actor knows of those who attend to it. It tells nobody, so all of it may be gone. */
interface Attended {
  readonly eventListeners?: Listeners
  readonly options?: { readonly inspect?: unknown }
  readonly _parent?: AnyActorRef | undefined
}

/** Those who attend to one actor. Each write asks, so what cannot change is looked at once. */
export class Audience {
  readonly #listeners: Listeners | undefined
  /** The actor, or one above it, was made with an inspector. */
  readonly #isInspected: boolean
  /** How many types were ever listened to; once there, the list of a type stays. */
  #typesKnown = 0
  #heard: readonly ReadonlySet<unknown>[] = []

  constructor(sync: AnyActorRef) {
    this.#listeners = (sync as Attended).eventListeners
    this.#isInspected = isInspected(sync)
  }

  /**
   * False while nobody listens for changed values: neither by `on`, nor by a channel, nor as the
   * inspector with which the actor was made.
   */
  get isThere(): boolean {
    // Should an actor not keep this list any more, all is told.
    const listeners = this.#listeners
    if (listeners === undefined || this.#isInspected) return true
    if (listeners.size !== this.#typesKnown) {
      this.#typesKnown = listeners.size
      this.#heard = HEARD.flatMap((type) => listeners.get(type) ?? [])
    }
    return this.#heard.some(isAttended) || areChangesPublished()
  }
}

function isAttended(listeners: ReadonlySet<unknown>): boolean {
  return listeners.size > 0
}

function isInspected(sync: AnyActorRef): boolean {
  let actor: Attended | undefined = sync as Attended
  for (; actor !== undefined; actor = actor._parent as Attended | undefined) {
    if (actor.options?.inspect !== undefined) return true
  }
  return false
}
