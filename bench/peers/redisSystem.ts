/** Redis: SET and PUBLISH for each write, and what is published goes into a local Map. */

import { Redis } from 'ioredis'
import type { Pair } from '../system.ts'
import { ALL, MapSystem } from './peerSystem.ts'

const CHANNEL = 'changes'
/** How many keys one MGET asks for. */
const SCAN_COUNT = 1_000

export class RedisSystem extends MapSystem {
  protected override readonly isHub = true
  #name = ''
  #writer: Redis | undefined
  #reader: Redis | undefined
  #isReady = false

  async open(name: string): Promise<string> {
    this.#name = name
    return ''
  }

  async connect(address: string): Promise<void> {
    const writer = new Redis(address, { enableAutoPipelining: true })
    const reader = new Redis(address)
    this.#writer = writer
    this.#reader = reader
    reader.on('message', (_channel: string, text: string) => {
      const [name, ...flat] = JSON.parse(text) as string[]
      if (name === this.#name) return
      for (let at = 0; at < flat.length; at += 2) this.map.set(flat[at] as string, flat[at + 1])
      this.onArrival()
    })
    await reader.subscribe(CHANNEL)
    await this.#copy(writer)
    this.#isReady = true
  }

  async part(): Promise<void> {
    this.#isReady = false
    this.#writer?.disconnect()
    this.#reader?.disconnect()
  }

  get neighbours(): number {
    return this.#isReady ? ALL : 0
  }

  set(key: string, value: string): void {
    const writer = this.#writer as Redis
    this.map.set(key, value)
    this.count(writer.set(key, value))
    this.count(writer.publish(CHANNEL, JSON.stringify([this.#name, key, value])))
  }

  override update(pairs: readonly Pair[]): void {
    const writer = this.#writer as Redis
    const flat = pairs.flat()
    for (const [key, value] of pairs) this.map.set(key, value)
    this.count(writer.mset(...flat))
    this.count(writer.publish(CHANNEL, JSON.stringify([this.#name, ...flat])))
  }

  async #copy(writer: Redis): Promise<void> {
    let cursor = '0'
    do {
      const [next, keys] = await writer.scan(cursor, 'COUNT', SCAN_COUNT)
      const values = keys.length > 0 ? await writer.mget(...keys) : []
      keys.forEach((key, at) => {
        this.map.set(key, values[at])
      })
      this.onArrival()
      cursor = next
    } while (cursor !== '0')
  }
}
