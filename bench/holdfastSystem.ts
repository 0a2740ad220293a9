/** holdfast as a replica of a measurement: one dictionary, by plain TCP or another way. */

import { type Dictionary, openDictionary } from 'holdfast'
import type { Transport, Wire, WireEvents } from 'holdfast/transport'
import { LIMITS } from './stage.ts'
import type { Pair, Sent, System } from './system.ts'
import { PLAIN, transportOf, type Way } from './way.ts'

/** How long a wire may take to open, in milliseconds. */
const OPEN_MS_MAX = 10_000

export class HoldfastSystem implements System {
  #dictionary!: Dictionary
  #sent = { frames: 0, bytes: 0 }
  readonly #way: Way
  readonly #transport: Transport
  onArrival = () => {}

  constructor(way: Way = PLAIN) {
    this.#way = way
    this.#transport = transportOf(way)
  }

  async open(name: string): Promise<string> {
    const transports = [this.#watched(this.#transport)]
    const listen = [`${this.#transport.scheme}://127.0.0.1:0`]
    const { integrity } = this.#way
    this.#dictionary = await openDictionary({
      peerId: name,
      transports,
      listen,
      maxOutgoing: 0,
      limits: LIMITS,
      ...(integrity && { integrity }),
    })
    return String(this.#dictionary.listening[0])
  }

  async connect(address: string): Promise<void> {
    await this.#dictionary.connect(address)
  }

  /** Opens a wire and says nothing on it. Resolves with how long that took, in milliseconds. */
  async knock(address: string): Promise<number> {
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const wire = this.#transport.dial(address, {
        opened: () => {
          resolve(performance.now() - start)
          wire.destroy()
        },
        frames() {},
        drained() {},
        closed: ({ code }) => reject(new Error(`The wire ended: ${code}.`)),
      })
      setTimeout(() => reject(new Error('The wire did not open.')), OPEN_MS_MAX).unref()
    })
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
    await this.#dictionary.drained()
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
