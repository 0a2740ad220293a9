/**
 * Rounds in which the holder of a lease is stopped past its term while it works on a resource,
 * another takes the lease over and works there too, and then the first one goes on.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../transport/random.ts'
import { type Fleet, type PeerProcess, until } from './fleet.ts'
import { areEqual, isMesh } from './fullMesh.ts'
import { sharedNow } from './journal.ts'
import { Resource, type State } from './resource.ts'

const NAMES = ['alice', 'bob', 'carol']
const KEY = 'counter'
/** The shortest and the longest term, in milliseconds. */
const TERM_MS_MIN = 300
const TERM_MS_MAX = 500
/** How long it may take until a lease is to be had, in milliseconds. */
const WAIT_MS_MAX = 20_000
/** How long a holder works at most, in milliseconds. Its term ends long before. */
const WORK_MS_MAX = 20_000
/** So often a round is begun anew because the machine was too slow to stop the holder in time. */
const SPOILED_MAX = 100

export interface StopsOptions {
  readonly seed: number
  readonly rounds: number
  readonly fleet: Fleet
  /** Whether the resource refuses lower tokens. Default true. */
  readonly isFenced?: boolean
}

export interface StopsResult {
  readonly rounds: number
  /** Rounds that were begun anew, since the term was over before the holder could be stopped. */
  readonly spoiled: number
  /** Writes that the resource accepted in all. */
  readonly accepted: number
  /** Writes in good faith by a holder that was stopped between its look and its write. */
  readonly refused: number
  /** Writes that were accepted after one with a higher token. */
  readonly stale: number
  /** What went wrong, in sentences. */
  readonly violations: readonly string[]
}

export async function playStops({ seed, rounds, fleet, isFenced = true }: StopsOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-stops-'))
  const stops = new Stops({ seed, fleet, resource: { folder, isFenced } })
  try {
    await stops.begin()
    return await stops.play(rounds)
  } finally {
    await stops.end()
    rmSync(folder, { recursive: true })
  }
}

class Stops {
  readonly #random: () => number
  readonly #seed: number
  readonly #fleet: Fleet
  readonly #options: { folder: string; isFenced: boolean }
  readonly #resource: Resource
  #peers: { name: string; process: PeerProcess; address: string }[] = []
  readonly #violations: string[] = []
  #refused = 0
  #spoiled = 0

  constructor(options: {
    seed: number
    fleet: Fleet
    resource: { folder: string; isFenced: boolean }
  }) {
    this.#seed = options.seed
    this.#random = seededRandom(options.seed)
    this.#fleet = options.fleet
    this.#options = options.resource
    this.#resource = new Resource(options.resource)
  }

  async begin(): Promise<void> {
    const processes = await this.#fleet.startMany(NAMES.length)
    for (const [index, name] of NAMES.entries()) {
      const process = processes[index] as PeerProcess
      const { listening } = await process.call('open', {
        network: `stops ${this.#seed}`,
        peerId: name,
        listen: ['tcp://127.0.0.1:0'],
        join: this.#peers.map(({ address }) => address),
      })
      this.#peers.push({ name, process, address: listening[0] as string })
    }
    await until(() => isMesh(this.#peers), 'a full mesh')
  }

  async play(rounds: number): Promise<StopsResult> {
    for (let round = 1; round <= rounds; round += 1) {
      while (!(await this.#round(round))) {
        this.#spoiled += 1
        if (this.#spoiled > SPOILED_MAX) throw new Error('The machine is too slow for the terms.')
      }
    }
    const history = this.#resource.history()
    const stale = history.filter(({ token }, index) => token < (history[index - 1]?.token ?? 0))
    const violations = [...this.#violations, ...findShared(history)]
    const counts = { accepted: history.length, refused: this.#refused, spoiled: this.#spoiled }
    return { rounds, ...counts, stale: stale.length, violations }
  }

  async end(): Promise<void> {
    await Promise.all(this.#peers.map(({ process }) => process.kill()))
  }

  /** False if the term was over before the holder could be stopped. */
  async #round(round: number): Promise<boolean> {
    const holder = this.#draw(this.#peers)
    const taker = this.#draw(this.#peers.filter((peer) => peer !== holder))
    const leaseMs = TERM_MS_MIN + Math.floor(this.#random() * (TERM_MS_MAX - TERM_MS_MIN))
    const acquisition = { leaseMs, waitMs: WAIT_MS_MAX }
    const { token } = await holder.process.call('acquire', KEY, acquisition)
    const before = this.#resource.read().count
    let isOver = false
    const options = { ...this.#options, msMax: WORK_MS_MAX }
    const guarding = holder.process.call('guard', options).finally(() => {
      isOver = true
    })
    await until(() => isOver || this.#resource.read().count > before, 'the holder to work')
    holder.process.signal('SIGSTOP')
    const stoppedAt = sharedNow()
    const taken = await taker.process.call('acquire', KEY, acquisition)
    const isTakerHeard = await taker.process.call('strike', this.#options)
    holder.process.signal('SIGCONT')
    const seen = await guarding
    const isStaleHeard = await holder.process.call('strike', this.#options)
    await taker.process.call('giveBack')
    await until(() => areEqual(this.#peers), 'equal digests')
    if (seen.lostAt !== null && seen.lostAt < stoppedAt) return false
    this.#refused += seen.refused
    const wrong = (what: string) => this.#violations.push(`Round ${round}: ${what}`)
    if (taken.token <= token) wrong(`token ${taken.token} was granted after ${token}.`)
    if (!isTakerHeard) wrong(`the resource refused the new holder's token ${taken.token}.`)
    if (isStaleHeard) wrong(`the resource accepted token ${token} after ${taken.token}.`)
    if (seen.lostAt === null) wrong('the holder never found its lease lost.')
    // Every look that found the lease valid began before the other was granted it.
    const laterMs = Math.round(seen.lastValidAt - taken.at)
    if (laterMs >= 0) wrong(`the holder believed in its lease ${laterMs} ms after the next grant.`)
    return true
  }

  #draw<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item
  }
}

/** Tokens under which more than one peer wrote. */
function findShared(history: readonly State[]): string[] {
  const owners = new Map<number, string>()
  return history.flatMap(({ token, by }) => {
    const owner = owners.get(token) ?? by
    owners.set(token, owner)
    return owner === by ? [] : [`${owner} and ${by} wrote under token ${token}.`]
  })
}
