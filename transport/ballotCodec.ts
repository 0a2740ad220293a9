/** What proposers and voters say to each other, as it travels. See `codec.ts`. */

import {
  type BallotAnswer,
  type BallotWord,
  type Proposal,
  WORD_KEYS_MAX,
} from '../machines/rules/ballot.ts'
import { publicKey, type StoredKey, storedKey } from '../machines/rules/key.ts'
import { LEASE_MS_MAX, LEASE_MS_MIN } from '../machines/rules/lease.ts'
import { isId, type PeerId, type RunId } from '../machines/rules/peer.ts'
import { isCount } from './controlCodec.ts'

const ACTS = [
  'prepare',
  'release',
  'propose',
  'answer',
  'recall',
  'ceiling',
] as const satisfies readonly BallotWord['act'][]

const VERDICTS = [
  'open',
  'accepted',
  'held',
  'outbid',
  'abstaining',
  'unable',
] as const satisfies readonly BallotAnswer['verdict'][]

export function flattenWord(word: BallotWord): unknown[] {
  const opening = [ACTS.indexOf(word.act), word.run]
  switch (word.act) {
    case 'prepare':
    case 'release':
      return [...opening, word.counter, word.keys.map(publicKey)]
    case 'propose': {
      const rows = word.proposals.map(({ key, token, leaseMs }) => [publicKey(key), token, leaseMs])
      return [...opening, word.counter, rows]
    }
    case 'answer':
      return [...opening, word.counter, word.answers.map(flattenAnswer)]
    case 'recall':
      return opening
    case 'ceiling':
      return [...opening, word.token, word.isVoting]
  }
}

/** The word, or undefined if that is none. */
export function unflattenWord(flat: unknown): BallotWord | undefined {
  if (!Array.isArray(flat)) return undefined
  const [index, run, counter, last] = flat
  const act = isCount(index) ? ACTS[index] : undefined
  if (act === undefined || !isId(run)) return undefined
  const opening = { run: run as RunId }
  if (act === 'recall') return flat.length === 2 ? { act, ...opening } : undefined
  if (flat.length !== 4 || !isCount(counter)) return undefined
  if (act === 'ceiling') {
    const isSound = typeof last === 'boolean'
    return isSound ? { act, ...opening, token: counter, isVoting: last } : undefined
  }
  if (!Array.isArray(last) || last.length > WORD_KEYS_MAX) return undefined
  if (act === 'propose') {
    const proposals = last.map(readProposal)
    return areAll(proposals) ? { act, ...opening, counter, proposals } : undefined
  }
  if (act === 'answer') {
    const answers = last.map(readAnswer)
    return areAll(answers) ? { act, ...opening, counter, answers } : undefined
  }
  const keys = last.map(storedKey)
  return areAll(keys) ? { act, ...opening, counter, keys } : undefined
}

function flattenAnswer([key, answer]: readonly [StoredKey, BallotAnswer]): unknown[] {
  const opening = [publicKey(key), VERDICTS.indexOf(answer.verdict)]
  switch (answer.verdict) {
    case 'open':
      return [...opening, answer.token]
    case 'held':
      return [...opening, answer.remainingMs, answer.owner]
    case 'outbid':
      return [...opening, answer.counter]
    case 'abstaining':
      return [...opening, answer.remainingMs]
    default:
      return opening
  }
}

function readAnswer(row: unknown): readonly [StoredKey, BallotAnswer] | undefined {
  if (!Array.isArray(row)) return undefined
  const key = storedKey(row[0])
  const answer = readVerdict(row)
  return key === undefined || answer === undefined ? undefined : [key, answer]
}

function readVerdict(row: unknown[]): BallotAnswer | undefined {
  const [, index, number, owner] = row
  const verdict = isCount(index) ? VERDICTS[index] : undefined
  const isLong = (length: number) => row.length === length
  switch (verdict) {
    case 'open':
      return isLong(3) && isCount(number) ? { verdict, token: number } : undefined
    case 'outbid':
      return isLong(3) && isCount(number) ? { verdict, counter: number } : undefined
    case 'abstaining':
      return isLong(3) && isTime(number) ? { verdict, remainingMs: number } : undefined
    case 'held':
      if (!isLong(4) || !isTime(number) || !isId(owner)) return undefined
      return { verdict, owner: owner as PeerId, remainingMs: number }
    case 'accepted':
    case 'unable':
      return isLong(2) ? { verdict } : undefined
    default:
      return undefined
  }
}

function readProposal(row: unknown): Proposal | undefined {
  if (!Array.isArray(row) || row.length !== 3) return undefined
  const [name, token, leaseMs] = row
  const key = storedKey(name)
  if (key === undefined || !isCount(token) || token === 0 || !isTime(leaseMs)) return undefined
  return leaseMs < LEASE_MS_MIN ? undefined : { key, token, leaseMs }
}

/** A time that a term may last, and what clocks add to it. */
function isTime(ms: unknown): ms is number {
  return Number.isFinite(ms) && (ms as number) >= 0 && (ms as number) <= 2 * LEASE_MS_MAX
}

function areAll<Item>(list: readonly (Item | undefined)[]): list is readonly Item[] {
  return !list.includes(undefined)
}
