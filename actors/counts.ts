/**
 * Counts: what one dictionary did since it was opened, as plain numbers that only rise. Counting is
 * one addition where the thing happens, so it is always on.
 */

import type { Announcement } from './announcement.ts'

export class Counts {
  framesIn = 0
  framesOut = 0
  /** Left out because the other side did not keep up; it is told to ask for them. */
  framesSkipped = 0
  bytesIn = 0
  bytesOut = 0
  broadcastsMade = 0
  broadcastsSeen = 0
  broadcastsDuplicate = 0
  batchesMerged = 0
  entriesMerged = 0
  reconciliations = 0
  stalls = 0
  conflicts = 0
  leasesLost = 0
  messages = 0
  peersConnected = 0
  peersDisconnected = 0
  connectionsClosed = 0
  connectionsRefused = 0
  membersFull = 0
  errors = 0

  /** Counts what the application is told. */
  note({ type }: Announcement): void {
    const name = COUNTED[type]
    if (name !== undefined) this[name] += 1
  }
}

type CountName = {
  [Name in keyof Counts]: Counts[Name] extends number ? Name : never
}[keyof Counts]

const COUNTED: { readonly [Type in Announcement['type']]?: CountName } = {
  conflict: 'conflicts',
  'lease.lost': 'leasesLost',
  message: 'messages',
  connect: 'peersConnected',
  disconnect: 'peersDisconnected',
  'connection.closed': 'connectionsClosed',
  refused: 'connectionsRefused',
  'member.full': 'membersFull',
  error: 'errors',
}
