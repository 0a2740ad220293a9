/**
 * The five failures of the original, each as a scene that a merge with the old rule is shown to
 * fail.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { takeoverAt } from '../../machines/rules/lease.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { remove } from '../../machines/rules/write.ts'
import { agree, ask, broadcast, collect, meet, receive } from './courier.ts'
import {
  byArrival,
  byWallClock,
  keepFirst,
  type Merge,
  withoutRank,
  withoutSequence,
  withoutTombstones,
} from './mergeMutants.ts'
import {
  at,
  conflictsAt,
  doneBy,
  keyOf,
  LEASE_MS,
  open,
  put,
  trySet,
  valueAt,
  wordOf,
} from './scene.ts'

const failures = suite('the five failures of the original')

const DAY_MS = 24 * 3_600_000

interface Failure {
  /** True if all is well at the end. */
  readonly isWell: (merge: Merge) => boolean
  /** Merges with which the scene fails. */
  readonly old: Record<string, Merge>
}

const scenes: Record<string, Failure> = {
  '1. two sets one second apart leave different values at two peers for ever': {
    isWell: (merge) => {
      const { alice, bob } = trio()
      put(alice, ['door', 'alice'], at(0))
      put(bob, ['door', 'bob'], at(1_000))
      const parcels = [...collect(alice, at(1_000)), ...collect(bob, at(1_000))]
      for (const parcel of parcels) {
        receive(parcel.origin.peer === 'alice' ? bob : alice, parcel, { reading: at(1_010), merge })
      }
      const told = [...conflictsAt(alice), ...conflictsAt(bob)]
      return agree([alice, bob]) && told.length === 1
    },
    old: { byArrival, withoutRank },
  },
  '2. two writes of one owner that arrive in reverse keep the older value': {
    isWell: (merge) => {
      const { alice, bob } = trio()
      const parcels = [1, 2].flatMap((value) => {
        put(alice, ['door', value], at(value))
        return collect(alice, at(value))
      })
      for (const parcel of parcels.reverse()) receive(bob, parcel, { reading: at(5), merge })
      return valueAt(bob, 'door') === 2 && agree([alice, bob])
    },
    old: { byArrival, withoutSequence },
  },
  '3. a delete missed by one peer comes back when that peer reconnects': {
    isWell: (merge) => {
      const { alice, bob, carol } = trio()
      put(alice, ['door', 1], at(0))
      broadcast(alice, [bob, carol], { reading: at(0), merge })
      doneBy(remove(alice, keyOf('door'), { reading: at(1) }))
      broadcast(alice, [bob], { reading: at(1), merge })
      const later = at(365 * DAY_MS)
      for (const [one, other] of [
        [carol, bob],
        [carol, alice],
        [bob, carol],
      ] as const) {
        ask(other, one, { reading: later, merge, all: true })
        meet(one, other, { reading: later, merge })
      }
      return [alice, bob, carol].every((peer) => valueAt(peer, 'door') === undefined)
    },
    old: { byArrival, withoutTombstones },
  },
  '4. a split with sets on both sides is never reconciled': {
    isWell: (merge) => {
      const { alice, bob, carol } = trio()
      const dave = open('dave')
      const sides = [
        [alice, bob],
        [carol, dave],
      ] as const
      for (const [writer, other] of sides) {
        for (const key of ['one', 'two', 'three', 'four', 'five', 'six']) {
          put(writer, [key, writer.origins[0]?.peer], at(0))
        }
        broadcast(writer, [other], { reading: at(0), merge })
      }
      meet(bob, carol, { reading: at(5_000), merge })
      meet(alice, bob, { reading: at(5_000), merge })
      meet(carol, dave, { reading: at(5_000), merge })
      const told = [alice, carol].map((peer) => conflictsAt(peer).length)
      return agree([alice, bob, carol, dave]) && (told[0] ?? 0) + (told[1] ?? 0) === 6
    },
    old: { keepFirst, withoutRank },
  },
  '5. a peer with a skewed clock takes over a live lease': {
    isWell: (merge) => {
      return [-DAY_MS, -2 * LEASE_MS, 2 * LEASE_MS, DAY_MS, 100 * 365 * DAY_MS].every((skewMs) => {
        const { alice, bob } = trio()
        put(alice, ['door', 'alice'], at(0))
        broadcast(alice, [bob], { reading: at(0, skewMs), merge })
        const tries = (now: number) =>
          wordOf(trySet(bob, ['door', 'bob'], { reading: at(now, now + skewMs) }))
        const end = takeoverAt(LEASE_MS, LEASE_MS)
        return tries(1) === 'held' && tries(end - 1) === 'held' && tries(end) === 'done'
      })
    },
    old: { byWallClock },
  },
}

for (const [name, { isWell, old }] of Object.entries(scenes)) {
  failures(`${name}: no more`, () => {
    assert.ok(isWell(mergeBatch))
    for (const [rule, merge] of Object.entries(old)) assert.not.ok(isWell(merge), rule)
  })
}

function trio(): { alice: Replica; bob: Replica; carol: Replica } {
  return { alice: open('alice'), bob: open('bob'), carol: open('carol') }
}

failures.run()
