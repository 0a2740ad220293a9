/**
 * The judge of lease runs: follows every lease that was granted, from the grant to its end, and
 * says which promise about leases was broken.
 */

import type { Simulation } from 'holdfast/simulation'
import type { Lease } from '../../actors/holding.ts'
import { HoldfastError } from '../../machines/rules/errors.ts'
import { DRIFT } from '../../machines/rules/lease.ts'
import type { Violation } from './ledger.ts'

/** One lease in somebody's hands. */
export interface Tenure {
  readonly name: string
  readonly key: string
  readonly lease: Lease
  /** By the time of the simulation, in milliseconds. */
  readonly grantedAt: number
  readonly isStolen: boolean
  /** When it was seen to be over, by the time of the simulation. */
  endedAt: number | undefined
  losses: number
  /** True if its peer's run is over. */
  isDead: boolean
  /** What was left when its process was stopped, in milliseconds. */
  leftAtPauseMs: number | undefined
}

export interface Grant {
  readonly name: string
  readonly key: string
  readonly lease: Lease
  readonly minRemainingMs: number
  readonly leaseMs: number
  readonly isStolen: boolean
}

export class Tenures {
  readonly all: Tenure[] = []
  readonly violations: Violation[] = []
  readonly #simulation: Simulation
  /** How long a word may be on its way, in milliseconds; none if the network is cut at times. */
  readonly #wordMs: number | undefined

  constructor(simulation: Simulation, wordMs: number | undefined) {
    this.#simulation = simulation
    this.#wordMs = wordMs
  }

  /** Somebody was granted a lease, this moment. */
  granted(grant: Grant, { isAlone }: { isAlone: boolean }): Tenure {
    const { name, key, lease, minRemainingMs, leaseMs, isStolen } = grant
    const grantedAt = this.#simulation.clock.now()
    const ends = { endedAt: undefined, losses: 0, isDead: false, leftAtPauseMs: undefined }
    const tenure: Tenure = { name, key, lease, grantedAt, isStolen, ...ends }
    lease.on('lost', () => {
      tenure.losses++
      tenure.endedAt ??= this.#simulation.clock.now()
    })
    const { remainingMs } = lease
    if (remainingMs < minRemainingMs)
      this.violate('L10', `${name} got ${key} with ${remainingMs} ms`)
    const isInTerm = remainingMs > 0 && remainingMs <= leaseMs
    if (!isInTerm) this.violate('L9', `${name} got ${key} for ${remainingMs} of ${leaseMs} ms`)
    if (this.#wordMs !== undefined && !isAlone) this.#judgeGrant(tenure, this.#wordMs)
    this.all.push(tenure)
    return tenure
  }

  /** Leases whose holders may still count on them. */
  valid(key?: string): Tenure[] {
    return this.all.filter(
      (tenure) => !tenure.isDead && (key ?? tenure.key) === tenure.key && tenure.lease.valid,
    )
  }

  /** Looks at all leases: what was over stays over. */
  look(): void {
    for (const tenure of this.all) {
      if (tenure.isDead) continue
      if (!tenure.lease.valid) tenure.endedAt ??= this.#simulation.clock.now()
      else if (tenure.endedAt !== undefined) this.violate('L2', `${nameOf(tenure)} is back`)
    }
  }

  crashed(name: string): void {
    for (const tenure of this.all) {
      if (tenure.name !== name || tenure.isDead) continue
      tenure.isDead = true
      tenure.endedAt ??= this.#simulation.clock.now()
    }
  }

  paused(name: string): void {
    for (const tenure of this.valid()) {
      if (tenure.name === name) tenure.leftAtPauseMs = tenure.lease.remainingMs
    }
  }

  /** The process goes on after so long; no timer has run yet. */
  resumed(name: string, pausedMs: number): void {
    for (const tenure of this.all) {
      const { lease, leftAtPauseMs } = tenure
      if (tenure.name !== name || leftAtPauseMs === undefined || tenure.isDead) continue
      tenure.leftAtPauseMs = undefined
      if (pausedMs * (1 - DRIFT) <= leftAtPauseMs) continue
      const isSeen = !lease.valid && isRefused(() => lease.renew())
      if (!isSeen) this.violate('L2', `${nameOf(tenure)} survived ${pausedMs} ms of standing still`)
      this.poison(tenure)
    }
  }

  /** A write under a lease that is over must be refused. */
  poison({ name, key, lease }: Tenure): void {
    const dictionary = this.#simulation.peer(name)
    if (isRefused(() => dictionary.set(key, 'poison', { token: lease.token }))) return
    this.violate('L7', `${name} wrote ${key} under token ${lease.token}, which was over`)
  }

  /** After everything healed and came to rest. */
  judge(): void {
    this.look()
    for (const tenure of this.all) {
      if (tenure.isDead) continue
      const expected = tenure.lease.valid ? 0 : 1
      if (tenure.losses === expected) continue
      this.violate('L6', `${nameOf(tenure)} was told lost ${tenure.losses} times, not ${expected}`)
    }
    for (const key of new Set(this.all.map((tenure) => tenure.key))) {
      const holders = this.valid(key).map(nameOf)
      if (holders.length > 1) this.violate('L6', `${holders.join(' and ')} at the end`)
    }
    for (const name of this.#simulation.names) {
      for (const [key, value] of this.#simulation.peer(name)) {
        if (value === 'poison') this.violate('L7', `${String(key)} holds what nobody might write`)
      }
    }
  }

  violate(invariant: string, what: string): void {
    this.violations.push({ invariant, what })
  }

  /** Who is robbed learns of it when it can; meanwhile the key goes from hand to hand. */
  #isRobbed({ key, lease }: Tenure): boolean {
    return this.all.some(
      (other) => other.isStolen && other.key === key && other.lease.token > lease.token,
    )
  }

  /**
   * In a connected network whoever held the key before has lost it, and its token was less. Two
   * that took a free key without having heard of each other are told apart by the time a word
   * needs; one of them loses it then.
   */
  #judgeGrant(tenure: Tenure, wordMs: number): void {
    for (const other of this.all) {
      if (other.key !== tenure.key || other.isDead) continue
      const isUnheard = tenure.grantedAt - other.grantedAt <= wordMs
      if (isUnheard || this.#isRobbed(other)) continue
      if (other.lease.valid && !tenure.isStolen) {
        this.violate('L1', `${nameOf(tenure)} was granted while ${nameOf(other)} was valid`)
      }
      // A thief may not have heard of another.
      const isTheft = tenure.isStolen || other.isStolen
      if (!isTheft && tenure.lease.token <= other.lease.token) {
        this.violate('L5', `${nameOf(tenure)} came after ${nameOf(other)}`)
      }
    }
  }
}

function nameOf({ name, key, lease, grantedAt }: Tenure): string {
  return `${name}'s ${key} under ${lease.token} of ${grantedAt} ms`
}

function isRefused(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch (error) {
    return error instanceof HoldfastError
  }
}
