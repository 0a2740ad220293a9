/** The rules of majority mode as one bundle, so that a mutant can bend a piece of them. */

import type { Reading } from '../../machines/rules/lease.ts'
import {
  abandon,
  createProposer,
  hearAnswer,
  openRound,
  type Proposer,
  tenureMs,
} from '../../machines/rules/proposer.ts'
import {
  accept,
  createVoter,
  hearCeiling,
  isVoting,
  promise,
  release,
} from '../../machines/rules/voter.ts'

export const PRODUCTION = {
  createVoter,
  isVoting,
  hearCeiling,
  promise,
  accept,
  release,
  createProposer,
  openRound,
  hearAnswer,
  abandon,
  tenureMs,
  /** By which clock a voter lives. */
  voterTime: ({ now }: Reading): number => now,
  /** Whether the votes of a round that was lost are given back. */
  givesBack: (isHolder: boolean): boolean => !isHolder,
}

export type Rule = typeof PRODUCTION
export type { Proposer }
