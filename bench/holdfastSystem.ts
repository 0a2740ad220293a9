/** holdfast as a replica of a measurement: one dictionary over TCP. */

import { type Dictionary, openDictionary } from 'holdfast'
import { type Transport, tcpTransport, type Wire, type WireEvents } from 'holdfast/transport'
import { LIMITS } from './stage.ts'
import type { Pair, Sent, System } from './system.ts'

/** More is not written while this much waits on one wire, in bytes. */
const QUEUE_BYTES_HIGH = 1024 * 1024

export class HoldfastSystem implements System {
  #dictionary!: Dictionary
  readonly #wires = new Set<Wire>()
  #sent = { frames: 0, bytes: 0 }
  onArrival = () => {}

  async open(name: string): Promise<string> {
    const transports = [this.#watched(tcpTransport())]
    const listen = ['tcp://127.0.0.1:0']
    const options = { peerId: name, transports, listen, maxOutgoing: 0, limits: LIMITS }
    this.#dictionary = await openDictionary(options)
    return String(this.#dictionary.listening[0])
  }

  async connect(address: string): Promise<void> {
    await this.#dictionary.connect(address)
  }

  async part(): Promise<void> {
    for (const { peerId } of this.#dictionary.peers) this.#dictionary.disconnect(peerId)
  }

  get neighbours(): number {
    return this.#dictionary.peers.length
  }

  get size(): number {
    return this.#dictionary.size
  }

  get sent(): Sent {
    return { ...this.#sent }
  }

  get(key: string): unknown {
    return this.#dictionary.get(key)
  }

  set(key: string, value: string): void {
    this.#dictionary.set(key, value)
  }

  update(pairs: readonly Pair[]): void {
    this.#dictionary.update(pairs)
  }

  async room(): Promise<void> {
    const isFull = () => [...this.#wires].some((wire) => wire.queuedBytes > QUEUE_BYTES_HIGH)
    while (isFull()) await new Promise((resolve) => setImmediate(resolve))
  }

  /** The same transport, with every frame counted and every arrival noticed. */
  #watched(inner: Transport): Transport {
    return {
      scheme: inner.scheme,
      dial: (address, events) => this.#count(inner.dial(address, this.#noticed(events))),
      listen: (address, events) =>
        inner.listen(address, {
          listening: (bound) => events.listening(bound),
          accepted: (wire) => {
            const answer = events.accepted(this.#count(wire))
            return answer && this.#noticed(answer)
          },
          failed: (failure) => events.failed(failure),
        }),
    }
  }

  #count(wire: Wire): Wire {
    this.#wires.add(wire)
    const send = wire.send.bind(wire)
    wire.send = (frame) => {
      this.#sent.frames++
      this.#sent.bytes += frame.length
      send(frame)
    }
    return wire
  }

  #noticed(events: WireEvents): WireEvents {
    return {
      opened: () => events.opened(),
      frames: (frames) => {
        events.frames(frames)
        this.onArrival()
      },
      drained: () => events.drained(),
      closed: (end) => events.closed(end),
    }
  }
}
