/**
 * The history of a simulation: what its peers were asked to do and what came of it, as somebody saw
 * it who stands outside and knows what happened before what. The checks of a run read it.
 */

import { inspect } from 'node:util'
import { storedKey } from '../../machines/rules/key.ts'
import type { Dictionary } from '../dictionary.ts'

/** So many operations are kept; a history that would need more is not judged. */
const OPERATIONS_MAX = 1_000_000

/** One call that a peer made about one key, and that was not refused. */
export interface Operation {
  /**
   * `set` and `delete` of whoever could; `acquire` when it was granted; `get` only by a peer that
   * held the lease, since another's may be stale.
   */
  readonly act: 'set' | 'delete' | 'acquire' | 'get'
  /** Who called: the peer's name and the number of its run, as `alice#1`. */
  readonly by: string
  readonly key: string
  /** What the key held afterwards, or what was read, as text. `undefined` for nothing. */
  readonly content: string
  /** What it held before at the peer that wrote. */
  readonly previous?: string
  /** The token of the lease under which it was done; undefined if that is unknown. */
  readonly token: number | undefined
  /** When it was called and when it returned, in milliseconds of simulated time. */
  readonly calledMs: number
  readonly returnedMs: number
  /** The places of the call and the return among all that happened. */
  readonly calledAt: number
  readonly returnedAt: number
}

/** A write of which its writer was told that it lost. */
export interface Loss {
  readonly by: string
  readonly key: string
  readonly lost: string
  readonly kept: string
  /** Its place among all that happened. */
  readonly at: number
}

/** What a call adds when it returns. */
export type Done = Omit<Operation, 'by' | 'calledMs' | 'returnedMs' | 'calledAt' | 'returnedAt'>

export class History {
  readonly operations: Operation[] = []
  readonly losses: Loss[] = []
  /** Leases whose holder was told that another grant won: run, key and token. */
  readonly lostGrants = new Set<string>()
  /** Where a token fell at a peer that runs: never, if all is well. */
  readonly tokenFalls: string[] = []
  /** How many updates and deletes were told to peers that did not write them. */
  deliveries = 0
  isFull = false
  readonly #now: () => number
  readonly #runs = new Map<string, number>()
  /** The highest token that each run was told of each key. */
  readonly #tokens = new Map<string, number>()
  #places = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Begins a run of a peer and returns its name in this history. */
  begin(name: string): string {
    const run = (this.#runs.get(name) ?? 0) + 1
    this.#runs.set(name, run)
    return `${name}#${run}`
  }

  /** The present run of a peer. */
  runOf(name: string): string {
    return `${name}#${this.#runs.get(name) ?? 0}`
  }

  /** Notes that a call began. What is returned notes what it did, if it was not refused. */
  call(by: string): (done: Done) => void {
    const calledMs = this.#now()
    const calledAt = ++this.#places
    return (done) => {
      if (this.operations.length >= OPERATIONS_MAX) {
        this.isFull = true
        return
      }
      const returnedMs = this.#now()
      const returnedAt = ++this.#places
      this.operations.push({ ...done, by, calledMs, returnedMs, calledAt, returnedAt })
    }
  }

  /** Listens to what a run is told. */
  follow(by: string, dictionary: Dictionary): void {
    for (const type of ['update', 'delete'] as const) {
      dictionary.on(type, ({ key, token, local }) => {
        if (!local) this.deliveries += 1
        this.#noteToken(`${by} ${nameOf(key)}`, token)
      })
    }
    dictionary.on('conflict', ({ key, lost, kept, reason }) => {
      const at = ++this.#places
      const name = nameOf(key)
      this.losses.push({ by, key: name, lost: contentOf(lost), kept: contentOf(kept), at })
      const last = this.operations.findLast((each) => each.by === by && each.key === name)
      if (last) this.lostGrants.add(grantOf(last))
      // A grant that nobody had seen gives way, and its token with it.
      if (reason === 'unwitnessed') this.#tokens.delete(`${by} ${name}`)
    })
    dictionary.on('lease.lost', ({ key, token, reason }) => {
      if (reason !== 'superseded' && reason !== 'conflict') return
      this.lostGrants.add(grantOf({ by, key: nameOf(key), token }))
    })
  }

  #noteToken(id: string, token: number): void {
    const before = this.#tokens.get(id) ?? 0
    if (token < before) this.tokenFalls.push(`${id} fell from token ${before} to ${token}.`)
    this.#tokens.set(id, Math.max(before, token))
  }
}

/** Names one grant of a lease. */
export function grantOf({ by, key, token }: Pick<Operation, 'by' | 'key' | 'token'>): string {
  return `${by} ${token} ${key}`
}

/** A key as histories name it. */
export function nameOf(key: string | Uint8Array): string {
  return storedKey(key) ?? String(key)
}

/** A value as text that is equal for equal values, and differs for others. */
export function contentOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return inspect(value, {
    depth: Number.POSITIVE_INFINITY,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: Number.POSITIVE_INFINITY,
    sorted: true,
  })
}
