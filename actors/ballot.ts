/**
 * The ballot actor: asks the voters for leases, and is one of them if this peer is among the
 * `voters`. What is decided is decided in `rules/proposer.ts` and `rules/voter.ts`; the table
 * changes in `rules/tenure.ts`. Without majority mode it does nothing.
 */

import { fromCallback } from 'xstate'
import { LOOK_MS_MAX } from '../machines/lease.ts'
import type { Ballot, BallotAnswer, BallotWord } from '../machines/rules/ballot.ts'
import { STOLEN } from '../machines/rules/batch.ts'
import type { LeaseEnd } from '../machines/rules/fact.ts'
import { publicKey, type StoredKey, storedKey } from '../machines/rules/key.ts'
import { marginMs, ownerTermMs } from '../machines/rules/lease.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import {
  abandon,
  createProposer,
  hearAnswer,
  isTenured,
  nextBallot,
  openRound,
  type Proposer,
  type RoundStep,
  type Tenure,
  tenureMs,
} from '../machines/rules/proposer.ts'
import { knownToken } from '../machines/rules/tenure.ts'
import type { Receipt, Verdict, WriteRefusal } from '../machines/rules/write.ts'
import { BallotBox } from './ballotBox.ts'
import { BallotPost } from './ballotPost.ts'
import { KeyTimers } from './keyTimers.ts'
import type { WriteEvent } from './storeEvent.ts'
import type { Switchboard } from './switchboard.ts'
import { tell } from './verdict.ts'

/** How long a round waits for voters at most, in milliseconds. */
const ROUND_MS_MAX = 2_000
/** The longest pause before a round that was lost is tried again, in milliseconds. */
const PAUSE_MS_MAX = 200
/** How often somebody who does not wait is outbid before it is refused. */
const OUTBID_MAX = 8

/** A wish for a lease, as it came to the store. */
export type Wish = Extract<WriteEvent, { type: 'lease.acquire' }>

export type BallotEvent =
  | { readonly type: 'ballot.wish'; readonly wish: Wish }
  /** Leases that are to go on. */
  | {
      readonly type: 'ballot.renew'
      readonly leases: readonly { readonly key: StoredKey; readonly leaseMs: number }[]
    }
  | { readonly type: 'ballot.heard'; readonly from: PeerId; readonly word: BallotWord }
  | { readonly type: 'ballot.close'; readonly keepsLeases: boolean }

export const ballotLogic = fromCallback<BallotEvent, { readonly shared: Shared }>(
  ({ input, receive }) => {
    const board = input.shared as Switchboard
    if (board.settings.safety !== 'majority') return
    const agent = new BallotAgent(board)
    receive((event) => agent.hear(event))
    return () => agent.stop()
  },
)

class BallotAgent {
  readonly #board: Switchboard
  readonly #proposer: Proposer
  readonly #post: BallotPost
  readonly #box: BallotBox | undefined
  /** Who wants a key that is voted on, and how often it was outbid. */
  readonly #wishes = new Map<StoredKey, { readonly wish: Wish; outbid: number }>()
  /** Leases whose renewal is under way or was lost. */
  readonly #renewing = new Map<StoredKey, number>()
  /** For each key the end of the patience with a round, or the next try. */
  readonly #patience: KeyTimers
  /** For each lease when it is to be given up unless it was renewed. */
  readonly #ends: KeyTimers
  readonly #lost: { unsubscribe(): void }
  /** Rounds that begin in one tick share a ballot, and so a frame. */
  #ballot: Ballot | undefined
  #isStopped = false

  constructor(board: Switchboard) {
    this.#board = board
    this.#patience = new KeyTimers(board.clock)
    this.#ends = new KeyTimers(board.clock)
    const voters = board.settings.voters as readonly PeerId[]
    this.#proposer = createProposer(board.self, voters)
    this.#post = new BallotPost(board, (from, word) => this.#read(from, word))
    if (voters.includes(board.self.peer)) this.#box = new BallotBox(board, this.#post)
    this.#lost = board.sync.on('lease.lost', ({ key, token }) => {
      this.#end(storedKey(key) as StoredKey, token)
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#refuseAll()
    this.#lost.unsubscribe()
    this.#box?.stop()
    this.#patience.stop()
    this.#ends.stop()
  }

