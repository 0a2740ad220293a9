/** The words about neighbourhoods and about the tree of broadcasts, as plain arrays. */

import type { DataMessage } from '../machines/rules/message.ts'
import { isId } from '../machines/rules/peer.ts'
import { type BroadcastRange, RANGE_MAX, RANGES_TOLD_MAX } from '../machines/rules/plumtree.ts'
import { isCount, isDigest } from './controlCodec.ts'

type TreeMessage = Extract<DataMessage, { kind: `tree.${string}` | 'view.tell' }>

const VIEW_TELL = 46
const TREE_PRUNE = 47
const TREE_HAVE = 48
const TREE_GRAFT = 49

/** True for the number of such a message. */
export function isTree(kind: unknown): boolean {
  return (kind as number) >= VIEW_TELL && (kind as number) <= TREE_GRAFT
}

export function flattenTree(message: TreeMessage): unknown[] {
  switch (message.kind) {
    case 'view.tell':
      return [VIEW_TELL, message.digest, message.degree]
    case 'tree.prune':
      return [TREE_PRUNE]
    case 'tree.have':
      return [TREE_HAVE, message.ranges.map(flattenRange)]
    case 'tree.graft':
      return [TREE_GRAFT, message.ranges.map(flattenRange)]
  }
}

/** The message in an array that opens with one of these kinds; undefined if there is none. */
export function unflattenTree(flat: readonly unknown[]): TreeMessage | undefined {
  const [kind, content, degree] = flat
  if (kind === TREE_PRUNE) return flat.length === 1 ? { kind: 'tree.prune' } : undefined
  if (kind === VIEW_TELL) {
    const isSound = flat.length === 3 && isDigest(content, 16) && isCount(degree)
    return isSound ? { kind: 'view.tell', digest: content, degree: degree as number } : undefined
  }
  if (kind !== TREE_HAVE && kind !== TREE_GRAFT) return undefined
  const ranges = flat.length === 2 ? readRanges(content) : undefined
  if (ranges === undefined) return undefined
  return { kind: kind === TREE_HAVE ? 'tree.have' : 'tree.graft', ranges }
}

function flattenRange({ origin, first, last }: BroadcastRange): unknown[] {
  return [origin.peer, origin.run, first, last]
}

function readRanges(list: unknown): BroadcastRange[] | undefined {
  if (!Array.isArray(list) || list.length > RANGES_TOLD_MAX) return undefined
  const ranges: BroadcastRange[] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 4) return undefined
    const [peer, run, first, last] = item
    if (!isId(peer) || !isId(run) || !isCount(first) || !isCount(last)) return undefined
    if (first < 1 || last < first || last - first > RANGE_MAX) return undefined
    ranges.push({ origin: { peer, run } as BroadcastRange['origin'], first, last })
  }
  return ranges
}
