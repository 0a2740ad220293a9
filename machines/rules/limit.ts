/**
 * The limits that others can run into here: what each stops, and what happens then. Everything that
 * a peer or a stranger can make this peer hold or do has one. Their sizes stand where they are
 * enforced.
 */

import type { PeerId } from './peer.ts'

/** Each limit by name, and what happens when it is reached. */
export const LIMITS_REACHED = {
  'frame.length': 'A frame was too long, empty or cut off: its connection ended.',
  'frame.depth': 'A frame was nested too deeply: its connection ended.',
  'frame.elements': 'A frame had too many elements: its connection ended.',
  'frame.key': 'A frame held a key that is too long: its connection ended.',
  'frame.value': 'A frame held a value that is too large: its connection ended.',
  'frame.content': 'A frame held what no message may hold: its connection ended.',
  connections: 'Somebody dialled, and there was no room for a connection: it was turned away.',
  'connections.address': 'One address has half of all connections: another one was turned away.',
  handshakes: 'Too many had dialled and not told who they are: the oldest one was cut off.',
  'handshakes.address':
    'Too many of one address had not told who they are: its oldest was cut off.',
  'handshakes.pace': 'One address dialled too often: it was turned away.',
  'handshake.time': 'Somebody dialled and was not known in time: the connection ended.',
  'exchange.pace': 'A peer asks or tells too often who can be dialled: it was not listened to.',
  'exchange.place': 'A peer told of an address that it may not make others dial: nobody dials it.',
  'exchange.addresses': 'A peer told of many addresses: what is beyond its share was not noted.',
  dials: 'Addresses that others told of were due faster than they are dialled: they wait.',
  questions: 'A peer asks more often than it is answered: only its last question waits.',
  silence: 'A peer was silent for too long: its connection ended.',
  queue: 'A peer does not read: data is left out for it, and asked for when it reads again.',
  'queue.answers': 'A peer asks and does not read the answers: its connection ended.',
  'exchange.peers': 'A peer told of more peers at once than it may: its connection ended.',
  'window.gaps': 'Too much of what a peer broadcast is missing: the oldest gap was given up.',
  'window.runs': 'More runs broadcast than are remembered: who was silent longest is forgotten.',
  origins: 'The writers of what is here are as many as may be: those of others were not taken in.',
  members: 'There are as many members as may be: another one that tells of itself is not noted.',
  'members.heard':
    'A member tells of more that it has heard than there is room for: less is noted.',
  ballots: 'Voters know as many keys as they may: another one cannot be leased for now.',
  share: 'A peer wrote more than its share of the room: what is beyond it was not taken in.',
  entries: 'The dictionary has as many entries as it may have: a new key was not taken in.',
  bytes: 'The dictionary is as large as it may be: an entry was not taken in.',
} as const satisfies Record<string, string>

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS_REACHED

/**
 * A limit was reached. Told at once, and then at most once a second for each limit; `count` says
 * how often it was reached since the dictionary was opened.
 */
export interface LimitFact {
  readonly type: 'limit.reached'
  readonly limit: LimitName
  readonly count: number
  /** Who reached it last, where that is known. */
  readonly peerId: PeerId | null
  /** From where, where that is known. */
  readonly address: string | null
}

/** The shortest time between two facts about one limit, in milliseconds. */
export const LIMIT_TOLD_MS = 1_000
