/**
 * What must hold for every merge, as functions over a merge: each returns what it found wrong, or
 * nothing.
 */

import { gather } from '../../machines/rules/gather.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { compareVersions, type Version } from '../../machines/rules/version.ts'
import type { Merge } from './mergeMutants.ts'
import { at, batchOf, type ClaimSpec, dump, keyOf, open, slotOf } from './scene.ts'

/** One way in which claims may arrive: each number is a row, each inner list a batch. */
export type Delivery = readonly (readonly number[])[]

/** C1: every delivery of the claims ends in one and the same table. */
export function findDisagreement(
  merge: Merge,
  claims: readonly ClaimSpec[],
  deliveries: readonly Delivery[],
): string | undefined {
  let first: string | undefined
  for (const delivery of deliveries) {
    const carol = deliver(merge, claims, delivery)
    const found = dump(carol, at(0))
    first ??= found
    if (found !== first) return `${JSON.stringify(delivery)}:\n${found}\nand before:\n${first}`
  }
  return undefined
}

function deliver(merge: Merge, claims: readonly ClaimSpec[], delivery: Delivery): Replica {
  const replica = open('zoe')
  for (const rows of delivery) {
    merge(replica, batchOf(rows.map((row) => claims[row] as ClaimSpec)), at(0))
  }
  return replica
}

/** All orders one by one, all orders in one batch, and all orders with everything twice. */
export function allDeliveries(count: number): Delivery[] {
  return permutations(Array.from({ length: count }, (_, row) => row)).flatMap((order) => [
    order.map((row) => [row]),
    [order],
    [order, ...order.map((row) => [row])],
  ])
}

function permutations(rows: readonly number[]): number[][] {
  if (rows.length === 0) return [[]]
  return rows.flatMap((row) =>
    permutations(rows.filter((other) => other !== row)).map((rest) => [row, ...rest]),
  )
}

/** Some orders, with some claims doubled, cut into batches anywhere. */
export function someDeliveries(random: () => number, count: number): Delivery[] {
  return Array.from({ length: 6 }, () => {
    const rows = Array.from({ length: count }, (_, row) => row)
    for (let extra = 0; extra < count; extra++) {
      if (random() < 0.3) rows.push(Math.floor(random() * count))
    }
    for (let last = rows.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1))
      ;[rows[last], rows[other]] = [rows[other] as number, rows[last] as number]
    }
    const batches: number[][] = [[]]
    for (const row of rows) {
      if (random() < 0.5) batches.push([])
      batches.at(-1)?.push(row)
    }
    return batches
  })
}

/** C3: joining tables is commutative, associative and idempotent. */
export function findUnlawfulJoin(
  merge: Merge,
  claims: readonly [readonly ClaimSpec[], readonly ClaimSpec[], readonly ClaimSpec[]],
): string | undefined {
  const [one, two, three] = claims.map((each) => deliver(merge, each, [each.map((_, row) => row)]))
  const join = (...replicas: (Replica | undefined)[]) => joined(merge, replicas as Replica[])
  if (dump(join(one, two)) !== dump(join(two, one))) return 'not commutative'
  if (dump(join(join(one, two), three)) !== dump(join(one, join(two, three)))) {
    return 'not associative'
  }
  if (dump(join(one, one)) !== dump(join(one))) return 'not idempotent'
  const both = join(one, two)
  return dump(join(both, both, two, one)) === dump(both) ? undefined : 'not idempotent'
}

function joined(merge: Merge, replicas: readonly Replica[]): Replica {
  const result = open('zoe')
  for (const replica of replicas) {
    merge(result, gather(replica, [...replica.table.slots.values()], at(0)), at(0))
  }
  return result
}

/** C4: wall clocks may show anything, and the table and its deadlines are the same. */
export function findClockInfluence(
  merge: Merge,
  claims: readonly ClaimSpec[],
  walls: readonly number[],
): string | undefined {
  const replicas = [(row: number) => row, (row: number) => walls[row % walls.length] ?? 0].map(
    (wall) => {
      const replica = open('zoe')
      claims.forEach((claim, row) => void merge(replica, batchOf([claim]), at(row, wall(row))))
      return dump(replica, at(claims.length))
    },
  )
  return replicas[0] === replicas[1] ? undefined : replicas.join('\nand:\n')
}

/** C7: no key's version goes backwards, and L5: nor does its token. */
export function findStepBack(merge: Merge, claims: readonly ClaimSpec[]): string | undefined {
  const replica = open('zoe')
  for (const claim of claims) {
    const name = claim.key ?? 'door'
    const before = versionAt(replica, name)
    merge(replica, batchOf([claim]), at(0))
    const after = versionAt(replica, name)
    if (before === undefined || after === undefined) continue
    if (compareVersions(keyOf(name), after, before) < 0 || after.epoch < before.epoch) {
      return `${JSON.stringify(before)} then ${JSON.stringify(after)}`
    }
  }
  return undefined
}

export function versionAt({ table, origins }: Replica, name: string): Version | undefined {
  const slot = table.find(keyOf(name))
  if (slot < 0) return undefined
  const writer = origins[table.writer[slot] as number] as Version['writer']
  return { epoch: table.epoch[slot] as number, sequence: table.sequence[slot] as number, writer }
}

/** L3: hearing the same of a lease again, with any remaining time, moves its end never later. */
export function findExtension(
  merge: Merge,
  claim: ClaimSpec,
  hearsay: readonly (readonly [laterMs: number, remainingMs: number])[],
): string | undefined {
  const replica = open('zoe')
  merge(replica, batchOf([claim]), at(0))
  let now = 0
  for (const [laterMs, remainingMs] of hearsay) {
    const before = replica.table.lapseAt[slotOf(replica, 'door')] as number
    now += laterMs
    merge(replica, batchOf([{ ...claim, remainingMs }]), at(now))
    const after = replica.table.lapseAt[slotOf(replica, 'door')] as number
    if (after > before) return `from ${before} to ${after}`
  }
  return undefined
}
