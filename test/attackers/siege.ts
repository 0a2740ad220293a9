/** A siege: what peers still achieve while a crowd attacks one of them, over real loopback TCP. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Company, until } from '../actors/company.ts'
import { deafMember, flood, slowloris } from './crowds.ts'

/** The attacks, by what they are called. */
export const ATTACKS: Readonly<Record<string, (address: string, size: number) => unknown>> = {
  slowloris: (address, size) => slowloris({ address, size }),
  'connection flood': (address, size) => flood({ address, size }),
  'a peer that never reads': (address) => deafMember(address),
}

/** How long things took, in milliseconds, ascending. */
export interface Siege {
  readonly joinMs: readonly number[]
  readonly setMs: readonly number[]
  readonly dialled: number
}

/** Lets so many peers join and so many sets travel under an attack, or under none. */
export async function besiege(
  company: Company,
  { attack, size, rounds }: { attack: string | undefined; size: number; rounds: number },
): Promise<Siege> {
  const { alice, bob, address } = await company.two<unknown>()
  for (let key = 0; key < 40; key++) alice.set(`key${key}`, 'x'.repeat(64 * 1024))
  const crowd = attack === undefined ? undefined : await startCrowd(attack, { address, size })
  const [joinMs, setMs]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const carol = await company.alone({ peerId: `carol${round}`, join: [address] })
    await until(() => carol.peers.some(({ peerId }) => peerId === 'alice'))
    joinMs.push(performance.now() - start)
    const sentAt = performance.now()
    bob.set('round', round)
    await until(() => alice.get('round') === round)
    setMs.push(performance.now() - sentAt)
    await carol.close()
  }
  const dialled = (await crowd?.()) ?? 0
  const ascending = (list: number[]) => list.sort((one, other) => one - other)
  return { joinMs: ascending(joinMs), setMs: ascending(setMs), dialled }
}

/** Starts a crowd in a process of its own. Returns what ends it, and tells how often it dialled. */
async function startCrowd(
  attack: string,
  { address, size }: { address: string; size: number },
): Promise<() => Promise<number>> {
  const script = fileURLToPath(new URL('./crowdProcess.ts', import.meta.url))
  const crowd = fork(script, [attack, address, `${size}`], { execArgv: ['--import', 'tsx'] })
  await once(crowd, 'message')
  return async () => {
    crowd.send('stop')
    const [dialled] = await once(crowd, 'message')
    await once(crowd, 'exit')
    return dialled as number
  }
}

/** The value below which that share of an ascending list is. */
export function quantile(list: readonly number[], share: number): number {
  return list[Math.min(list.length - 1, Math.floor(list.length * share))] ?? Number.NaN
}
