/** A question of reconciliation that is under way. */

import type { CoverageList } from '../machines/rules/coverage.ts'
import type { Handle } from '../machines/rules/peer.ts'
import type { Timer } from '../transport/ports.ts'
import type { Line } from './line.ts'
import type { Switchboard } from './switchboard.ts'

/** What is asked: whether anything differs, for what was not heard, or for everything. */
export type Step = 'compare' | 'some' | 'all'

/** The question that is under way. */
export interface Question {
  readonly ask: number
  readonly handle: Handle
  readonly step: Step
  readonly told: CoverageList
  /** True if this peer had nothing of others when it asked. */
  readonly isFresh: boolean
  entries: number
  timer: Timer
}

/** A neighbour has told all that it was asked for. */
export function noteAnswered(board: Switchboard, { entries }: Question, { peerId }: Line): void {
  board.counts.reconciliations += 1
  board.trace({ type: 'reconciled', neighbour: String(peerId), entries })
}
