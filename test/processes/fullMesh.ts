/** Looks from outside whether peers in processes of their own are where they are to end. */

import type { PeerProcess } from './fleet.ts'

/** A dictionary that is open in a process. */
export interface Peer {
  readonly name: string
  readonly process: PeerProcess
  readonly address: string
}

/** True if each two have one connection, known by one id at both ends, and there is no other. */
export async function isMesh(peers: readonly Peer[]): Promise<boolean> {
  return (await findFaults(peers)).length === 0
}

export async function findFaults(peers: readonly Peer[]): Promise<string[]> {
  const views = await Promise.all(peers.map(({ process }) => process.call('mesh')))
  const faults: string[] = []
  for (const [index, { name }] of peers.entries()) {
    const view = views[index] as (typeof views)[0]
    if (view.connections !== peers.length - 1) faults.push(`${name} has ${view.connections} lines`)
    for (const [place, { name: other }] of peers.entries()) {
      if (place === index) continue
      const here = view.pairs[other] ?? []
      const there = views[place]?.pairs[name] ?? []
      if (here.length !== 1) faults.push(`${name} has [${here}] to ${other}`)
      if (here.join() !== there.join()) faults.push(`${name}-${other}: [${here}] and [${there}]`)
      if (!view.nominal.includes(other)) faults.push(`${name} does not use a line to ${other}`)
    }
  }
  return faults
}

export async function areEqual(peers: readonly Peer[]): Promise<boolean> {
  const digests = await Promise.all(peers.map(({ process }) => process.call('digest')))
  return new Set(digests).size === 1
}
