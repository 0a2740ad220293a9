/** What is checked of the history of a simulation, when all peers agree. */

import type { CheckName, Problem } from './checks.ts'
import { contentOf, grantOf, type History, type Loss, type Operation } from './history.ts'
import { linearize } from './linearizability.ts'

/** What a history is judged by. */
export interface Evidence {
  readonly history: History
  /** The runs that go on, as `alice#1`: what others alone knew may be lost. */
  readonly runs: ReadonlySet<string>
  /** What all peers hold now, by key; undefined while they disagree. */
  readonly held: ReadonlyMap<string, string> | undefined
}

const NOTHING = contentOf(undefined)

/**
 * Each accepted write is kept, or was overwritten by a peer that had it, or its writer was told
 * exactly once that it lost. Told by its value: a write that others wrote in the same words is
 * judged by the best that happened to one of them.
 */
export function checkWrites(evidence: Evidence): Problem[] {
  const { history, held } = evidence
  const unjudged = findUnjudged(evidence, 'noLostWrites')
  if (unjudged || held === undefined) return unjudged ?? []
  const writes = history.operations.filter(({ act }) => act === 'set')
  const seen = new Set(writesOf(history).map(({ key, previous }) => `${key} ${previous}`))
  const authors = groupBy(writes, ({ key, content }) => `${key} ${content}`)
  const told = groupBy(history.losses.filter(isRealLoss), ({ by, key, lost }) => {
    return `${by} ${key} ${lost}`
  })
  const problems: Problem[] = []
  for (const group of groupBy(writes, ({ by, key, content }) => `${by} ${key} ${content}`)) {
    const [id, [write]] = group as [string, Operation[]]
    if (write === undefined) continue
    const { by, key, content } = write
    const count = group[1].length
    const times = told.get(id)?.length ?? 0
    const isKept = (held.get(key) ?? NOTHING) === content
    const isOnly = authors.get(`${key} ${content}`)?.length === 1
    const name = `${key} = ${content} of ${by}, written at ${write.calledMs} ms,`
    const say = (what: string) => problems.push({ check: 'noLostWrites', what: `${name} ${what}` })
    if (times > count) say(`was told as lost ${times} times.`)
    else if (isKept && isOnly && times > 0) say('was told as lost and is there.')
    const isSafe = isKept || seen.has(`${key} ${content}`) || times > 0
    if (!isSafe && evidence.runs.has(by)) say('is gone, and nobody was told.')
  }
  return problems
}

/** No value is back that a peer has deleted, unless that peer was told that its delete lost. */
export function checkRevivals(evidence: Evidence): Problem[] {
  const { history, held, runs } = evidence
  const unjudged = findUnjudged(evidence, 'noRevivals')
  if (unjudged || held === undefined) return unjudged ?? []
  const sets = history.operations.filter(({ act }) => act === 'set')
  const authors = groupBy(sets, ({ key, content }) => `${key} ${content}`)
  const told = new Set(
    history.losses.filter(({ lost }) => lost === NOTHING).map(({ by, key }) => `${by} ${key}`),
  )
  return history.operations.flatMap(({ act, by, key, previous }) => {
    if (act !== 'delete' || previous === undefined || held.get(key) !== previous) return []
    const isRewritten = (authors.get(`${key} ${previous}`)?.length ?? 0) > 1
    if (isRewritten || told.has(`${by} ${key}`) || !runs.has(by)) return []
    return [{ check: 'noRevivals', what: `${key} = ${previous} is back; ${by} deleted it.` }]
  })
}

/** A peer that runs is never told of a smaller token after a greater one. */
export function checkTokens({ history }: Evidence): Problem[] {
  return history.tokenFalls.map((what) => ({ check: 'noTokenFalls', what }))
}

/** How a linearizability check treats what its writer or holder was told that it lost. */
export type LossTreatment = 'forgiven' | 'counted'

