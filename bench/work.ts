/** The work that all are measured by, and which of the others can do it. */

import { measureBroadcast } from './broadcast.ts'
import type { Cast } from './crew.ts'
import { measureJoin } from './join.ts'
import { measureLatency } from './latency.ts'
import { measureMemory } from './memory.ts'
import { measureRejoin } from './rejoin.ts'
import { PAIR_BYTES } from './system.ts'
import { measureThroughput } from './throughput.ts'

export const RIVAL_NAMES = [
  'redis',
  'nats kv',
  'yjs tcp',
  'y-websocket',
  'tinybase',
  'gun',
  'automerge-repo',
  'libp2p gossipsub',
  'js2p',
] as const

export type RivalName = (typeof RIVAL_NAMES)[number]

export interface Work {
  readonly title: string
  /** The first one is that of which the ratio to the raw limit is shown. */
  readonly figures: readonly string[]
  readonly better: 'more' | 'less'
  /** Those that can do it, and do not take minutes for it. */
  readonly rivals: readonly RivalName[]
  measure(cast: Cast): Promise<number[]>
}

/** Those that carry 100,000 keys, and those that take minutes for them. */
const FAST: readonly RivalName[] = ['redis', 'nats kv', 'yjs tcp', 'y-websocket']
const SLOW: readonly RivalName[] = ['tinybase', 'gun', 'automerge-repo', 'libp2p gossipsub', 'js2p']

const [REPLICAS, MANY, FEW, FEWEST] = [4, 100_000, 10_000, 2_000]

export const works: readonly Work[] = [
  throughput({ by: 'set', keys: FEW, rivals: FAST }),
  throughput({ by: 'set', keys: FEWEST, rivals: SLOW }),
  throughput({
    by: 'update',
    keys: FEW,
    rivals: ['redis', 'yjs tcp', 'y-websocket', 'tinybase', 'automerge-repo'],
  }),
  {
    title: `400 single sets, 5 ms apart, to each of ${REPLICAS - 1} others`,
    figures: ['p50 ms', 'p99 ms'],
    better: 'less',
    rivals: RIVAL_NAMES,
    async measure(cast) {
      const { p50, p99 } = await measureLatency(cast)
      return [p50, p99]
    },
  },
  {
    title: 'One small set among 8 replicas',
    figures: ['bytes', '× payload per peer', 'writes', 'idle bytes/s'],
    better: 'less',
    rivals: RIVAL_NAMES,
    async measure(cast) {
      const { bytes, frames, idleBytes } = await measureBroadcast(cast)
      return [bytes, bytes / PAIR_BYTES / 7, frames, idleBytes]
    },
  },
  join(MANY, FAST),
  join(FEW, ['tinybase', 'gun', 'automerge-repo']),
  rejoin(MANY, FAST),
  rejoin(FEW, ['tinybase', 'automerge-repo']),
  memory(MANY, FAST),
  memory(FEWEST, SLOW),
]

function throughput({
  by,
  keys,
  rivals,
}: {
  by: 'set' | 'update'
  keys: number
  rivals: readonly RivalName[]
}): Work {
  const calls = by === 'set' ? 'one call for each' : 'batches of 1,000'
  return {
    title: `${keys} new keys to ${REPLICAS} replicas, ${calls}`,
    figures: ['keys/s', 'writer µs/key', 'reader µs/key', 'bytes/key'],
    better: 'more',
    rivals,
    async measure(cast) {
      const found = await measureThroughput(cast, { replicas: REPLICAS, keys, by })
      const { perSecond, writerMicroseconds, readerMicroseconds, bytes } = found
      return [perSecond, writerMicroseconds, readerMicroseconds, bytes]
    },
  }
}

function join(keys: number, rivals: readonly RivalName[]): Work {
  return {
    title: `A joiner to two replicas with ${keys} keys`,
    figures: ['ms', 'bytes/key'],
    better: 'less',
    rivals,
    async measure(cast) {
      const { ms, bytes } = await measureJoin(cast, { keys })
      return [ms, bytes / keys]
    },
  }
}

function rejoin(keys: number, rivals: readonly RivalName[]): Work {
  const changed = keys / 100
  return {
    title: `Back after ${changed} of ${keys} keys changed`,
    figures: ['bytes', '× the changed pairs', 'ms'],
    better: 'less',
    rivals,
    async measure(cast) {
      const { bytes, ms } = await measureRejoin(cast, { keys, changed })
      return [bytes, bytes / changed / PAIR_BYTES, ms]
    },
  }
}

function memory(keys: number, rivals: readonly RivalName[]): Work {
  return {
    title: `Memory for each of ${keys} keys, at a reader`,
    figures: ['resident bytes', 'heap bytes'],
    better: 'less',
    rivals,
    async measure(cast) {
      const { resident, heap } = await measureMemory(cast, keys)
      return [resident, heap]
    },
  }
}
