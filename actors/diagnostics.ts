/**
 * The diagnostics channels of Node: whoever traces or logs a process subscribes to them without a
 * line of code where the dictionary is opened. Nothing is made or published while nobody listens.
 *
 * Each fact that `on` offers has the channel `holdfast:<its type>`, such as `holdfast:conflict`.
 * `holdfast:reconciled` and `holdfast:stalled` tell of what an application has no business with.
 */

import { type Channel, channel } from 'node:diagnostics_channel'
import type { Announcement } from './announcement.ts'

/** What is published beside the facts. */
export type Trace =
  /** A neighbour was asked what this peer lacks, and has told it all. */
  | {
      readonly type: 'reconciled'
      readonly neighbour: string
      /** How many entries came. */
      readonly entries: number
    }
  /** This process did not run for more than half a second. */
  | { readonly type: 'stalled' }

/** What a subscriber is given: whose it is, and the fact. */
export interface Diagnostic {
  /** The id of the peer that tells it; one process may have several. */
  readonly peerId: string
  readonly network: string
  readonly fact: Announcement | Trace
}

const channels = new Map<string, Channel>()

/** The channels of changed values, which each write looks at. */
const CHANGES = [channelOf('update'), channelOf('delete')] as const

/** True if somebody listens on the channels of changed values. */
export function areChangesPublished(): boolean {
  return CHANGES[0].hasSubscribers || CHANGES[1].hasSubscribers
}

/** Publishes a fact on its channel, if somebody listens there. */
export function publish(source: Omit<Diagnostic, 'fact'>, fact: Announcement | Trace): void {
  const found = channelOf(fact.type)
  if (found.hasSubscribers) {
    found.publish({ peerId: source.peerId, network: source.network, fact } satisfies Diagnostic)
  }
}

function channelOf(type: string): Channel {
  let found = channels.get(type)
  if (found === undefined) {
    found = channel(`holdfast:${type}`)
    channels.set(type, found)
  }
  return found
}
