/**
 * All dial all at one moment, round after round, in processes of their own: however the dials
 * cross, each two are to end with exactly one connection, and are never without one in between.
 */

import type { OpenOptions } from 'holdfast'
import * as assert from 'uvu/assert'
import { VIEW_MAX } from '../../machines/rules/view.ts'
import { seededRandom } from '../../transport/random.ts'
import { type PeerProcess, until } from './fleet.ts'
import { findFaults, isMesh } from './fullMesh.ts'

/** So long before they dial, all processes of a round are told when to, in milliseconds. */
const BARRIER_MS = 25
/** How long a round may take to settle, in milliseconds. */
const ROUND_MS_MAX = 30_000

export interface Dialling {
  readonly pool: readonly PeerProcess[]
  readonly rounds: number
  readonly seed: number
  readonly scheme: 'tcp' | 'tls'
}

/**
 * Plays the rounds, each with as many peers as all become neighbours by themselves at most. Among
 * more a dial that fails is not made again by others' word. Returns how long each took until all
 * was settled, in milliseconds, sorted.
 */
export async function playDialling({ pool, rounds, seed, scheme }: Dialling): Promise<number[]> {
  const random = seededRandom(seed)
  const settled: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    // The first rounds are of every size, whatever the seed; small ones take little of the time.
    const most = Math.min(pool.length, VIEW_MAX + 1)
    const drawn = 2 + Math.floor(random() * (most - 1))
    const count = round < most - 1 ? round + 2 : drawn
    const times = 1 + Math.floor(random() * 2)
    settled.push(await dialAtOnce(pool.slice(0, count), { round, times, scheme }))
  }
  return settled.sort((one, other) => one - other)
}

/** The median, what nine of ten do not exceed, and the longest, in words. */
export function tellSettled(settled: readonly number[]): string {
  const at = (share: number) => Math.round(settled[Math.floor(share * (settled.length - 1))] ?? 0)
  return `median ${at(0.5)} ms, 90 % ${at(0.9)} ms, longest ${at(1)} ms`
}

/** One round: opens, dials at one moment, and says how long it took until all was settled. */
async function dialAtOnce(
  processes: readonly PeerProcess[],
  { round, times, scheme }: { round: number; times: number; scheme: Dialling['scheme'] },
): Promise<number> {
  const peers = await Promise.all(
    processes.map(async (process, index) => {
      const listen = [`${scheme}://127.0.0.1:0`]
      const given: OpenOptions = { network: `round ${round}`, peerId: `peer${index}`, listen }
      const { peerId, listening } = await process.call('open', given)
      return { name: peerId, process, address: listening[0] ?? '' }
    }),
  )
  const at = Date.now() + BARRIER_MS
  const addresses = peers.map(({ address }) => address)
  const dialling = peers.map(({ process, address }) => {
    const others = addresses.filter((each) => each !== address)
    return process.call('dialAll', { addresses: others, times, at })
  })
  const where = `round ${round}, ${peers.length} peers, ${times} dials each way`
  try {
    await until(() => isMesh(peers), 'exactly one connection per pair', ROUND_MS_MAX)
  } catch (error) {
    const failed = (await Promise.all(dialling)).flat()
    const faults = [...(await findFaults(peers)), ...new Set(failed)]
    throw new Error(`${where}: ${faults.join('; ')}`, { cause: error })
  }
  const settledMs = Date.now() - at
  // A dial that is one of many may come too late on few cores, and either side may give it up
  // first. Nothing else may go wrong with it.
  const failures = (await Promise.all(dialling)).flat()
  const strange = failures.filter((text) => !/: (timeout|handshake|reset|ended)/.test(text))
  assert.equal(strange, [], where)
  for (const { process } of peers) {
    assert.is((await process.call('mesh')).disconnects, 0, `${where}: a pair was without a line`)
  }
  await Promise.all(peers.map(({ process }) => process.call('close')))
  return settledMs
}
