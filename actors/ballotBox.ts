/** One voter at work: answers what is asked of it, and finds its way back after a restart. */

import { abstentionMs, type Ballot, type BallotWord } from '../machines/rules/ballot.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import { knownToken } from '../machines/rules/tenure.ts'
import {
  accept,
  ceilingOf,
  createVoter,
  forgetIdle,
  hearCeiling,
  isVoting,
  promise,
  release,
  type Voter,
} from '../machines/rules/voter.ts'
import type { Timer } from '../transport/ports.ts'
import type { BallotPost } from './ballotPost.ts'
import type { Switchboard } from './switchboard.ts'

/** How often a voter that restarted asks the others, in milliseconds. */
const RECALL_MS = 500
/** How often a voter forgets what nobody can use any more, at least, in milliseconds. */
const SWEEP_MS_MIN = 1_000
/** The longest time between two looks, in milliseconds. */
const SWEEP_MS_MAX = 3_600_000

export class BallotBox {
  readonly #board: Switchboard
  readonly #post: BallotPost
  readonly #voter: Voter
  #timer: Timer

  constructor(board: Switchboard, post: BallotPost) {
    this.#board = board
    this.#post = post
    const { voters, leaseMsMax } = board.settings
    const now = board.clock.now()
    this.#voter = createVoter({ now, longestMs: leaseMsMax, voters: voters.length })
    this.#timer = this.#lookAfter(0)
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
  }

  read(from: PeerId, word: BallotWord): void {
    const now = this.#board.clock.now()
    const { run } = word
    switch (word.act) {
      case 'prepare':
      case 'propose':
        return this.#answer(from, word, now)
      case 'release':
        for (const key of word.keys) {
          release(this.#voter, { key, ballot: { peer: from, run, counter: word.counter } })
        }
        return
      case 'recall': {
        const told = { token: ceilingOf(this.#voter), isVoting: isVoting(this.#voter, now) }
        return this.#post.send(from, { act: 'ceiling', run, ...told })
      }
      case 'ceiling':
        if (run === this.#board.self.run) hearCeiling(this.#voter, { peer: from, ...word }, now)
    }
  }

  #answer(
    from: PeerId,
    word: Extract<BallotWord, { act: 'prepare' | 'propose' }>,
    now: number,
  ): void {
    const { run, counter } = word
    const ballot: Ballot = { peer: from, run, counter }
    const envelope = { act: 'answer', run, counter } as const
    if (word.act === 'propose') {
      for (const proposal of word.proposals) {
        const answer = accept(this.#voter, { ...proposal, ballot }, now)
        this.#post.put(from, envelope, [proposal.key, answer])
      }
      return
    }
    for (const key of word.keys) {
      const known = knownToken(this.#board.replica, key)
      const answer = promise(this.#voter, { key, ballot, known }, now)
      if (answer.verdict === 'unable') this.#board.reach('ballots', { peerId: from })
      this.#post.put(from, envelope, [key, answer])
    }
  }

  #lookAfter(delayMs: number): Timer {
    return this.#board.clock.setTimeout(() => this.#look(), delayMs)
  }

  #look(): void {
    const { clock, settings, self } = this.#board
    const now = clock.now()
    const { votesFrom, longestMs } = this.#voter
    if (isVoting(this.#voter, now)) {
      forgetIdle(this.#voter, now)
      const sweepMs = Math.max(SWEEP_MS_MIN, abstentionMs(longestMs))
      this.#timer = this.#lookAfter(Math.min(SWEEP_MS_MAX, sweepMs))
    } else if (now < votesFrom || !this.#board.isInformed) {
      // Asked before its abstention is over it would hear too little.
      this.#timer = this.#lookAfter(Math.min(SWEEP_MS_MAX, Math.max(RECALL_MS, votesFrom - now)))
    } else {
      const others = settings.voters.filter((voter) => voter !== self.peer)
      for (const voter of others) this.#post.send(voter as PeerId, { act: 'recall', run: self.run })
      this.#timer = this.#lookAfter(RECALL_MS)
    }
  }
}
