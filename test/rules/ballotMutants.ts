/**
 * The rules of majority mode with one piece taken away, each made by bending what goes into and
 * comes out of the production functions. They show that the world would notice if the piece were
 * missing.
 */

import { majorityOf } from '../../machines/rules/ballot.ts'
import type { StoredKey } from '../../machines/rules/key.ts'
import { isTenured } from '../../machines/rules/proposer.ts'
import { PRODUCTION, type Proposer, type Rule } from './ballotRule.ts'

/** A voter that restarted votes at once. */
export const withoutAbstention: Rule = {
  ...PRODUCTION,
  createVoter: (options) => ({ ...PRODUCTION.createVoter(options), votesFrom: options.now }),
}

/** A voter that restarted asks nobody for the highest token. */
export const withoutRecall: Rule = {
  ...PRODUCTION,
  isVoting: ({ votesFrom }, now) => now >= votesFrom,
  promise: (voter, asked, now) => PRODUCTION.promise(sure(voter), asked, now),
  accept: (voter, proposal, now) => PRODUCTION.accept(sure(voter), proposal, now),
}

/** Neither side allows for clocks and messages: both count the plain term. */
export const withoutMargin: Rule = {
  ...PRODUCTION,
  tenureMs: ({ asked, leaseMs }, { now, wall }) =>
    leaseMs - Math.max(now - asked.now, wall - asked.wall),
  accept(voter, proposal, now) {
    const former = voter.boxes.get(proposal.key)?.vote?.until ?? 0
    const answer = PRODUCTION.accept(voter, proposal, now)
    const box = voter.boxes.get(proposal.key)
    if (answer.verdict === 'accepted' && box?.vote && box.vote.until !== former) {
      box.vote = { ...box.vote, until: Math.max(former, now + proposal.leaseMs) }
    }
    return answer
  },
}

/** Voters live by their wall clocks. */
export const withWallClock: Rule = { ...PRODUCTION, voterTime: ({ wall }) => wall }

/** The holder believes its monotonic clock alone, which stands still while a laptop sleeps. */
export const withoutWallClock: Rule = {
  ...PRODUCTION,
  tenureMs: (tenure, { now }) =>
    PRODUCTION.tenureMs(tenure, { now, wall: tenure.asked.wall + now - tenure.asked.now }),
}

/** The holder counts from the answer that made its majority. */
export const fromTheAnswer: Rule = {
  ...PRODUCTION,
  hearAnswer(proposer, heard, reading) {
    const step = PRODUCTION.hearAnswer(proposer, heard, reading)
    if (step.step !== 'won') return step
    const tenure = { ...step.tenure, asked: reading }
    proposer.tenures.set(heard.key, tenure)
    return { step: 'won', tenure }
  },
}

/** One voter less than a majority decides. */
export const withMinority: Rule = {
  ...PRODUCTION,
  createProposer(self, voters) {
    const majority = Math.max(1, majorityOf(voters.length) - 1)
    return { ...PRODUCTION.createProposer(self, voters), majority }
  },
}

/** A voter takes any proposal, whatever it has promised meanwhile. */
export const withoutPromise: Rule = {
  ...PRODUCTION,
  accept(voter, proposal, now) {
    const box = voter.boxes.get(proposal.key)
    if (box) Object.assign(box, { promised: proposal.ballot, isOpen: true })
    return PRODUCTION.accept(voter, proposal, now)
  },
}

/** The token is above what the holder itself and one voter knew. */
export const withTokenOfOne: Rule = {
  ...PRODUCTION,
  hearAnswer(proposer, heard, reading) {
    const { answer } = heard
    const isFirst = (proposer.rounds.get(heard.key)?.answers.size ?? 0) === 0
    if (answer.verdict !== 'open' || isFirst) return PRODUCTION.hearAnswer(proposer, heard, reading)
    const blind = { ...heard, answer: { ...answer, token: 0 } }
    return PRODUCTION.hearAnswer(proposer, blind, reading)
  },
}

/** The votes of a renewal that failed are given back, though the lease goes on. */
export const withHastyRelease: Rule = { ...PRODUCTION, givesBack: () => true }

/** A vote ends with the latest term, also if the holder still counts on a longer one. */
export const withShortenedVote: Rule = {
  ...PRODUCTION,
  accept(voter, proposal, now) {
    const box = voter.boxes.get(proposal.key)
    const isAsked = box?.isOpen && box.promised.counter === proposal.ballot.counter
    if (box?.vote && isAsked) box.vote = { ...box.vote, until: 0 }
    return PRODUCTION.accept(voter, proposal, now)
  },
}

/** A renewal that is answered after its lease was over counts all the same, under the old token. */
export const withLateRenewal: Rule = {
  ...PRODUCTION,
  hearAnswer(proposer, heard, reading) {
    const round = proposer.rounds.get(heard.key)
    const tenure = proposer.tenures.get(heard.key)
    if (round?.renews === undefined || tenure === undefined) {
      return PRODUCTION.hearAnswer(proposer, heard, reading)
    }
    if (!isTenured(proposer, heard.key, reading)) {
      proposer.tenures.set(heard.key, { ...tenure, asked: reading })
    }
    return PRODUCTION.hearAnswer(proposer, heard, reading)
  },
}

/** A lease that was found to be over comes back to life when the clock is set back. */
export const withRevival: Rule = {
  ...PRODUCTION,
  openRound: (proposer, asked, reading) =>
    reviving(proposer, asked.key, () => PRODUCTION.openRound(proposer, asked, reading)),
  hearAnswer: (proposer, heard, reading) =>
    reviving(proposer, heard.key, () => PRODUCTION.hearAnswer(proposer, heard, reading)),
  abandon: (proposer, key, reading) =>
    reviving(proposer, key, () => PRODUCTION.abandon(proposer, key, reading)),
}

function reviving<Result>(proposer: Proposer, key: StoredKey, act: () => Result): Result {
  const before = proposer.tenures.get(key)
  const result = act()
  if (before && !proposer.tenures.has(key)) proposer.tenures.set(key, before)
  return result
}

type Voter = Parameters<Rule['promise']>[0]

/** The same voter, with the same memory, that needs to hear nobody. */
function sure(voter: Voter): Voter {
  voter.heard.set('nobody' as never, true)
  return voter.voters === 1 ? voter : Object.assign(voter, { voters: 1 })
}
