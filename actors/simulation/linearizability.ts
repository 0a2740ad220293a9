/**
 * Whether the operations of one key can be put into one order that explains them all.
 *
 * The search is that of J. Wing and C. Gong, "Testing and verifying concurrent objects" (Journal of
 * Parallel and Distributed Computing 17, 1993): take an operation that was called before any other
 * that is left returned, apply it to a model of the key, go on, and go back where that fails. Sets
 * of operations and states that were seen before are not entered again, as G. Lowe proposes in
 * "Testing for linearizability" (Concurrency and Computation: Practice and Experience 29, 2017).
 *
 * The model of a key under its lease: what it holds, the token, and who has it. Whoever writes or
 * acquires under a greater token has the key from then on; under the same token only who has it
 * may go on, and a smaller token is never used again. A read, and an acquisition, finds what was
 * written last.
 */

import type { Operation } from './history.ts'

/** So many pairs of operations done and state are looked at; beyond it nothing is decided. */
const CONFIGURATIONS_MAX = 50_000

/** What the search found. */
export type Linearization =
  | { readonly verdict: 'linearizable' }
  /** Up to `stuck`, which fits nowhere, an order was found. */
  | { readonly verdict: 'not-linearizable'; readonly stuck: Operation }
  /** There were too many possibilities. */
  | { readonly verdict: 'undecided' }

interface State {
  readonly content: string
  readonly token: number
  readonly by: string
}

/** How far an order has come: the operations before `first` are in it, and those of `ahead`. */
interface Configuration {
  readonly first: number
  readonly ahead: ReadonlySet<number>
  readonly state: State
}

/**
 * Looks for an order of these operations, all of one key, in which each follows what was done
 * before it was called, and finds what the ones before it left.
 *
 * @example
 * const { verdict } = linearize(history.operations.filter(({ key }) => key === 'door'))
 */
export function linearize(operations: readonly Operation[]): Linearization {
  const calls = operations.toSorted((one, other) => one.calledAt - other.calledAt)
  const start: State = { content: 'undefined', token: 0, by: '' }
  const open: Configuration[] = [{ first: 0, ahead: new Set(), state: start }]
  const known = new Set<string>()
  let furthest = 0
  while (true) {
    const here = open.pop()
    if (here === undefined) break
    if (here.first === calls.length) return { verdict: 'linearizable' }
    furthest = Math.max(furthest, here.first)
    // Pushed in reverse, so that the one that was called first is tried first.
    for (const next of stepsFrom(here, calls).reverse()) {
      const name = nameOf(next)
      if (known.has(name)) continue
      if (known.size >= CONFIGURATIONS_MAX) return { verdict: 'undecided' }
      known.add(name)
      open.push(next)
    }
  }
  return { verdict: 'not-linearizable', stuck: calls[furthest] as Operation }
}

function stepsFrom(here: Configuration, calls: readonly Operation[]): Configuration[] {
  const steps: Configuration[] = []
  for (const index of candidatesOf(here, calls)) {
    const state = apply(here.state, calls[index] as Operation)
    if (state === undefined) continue
    const ahead = new Set(here.ahead).add(index)
    let { first } = here
    while (ahead.delete(first)) first += 1
    steps.push({ first, ahead, state })
  }
  return steps
}

/** The operations that may come next: called before any that is left has returned. */
function candidatesOf({ first, ahead }: Configuration, calls: readonly Operation[]): number[] {
  const candidates: number[] = []
  let returnedAtMin = Number.POSITIVE_INFINITY
  for (let index = first; index < calls.length; index++) {
    const call = calls[index] as Operation
    if (call.calledAt > returnedAtMin) break
    if (ahead.has(index)) continue
    candidates.push(index)
    returnedAtMin = Math.min(returnedAtMin, call.returnedAt)
  }
  return candidates
}

/** The key after the operation, or undefined if it cannot be done now with this result. */
function apply(state: State, operation: Operation): State | undefined {
  const { act, by, content, token = state.token } = operation
  const isGranted = token > state.token || (token === state.token && by === state.by)
  // A delete whose trace is gone does not say under which token it was done.
  if (!isGranted && operation.token !== undefined) return undefined
  const isWrite = act === 'set' || act === 'delete'
  if (!isWrite && content !== state.content) return undefined
  return { content, token, by }
}

function nameOf({ first, ahead, state }: Configuration): string {
  const later = [...ahead].sort((one, other) => one - other)
  return `${first} ${later.join(',')} ${state.token} ${state.by} ${state.content}`
}
