/**
 * A world for the rules of majority mode: nodes that vote, propose or both, with clocks that are
 * wrong within the bound, on a network that delays, loses, doubles and reorders what they say, and
 * cuts them from each other; they are paused, suspended and restarted. It looks at every moment
 * whether two believe to hold the key, and whether its tokens rise.
 */

import type { Ballot, BallotWord } from '../../machines/rules/ballot.ts'
import type { StoredKey } from '../../machines/rules/key.ts'
import { DRIFT } from '../../machines/rules/lease.ts'
import type { PeerId, RunId } from '../../machines/rules/peer.ts'
import { nextBallot, type RoundStep } from '../../machines/rules/proposer.ts'
import { ceilingOf } from '../../machines/rules/voter.ts'
import { Agenda } from './agenda.ts'
import { Node } from './ballotNode.ts'
import type { Rule } from './ballotRule.ts'

/** The longest term in this world, in milliseconds. */
export const LONGEST_MS = 1_000
/** How long a schedule lasts, in milliseconds. */
const SCHEDULE_MS = 4_000
const RECALL_MS = 60
const KEY = 'door' as StoredKey

export interface Outcome {
  /** How often a lease was won, renewals included. */
  wins: number
  /** Grants to another one than before. */
  changes: number
  restarts: number
  offence: 'two holders' | 'token' | undefined
}

export class World {
  readonly outcome: Outcome = { wins: 0, changes: 0, restarts: 0, offence: undefined }
  readonly #rule: Rule
  readonly #random: () => number
  readonly #agenda = new Agenda()
  readonly #nodes: Node[] = []
  readonly #voters: PeerId[]
  /** More voters may lose their memory than the rising of tokens can bear. */
  readonly #isReckless: boolean
  readonly #lossShare: number
  readonly #usualMs: number
  #cut: ReadonlySet<PeerId> = new Set()
  #token = 0

