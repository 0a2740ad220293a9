/**
 * What the scenes of the rules' tests are made of: replicas with names, moments, claims and views.
 */
import * as assert from 'uvu/assert'
import { ABSENT, type Batch, RELEASED } from '../../machines/rules/batch.ts'
import { originKey } from '../../machines/rules/coverage.ts'
import { digestOf } from '../../machines/rules/digest.ts'
import type { ConflictFact, Fact } from '../../machines/rules/fact.ts'
import { flattenValue } from '../../machines/rules/flat.ts'
import { requireKey, type StoredKey } from '../../machines/rules/key.ts'
import type { Reading } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Origin, PeerId } from '../../machines/rules/peer.ts'
import {
  createReplica,
  REPLICA_LIMITS,
  type Replica,
  type ReplicaOptions,
  readValue,
} from '../../machines/rules/replica.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { type Receipt, set, type Verdict, type WriteOptions } from '../../machines/rules/write.ts'

/** The term of every lease here that does not ask for another. */
export const LEASE_MS = 10_000
const WALL_AT_START = 1_700_000_000_000

export function open(name: string, options: Partial<ReplicaOptions> = {}): Replica {
  const settings = {
    leasing: true,
    leaseMs: LEASE_MS,
    takeover: 'any',
    limits: REPLICA_LIMITS,
  } as const
  return createReplica({ self: originOf(name), ...settings, ...options })
}

export function originOf(name: string, run = '1'): Origin {
  return { peer: name, run } as Origin
}

/** A moment by both clocks of a peer; its wall clock may be anything. */
export function at(now: number, wall = WALL_AT_START + now): Reading {
  return { now, wall }
}

export function keyOf(name: string): StoredKey {
  return requireKey(name)
}

export function trySet(
  replica: Replica,
  [name, value]: readonly [string, unknown],
  options: WriteOptions,
): Verdict<Receipt> {
  const { reading, ...how } = options
  return set(replica, { key: keyOf(name), value: admitValue(value), ...how }, reading)
}

/** Sets a key that must be free or owned. */
export function put(
  replica: Replica,
  pair: readonly [string, unknown],
  reading: Reading,
  leaseMs?: number,
): Receipt {
  return doneBy(trySet(replica, pair, { reading, leaseMs }))
}

export function doneBy<Done>(verdict: Verdict<Done>): Done {
  if ('done' in verdict) return verdict.done
  throw new Error(`refused: ${JSON.stringify(verdict)}`)
}

/** The word for why a write was refused, or `done`. */
export function wordOf(verdict: Verdict<unknown>): string {
  return 'done' in verdict ? 'done' : verdict.refused.verdict
}

export function valueAt(replica: Replica, name: string): unknown {
  return readValue(replica, slotOf(replica, name))
}

export function slotOf(replica: Replica, name: string): number {
  return replica.table.find(keyOf(name))
}

/** Takes the facts of one kind that were told so far; all others are forgotten. */
export function told<Type extends Fact['type']>(
  replica: Replica,
  type: Type,
): Extract<Fact, { type: Type }>[] {
  const facts = replica.facts.filter((fact) => fact.type === type)
  replica.facts = []
  return facts as Extract<Fact, { type: Type }>[]
}

export function conflictsAt(replica: Replica): ConflictFact[] {
  return told(replica, 'conflict')
}

/** One entry as some peer may claim it. */
export interface ClaimSpec {
  readonly key?: string
  readonly writer: string
  readonly epoch: number
  readonly sequence: number
  /** A tombstone if there is none. */
  readonly value?: unknown
  readonly released?: boolean
  readonly termMs?: number
  readonly remainingMs?: number
  readonly heir?: string
  readonly over?: readonly [writer: string, sequence: number]
}

/** The claims as one batch, in this order. */
export function batchOf(claims: readonly ClaimSpec[]): Batch {
  const names: string[] = []
  const indexOf = (name: string) => {
    if (!names.includes(name)) names.push(name)
    return names.indexOf(name)
  }
  const column = (of: (claim: ClaimSpec) => number) => claims.map(of)
  const rows = claims.map((claim, row) => ({ claim, row }))
  const writer = column((claim) => indexOf(claim.writer))
  const over = rows.flatMap(({ claim, row }) =>
    claim.over ? [[row, indexOf(claim.over[0]), claim.over[1]] as const] : [],
  )
  const admitted = claims.map(({ value }) =>
    value === undefined ? { kept: null, bytes: 0 } : admitValue(value),
  )
  return {
    origins: names.map((name) => originOf(name)),
    keys: claims.map((claim) => keyOf(claim.key ?? 'door')),
    values: admitted.map(({ kept }) => kept),
    sizes: admitted.map(({ bytes }) => bytes),
    writer,
    epoch: column((claim) => claim.epoch),
    sequence: column((claim) => claim.sequence),
    termMs: column((claim) => claim.termMs ?? LEASE_MS),
    remainingMs: column((claim) => claim.remainingMs ?? claim.termMs ?? LEASE_MS),
    flags: column(({ value, released }) => {
      return value === undefined ? ABSENT | RELEASED : released ? RELEASED : 0
    }),
    heirs: rows.flatMap(({ claim, row }) =>
      claim.heir ? [[row, claim.heir as PeerId] as const] : [],
    ),
    over,
  }
}

/**
 * All that is replicated, as text: equal texts are equal tables. With `reading`, the deadlines
 * too.
 */
export function dump(replica: Replica, reading?: Reading): string {
  const { table, origins, heirs, lineages } = replica
  const lines = [...table.slots].map(([key, slot]) => {
    const lineage = lineages.get(slot) ?? []
    return JSON.stringify([
      key,
      originKey(origins[table.writer[slot] as number] as Origin),
      table.epoch[slot],
      table.sequence[slot],
      table.flags[slot],
      table.termMs[slot],
      String(flattenValue(table.values[slot])),
      heirs.get(slot) ?? null,
      lineage.map(([writer, sequence]) => [originKey(origins[writer] as Origin), sequence]),
      reading === undefined ? null : (table.lapseAt[slot] as number) - reading.now,
    ])
  })
  return [...lines.sort(), digestOf(replica), table.size, table.bytes].join('\n')
}

/** A replica that knows `gate` as bob's, for as long as a lease lasts. */
export function openBesideBob(): Replica {
  const alice = open('alice')
  mergeBatch(
    alice,
    batchOf([{ key: 'gate', writer: 'bob', epoch: 1, sequence: 1, value: 'bob' }]),
    at(0),
  )
  alice.facts = []
  return alice
}

/**
 * The word for what came of it; all that is replicated is the same as before unless it was done.
 */
export function tried(replica: Replica, write: () => Verdict<unknown>): string {
  const before = [dump(replica, at(0)), replica.sequence, replica.unsent.length].join()
  const word = wordOf(write())
  const after = [dump(replica, at(0)), replica.sequence, replica.unsent.length].join()
  if (word !== 'done') assert.is(after, before, 'a refused write changes nothing')
  return word
}
