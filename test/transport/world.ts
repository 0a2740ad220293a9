import * as assert from 'uvu/assert'
import { markOf, WireRecorder } from '../../transport/acceptanceScene.ts'
import { type PeerClock, peerClock } from '../../transport/peerClock.ts'
import type { Transport, Wire } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import {
  createSimulatedNetwork,
  type SimulatedNetwork,
  type SimulatedNetworkOptions,
} from '../../transport/simulated.ts'
import { SteppingClock } from '../../transport/stepping.ts'

/** One process of a small world. */
export interface Peer {
  readonly name: string
  readonly clock: PeerClock
  readonly transport: Transport
  /** The ends that this peer accepted. */
  readonly accepted: { readonly wire: Wire; readonly heard: WireRecorder }[]
}

/** A network of peers that listen, each with a clock of its own. */
export class World {
  readonly clock = new SteppingClock()
  readonly trace: string[] = []
  readonly network: SimulatedNetwork

  constructor(options: Partial<SimulatedNetworkOptions> = {}) {
    this.network = createSimulatedNetwork({
      clock: this.clock,
      random: seededRandom(7),
      record: (line) => this.trace.push(line),
      ...options,
    })
  }

  peer(name: string): Peer {
    const clock = peerClock({ clock: this.clock })
    const transport = this.network.host(name, clock)
    const accepted: Peer['accepted'] = []
    transport.listen(`sim://${name}`, {
      listening() {},
      accepted: (wire) => {
        const heard = new WireRecorder(name)
        heard.isEarly = false
        accepted.push({ wire, heard })
        return heard
      },
      failed: ({ detail }) => assert.unreachable(detail),
    })
    return { name, clock, transport, accepted }
  }

  dial(from: Peer, to: string): { wire: Wire; heard: WireRecorder } {
    const heard = new WireRecorder(from.name)
    const wire = from.transport.dial(`sim://${to}`, heard)
    heard.isEarly = false
    return { wire, heard }
  }

  /** Alice and bob with an open wire between them. */
  couple(): { alice: Peer; bob: Peer; near: Peer['accepted'][0]; far: Peer['accepted'][0] } {
    const alice = this.peer('alice')
    const bob = this.peer('bob')
    const near = this.dial(alice, 'bob')
    this.clock.advance(100)
    const far = bob.accepted[0]
    assert.is(near.heard.openedCount, 1)
    if (far === undefined) throw new Error('bob accepted nobody')
    return { alice, bob, near, far }
  }
}

/** The marks of what a wire received, in order. */
export const marks = (heard: WireRecorder): number[] => heard.received.map(markOf)
