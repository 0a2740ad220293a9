/** What happens in a dictionary, as one object each: for machines as JSON, for people as a line. */

import type { Announcement, Dictionary } from 'holdfast'
import { oneLine } from './grid.ts'
import { plain, showKey } from './literal.ts'

/** What is told. `lease.changed` and `lease.lost` are about single keys on purpose, so are left. */
const KINDS = [
  'update',
  'delete',
  'expired',
  'conflict',
  'lease.stolen',
  'connect',
  'disconnect',
  'refused',
  'member.joined',
  'member.left',
  'member.unreachable',
  'member.returned',
  'error',
] as const

type Kind = (typeof KINDS)[number]

/** One thing that happened; the names of its members are stable. */
export interface Happening {
  readonly event: Kind | 'listening'
  readonly [member: string]: unknown
}

/** Tells everything that happens from now on. Returns what ends that. */
export function follow(dictionary: Dictionary, tell: (what: Happening) => void): () => void {
  const subscriptions = KINDS.map((kind) =>
    dictionary.on(kind, (fact) => tell(happeningOf(fact as Announcement))),
  )
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe()
  }
}

function happeningOf({ type, ...fact }: Announcement): Happening {
  const members = Object.entries(fact).map(([name, value]) => {
    if (name === 'key') return [name, showKey(value as string)]
    if (name === 'error') return [name, (value as Error).message]
    return [name, plain(value)]
  })
  return { event: type as Kind, ...Object.fromEntries(members) }
}

/** What happened, for people. */
export function describe(what: Happening): string {
  const { event, key, value, owner, token, peerId, reason } = what
  switch (event) {
    case 'update':
      return oneLine(`${owner} sets ${key} = ${JSON.stringify(value)} (token ${token})`)
    case 'delete':
      return oneLine(`${owner} deletes ${key}`)
    case 'expired':
      return oneLine(`${key} is gone with the lease of ${owner}`)
    case 'conflict':
      return oneLine(`${key}: what was written here lost to ${what.winner} (${reason})`)
    case 'lease.stolen':
      return oneLine(`${owner} takes ${key} from ${what.from}`)
    case 'connect':
      return oneLine(`${peerId} is connected`)
    case 'disconnect':
      return oneLine(`${peerId} ${what.hasLeft ? 'has left' : 'is disconnected'}`)
    case 'refused':
      return oneLine(`${what.address} was refused: ${reason}`)
    case 'error':
      return oneLine(String(what.error))
    case 'listening':
      return oneLine(`listens at ${(what.addresses as string[]).join(', ')}`)
    default:
      return oneLine(`${peerId} ${event.replace('member.', 'as a member ')}`)
  }
}
