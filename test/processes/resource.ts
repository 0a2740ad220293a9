/**
 * A counter in files, shared by all processes, that stores the highest token that it was written
 * with and refuses lower ones.
 *
 * Each state is a file of its own, named by its number, and comes into being by `link`, which only
 * one process can win. So a process that was stopped in the middle of a write, for however long,
 * fails when it goes on and has to look again; and the files are the history of all that was ever
 * accepted.
 */

import { existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface State {
  readonly count: number
  readonly token: number
  readonly by: string
}

export interface ResourceOptions {
  readonly folder: string
  /** Whether lower tokens are refused. Default true; false shows what a fence is for. */
  readonly isFenced?: boolean
}

export class Resource {
  readonly #folder: string
  readonly #isFenced: boolean
  /** The number of a state that is there; later ones may be. */
  #number = 0

  constructor({ folder, isFenced = true }: ResourceOptions) {
    this.#folder = folder
    this.#isFenced = isFenced
  }

  /** Counts one up. False if a higher token was here before. */
  write({ token, by }: { token: number; by: string }): boolean {
    const draft = join(this.#folder, `draft-${process.pid}`)
    for (;;) {
      const { count, token: highest } = this.read()
      if (this.#isFenced && token < highest) return false
      writeFileSync(draft, JSON.stringify({ count: count + 1, token, by } satisfies State))
      const isWon = this.#link(draft, this.#path(this.#number + 1))
      unlinkSync(draft)
      if (isWon) return true
    }
  }

  /** The last state. */
  read(): State {
    while (existsSync(this.#path(this.#number + 1))) this.#number += 1
    return this.#at(this.#number)
  }

  /** All states that were ever accepted, in order. */
  history(): State[] {
    this.read()
    return Array.from({ length: this.#number }, (_, index) => this.#at(index + 1))
  }

  #at(number: number): State {
    if (number === 0) return { count: 0, token: 0, by: 'nobody' }
    return JSON.parse(readFileSync(this.#path(number), 'utf8'))
  }

  #path(number: number): string {
    return join(this.#folder, String(number))
  }

  #link(draft: string, path: string): boolean {
    try {
      linkSync(draft, path)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  }
}
