/**
 * The census actor: tells all others of this peer now and then, and keeps the list of members from
 * what they tell. What follows from it is decided in `rules/census.ts` and `rules/collect.ts`.
 */

import { fromCallback } from 'xstate'
import {
  ageCensus,
  type Census,
  type CensusStep,
  countMembers,
  hearPresence,
  MEMBERS_MAX,
  memberCoverage,
  membersToTell,
  noteLeft,
  noteNeighbour,
  PRESENCE_MS,
  type Presence,
} from '../machines/rules/census.ts'
import { originKey } from '../machines/rules/coverage.ts'
import { coverageList } from '../machines/rules/heard.ts'
import { type Lack, type Lacking, lacksToTell, noteLacks } from '../machines/rules/lacking.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { Origin, PeerId } from '../machines/rules/peer.ts'
import type { Timer } from '../transport/ports.ts'
import type { Switchboard } from './switchboard.ts'

/** How soon a peer tells of itself after a connection came into use, in milliseconds. */
const GREETING_MS = 500
/** How often a peer tells out of turn that it has no room, in milliseconds. */
const ADMIT_MS = 5_000

export type CensusEvent =
  | {
      readonly type: 'neighbour.noted'
      readonly peerId: PeerId
      readonly isNeighbour: boolean
      /** True if one side had neighbours enough, so that it is still in reach by way of others. */
      readonly isSpared: boolean
    }
  | { readonly type: 'presence.heard'; readonly origin: Origin; readonly presence: Presence }
  | { readonly type: 'origin.left'; readonly origin: Origin }
  /** What somebody wrote did not fit here. */
  | { readonly type: 'room.lacked'; readonly lacks: readonly Lack[] }

export const censusLogic = fromCallback<CensusEvent, { readonly shared: Shared }>(
  ({ input, receive }) => {
    const taker = new CensusTaker(input.shared as Switchboard)
    receive((event) => taker.hear(event))
    return () => taker.stop()
  },
)

class CensusTaker {
  readonly #board: Switchboard
  #census: Census = new Map()
  #timer: Timer
  #isGreetingDue = false
  /** Whose entries do not fit, and when that was told out of turn last. */
  readonly #lacking: Lacking = new Map()
  #admittedAt = Number.NEGATIVE_INFINITY
  /** Runs that said goodbye, in the time that talk of them may go round. */
  #left = new Set<string>()

  constructor(board: Switchboard) {
    this.#board = board
    this.#timer = this.#schedule(this.#routineMs())
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
  }

  hear(event: CensusEvent): void {
    const now = this.#board.clock.now()
    switch (event.type) {
      case 'neighbour.noted':
        this.#take(noteNeighbour(this.#census, event, now))
        if (event.isNeighbour) this.#greetSoon()
        break
      case 'presence.heard':
        this.#hear(event, now)
        break
      case 'origin.left':
        this.#left.add(originKey(event.origin))
        this.#take(noteLeft(this.#census, event.origin))
        break
      case 'room.lacked':
        if (noteLacks(this.#lacking, event.lacks, now)) this.#admit(now)
    }
  }

  /** A writer soon hears that there is no room for it. Many names are no reason to hurry. */
  #admit(now: number): void {
    if (now - this.#admittedAt < ADMIT_MS) return
    this.#admittedAt = now
    this.#greetSoon()
  }

  #hear(event: Extract<CensusEvent, { type: 'presence.heard' }>, now: number): void {
    const heard = this.#credible(event)
    this.#tellFull(heard)
    const step = hearPresence(this.#census, heard, now)
    if (step.limit) this.#board.reach(step.limit, { peerId: event.origin.peer })
    this.#take(step)
  }

  /** Somebody has no room for what this peer wrote. */
  #tellFull({ origin, presence }: { origin: Origin; presence: Presence }): void {
    const peerId = origin.peer
    const [known] = this.#census.get(peerId)?.presence?.lacks ?? []
    for (const [, limit] of presence.lacks) {
      if (limit !== known?.[1]) this.#board.announce({ type: 'member.full', peerId, limit })
    }
  }

  /** Others may not have heard yet who left, and may tell of this peer too. */
  #credible({ origin, presence }: Extract<CensusEvent, { type: 'presence.heard' }>) {
    const members = presence.members.filter(([peer, run]) => {
      return peer !== this.#board.self.peer && !this.#left.has(originKey({ peer, run }))
    })
    // Who has no room for others is theirs to hear.
    const lacks = presence.lacks.filter(([peer]) => peer === this.#board.self.peer).slice(0, 1)
    return { origin, presence: { ...presence, members, lacks } }
  }

  /** A peer that is new, or has a new neighbour, does not wait for its turn. */
  #greetSoon(): void {
    if (this.#isGreetingDue) return
    this.#isGreetingDue = true
    this.#board.clock.clearTimeout(this.#timer)
    this.#timer = this.#schedule(GREETING_MS * (1 + this.#board.random()))
  }

  #schedule(delayMs: number): Timer {
    return this.#board.clock.setTimeout(() => {
      this.#isGreetingDue = false
      this.#tell()
      this.#take(ageCensus(this.#census, this.#board.clock.now()))
      if (this.#left.size > MEMBERS_MAX) this.#left = new Set()
      this.#collect()
      this.#timer = this.#schedule(this.#routineMs())
    }, delayMs)
  }

  #routineMs(): number {
    return PRESENCE_MS * (0.5 + this.#board.random())
  }

  #tell(): void {
    const { addresses, replica, lines, waterfall } = this.#board
    if (lines.count === 0) return
    const now = this.#board.clock.now()
    const members = membersToTell(this.#census, now)
    const lacks = lacksToTell(this.#lacking, now)
    const presence: Presence = { addresses, coverage: coverageList(replica), members, lacks }
    waterfall.send({ type: 'broadcast.made', body: { kind: 'presence', presence } })
  }

  #collect(): void {
    const members = memberCoverage(this.#census)
    if (members !== undefined) this.#board.store.send({ type: 'tombstones.collect', members })
  }

  #take({ census, news }: CensusStep): void {
    this.#census = census
    this.#board.members = census
    this.#board.neighbourhood.send({ type: 'members.counted' })
    this.#board.announce(...news)
    for (const { type, peerId } of news) {
      if (type !== 'member.unreachable') continue
      this.#board.store.send({ type: 'member.lost', peer: peerId })
    }
    this.#board.store.send({ type: 'peers.counted', ...countMembers(census) })
  }
}
