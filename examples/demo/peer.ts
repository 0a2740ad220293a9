/**
 * One peer of the demonstration: a process of its own that opens a dictionary and does what the
 * process that started it asks for, one request at a time, over the channel between the two. What
 * the peers tell each other goes over TCP and never passes here.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Dictionary, HoldfastError, openDictionary } from 'holdfast'
import { type MediaType, shareOf } from './mime.ts'

/** How many entries are written before the progress is told. */
const PORTION_ENTRIES = 100

/** A write that was refused. */
export interface Refused {
  readonly code: string
  readonly owner: string
  readonly remainingMs: number
}

/** One entry as a peer sees it. */
export interface Row {
  readonly key: string
  readonly value: unknown
  readonly owner: string
  readonly token: number
  readonly remainingMs: number
}

let dictionary: Dictionary<unknown>
let refusal: string | undefined

const verbs = {
  async open(options: { peerId: string; network: string; join: readonly string[] }) {
    dictionary = await openDictionary({ ...options, listen: ['tcp://127.0.0.1:0'] })
    dictionary.on('refused', ({ reason, by }) => {
      refusal = `refused by ${by === 'us' ? 'itself' : 'the others'}, reason: ${reason}`
    })
    return dictionary.listening
  },

  /** Where this peer can be dialled. */
  address: () => String(dictionary.listening[0]),

  /** Writes this peer's share of the data set. */
  async load(share: { part: number; parts: number }) {
    const entries = shareOf(share)
    for (let first = 0; first < entries.length; first += PORTION_ENTRIES) {
      const portion = entries.slice(first, first + PORTION_ENTRIES)
      dictionary.update(portion as [string, MediaType][])
      process.send?.({ loaded: portion.length })
      await nextTurn()
    }
    return entries.length
  },

  /** The state of affairs. */
  look() {
    const { size, incoming, outgoing } = dictionary
    return { size, digest: dictionary.digest(), neighbours: [...incoming, ...outgoing], refusal }
  },

  /** How many keys each owner has. */
  owners() {
    const counts = new Map<string, number>()
    for (const { owner } of dictionary.leases()) counts.set(owner, (counts.get(owner) ?? 0) + 1)
    return [...counts].sort(([one], [other]) => (one < other ? -1 : 1))
  },

  rows(keys: readonly string[]): Row[] {
    return keys.flatMap((key) => {
      const lease = dictionary.lease(key)
      return lease === undefined ? [] : [{ key, value: dictionary.get(key), ...lease }]
    })
  },

  has: (key: string) => dictionary.has(key),

  pop: (key: string) => dictionary.pop(key),

  set(key: string, value: unknown, leaseMs?: number): { token: number } | { refused: Refused } {
    try {
      return dictionary.set(key, value, leaseMs === undefined ? {} : { leaseMs })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      const { code, owner = '', remainingMs = 0 } = error
      return { refused: { code, owner, remainingMs } }
    }
  },

  close: () => dictionary.close(),
}

/** What a peer can be asked for. */
export type Verbs = typeof verbs

/** A request for one of the verbs, and what comes back. */
export interface Request {
  readonly id: number
  readonly verb: keyof Verbs
  readonly input: readonly unknown[]
}

export type Reply =
  | { readonly id: number; readonly done: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly loaded: number }

process.on('message', async ({ id, verb, input }: Request) => {
  try {
    const done = await (verbs[verb] as (...input: readonly unknown[]) => unknown)(...input)
    process.send?.({ id, done })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})

// Without the one who asks there is nothing left to do.
process.on('disconnect', () => process.exit())
