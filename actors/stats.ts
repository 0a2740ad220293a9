/** Stats: how one dictionary is doing, as plain numbers for whatever collects them. */

import type { Reading } from '../machines/rules/lease.ts'
import { LIMITS_REACHED, type LimitName } from '../machines/rules/limit.ts'
import { ownRemainingMs, type Replica } from '../machines/rules/replica.ts'
import type { LimitCounts } from './bounds.ts'
import type { Switchboard } from './switchboard.ts'

const counter = (help: string) => ({ kind: 'counter', help }) as const
const gauge = (help: string) => ({ kind: 'gauge', help }) as const

/** `frame.length` in the form of a name of `stats()`: `FrameLength`. */
type Joined<Name extends string> = Name extends `${infer First}.${infer Rest}`
  ? `${Capitalize<First>}${Joined<Rest>}`
  : Capitalize<Name>

/** Under which name `stats()` tells how often a limit was reached. */
export type LimitStat<Name extends LimitName = LimitName> = `limit${Joined<Name>}`

type PerLimit<Value> = { readonly [Name in LimitName as LimitStat<Name>]: Value }

const LIMIT_NAMES = Object.keys(LIMITS_REACHED) as LimitName[]

/** The name by which `stats()` tells how often this limit was reached. */
export function limitStat<Name extends LimitName>(limit: Name): LimitStat<Name> {
  const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
  return `limit${limit.split('.').map(capitalized).join('')}` as LimitStat<Name>
}

function perLimit<Value>(make: (limit: LimitName) => Value): PerLimit<Value> {
  return Object.fromEntries(LIMIT_NAMES.map((each) => [limitStat(each), make(each)])) as never
}

/**
 * What each number of `stats()` means. A gauge goes up and down; a counter starts at 0 when the
 * dictionary is opened and only rises. Names that end in `Bytes`, or begin with `bytes`, are bytes;
 * those that begin with `limit` say how often a limit was reached: see `LIMITS_REACHED`.
 */
export const STATS = {
  keys: gauge('Keys that have a value.'),
  entries: gauge('Entries that are kept: keys, and traces of what was deleted or leased.'),
  storeBytes: gauge('What all entries are charged against limits.bytesMax, in bytes.'),
  peers: gauge('Connected peers.'),
  connections: gauge('Connections, those under way or about to be replaced included.'),
  members: gauge('Other members of the network that are known, neighbours or not.'),
  leasesHeld: gauge('Leases that are held on purpose: by acquire, withLease, elect or locks.'),
  leasesRenewing: gauge('Own leases that go on by themselves.'),
  leasesWaiting: gauge('How many here wait for a lease.'),
  queueBytes: gauge('Bytes that wait to be sent, over all connections.'),
  framesIn: counter('Frames that came in.'),
  framesOut: counter('Frames that were handed to the network.'),
  framesSkipped: counter('Frames that were left out for a slow peer, which asks for them later.'),
  bytesIn: counter('Bytes of the frames that came in.'),
  bytesOut: counter('Bytes of the frames that were handed to the network.'),
  broadcastsMade: counter('Broadcasts of this peer.'),
  broadcastsSeen: counter('Broadcasts of others that came for the first time.'),
  broadcastsDuplicate: counter('Broadcasts that had come before.'),
  batchesMerged: counter('Batches of entries that were merged.'),
  entriesMerged: counter('Entries in these batches, new to this peer or not.'),
  reconciliations: counter('Times that a neighbour was asked what this peer lacks, and told it.'),
  stalls: counter('Times that this process was held up for more than half a second.'),
  conflicts: counter('Own writes that were accepted and lost to another.'),
  leasesLost: counter('Leases held on purpose that were lost.'),
  messages: counter('Messages of other peers.'),
  peersConnected: counter('Times that a peer was connected.'),
  peersDisconnected: counter('Times that the last connection to a peer was gone.'),
  connectionsClosed: counter('Connections that ended, for whatever reason.'),
  connectionsRefused: counter('Connections that this peer or the other one refused.'),
  membersFull: counter('Times that a member told that it has no room for what this peer wrote.'),
  errors: counter('Errors that were told as `error`, since no call could throw them.'),
  ...perLimit((limit) => counter(LIMITS_REACHED[limit])),
}

/** The numbers that `stats()` returns; `STATS` says what each means. */
export type Stats = { readonly [Name in keyof typeof STATS]: number }

/** A look at the numbers. Its cost follows the connections and the leases held on purpose. */
export function readStats(board: Switchboard): Stats {
  const { counts, replica, lines } = board
  const limits: LimitCounts = board.bounds.counts
  const { table, queue, renewing } = replica
  let leasesWaiting = 0
  for (const line of queue.own.values()) leasesWaiting += line.size
  let queueBytes = 0
  for (const line of lines.all()) queueBytes += line.queuedBytes
  return {
    ...counts,
    ...perLimit((limit) => limits[limit]),
    keys: table.size - table.gone.size,
    entries: table.slots.size,
    storeBytes: table.bytes,
    peers: lines.count,
    connections: lines.openCount,
    members: board.members.size,
    leasesHeld: leasesHeldBy(replica, board.read()),
    leasesRenewing: renewing.size,
    leasesWaiting,
    queueBytes,
  }
}

/** A lease whose time is over may be found lost only when somebody looks. */
function leasesHeldBy(replica: Replica, reading: Reading): number {
  let count = 0
  for (const slot of replica.held.keys()) {
    if (ownRemainingMs(replica.table, slot, reading) > 0) count++
  }
  return count
}
