/** Who hears of changed values. Where nobody does, a write need not be put into words. */

import type { AnyActorRef } from 'xstate'
import { areChangesPublished } from './diagnostics.ts'

/** The listeners that hear of changed values. */
const HEARD = ['update', 'delete', '*'] as const

/** What an actor knows of those who attend to it. It tells nobody, so all of it may be gone. */
interface Attended {
  readonly eventListeners?: ReadonlyMap<string, ReadonlySet<unknown>>
  readonly options?: { readonly inspect?: unknown }
  readonly _parent?: AnyActorRef | undefined
}

/**
 * False while nobody listens for changed values: neither by `on`, nor by a channel, nor as the
 * inspector with which this actor or one above it was made.
 */
export function hasAudience(sync: AnyActorRef): boolean {
  const { eventListeners } = sync as Attended
  // Should an actor not keep this list any more, all is told.
  if (eventListeners === undefined) return true
  if (eventListeners.size > 0 && isHeard(eventListeners)) return true
  return areChangesPublished() || isInspected(sync)
}

function isHeard(listeners: ReadonlyMap<string, ReadonlySet<unknown>>): boolean {
  for (const type of HEARD) if ((listeners.get(type)?.size ?? 0) > 0) return true
  return false
}

function isInspected(sync: AnyActorRef): boolean {
  let actor: Attended | undefined = sync as Attended
  for (; actor !== undefined; actor = actor._parent as Attended | undefined) {
    if (actor.options?.inspect !== undefined) return true
  }
  return false
}