  constructor(rule: Rule, random: () => number) {
    this.#rule = rule
    this.#random = random
    const voters = [3, 3, 3, 5, 2, 1][this.#pick(6)] as number
    const outsiders = this.#pick(3) + (voters === 1 ? 1 : 0)
    const names = Array.from({ length: voters + outsiders }, (_, index) => `p${index}` as PeerId)
    this.#voters = names.slice(0, voters)
    this.#isReckless = random() < 0.3
    this.#lossShare = this.#pick(3) * 0.08
    this.#usualMs = [2, 8, 8, 250][this.#pick(4)] as number
    const isSuspending = random() < 0.5
    for (const [index, name] of names.entries()) {
      const rate = 1 + DRIFT * ([-1, 0, 1, -1, 1][this.#pick(5)] as number)
      const wallRate = 1 + DRIFT * (this.#pick(3) - 1)
      const node = new Node({ name, rate, wallRate, isVoter: index < voters, rule })
      node.start({ at: 0, run: 'run0' as RunId, voters: this.#voters, longestMs: LONGEST_MS })
      node.rememberNothingOf(this.#voters)
      this.#nodes.push(node)
    }
    const proposers = 2 + this.#pick(2)
    const order = [...this.#nodes].sort(() => random() - 0.5)
    for (const node of order.slice(0, proposers)) this.#plan(node, this.#pick(200))
    for (let faults = this.#pick(7); faults > 0; faults--) {
      this.#agenda.at(random() * SCHEDULE_MS * 0.75, () => this.#fault(isSuspending))
    }
  }

  /** Plays the schedule to its end, or to the first offence. */
  play(): Outcome {
    while (this.outcome.offence === undefined && this.#agenda.runNext(SCHEDULE_MS)) this.#look()
    return this.outcome
  }

  get #now(): number {
    return this.#agenda.now
  }

  #look(): void {
    let holders = 0
    for (const node of this.#nodes) if (node.believes(KEY, this.#now)) holders++
    if (holders > 1) this.outcome.offence ??= 'two holders'
  }

  /** Something that this node does when it can; a new run knows nothing of it. */
  #later(node: Node, delayMs: number, act: () => void): void {
    const { run } = node
    const wake = () => {
      if (node.run !== run) return
      if (node.idleUntil > this.#now) this.#agenda.at(node.idleUntil, wake)
      else act()
    }
    this.#agenda.at(this.#now + delayMs, wake)
  }

  #plan(node: Node, delayMs: number): void {
    node.isProposing = true
    this.#later(node, delayMs, () => {
      this.#think(node)
      this.#plan(node, this.#random() < 0.9 ? 2 + this.#pick(30) : this.#pick(400))
    })
  }

  #think(node: Node): void {
    const { proposer } = node
    if (proposer.rounds.has(KEY)) return
    const isHolder = node.believes(KEY, this.#now)
    const mood = this.#random()
    if (isHolder && mood > 0.04) return
    if (isHolder && mood < 0.01) {
      proposer.tenures.delete(KEY)
      return this.#giveBack(node)
    }
    const ballot = nextBallot(proposer)
    const leaseMs = this.#random() < 0.6 ? LONGEST_MS : 40 + this.#pick(LONGEST_MS - 40)
    const reading = node.reading(this.#now)
    this.#rule.openRound(proposer, { key: KEY, ballot, leaseMs, known: 0 }, reading)
    const word: BallotWord = { act: 'prepare', run: node.run, ...counted(ballot), keys: [KEY] }
    for (const voter of this.#voters) this.#send(node, voter, word)
    this.#later(node, 30 + this.#pick(600), () => {
      if (proposer.rounds.get(KEY)?.counter !== ballot.counter) return
      const lost = this.#rule.abandon(proposer, KEY, node.reading(this.#now))
      this.#follow(node, lost, ballot.counter)
    })
  }

  #giveBack(node: Node): void {
    const { run, proposer } = node
    const word: BallotWord = { act: 'release', run, counter: proposer.counter, keys: [KEY] }
    for (const voter of this.#voters) this.#send(node, voter, word)
  }

  #follow(node: Node, step: RoundStep, counter: number): void {
    if (step.step === 'propose') {
      const { run } = node
      const word: BallotWord = { act: 'propose', run, counter, proposals: [step.proposal] }
      for (const voter of step.to) this.#send(node, voter, word)
    } else if (step.step === 'lost') {
      if (this.#rule.givesBack(node.believes(KEY, this.#now))) this.#giveBack(node)
    } else if (step.step === 'won') this.#win(node, step.tenure.token)
  }

  #win(node: Node, token: number): void {
    this.outcome.wins++
    if (node.token === token) return
    this.outcome.changes++
    node.token = token
    if (token <= this.#token && !this.#isReckless) this.outcome.offence ??= 'token'
    this.#token = Math.max(this.#token, token)
  }

  #send(from: Node, to: PeerId, word: BallotWord): void {
    if (this.#cut.has(from.name) !== this.#cut.has(to)) return
    if (from.name !== to && this.#random() < this.#lossShare) return
    const origin = { peer: from.name, run: from.run }
    const target = this.#nodes.find(({ name }) => name === to) as Node
    const arrive = () => {
      if (target.idleUntil > this.#now) this.#agenda.at(target.idleUntil, arrive)
      else this.#hear(target, origin, word)
    }
    for (let copies = this.#random() < 0.06 ? 2 : 1; copies > 0; copies--) {
      this.#agenda.at(this.#now + (from.name === to ? 0 : this.#latencyMs()), arrive)
    }
  }

  #latencyMs(): number {
    const kind = this.#random()
    if (kind < 0.75) return 0.2 + this.#random() * this.#usualMs
    return this.#random() * (kind < 0.97 ? 100 : 2_500)
  }

  #hear(node: Node, from: { peer: PeerId; run: RunId }, word: BallotWord): void {
    const now = this.#rule.voterTime(node.reading(this.#now))
    const { voter } = node
    const reply = (said: BallotWord) => this.#send(node, from.peer, said)
    if (word.act === 'answer' || word.act === 'ceiling') {
      if (word.run !== node.run) return
      if (word.act === 'answer') this.#hearAnswer(node, from.peer, word)
      else if (voter) this.#rule.hearCeiling(voter, { peer: from.peer, ...word }, now)
    } else if (voter === undefined) return
    else if (word.act === 'recall') {
      const isVoting = this.#rule.isVoting(voter, now)
      reply({ act: 'ceiling', run: word.run, token: ceilingOf(voter), isVoting })
    } else {
      const ballot: Ballot = { ...from, counter: word.counter }
      const answer = (given: ReturnType<Rule['promise']>) =>
        reply({ act: 'answer', ...runOf(word), ...counted(word), answers: [[KEY, given]] })
      if (word.act === 'release') this.#rule.release(voter, { key: KEY, ballot })
      else if (word.act === 'propose') {
        const [proposal] = word.proposals
        if (proposal) answer(this.#rule.accept(voter, { ...proposal, ballot }, now))
      } else answer(this.#rule.promise(voter, { key: KEY, ballot, known: 0 }, now))
    }
  }

  #hearAnswer(node: Node, voter: PeerId, word: Extract<BallotWord, { act: 'answer' }>): void {
    const { counter, answers } = word
    const reading = node.reading(this.#now)
    for (const [key, answer] of answers) {
      const heard = { key, counter, voter, answer }
      this.#follow(node, this.#rule.hearAnswer(node.proposer, heard, reading), counter)
    }
  }

  #fault(isSuspending: boolean): void {
    const node = this.#nodes[this.#pick(this.#nodes.length)] as Node
    const forMs = 50 + this.#random() * 2_000
    switch (this.#pick(5)) {
      case 0:
        node.idle(this.#now, forMs)
        break
      case 1:
        this.#restart(node)
        break
      case 2:
        this.#cut = new Set(this.#nodes.filter(() => this.#random() < 0.5).map(({ name }) => name))
        this.#agenda.at(this.#now + forMs, () => {
          this.#cut = new Set()
        })
        break
      case 3:
        // A clock that stands still needs the other one to be right.
        if (isSuspending) node.suspend(this.#now, forMs)
        else node.stepWall((this.#pick(3) - 1) * 86_400_000)
        break
      case 4:
        this.#restart(this.#nodes[this.#pick(this.#voters.length)] as Node)
    }
  }

  #restart(node: Node): void {
    if (!this.#isReckless && node.voter && !this.#mayForget(node)) return
    this.outcome.restarts++
    const run = `run${this.outcome.restarts}` as RunId
    node.start({ at: this.#now, run, voters: this.#voters, longestMs: LONGEST_MS })
    if (node.isProposing) this.#plan(node, this.#pick(200))
    if (node.voter) this.#recall(node)
  }

  /** True if a majority of voters keep their memory. */
  #mayForget(node: Node): boolean {
    const keep = this.#nodes.filter((other) => {
      return other !== node && other.voter && this.#isVotingAt(other)
    })
    return keep.length * 2 > this.#voters.length
  }

  #isVotingAt(node: Node): boolean {
    const now = this.#rule.voterTime(node.reading(this.#now))
    return node.voter !== undefined && this.#rule.isVoting(node.voter, now)
  }

  #recall(node: Node): void {
    this.#later(node, RECALL_MS, () => {
      if (this.#isVotingAt(node)) return
      const isSober = node.reading(this.#now).now >= (node.voter?.votesFrom ?? 0)
      const others = this.#voters.filter((name) => isSober && name !== node.name)
      for (const name of others) this.#send(node, name, { act: 'recall', run: node.run })
      this.#recall(node)
    })
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below)
  }
}

function counted({ counter }: { counter: number }): { counter: number } {
  return { counter }
}

function runOf({ run }: { run: RunId }): { run: RunId } {
  return { run }
}
