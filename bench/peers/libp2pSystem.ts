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

export class Libp2pSystem extends MapSystem {
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
    return this.#node?.services.pubsub.getSubscribers(TOPIC).length ?? 0
  }

  set(key: string, value: string): void {
    this.map.set(key, value)
    const bytes = new TextEncoder().encode(JSON.stringify([key, value]))
    this.count((this.#node as Libp2p<{ pubsub: GossipSub }>).services.pubsub.publish(TOPIC, bytes))
  }
}
