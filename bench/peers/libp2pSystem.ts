/** libp2p: gossipsub over TCP, noise and yamux, signed as it is by default. It keeps nothing. */

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { MapSystem } from './peerSystem.ts'

const TOPIC = 'bench'
/** Its mesh is made by heartbeats, one a second; what is said before may get lost. Milliseconds. */
const GRAFT_MS = 2_500
/** How many may be on their way at a time. */
const PUBLISHED_MAX = 16

export class Libp2pSystem extends MapSystem {
  readonly #waiting: Uint8Array[] = []
  #changedAt = 0
  #node: Libp2p<{ pubsub: GossipSub }> | undefined

  async open(): Promise<string> {
    const node = (await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), pubsub: gossipsub() },
    } as never)) as unknown as Libp2p<{ pubsub: GossipSub }>
    this.#node = node
    node.services.pubsub.addEventListener('message', ({ detail }) => {
      const [key, value] = JSON.parse(new TextDecoder().decode(detail.data)) as [string, string]
      this.map.set(key, value)
      this.onArrival()
    })
    node.addEventListener('peer:identify', () => {
      this.#changedAt = performance.now()
    })
    node.services.pubsub.subscribe(TOPIC)
    return String(node.getMultiaddrs()[0])
  }

  async connect(address: string): Promise<void> {
    await this.#node?.dial(multiaddr(address))
  }

  async part(): Promise<void> {
    throw new Error('Who was away is given nothing.')
  }

  get neighbours(): number {
    const isGrafted = performance.now() - this.#changedAt > GRAFT_MS
    return isGrafted ? (this.#node?.services.pubsub.getSubscribers(TOPIC).length ?? 0) : 0
  }

  set(key: string, value: string): void {
    this.map.set(key, value)
    this.#waiting.push(new TextEncoder().encode(JSON.stringify([key, value])))
    this.#publish()
  }

  override async room(): Promise<void> {
    await super.room()
    while (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
  }

  /** What is published faster than it is signed and sent does not all arrive. */
  #publish(): void {
    const { pubsub } = (this.#node as Libp2p<{ pubsub: GossipSub }>).services
    while (this.calls < PUBLISHED_MAX) {
      const bytes = this.#waiting.shift()
      if (bytes === undefined) return
      this.count(pubsub.publish(TOPIC, bytes).then(() => queueMicrotask(() => this.#publish())))
    }
  }
}
