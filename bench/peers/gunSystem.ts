/** GUN: one node of the graph, one put for each key, a full mesh of websockets, nothing on disk. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { MapSystem } from './peerSystem.ts'

const SOUL = 'bench'
const OPTIONS = { radisk: false, localStorage: false, multicast: false, axe: false, file: false }

export class GunSystem extends MapSystem {
  // It has no types.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  #gun: any

  async open(): Promise<string> {
    const Gun = createRequire(import.meta.url)('gun')
    const web = createServer().listen(0, '127.0.0.1')
    await once(web, 'listening')
    this.#gun = Gun({ ...OPTIONS, web, peers: [] })
    this.#gun
      .get(SOUL)
      .map()
      .on((value: unknown, key: string) => {
        this.map.set(key, value)
        this.onArrival()
      })
    return `http://127.0.0.1:${(web.address() as { port: number }).port}/gun`
  }

  async connect(address: string): Promise<void> {
    this.#gun.opt({ peers: [address] })
    this.#gun.get(SOUL).once(() => {})
  }

  async part(): Promise<void> {
    throw new Error('GUN has no call that ends its connections.')
  }

  get neighbours(): number {
    const peers = Object.values(this.#gun._.opt.peers) as { wire?: { readyState?: number } }[]
    return peers.filter(({ wire }) => wire?.readyState === 1).length
  }

  set(key: string, value: string): void {
    this.#gun.get(SOUL).get(key).put(value)
  }
}