/** The operations of one key have an order that explains them; see `Simulation.linearizable`. */
export function checkOrder(
  evidence: Evidence,
  { key, losses }: { key: string; losses: LossTreatment },
): Problem[] {
  if (evidence.history.isFull) return [full('linearizable')]
  const all = evidence.history.operations.filter((each) => each.key === key)
  const operations = losses === 'counted' ? all : forgive(all, evidence)
  const found = linearize(operations)
  if (found.verdict === 'linearizable') return []
  if (found.verdict === 'undecided') {
    return [{ check: 'linearizable', what: `The order of '${key}' has too many possibilities.` }]
  }
  const { act, by, content, token, calledMs } = found.stuck
  const call = `${act} of ${by} at ${calledMs} ms, ${content} under token ${token},`
  return [{ check: 'linearizable', what: `The ${call} fits no order of '${key}'.` }]
}

/**
 * Without what counts as failed: writes that were told as lost, or that died with their writer, or
 * that only such writes built upon; what was read of them; and what was read or acquired by who was
 * told that the grant lost, or while another already had as great a token, as in a split.
 */
function forgive(operations: readonly Operation[], evidence: Evidence): Operation[] {
  const { lostGrants } = evidence.history
  const kept = survivors(operations, evidence)
  const writes = kept.filter(isWrite)
  const contents = new Set(writes.map(({ content }) => content)).add(NOTHING)
  return kept.filter((each) => {
    if (isWrite(each)) return true
    if (!contents.has(each.content) || lostGrants.has(grantOf(each))) return false
    return !kept.some((other) => isRival(other, each))
  })
}

/** Without the writes that counted for nothing. */
function survivors(operations: readonly Operation[], evidence: Evidence): readonly Operation[] {
  const { history, runs, held } = evidence
  const lost = new Set(history.losses.map((loss) => findLost(operations, loss)))
  const wasSeen = new Set(operations.filter(isWrite).map(({ previous }) => previous))
  let kept = operations.filter((each) => !lost.has(each))
  for (;;) {
    const seen = new Set(kept.filter(isWrite).map(({ previous }) => previous)).add(NOTHING)
    const rest = kept.filter((each) => {
      const { by, key, content } = each
      if (!isWrite(each) || seen.has(content) || held?.get(key) === content) return true
      return runs.has(by) && !wasSeen.has(content)
    })
    if (rest.length === kept.length) return kept
    kept = rest
  }
}

/** The write that was told as lost: the last of these words before the telling. */
function findLost(operations: readonly Operation[], loss: Loss): Operation | undefined {
  // Of two deletes one may lose though nothing is kept that it did not want.
  if (!isRealLoss(loss) && loss.lost !== NOTHING) return undefined
  const { by, key, lost, at } = loss
  return operations.findLast((each) => {
    const isIt = each.by === by && each.key === key && each.content === lost
    return isIt && isWrite(each) && each.returnedAt < at
  })
}

/** True if another run had as great a token before this operation had returned. */
function isRival(other: Operation, { by, token = 0, returnedAt }: Operation): boolean {
  return other.by !== by && (other.token ?? 0) >= token && other.calledAt < returnedAt
}

function writesOf(history: History): Operation[] {
  return history.operations.filter(isWrite)
}

function isWrite({ act }: Operation): boolean {
  return act === 'set' || act === 'delete'
}

/** A lease that lost while its value was kept is no lost write. */
function isRealLoss({ lost, kept }: Loss): boolean {
  return lost !== kept
}

function findUnjudged({ history, held }: Evidence, check: CheckName): Problem[] | undefined {
  if (history.isFull) return [full(check)]
  if (held === undefined) return [{ check, what: 'Nothing is judged until all peers agree.' }]
  return undefined
}

function full(check: CheckName): Problem {
  return { check, what: 'There were more operations than a history keeps.' }
}

function groupBy<Item>(items: readonly Item[], name: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(name(item))
    if (group) group.push(item)
    else groups.set(name(item), [item])
  }
  return groups
}
