/**
 * js2p: its SyncSocket, plaintext, with its leases. It refuses a second peer at one address, so on
 * one machine not everybody is connected to everybody.
 */

import { createRequire } from 'node:module'
import { freePort } from '../freePort.ts'
import { ALL, MapSystem } from './peerSystem.ts'

export class Js2pSystem extends MapSystem {
  // It has no types.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  #socket: any

  async open(): Promise<string> {
    const { sync } = createRequire(import.meta.url)('js2p')
    const port = await freePort()
    this.#socket = new sync.SyncSocket('127.0.0.1', port)
    this.#socket.on('update', (_socket: unknown, key: Buffer, value: Buffer) => {
      this.map.set(key.toString(), value.toString())
      this.onArrival()
    })
    return `tcp://127.0.0.1:${port}`
  }

  async connect(address: string): Promise<void> {
    this.#socket.connect('127.0.0.1', Number(new URL(address).port))
  }

  async part(): Promise<void> {
    throw new Error('It never asks again for a key that it holds.')
  }

  get neighbours(): number {
    return this.#socket.routing_table.size > 0 ? ALL : 0
  }

  set(key: string, value: string): void {
    this.#socket.set(key, value)
  }
}
