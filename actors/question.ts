/** A question of reconciliation that is under way. */

import type { CoverageList } from '../machines/rules/coverage.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import type { Handle } from '../machines/rules/peer.ts'
import { renewedDigest } from '../machines/rules/reconcile.ts'
import type { Replica } from '../machines/rules/replica.ts'
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
  /** A digest of how far this peer had heard when it asked. */
  readonly heard: string
  /** True if this peer had nothing of others when it asked. */
  readonly isFresh: boolean
  entries: number
  timer: Timer
}

/** A question as it is put. */
export function wordOf({ ask, step, told, heard }: Question, replica: Replica): DataMessage {
  if (step !== 'compare') return { kind: 'sync.ask', ask, coverage: told, all: step === 'all' }
  return { kind: 'sync.compare', ask, heard, renewed: renewedDigest(replica) }
}

/** A neighbour has told all that it was asked for. */
export function noteAnswered(board: Switchboard, { entries }: Question, { peerId }: Line): void {
  board.counts.reconciliations += 1
  board.trace({ type: 'reconciled', neighbour: String(peerId), entries })
}
