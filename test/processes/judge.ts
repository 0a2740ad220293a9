/**
 * Judges what real processes did by the promises that the simulated ones are judged by. The journals
 * of all runs are read into the ledger that the random scenarios keep; one promise is judged here,
 * because only a clock that all share can tell: nobody took a key while its owner believed in it.
 */

import type { Dictionary } from 'holdfast'
import { Ledger, type Violation } from '../scenarios/ledger.ts'
import type { Entry } from './journal.ts'

/** One run of a peer. */
export interface Run {
  readonly name: string
  readonly run: number
  /** Whether it was killed: what it alone knew may be gone. */
  readonly isDead: boolean
  readonly journal: readonly Entry[]
}

/** A write, with what became of it. */
interface Write {
  readonly by: string
  readonly key: string
  readonly value: string | undefined
  readonly previous: string | undefined
  readonly token: number | undefined
  /** When it had returned, in milliseconds; undefined if the process did not live to see it. */
  readonly at: number | undefined
  /** When its owner last found that it held the key under it, before it renewed the lease. */
  heldAt: number
}

export interface Judgement {
  readonly violations: readonly Violation[]
  readonly writes: number
  readonly takeovers: number
}

/** Judges all runs by what all peers hold in the end. */
export function judge(runs: readonly Run[], held: ReadonlyMap<string, unknown>): Judgement {
  const ledger = new Ledger()
  const writes = runs.flatMap((run) => readRun(run, ledger))
  const takeovers = judgeTakeovers(writes, ledger)
  ledger.judge(held)
  return { violations: ledger.violations, writes: writes.length, takeovers }
}

/** Tells the ledger of one run, and returns its writes. */
function readRun({ name, run, isDead, journal }: Run, ledger: Ledger): Write[] {
  const by = `${name}#${run}`
  const writes = new Map<number, Write>()
  const current = new Map<string, Write>()
  const hear = listen(ledger, { name, run })
  if (isDead) ledger.died(name, run)
  for (const entry of journal) {
    switch (entry.type) {
      case 'intent': {
        const { key, value, previous } = entry
        const heldAt = entry.isRenewing ? Number.POSITIVE_INFINITY : 0
        writes.set(entry.write, {
          by,
          key,
          value,
          previous,
          token: undefined,
          at: undefined,
          heldAt,
        })
        break
      }
      case 'accepted': {
        const { write, token, at } = entry
        const made = { ...(writes.get(write) as Write), token, at }
        writes.set(write, made)
        current.set(made.key, made)
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
      case 'heard':
        hear(entry.event, entry.fact)
        break
      case 'unexpected':
        ledger.violate('error', `${by}: ${entry.what}`)
    }
  }
  // A write that the process did not live to see accepted may have been sent all the same.
  for (const { key, value, previous } of writes.values()) {
    ledger.accepted({ key, value, previous, writer: name, run })
  }
  return [...writes.values()]
}

/** Whoever knew of a lease took the key only after its owner had found it lost. */
function judgeTakeovers(writes: readonly Write[], ledger: Ledger): number {
  const byValue = new Map(
    writes
      .filter(({ value }) => value !== undefined)
      .map((write) => [`${write.key} ${write.value}`, write]),
  )
  let takeovers = 0
  for (const { by, key, previous, at } of writes) {
    const before = byValue.get(`${key} ${previous}`)
    if (at === undefined || before === undefined || before.by === by) continue
    // A lease that is renewed without a write may be longer than its taker could know in a split.
    if (before.heldAt === Number.POSITIVE_INFINITY) continue
    takeovers += 1
    if (before.heldAt <= at) continue
    const laterMs = Math.round(before.heldAt - at)
    ledger.violate('L1', `${by} took ${key} from ${before.by}, which held it ${laterMs} ms later`)
  }
  return takeovers
}

/** Lets the ledger listen to a run of which only the journal is left. */
function listen(ledger: Ledger, { name, run }: { name: string; run: number }) {
  const listeners = new Map<string, (fact: unknown) => void>()
  const on = (event: string, listener: (fact: unknown) => void) => listeners.set(event, listener)
  ledger.follow({ on } as unknown as Dictionary, { name, run })
  return (event: string, fact: Readonly<Record<string, unknown>>) => {
    listeners.get(event)?.(event === 'conflict' && fact.lost === fact.kept ? bareLease(fact) : fact)
  }
}

/** A lease that lost while its value was kept is no lost write. */
function bareLease(fact: Readonly<Record<string, unknown>>) {
  return { ...fact, lost: undefined }
}
