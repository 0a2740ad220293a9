/**
 * Reconciliation: how two replicas settle what they owe each other.
 *
 * The asker says how far it has heard each writer. The other side answers with every entry that is
 * beyond that, in batches, and ends with how far it has heard them itself and its digest; the asker
 * has heard as much from then on. The cost follows the difference. If both have heard the same and
 * their digests still differ, the asker asks once more, for everything. Both sides ask, each for
 * itself.
 *
 * A grant that nobody was sent yet is not given: its writer waits until it has asked somebody, so
 * that it can still give way (see `merge.ts`), and sends it as a broadcast then. A write under a
 * grant that others have seen never gives way; it is given, or else an asker who compares
 * everything would take the key for deleted.
 */

import { Coverage, type CoverageList, originKey } from './coverage.ts'
import { digestOf, indexOrigin, type Replica, SELF } from './replica.ts'
import { GRANT_UNSENT } from './table.ts'

/** The slots whose entries the asker has not heard of, or all that can be told. */
export function slotsOwed(
  replica: Replica,
  { coverage, all }: { coverage: CoverageList; all: boolean },
): number[] {
  const { table } = replica
  const heard = coverageByWriter(replica, coverage)
  const owed: number[] = []
  for (const slot of table.slotsInUse()) {
    if (table.unsent[slot] === GRANT_UNSENT) continue
    const known = heard[table.writer[slot] as number]
    if (all || !known?.covers(table.sequence[slot] as number)) owed.push(slot)
  }
  return owed
}

/** The asker has everything that the other side had: takes its coverage over. */
export function settle(replica: Replica, coverage: CoverageList): void {
  for (const [peer, run, ...list] of coverage) {
    const writer = indexOrigin(replica, { peer, run })
    if (writer !== SELF) (replica.coverage[writer] as Coverage).union(list)
  }
}

/**
 * True if the two replicas have heard the same of everybody and hold something else all the same: a
 * sign of equivocation or of a defect, which only a full exchange can mend.
 */
export function differsUnheard(
  replica: Replica,
  { coverage, digest }: { coverage: CoverageList; digest: string },
): boolean {
  // A digest counts writes that nobody was sent yet, a coverage does not: such a digest proves
  // nothing.
  if (digest === '' || replica.unsent.length > 0 || digest === digestOf(replica)) return false
  const theirs = coverageByWriter(replica, coverage)
  return replica.origins.every((_, writer) => {
    const mine = writer === SELF ? [replica.sentSequence] : replica.coverage[writer]?.list()
    return String(mine) === String(theirs[writer]?.list() ?? [0])
  })
}

/** The digest to tell another peer; empty while it counts writes that nobody was sent yet. */
export function digestToTell(replica: Replica): string {
  return replica.unsent.length > 0 ? '' : digestOf(replica)
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
