/**
 * Carries messages between replicas in the hand: through the codec, at once, and only when told
 * to.
 */
import * as assert from 'uvu/assert'
import type { Batch } from '../../machines/rules/batch.ts'
import { collectedBeyond, holdsNothing } from '../../machines/rules/collect.ts'
import { type Answered, conclude } from '../../machines/rules/conclusion.ts'
import type { Coverage } from '../../machines/rules/coverage.ts'
import { digestOf } from '../../machines/rules/digest.ts'
import { gather, gatherUnsent, type OwnWrites } from '../../machines/rules/gather.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import type { Reading } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import { Owed } from '../../machines/rules/owed.ts'
import type { Origin } from '../../machines/rules/peer.ts'
import { coverageBeyond, digestToTell, heardDigest } from '../../machines/rules/reconcile.ts'
import { renewalWords } from '../../machines/rules/renewal.ts'
import { indexOrigin, type Replica, SELF } from '../../machines/rules/replica.ts'
import { decode, encode } from '../../transport/codec.ts'
import type { Merge } from './mergeMutants.ts'

/** A broadcast of entries on its way. */
export interface Parcel {
  readonly origin: Origin
  readonly writes: OwnWrites
}

export interface Journey {
  readonly reading: Reading
  readonly merge?: Merge
}

/** Everything that the peer has not sent yet. Whether it arrives is for the scene to decide. */
export function collect(replica: Replica, reading: Reading): Parcel[] {
  const origin = replica.origins[SELF] as Origin
  return gatherUnsent(replica, reading).map((writes) => ({ origin, writes }))
}

export function receive(replica: Replica, parcel: Parcel, journey: Journey): void {
  const { origin, writes } = parcel
  const number = writes.to
  const body = { kind: 'entries', ...writes } as const
  const message = decode(encode({ kind: 'broadcast', origin, number, body }))
  if (message?.kind !== 'broadcast' || message.body.kind !== 'entries') {
    throw new Error('The codec refused what was collected.')
  }
  const fits = (journey.merge ?? mergeBatch)(replica, message.body.batch, journey.reading)
  if (!fits) return
  const coverage = replica.coverage[indexOrigin(replica, origin)] as Coverage
  coverage.add(message.body.from, message.body.to)
}

/** Sends what is unsent, and it arrives everywhere. */
export function broadcast(from: Replica, to: readonly Replica[], journey: Journey): void {
  for (const parcel of collect(from, journey.reading)) {
    for (const replica of to) receive(replica, parcel, journey)
  }
}

export interface Answer {
  /** How many entries were owed. */
  readonly owed: number
  /** How many bytes of frames they took. */
  readonly bytes: number
  /** Both have heard the same, and hold something else all the same. */
  readonly differs: boolean
}

/** One question and its answer: afterwards the asker has what the giver had. */
export function ask(asker: Replica, giver: Replica, journey: Journey & { all?: boolean }): Answer {
  const { reading, merge = mergeBatch, all = false } = journey
  const question = { kind: 'sync.ask', ask: 1, coverage: coverageList(asker), all } as const
  assert.equal(decode(encode(question)), question)
  const isFresh = holdsNothing(asker)
  let bytes = 0
  let owed = 0
  const rest = new Owed(giver, question)
  for (let run = rest.next(); run.length > 0; run = rest.next()) {
    owed += run.length
    const batch = gather(giver, run, reading)
    const frame = encode({ kind: 'sync.give', ask: 1, batch })
    bytes += frame.length
    merge(asker, (decode(frame) as { batch: Batch }).batch, reading)
  }
  const done = {
    kind: 'sync.done',
    ask: 1,
    coverage: coverageBeyond(giver, question),
    isPending: giver.unsent.length > 0,
    collected: collectedBeyond(giver, question),
    floor: giver.floor,
    renewals: renewalWords(giver, reading),
  } as const
  assert.ok(decode(encode(done)))
  const told = question.coverage
  const isMoreNeeded = conclude(asker, { done, told, isFresh, isAll: all }, reading)
  return {
    owed,
    bytes,
    differs: isMoreNeeded || (!all && compare(asker, giver, { done, reading })),
  }
}

/** Both have heard the same: whether they hold something else all the same. */
function compare(
  asker: Replica,
  giver: Replica,
  { done, reading }: { done: Answered['done']; reading: Reading },
): boolean {
  const heard = heardDigest(asker)
  const digest = digestToTell(giver, heard)
  if (digest === undefined) return false
  const nothing = { coverage: [], collected: [] }
  const told = coverageList(asker)
  const holding = { heard, digest }
  const answered = { done: { ...done, ...nothing }, told, isFresh: false, isAll: false, holding }
  return conclude(asker, answered, reading)
}

/** Two peers meet: both ask, what must give way gives way, and then each sends what it has left. */
export function meet(one: Replica, other: Replica, journey: Journey): void {
  ask(one, other, journey)
  ask(other, one, journey)
  broadcast(one, [other], journey)
  broadcast(other, [one], journey)
}

export function agree(replicas: readonly Replica[]): boolean {
  return new Set(replicas.map(digestOf)).size === 1
}
