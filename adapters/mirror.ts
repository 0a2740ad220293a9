/**
 * The mirror of one dictionary: what the components of an application see of it. All of them look
 * into the same mirror, so two that show one key never show two values of it.
 *
 * It changes when facts are told, all facts of one tick together. Between two facts it costs
 * nothing, and a fact costs one look for each prefix that is shown.
 */

import type { Dictionary, Key, PeerView } from 'holdfast'
import { type Source, View, Views } from './views.ts'

/** What identifies a connected peer; it does not change while the peer is connected. */
export type Neighbour = Pick<PeerView, 'peerId' | 'address' | 'direction'>

type Pairs = ReadonlyMap<string, unknown>

const mirrors = new WeakMap<object, Mirror>()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The mirror of a dictionary: there is one. */
export function mirrorOf<V>(dictionary: Dictionary<V>): Mirror {
  const found = mirrors.get(dictionary) ?? new Mirror(dictionary as unknown as Dictionary)
  mirrors.set(dictionary, found)
  return found
}

export class Mirror {
  readonly #keys: Views<unknown, View<unknown>>
  readonly #prefixes: Views<Pairs, PrefixView>
  readonly #peers: View<readonly Neighbour[]>

  constructor(dictionary: Dictionary) {
    this.#keys = new Views((name) => new View(() => dictionary.get(keyOf(name))))
    this.#prefixes = new Views((prefix) => new PrefixView(dictionary, prefix))
    this.#peers = new View<readonly Neighbour[]>(() => dictionary.peers.map(neighbourOf))
    for (const type of ['update', 'delete', 'expired'] as const) {
      dictionary.on(type, ({ key }) => this.#note(key))
    }
    for (const type of ['connect', 'disconnect'] as const) {
      dictionary.on(type, this.#peers.change)
    }
  }

  /** The value of a key. */
  key(key: Key): Source<unknown> {
    return this.#keys.source(nameOf(key))
  }

  /** All pairs whose key is text that begins with the prefix. */
  prefix(prefix: string): Source<Pairs> {
    return this.#prefixes.source(prefix)
  }

  peers(): Source<readonly Neighbour[]> {
    return { subscribe: this.#peers.listen, snapshot: this.#peers.look }
  }

  #note(key: Key): void {
    this.#keys.find(nameOf(key))?.change()
    if (typeof key !== 'string') return
    for (const [prefix, view] of this.#prefixes) if (key.startsWith(prefix)) view.note(key)
  }
}

class PrefixView extends View<Pairs> {
  /** Keys that changed since it was looked at; later looks read no others. */
  readonly #changed: Set<string>

  constructor(dictionary: Dictionary, prefix: string) {
    const changed = new Set<string>()
    super((before) => {
      const pairs = new Map(before)
      for (const key of before === undefined ? dictionary.keys() : changed) {
        if (typeof key !== 'string' || !key.startsWith(prefix)) continue
        const value = dictionary.get(key)
        if (value === undefined) pairs.delete(key)
        else pairs.set(key, value)
      }
      changed.clear()
      return pairs
    })
    this.#changed = changed
  }

  note(key: string): void {
    this.#changed.add(key)
    this.change()
  }
}

function neighbourOf({ peerId, address, direction }: PeerView): Neighbour {
  return { peerId, address, direction }
}

/** Text names itself; so do bytes that are valid UTF-8, which are the same key as that text. */
function nameOf(key: Key): string {
  if (typeof key === 'string') return key
  try {
    return decoder.decode(key)
  } catch {
    return RAW_MARK + String.fromCharCode(...key)
  }
}

/** Half a character, which no key of text has. */
const RAW_MARK = '\udc00'

function keyOf(name: string): Key {
  if (!name.startsWith(RAW_MARK)) return name
  return Uint8Array.from({ length: name.length - 1 }, (_, index) => name.charCodeAt(index + 1))
}
