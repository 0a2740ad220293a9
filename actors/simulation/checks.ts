/** What is checked of the peers of a simulation as they are now. */

import type { Dictionary } from '../dictionary.ts'
import { boards } from '../sync.ts'

/** Names of the checks, which are methods of `Simulation`. */
export type CheckName =
  | 'converged'
  | 'oneConnectionPerPair'
  | 'oneHolder'
  | 'noLostWrites'
  | 'noRevivals'
  | 'noTokenFalls'
  | 'linearizable'
  /** A check of one's own, or an error that nobody expected. */
  | 'own'

/** What a check found wrong. */
export interface Problem {
  readonly check: CheckName
  /** A sentence for people. */
  readonly what: string
}

/** The dictionaries of the peers that run, by name. */
export type Running = ReadonlyMap<string, Dictionary>

/** All peers hold the same data. */
export function checkConverged(running: Running): Problem[] {
  const digests = [...running].map(([name, dictionary]) => [name, dictionary.digest()] as const)
  if (new Set(digests.map(([, digest]) => digest)).size <= 1) return []
  const list = digests.map(([name, digest]) => `${name} ${digest}`).join(', ')
  return [{ check: 'converged', what: `The digests differ: ${list}.` }]
}

/** Each two peers have exactly one connection, the same at both ends, and use it. */
export function checkPairs(running: Running): Problem[] {
  const problems: Problem[] = []
  for (const [name, dictionary] of running) {
    for (const [other, otherDictionary] of running) {
      if (name >= other) continue
      const there = linesBetween(dictionary, other)
      const back = linesBetween(otherDictionary, name)
      // The arbiter, the greater of the two, is the last to use the one that it has chosen.
      const isUsed = otherDictionary.peers.some(({ peerId }) => peerId === name)
      if (isUsed && there.length === 1 && there.join() === back.join()) continue
      const what = `${name} and ${other} have connections [${there}] and [${back}].`
      problems.push({ check: 'oneConnectionPerPair', what })
    }
  }
  return problems
}

/** Not more than one peer believes to hold the lease of the key. */
export function checkHolders(running: Running, key: string | Uint8Array): Problem[] {
  const holders = [...running].filter(([, dictionary]) => dictionary.lease(key)?.mine)
  if (holders.length <= 1) return []
  const names = holders.map(([name]) => name).join(' and ')
  return [{ check: 'oneHolder', what: `${names} hold '${String(key)}' at the same time.` }]
}

/** All keys that some peer has a value or a lease for. */
export function keysOf(running: Running): Set<string | Uint8Array> {
  const keys = new Map<string, string | Uint8Array>()
  for (const dictionary of running.values()) {
    for (const key of dictionary.keys()) keys.set(String(key), key)
    for (const { key } of dictionary.leases()) keys.set(String(key), key)
  }
  return new Set(keys.values())
}

/** The agreed ids of all authenticated connections between a dictionary and another peer. */
function linesBetween(dictionary: Dictionary, other: string): string[] {
  const board = boards.get(dictionary.actor)
  const pairs = board?.mesh.getSnapshot().context.roster.pairs as ReadonlyMap<
    string,
    { connections: readonly { connection: string }[] }
  >
  return [...(pairs?.get(other)?.connections ?? [])].map(({ connection }) => connection).sort()
}
