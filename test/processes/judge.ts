/**
 * Judges what real processes did by the checks that judge simulated ones: the journals of all runs
 * become the history that a simulation keeps. One promise is judged here, since only a clock that
 * all processes share can tell: nobody took a key while its owner still believed in it.
 */

import type { Dictionary } from 'holdfast'
import type { Problem } from '../../actors/simulation/checks.ts'
import { contentOf, History, type Operation } from '../../actors/simulation/history.ts'
import { checkRevivals, checkTokens, checkWrites } from '../../actors/simulation/verdict.ts'
import type { Entry } from './journal.ts'

/** One run of a peer. */
export interface Run {
  readonly name: string
  /** How many runs of this peer there were before, and this one. */
  readonly run: number
  /** Whether it was killed: what it alone knew may be gone. */
  readonly isDead: boolean
  readonly journal: readonly Entry[]
}

export interface Violation {
  /** What was broken: the name of a check, or an invariant as `semantics.md` numbers them. */
  readonly invariant: string
  readonly what: string
}

/** A write, with what became of it. */
interface Write {
  readonly by: string
  readonly key: string
  readonly value: string | undefined
  readonly previous: string | undefined
  readonly token: number | undefined
  readonly calledAt: number
  /** When it had returned, in milliseconds; for ever if the process did not live to see it. */
  readonly at: number
  /** When its owner last found that it held the key under it, before it renewed the lease. */
  heldAt: number
}

export interface Judgement {
  readonly violations: readonly Violation[]
  readonly writes: number
  /** How often a key was taken from another that was known to have owned it. */
  readonly takeovers: number
}

/** Judges all runs by what all peers hold in the end. */
export function judge(runs: readonly Run[], held: ReadonlyMap<string, unknown>): Judgement {
  const history = new History(() => 0)
  const violations: Violation[] = []
  const writes = runs.flatMap((run) => readRun(run, { history, violations }))
  const evidence = {
    history,
    runs: new Set(runs.filter(({ isDead }) => !isDead).map(nameOf)),
    held: new Map([...held].map(([key, value]) => [key, contentOf(value)])),
  }
  const problems: Problem[] = [
    ...checkWrites(evidence),
    ...checkRevivals(evidence),
    ...checkTokens(evidence),
  ]
  violations.push(...problems.map(({ check, what }) => ({ invariant: check, what })))
  return { violations, writes: writes.length, takeovers: judgeTakeovers(writes, violations) }
}

/** Adds one run to the history, and returns its writes. */
function readRun(run: Run, to: { history: History; violations: Violation[] }): Write[] {
  const by = nameOf(run)
  const writes = new Map<number, Write>()
  const current = new Map<string, Write>()
  const messages = new Set<unknown>()
  const hear = listen(to.history, by)
  const violate = (invariant: string, what: string) => to.violations.push({ invariant, what })
  for (const entry of run.journal) {
    switch (entry.type) {
      case 'intent': {
        const { write, key, value, previous, at: calledAt } = entry
        const heldAt = entry.isRenewing ? Number.POSITIVE_INFINITY : 0
        const at = Number.POSITIVE_INFINITY
        writes.set(write, { by, key, value, previous, token: undefined, calledAt, at, heldAt })
        break
      }
      case 'accepted': {
        const { write, token, at } = entry
        const made = { ...(writes.get(write) as Write), token, at }
        writes.set(write, made)
        current.set(made.key, made)
        to.history.operations.push(operationOf(made))
        break
      }
      case 'refused':
        writes.delete(entry.write)
        break
      case 'held': {
        const write = current.get(entry.key)
        if (write?.token === entry.token) write.heldAt = Math.max(write.heldAt, entry.at)
        break
      }
      case 'renewed':
        current.delete(entry.key)
        break
      case 'heard': {
        const { payload } = entry.fact
        if (entry.event === 'error') violate('error', `${by}: ${JSON.stringify(entry.fact)}`)
        else if (entry.event !== 'message') hear(entry.event, entry.fact)
        else if (messages.has(payload)) violate('M3', `${payload} came twice to ${by}`)
        else messages.add(payload)
        break
      }
      case 'unexpected':
        violate('error', `${by}: ${entry.what}`)
    }
  }
  // A write that the process did not live to see accepted may have been sent all the same.
  const all = [...writes.values()]
  const unknown = all.filter(({ at }) => at === Number.POSITIVE_INFINITY)
  to.history.operations.push(...unknown.map(operationOf))
  return all
}

/** Whoever knew of a lease took the key only after its owner had found it lost. */
function judgeTakeovers(writes: readonly Write[], violations: Violation[]): number {
  const byValue = new Map(
    writes
      .filter(({ value }) => value !== undefined)
      .map((write) => [`${write.key} ${write.value}`, write]),
  )
  let takeovers = 0
  for (const { by, key, previous, at } of writes) {
    const before = byValue.get(`${key} ${previous}`)
    if (before === undefined || before.by === by) continue
    // A lease that is renewed without a write may be longer than its taker could know in a split.
    if (before.heldAt === Number.POSITIVE_INFINITY) continue
    takeovers += 1
    if (before.heldAt <= at) continue
    const later = `${Math.round(before.heldAt - at)} ms later`
    violations.push({ invariant: 'L1', what: `${by} took ${key}; ${before.by} held it ${later}` })
  }
  return takeovers
}

function operationOf({ by, key, value, previous, token, calledAt, at }: Write): Operation {
  return {
    act: value === undefined ? 'delete' : 'set',
    by,
    key,
    content: contentOf(value),
    previous: contentOf(previous),
    token,
    // The clock that all processes share gives the places among all that happened, too.
    calledAt,
    returnedAt: at,
    calledMs: Math.round(calledAt),
    returnedMs: Math.round(at),
  }
}

/** Lets the history listen to a run of which only the journal is left. */
function listen(history: History, by: string) {
  const listeners = new Map<string, (fact: unknown) => void>()
  const on = (event: string, listener: (fact: unknown) => void) => listeners.set(event, listener)
  history.follow(by, { on } as unknown as Dictionary)
  return (event: string, fact: unknown) => listeners.get(event)?.(fact)
}

function nameOf({ name, run }: Run): string {
  return `${name}#${run}`
}
