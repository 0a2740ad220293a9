/** NATS KV: JetStream in memory, put for each write, and a watch into a local Map. */

import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { ALL, MapSystem } from './peerSystem.ts'

const BUCKET = 'bench'

export class NatsSystem extends MapSystem {
  protected override readonly isHub = true
  #connection: NatsConnection | undefined
  #bucket: KV | undefined
  #revision = 0

  async open(): Promise<string> {
    return ''
  }

  async connect(address: string): Promise<void> {
    const connection = await connect({ servers: new URL(address).host })
    const manager = new Kvm(jetstream(connection, { timeout: 60_000 }))
    const bucket = await manager.create(BUCKET, { history: 1, storage: 'memory' as never })
    this.#connection = connection
    // After an absence only what came later is asked for.
    const resumed = this.#revision > 0 ? { resumeFromRevision: this.#revision + 1 } : {}
    const watch = await bucket.watch(resumed)
    this.#bucket = bucket
    void this.#follow(watch)
  }

  async part(): Promise<void> {
    this.#bucket = undefined
    await this.#connection?.close()
  }

  get neighbours(): number {
    return this.#bucket === undefined ? 0 : ALL
  }

  set(key: string, value: string): void {
    this.map.set(key, value)
    this.count((this.#bucket as KV).put(key, value))
  }

  async #follow(watch: Awaited<ReturnType<KV['watch']>>): Promise<void> {
    for await (const entry of watch) {
      this.#revision = entry.revision
      this.map.set(entry.key, entry.string())
      this.onArrival()
    }
  }
}
