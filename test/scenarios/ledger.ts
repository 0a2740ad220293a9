/**
 * The ledger of a random run: what the history of a simulation does not judge. No message comes
 * twice, no lease is taken from who knows to hold it, and nothing fails in the background.
 */

import type { Simulation } from 'holdfast/simulation'
import type { Dictionary } from '../../index.ts'

export interface Violation {
  /** The invariant, as `semantics.md` numbers them. */
  readonly invariant: string
  readonly what: string
}

export class Ledger {
  readonly violations: Violation[] = []
  /** All dictionaries that ran. */
  readonly dictionaries: Dictionary[] = []
  readonly #delivered = new Map<string, number>()
  /** Peers and keys whose lease goes on in ways that a value does not show. */
  readonly #extended = new Set<string>()

  /** Listens to a dictionary from its start. */
  follow(dictionary: Dictionary, name: string): void {
    const at = `${name}#${this.dictionaries.push(dictionary)}`
    dictionary.on('message', ({ payload }) => {
      const id = `${at} ${String(payload)}`
      const times = (this.#delivered.get(id) ?? 0) + 1
      this.#delivered.set(id, times)
      if (times > 1) this.violate('M3', `${payload} came ${times} times to ${at}`)
    })
    // All peers of a run are honest, so none of them may take another for a liar.
    dictionary.on('offence', ({ reason }) => this.violate('error', `${at}: ${reason}`))
    dictionary.on('error', ({ error }) => this.violate('error', `${at}: ${error.message}`))
  }

  /**
   * Whoever knows of a lease may take the key only after its holder has given it up, whatever the
   * network and the clocks did meanwhile.
   */
  set(simulation: Simulation, name: string, { key, value }: { key: string; value: string }): void {
    const dictionary = simulation.peer(name)
    const holder = this.#holderOf(simulation, { key, value: dictionary.get(key) })
    dictionary.set(key, value)
    this.#extended.delete(`${name} ${key}`)
    if (holder !== undefined && holder !== name) {
      this.violate('L1', `${name} took ${key} while ${holder} held it`)
    }
  }

  /** From now on nobody else can know by the value alone how long this peer holds the key. */
  extend(name: string, key: string): void {
    this.#extended.add(`${name} ${key}`)
  }

  violate(invariant: string, what: string): void {
    this.violations.push({ invariant, what })
  }

  /** Who believes to hold the key under the very write that this value is. */
  #holderOf(simulation: Simulation, asked: { key: string; value: unknown }): string | undefined {
    const { key, value } = asked
    if (value === undefined) return undefined
    return simulation.names.find((name) => {
      const dictionary = simulation.peer(name)
      if (dictionary.get(key) !== value || this.#extended.has(`${name} ${key}`)) return false
      return dictionary.lease(key)?.mine === true
    })
  }
}
