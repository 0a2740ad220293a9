/** One node of the world of `ballotWorld.ts`: its clocks, and what it remembers in this run. */

import type { StoredKey } from '../../machines/rules/key.ts'
import type { Reading } from '../../machines/rules/lease.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import type { Proposer } from '../../machines/rules/proposer.ts'
import type { Voter } from '../../machines/rules/voter.ts'
import type { Rule } from './ballotRule.ts'

export class Node {
  readonly name: PeerId
  run!: RunId
  proposer!: Proposer
  voter: Voter | undefined
  isProposing = false
  /** The token of the last tenure in this run. */
  token = 0
  /** It does nothing until then. */
  idleUntil = 0
  readonly #rule: Rule
  readonly #isVoter: boolean
  readonly #rate: number
  readonly #wallRate: number
  #wallOffsetMs = 0
  /** When its monotonic clock stood still, and for how long. */
  readonly #freezes: { readonly from: number; readonly forMs: number }[] = []

  constructor(options: {
    name: PeerId
    rate: number
    wallRate: number
    isVoter: boolean
    rule: Rule
  }) {
    this.name = options.name
    this.#rule = options.rule
    this.#isVoter = options.isVoter
    this.#rate = options.rate
    this.#wallRate = options.wallRate
  }

  /** A new run, with nothing in memory. */
  start(options: { at: number; run: RunId; voters: PeerId[]; longestMs: number }): void {
    const { at, run, voters, longestMs } = options
    this.run = run
    this.token = 0
    this.idleUntil = at
    this.proposer = this.#rule.createProposer({ peer: this.name, run }, voters)
    if (!this.#isVoter) return
    const now = this.#rule.voterTime(this.reading(at))
    this.voter = this.#rule.createVoter({ now, longestMs, voters: voters.length })
  }

  /** As if it had been there for long, and nothing had been voted for. */
  rememberNothingOf(voters: readonly PeerId[]): void {
    if (this.voter === undefined) return
    this.voter = { ...this.voter, votesFrom: 0 }
    for (const peer of voters) {
      if (peer !== this.name) this.voter.heard.set(peer, true)
    }
  }

  /** Both clocks of this node at a moment of true time. */
  reading(at: number): Reading {
    let running = at
    for (const { from, forMs } of this.#freezes) {
      running -= Math.max(0, Math.min(at - from, forMs))
    }
    return { now: running * this.#rate, wall: at * this.#wallRate + this.#wallOffsetMs }
  }

  believes(key: StoredKey, at: number): boolean {
    const tenure = this.proposer.tenures.get(key)
    return tenure !== undefined && this.#rule.tenureMs(tenure, this.reading(at)) > 0
  }

  /** Its process is held up. */
  idle(at: number, forMs: number): void {
    this.idleUntil = Math.max(this.idleUntil, at + forMs)
  }

  /** The whole machine sleeps, and its monotonic clock with it. */
  suspend(at: number, forMs: number): void {
    if (this.#freezes.some((freeze) => freeze.from + freeze.forMs > at)) return
    this.idle(at, forMs)
    this.#freezes.push({ from: at, forMs })
  }

  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }
}
