/** automerge-repo: one document, a sync server in the middle, nothing on disk. */

import { ImmutableString } from '@automerge/automerge'
import { type AutomergeUrl, type DocHandle, Repo } from '@automerge/automerge-repo'
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket'
import type { Pair } from '../system.ts'
import { ALL, MapSystem } from './peerSystem.ts'

type Texts = Record<string, ImmutableString>

export class AutomergeSystem extends MapSystem {
  protected override readonly isHub = true
  #repo: Repo | undefined
  #handle: DocHandle<Texts> | undefined
  #isConnected = false

  async open(): Promise<string> {
    return ''
  }

  /** The address says which document, behind a hash. */
  async connect(address: string): Promise<void> {
    const [place = '', url] = address.split('#')
    const adapter = new WebSocketClientAdapter(place)
    if (this.#repo !== undefined) {
      this.#repo.networkSubsystem.addNetworkAdapter(adapter)
      this.#isConnected = true
      return
    }
    this.#repo = new Repo({ network: [adapter] })
    const handle = await this.#repo.find<Texts>(url as AutomergeUrl)
    this.#handle = handle
    for (const [key, text] of Object.entries(handle.doc())) this.map.set(key, String(text))
    handle.on('change', ({ patches }) => {
      for (const patch of patches) {
        if (patch.action === 'put') this.map.set(String(patch.path[0]), String(patch.value))
      }
      this.onArrival()
    })
    this.#isConnected = true
    this.onArrival()
  }

  async part(): Promise<void> {
    this.#isConnected = false
    this.#repo?.networkSubsystem.disconnect()
  }

  get neighbours(): number {
    return this.#isConnected ? ALL : 0
  }

  set(key: string, value: string): void {
    this.update([[key, value]])
  }

  override update(pairs: readonly Pair[]): void {
    this.#handle?.change((document) => {
      for (const [key, value] of pairs) document[key] = new ImmutableString(value)
    })
  }
}
