/**
 * What one run of a peer did and heard, as lines of a file. Each line is written before anything
 * else happens, and the system keeps it when the process is killed. So nothing is missing but what
 * had not happened.
 */

import { openSync, readFileSync, writeSync } from 'node:fs'
import { HoldfastError } from 'holdfast'

export type Entry =
  /** A write is about to be made. A deletion has no value. */
  | {
      readonly type: 'intent'
      readonly write: number
      readonly key: string
      readonly value?: string
      readonly previous?: string
      /** Whether the lease is renewed by itself from now on. */
      readonly isRenewing?: boolean
      readonly at: number
    }
  | {
      readonly type: 'accepted'
      readonly write: number
      readonly token?: number
      readonly at: number
    }
  | { readonly type: 'refused'; readonly write: number }
  /** The lease of a key was found to be held by a look that began at that time. */
  | { readonly type: 'held'; readonly key: string; readonly token: number; readonly at: number }
  | { readonly type: 'renewed'; readonly key: string; readonly token: number }
  /** An event of the dictionary. */
  | {
      readonly type: 'heard'
      readonly event: string
      readonly fact: Readonly<Record<string, unknown>>
    }
  /** Something was refused that nobody may refuse. */
  | { readonly type: 'unexpected'; readonly what: string }

/** A time that all processes of this machine share, in milliseconds. No clock step changes it. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export class Journal {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  note(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry, errorAsText)}\n`)
  }
}

/** All entries of a journal; a last line that was cut off by a kill did not happen. */
export function readJournal(path: string): Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}

function errorAsText(_name: string, value: unknown): unknown {
  return value instanceof HoldfastError ? { message: `${value.code} ${value.message}` } : value
}