  hear(event: BallotEvent): void {
    const { tenures } = this.#proposer
    switch (event.type) {
      case 'ballot.wish':
        return this.#want(event.wish)
      case 'ballot.renew':
        for (const { key, leaseMs } of event.leases) this.#renew(key, leaseMs)
        return
      case 'ballot.heard':
        return this.#read(event.from, event.word)
      case 'ballot.close':
        this.#refuseAll()
        for (const key of event.keepsLeases ? [] : tenures.keys()) this.#giveBack(key)
        tenures.clear()
        this.#post.flush()
    }
  }

  #refuseAll(): void {
    const wishes = [...this.#wishes]
    this.#wishes.clear()
    for (const [key, { wish }] of wishes) {
      this.#proposer.rounds.delete(key)
      this.#giveBack(key)
      tell(this.#board, wish, { refused: { verdict: 'closed' }, key: publicKey(key) })
    }
  }

  #want(wish: Wish): void {
    const { key, kind = 0 } = wish
    const { self } = this.#board
    const refuse = (refused: WriteRefusal) =>
      tell(this.#board, wish, { refused, key: publicKey(key) })
    if ((kind & STOLEN) !== 0) return refuse({ verdict: 'forbidden' })
    if (this.#wishes.has(key) || this.#isHeld(key)) {
      return refuse({ verdict: 'held', owner: self.peer, remainingMs: this.#remainingMs(key) })
    }
    // What was held before is over: whoever asks for it asks for a new grant.
    if (this.#proposer.tenures.has(key)) this.#forget(key)
    this.#wishes.set(key, { wish, outbid: 0 })
    this.#ask(key, this.#termOf(wish.leaseMs))
  }

  #renew(key: StoredKey, leaseMs: number): void {
    if (this.#proposer.rounds.has(key) || !this.#isHeld(key)) return
    const termMs = this.#termOf(leaseMs)
    this.#renewing.set(key, termMs)
    this.#ask(key, termMs)
  }

  #ask(key: StoredKey, leaseMs: number): void {
    const { replica, clock, settings } = this.#board
    if (this.#ballot === undefined) {
      this.#ballot = nextBallot(this.#proposer)
      clock.defer(() => {
        this.#ballot = undefined
      })
    }
    const ballot = this.#ballot
    const known = knownToken(replica, key)
    openRound(this.#proposer, { key, ballot, leaseMs, known }, this.#board.read())
    for (const voter of settings.voters) {
      this.#post.put(voter as PeerId, { act: 'prepare', ...ballot }, key)
    }
    const patienceMs = Math.min(ROUND_MS_MAX, ownerTermMs(leaseMs))
    this.#patience.set(key, patienceMs, () => {
      if (this.#proposer.rounds.get(key)?.counter !== ballot.counter) return
      this.#follow(key, abandon(this.#proposer, key, this.#board.read()))
    })
  }

  #read(from: PeerId, word: BallotWord): void {
    if (this.#isStopped) return
    if (word.act !== 'answer') return this.#box?.read(from, word)
    if (word.run !== this.#board.self.run) return
    const reading = this.#board.read()
    for (const [key, answer] of word.answers) {
      const heard = { key, counter: word.counter, voter: from, answer }
      this.#follow(key, hearAnswer(this.#proposer, heard, reading), word.counter)
    }
  }

  #follow(key: StoredKey, step: RoundStep, counter = 0): void {
    if (step.step === 'propose') {
      const { run } = this.#board.self
      for (const voter of step.to) {
        this.#post.put(voter, { act: 'propose', run, counter }, step.proposal)
      }
    } else if (step.step === 'won') this.#win(key, step.tenure)
    else if (step.step === 'lost') this.#lose(key, step.refusal)
  }

  #win(key: StoredKey, tenure: Tenure): void {
    this.#patience.clear(key)
    this.#renewing.delete(key)
    const wanted = this.#wishes.get(key)
    this.#wishes.delete(key)
    if (wanted === undefined) {
      this.#board.store.send({ type: 'tenure.extend', key, tenure })
      return this.#watch(key, tenure)
    }
    this.#watch(key, tenure)
    const { wish } = wanted
    const reply = (verdict: Verdict<Receipt>) => {
      if ('refused' in verdict) this.#end(key, tenure.token)
      tell(this.#board, wish, verdict)
    }
    this.#board.store.send({ type: 'tenure.install', key, tenure, kind: wish.kind, reply })
  }

  #lose(key: StoredKey, refusal: BallotAnswer | undefined): void {
    this.#patience.clear(key)
    // The votes of a renewal that was lost still count for the lease that it was to renew.
    if (!this.#proposer.tenures.has(key)) this.#forget(key)
    const wanted = this.#wishes.get(key)
    const pauseMs = 1 + this.#board.random() * PAUSE_MS_MAX
    if (wanted === undefined) {
      const leaseMs = this.#renewing.get(key)
      if (leaseMs === undefined) return
      const againMs = Math.min(pauseMs, leaseMs / 10)
      return this.#patience.set(key, againMs, () => this.#renew(key, leaseMs))
    }
    if (refusal?.verdict === 'outbid' && wanted.outbid++ < OUTBID_MAX) {
      const again = () => this.#ask(key, this.#termOf(wanted.wish.leaseMs))
      return this.#patience.set(key, pauseMs / 4, again)
    }
    this.#wishes.delete(key)
    tell(this.#board, wanted.wish, { refused: refusalOf(refusal), key: publicKey(key) })
  }

  /** The lease is over at its holder, for whatever reason: the voters are told. */
  #end(key: StoredKey, token: number): void {
    if (this.#proposer.tenures.get(key)?.token === token) this.#forget(key)
  }

  /** Nothing is held any more, by the table neither, before the votes are given back. */
  #forget(key: StoredKey): void {
    this.#ends.clear(key)
    this.#patience.clear(key)
    this.#renewing.delete(key)
    this.#proposer.rounds.delete(key)
    this.#proposer.tenures.delete(key)
    const { replica, store } = this.#board
    const token = replica.held.get(replica.table.find(key))
    if (token !== undefined) store.send({ type: 'tenure.forfeit', key, token, reason: 'expired' })
    this.#giveBack(key)
  }

  #giveBack(key: StoredKey): void {
    const { counter } = this.#proposer
    const { settings, self } = this.#board
    for (const voter of settings.voters) {
      this.#post.put(voter as PeerId, { act: 'release', run: self.run, counter }, key)
    }
  }

  /** Whoever could not renew is told before the term is over, so before another has the key. */
  #watch(key: StoredKey, tenure: Tenure): void {
    const look = () => {
      const leftMs = tenureMs(tenure, this.#board.read()) - marginMs(tenure.leaseMs)
      // A fraction of a millisecond may be too short for any time to pass.
      const lookMs = Math.max(1, Math.min(leftMs, LOOK_MS_MAX))
      if (leftMs > 0) return this.#ends.set(key, lookMs, look)
      if (!this.#renewing.has(key)) return
      const isOver = leftMs + marginMs(tenure.leaseMs) <= 0
      const reason: LeaseEnd = isOver ? 'expired' : 'quorum-lost'
      this.#board.store.send({ type: 'tenure.forfeit', key, token: tenure.token, reason })
    }
    look()
  }

  /** True if this peer holds the key by its table, which alone knows of a release at once. */
  #isHeld(key: StoredKey): boolean {
    const { replica } = this.#board
    const token = replica.held.get(replica.table.find(key))
    return token !== undefined && token === this.#proposer.tenures.get(key)?.token
      ? isTenured(this.#proposer, key, this.#board.read())
      : false
  }

  #remainingMs(key: StoredKey): number {
    const tenure = this.#proposer.tenures.get(key)
    return tenure === undefined ? ROUND_MS_MAX : tenureMs(tenure, this.#board.read())
  }

  #termOf(leaseMs: number | undefined): number {
    const { settings } = this.#board
    return Math.min(leaseMs ?? settings.leaseMs, settings.leaseMsMax)
  }
}

function refusalOf(refusal: BallotAnswer | undefined): WriteRefusal {
  return refusal?.verdict === 'held' ? refusal : { verdict: 'quorum' }
}
