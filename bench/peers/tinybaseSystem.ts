/** TinyBase: a MergeableStore with one Value for each key, synchronized by way of its server. */

import { createMergeableStore } from 'tinybase'
import {
  createWsSynchronizer,
  type WsSynchronizer,
} from 'tinybase/synchronizers/synchronizer-ws-client'
import { WebSocket } from 'ws'
import type { Pair } from '../system.ts'
import { ALL, PeerSystem } from './peerSystem.ts'

export class TinybaseSystem extends PeerSystem {
  protected override readonly isHub = true
  readonly #store = createMergeableStore()
  #synchronizer: WsSynchronizer<WebSocket> | undefined
  #size = 0

  async open(): Promise<string> {
    this.#store.addValueListener(null, (_store, _key, _value, before) => {
      if (before === undefined) this.#size += 1
    })
    this.#store.addValuesListener(() => this.onArrival())
    return ''
  }

  async connect(address: string): Promise<void> {
    const socket = new WebSocket(address)
    this.#synchronizer = await createWsSynchronizer(this.#store, socket)
    await this.#synchronizer.startSync()
  }

  async part(): Promise<void> {
    await this.#synchronizer?.destroy()
    this.#synchronizer = undefined
  }

  get neighbours(): number {
    return this.#synchronizer === undefined ? 0 : ALL
  }

  get size(): number {
    return this.#size
  }

  get(key: string): unknown {
    return this.#store.getValue(key)
  }

  set(key: string, value: string): void {
    this.#store.setValue(key, value)
  }

  override update(pairs: readonly Pair[]): void {
    this.#store.transaction(() => {
      for (const [key, value] of pairs) this.#store.setValue(key, value)
    })
  }
}
