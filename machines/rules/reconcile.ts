/**
 * Reconciliation: how two replicas settle what they owe each other.
 *
 * The asker first sends a digest of what it has heard. If the other side has heard something else,
 * the asker says how far it has heard each writer. The other side answers with every entry that is
 * beyond that, in batches, and ends with what it has heard beyond that itself; the asker has heard
 * as much from then on. The cost follows the difference.
 *
 * If both have heard the same, the other side says so with a digest of what it holds: two short
 * messages, and that was all. Only if that is not the digest of the asker does it ask for
 * everything. A table takes as long to hash as to send, so nobody who lacks something waits for
 * that; who does not is asked now and then, and hashes what has changed since. Both sides ask,
 * each for itself.
 *
 * A grant that nobody was sent yet is not given: its writer waits until it has asked somebody, so
 * that it can still give way (see `merge.ts`), and sends it as a broadcast then. A write under a
 * grant that others have seen never gives way; it is given, or else an asker who compares
 * everything would take the key for deleted.
 */

import { Coverage, type CoverageList, fitting, LIST_BYTES_MAX, originKey } from './coverage.ts'
import { digestOf } from './digest.ts'
import { Hash, hex } from './hash.ts'
import { allCoverage, coverageItem } from './heard.ts'
import { admitsOrigins } from './origins.ts'
import type { Origin } from './peer.ts'
import { REACH_WORD_BYTES } from './reach.ts'
import { indexOrigin, type Replica, SELF } from './replica.ts'

/** What an asker says of itself. */
export interface Question {
  /** How far it has heard each writer. */
  readonly coverage: CoverageList
  /** True if it wants every entry named, covered or not. */
  readonly all: boolean
}

/** How far the replica has heard, as the end of an answer tells it: what the asker has not. */
export function coverageBeyond(replica: Replica, { coverage, all }: Question): CoverageList {
  const list = allCoverage(replica)
  const extraBytes = replica.provenance === null ? 0 : REACH_WORD_BYTES
  if (all) return fitting(list, LIST_BYTES_MAX, extraBytes)
  const heard = new Map(coverage.map((item) => [originKey(originOf(item)), String(item)]))
  const beyond = list.filter((item) => heard.get(originKey(originOf(item))) !== String(item))
  return fitting(beyond, LIST_BYTES_MAX, extraBytes)
}

/** The asker has everything that the other side had: takes its coverage over. */
export function settle(replica: Replica, coverage: CoverageList): void {
  for (const [peer, run, ...list] of coverage) {
    if (!admitsOrigins(replica, [{ peer, run }])) continue
    const writer = indexOrigin(replica, { peer, run })
    if (writer !== SELF) (replica.coverage[writer] as Coverage).union(list)
  }
}

/** What another replica that has heard the same holds, as digests. */
export interface Holding {
  /** Of how far both had heard each writer. */
  readonly heard: string
  /** Of its entries. */
  readonly digest: string
}

/**
 * The digest to tell who has heard the same; undefined if it has not. A digest counts writes that
 * nobody was sent yet, and what was heard does not: such a digest proves nothing.
 */
export function digestToTell(replica: Replica, heard: string): string | undefined {
  if (replica.unsent.length > 0 || heard !== heardDigest(replica)) return undefined
  return digestOf(replica)
}

/**
 * True if the two replicas have heard the same of everybody and hold something else all the same: a
 * sign of equivocation or of a defect, which only a full exchange can mend.
 */
export function differsUnheard(replica: Replica, { heard, digest }: Holding): boolean {
  const own = digestToTell(replica, heard)
  return own !== undefined && own !== digest
}

/**
 * A digest of how far this replica has heard each writer, as 16 hexadecimal digits. The order in
 * which it met them does not count.
 */
export function heardDigest(replica: Replica): string {
  const items = replica.origins.map((_, writer) => coverageItem(replica, writer))
  return digestOfItems(items.filter((item) => item !== undefined))
}

/** The same of the renewals that it knows of. */
export function renewedDigest({ renewals, origins }: Replica): string {
  const items = [...renewals].map(([writer, { number }]) => {
    const { peer, run } = origins[writer] as Origin
    return [peer, run, number] as const
  })
  return digestOfItems(items)
}

function digestOfItems(items: CoverageList): string {
  let low = 0
  let high = 0
  for (const [peer, run, ...numbers] of items) {
    hash.start().text(peer).text(run)
    for (const number of numbers) hash.number(number)
    hash.finish()
    low = (low + hash.low) >>> 0
    high = (high + hash.high) >>> 0
  }
  return hex(high) + hex(low)
}

/**
 * The list as coverage, by this replica's writer index. Unknown writers are left out: nothing is
 * owed of them.
 */
export function coverageByWriter(replica: Replica, list: CoverageList): (Coverage | undefined)[] {
  const coverage: (Coverage | undefined)[] = []
  for (const [peer, run, ...numbers] of list) {
    const writer = replica.originIndex.get(originKey({ peer, run }))
    if (writer === undefined) continue
    const heard = new Coverage()
    heard.union(numbers)
    coverage[writer] = heard
  }
  return coverage
}

const hash = new Hash()

function originOf([peer, run]: CoverageList[number]) {
  return { peer, run }
}
