/**
 * A meter on the wires: what each peer hands to the network, by kind of message, and how many bytes
 * ever waited there. A frame says its kind in its first field (see `transport/codec.ts`).
 */

import type { Frame, Transport, Wire, WireEvents } from 'holdfast/transport'

/** The messages of reconciliation, by the number that opens their frames. */
const KINDS: ReadonlyMap<number, string> = new Map([
  [36, 'ask'],
  [37, 'give'],
  [38, 'done'],
  [39, 'hint'],
  [40, 'compare'],
  [41, 'same'],
  [42, 'differs'],
])
/** Header of four bytes, then an array of a few fields: its first field is the kind. */
const KIND_OFFSET = 5

export interface Count {
  frames: number
  bytes: number
}

export class Meter {
  /** The most bytes that ever waited on one wire. */
  queueBytesHigh = 0
  readonly #counts = new Map<string, Count>()

  /** What a peer sent of a kind since the last `reset`; of all of reconciliation without a kind. */
  sent(peerId: string, kind?: string): Count {
    const sum: Count = { frames: 0, bytes: 0 }
    for (const each of kind === undefined ? KINDS.values() : [kind]) {
      const count = this.#counts.get(`${peerId} ${each}`)
      sum.frames += count?.frames ?? 0
      sum.bytes += count?.bytes ?? 0
    }
    return sum
  }

  reset(): void {
    this.#counts.clear()
    this.queueBytesHigh = 0
  }

  /** The same transport with this meter on each of its wires. */
  attach(peerId: string, inner: Transport): Transport {
    const meter = (wire: Wire) => this.#attachWire(peerId, wire)
    return {
      scheme: inner.scheme,
      dial: (address: string, events: WireEvents) => meter(inner.dial(address, events)),
      listen: (address, events) =>
        inner.listen(address, {
          listening: (bound) => events.listening(bound),
          accepted: (wire) => events.accepted(meter(wire)),
          failed: (failure) => events.failed(failure),
        }),
    }
  }

  #attachWire(peerId: string, wire: Wire): Wire {
    const send = wire.send.bind(wire)
    wire.send = (frame) => {
      send(frame)
      this.#note(peerId, frame)
      this.queueBytesHigh = Math.max(this.queueBytesHigh, wire.queuedBytes)
    }
    return wire
  }

  #note(peerId: string, frame: Frame): void {
    const kind = KINDS.get(frame[KIND_OFFSET] as number)
    if (kind === undefined) return
    const name = `${peerId} ${kind}`
    const count = this.#counts.get(name) ?? { frames: 0, bytes: 0 }
    this.#counts.set(name, { frames: count.frames + 1, bytes: count.bytes + frame.length })
  }
}
