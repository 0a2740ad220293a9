/**
 * The lineage of an entry: whom its grant descends from. Each former writer of the key comes once,
 * with its last write that the next one had seen, latest first.
 *
 * It is a version vector of one key, cut to the latest writers, and answers one question: had the
 * successor of my write, or anybody between, seen it? Without it a peer that was away could not
 * tell a write that was built upon from one that was lost.
 */

/** Former writers with their last sequence, as indexes of a replica's or a batch's origins. */
export type Lineage = readonly (readonly [writer: number, sequence: number])[]

/** The most writers that a lineage names; older ones are left out. */
export const LINEAGE_MAX = 8

export const NO_LINEAGE: Lineage = []

/** The lineage of a grant by `heir` that follows on a write of another. */
export function descend(
  lineage: Lineage,
  { writer, sequence, heir }: { writer: number; sequence: number; heir: number },
): Lineage {
  const older = lineage.filter(([other]) => other !== writer && other !== heir)
  const latest = writer === heir ? older : [[writer, sequence] as const, ...older]
  return latest.slice(0, LINEAGE_MAX)
}

/** Had that write been seen? `unknown` if the lineage was cut and does not name the writer. */
export function judgeSeen(
  lineage: Lineage,
  { writer, sequence }: { writer: number; sequence: number },
): 'seen' | 'unseen' | 'unknown' {
  const found = lineage.find(([other]) => other === writer)
  if (found !== undefined) return found[1] >= sequence ? 'seen' : 'unseen'
  return lineage.length >= LINEAGE_MAX ? 'unknown' : 'unseen'
}

export function isSameLineage(one: Lineage, other: Lineage): boolean {
  return (
    one.length === other.length &&
    one.every(([writer, sequence], at) => writer === other[at]?.[0] && sequence === other[at]?.[1])
  )
}
