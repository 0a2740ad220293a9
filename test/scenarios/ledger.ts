/**
 * The ledger of a random run: every accepted write with what its writer saw before it, every report
 * of a loss, every message. Afterwards it says which promises were broken.
 */

import type { Dictionary } from '../../index.ts'

export interface Violation {
  /** The invariant, as `semantics.md` numbers them. */
  readonly invariant: string
  readonly what: string
}

interface Write {
  readonly key: string
  /** Unique for a set; undefined for a delete. */
  readonly value: string | undefined
  /** What the writer's replica held before. */
  readonly previous: string | undefined
  readonly writer: string
  readonly run: number
}

export class Ledger {
  readonly violations: Violation[] = []
  broadcasts = 0
  readonly #writes: Write[] = []
  /** Losses told, by writer and run: the values, and how many deletes. */
  readonly #losses = new Map<string, number>()
  readonly #lostDeletes = new Set<string>()
  readonly #tokens = new Map<string, number>()
  readonly #delivered = new Map<string, number>()
  readonly #deadRuns = new Set<string>()

  /** Listens to a dictionary from its start. */
  follow(dictionary: Dictionary, { name, run }: { name: string; run: number }): void {
    const at = `${name}#${run}`
    dictionary.on('update', ({ key, token }) => this.#noteToken(at, String(key), token))
    dictionary.on('delete', ({ key, token }) => this.#noteToken(at, String(key), token))
    dictionary.on('conflict', ({ key, lost, reason }) => {
      // A grant that nobody had seen gives way, and its token with it.
      if (reason === 'unwitnessed') this.#tokens.delete(`${at} ${String(key)}`)
      if (lost === undefined) this.#lostDeletes.add(`${at} ${String(key)}`)
      else this.#losses.set(`${at} ${lost}`, (this.#losses.get(`${at} ${lost}`) ?? 0) + 1)
    })
    dictionary.on('message', ({ payload }) => {
      const id = `${at} ${String(payload)}`
      const times = (this.#delivered.get(id) ?? 0) + 1
      this.#delivered.set(id, times)
      if (times > 1) this.#violate('M3', `${payload} came ${times} times to ${at}`)
    })
    dictionary.on('error', ({ error }) => this.#violate('error', `${at}: ${error.message}`))
  }

  accepted(write: Write): void {
    this.#writes.push(write)
    this.broadcasts++
  }

  /** That run is over: what it alone knew may be gone. */
  died(name: string, run: number): void {
    this.#deadRuns.add(`${name}#${run}`)
  }

  /** Judges the run by what all peers hold in the end. */
  judge(held: ReadonlyMap<string, unknown>): void {
    const seen = new Set(this.#writes.map(({ previous }) => previous))
    for (const write of this.#writes) this.#judgeWrite(write, { held, seen })
    for (const [id, times] of this.#losses) {
      if (times > 1) this.#violate('C8', `${id} was told as lost ${times} times`)
    }
  }

  violate(invariant: string, what: string): void {
    this.#violate(invariant, what)
  }

  #judgeWrite(
    write: Write,
    { held, seen }: { held: ReadonlyMap<string, unknown>; seen: ReadonlySet<unknown> },
  ): void {
    const { key, value, previous, writer, run } = write
    const at = `${writer}#${run}`
    const isKept = held.get(key) === value
    if (value === undefined) {
      // A deleted value is back: nobody but a concurrent write may undo a delete, with another
      // value.
      const isBack = previous !== undefined && held.get(key) === previous
      const isTold = this.#lostDeletes.has(`${at} ${key}`) || this.#deadRuns.has(at)
      if (isBack && !isTold)
        this.#violate('C5', `${key}=${previous} came back after ${at} deleted it`)
      return
    }
    const told = this.#losses.get(`${at} ${value}`) ?? 0
    if (isKept && told > 0) this.#violate('C8', `${key}=${value} was told as lost and is there`)
    if (!isKept && told === 0 && !seen.has(value) && !this.#deadRuns.has(at)) {
      this.#violate('C8', `${key}=${value} of ${at} was lost and nobody was told`)
    }
  }

  #noteToken(at: string, key: string, token: number): void {
    const id = `${at} ${key}`
    const before = this.#tokens.get(id) ?? 0
    if (token < before) this.#violate('C7', `${id} fell from token ${before} to ${token}`)
    this.#tokens.set(id, Math.max(before, token))
  }

  #violate(invariant: string, what: string): void {
    this.violations.push({ invariant, what })
  }
}
