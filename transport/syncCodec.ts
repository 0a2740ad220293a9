/** The messages of reconciliation, as they travel. See `codec.ts`. */

import { type CoverageList, isCoverageList, ORIGINS_MAX } from '../machines/rules/coverage.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import { isId } from '../machines/rules/peer.ts'
import { isBytesOf } from '../machines/rules/proof.ts'
import { STAMP_BYTES } from '../machines/rules/provenance.ts'
import type { RenewalWord } from '../machines/rules/renewal.ts'
import { flattenBatch, unflattenBatch } from './batchCodec.ts'
import { isCount, isDigest } from './controlCodec.ts'
import { flattenProofs, flattenReach, unflattenProofs, unflattenReaches } from './sealCodec.ts'

const SYNC_ASK = 36
export const SYNC_GIVE = 37
const SYNC_DONE = 38
const SYNC_HINT = 39
const SYNC_COMPARE = 40
const SYNC_SAME = 41
const SYNC_DIFFERS = 42
/** Entries with what proves them. */
export const SYNC_PROVE = 45

type SyncMessage = Extract<DataMessage, { kind: `sync.${string}` }>

/** True for the number of a message of reconciliation. */
export function isSync(kind: unknown): boolean {
  return kind === SYNC_PROVE || ((kind as number) >= SYNC_ASK && (kind as number) <= SYNC_DIFFERS)
}

export function flattenSync(message: SyncMessage): unknown[] {
  const { ask } = message as { ask: number }
  switch (message.kind) {
    case 'sync.ask':
      return [SYNC_ASK, ask, message.coverage, message.all]
    case 'sync.give': {
      const { batch, proofs } = message
      if (proofs === undefined) return [SYNC_GIVE, ask, flattenBatch(batch)]
      return [SYNC_PROVE, ask, flattenBatch(batch), ...flattenProofs(proofs)]
    }
    case 'sync.done': {
      const { coverage, isPending, collected, floor, renewals } = message
      const done = [SYNC_DONE, ask, coverage, isPending, collected, floor, renewals]
      return message.reaches === undefined ? done : [...done, message.reaches.map(flattenReach)]
    }
    case 'sync.hint':
      return [SYNC_HINT]
    case 'sync.compare':
      return [SYNC_COMPARE, ask, message.heard, message.renewed]
    case 'sync.same':
      return [SYNC_SAME, ask, message.digest, message.renewals]
    case 'sync.differs':
      return [SYNC_DIFFERS, ask]
  }
}

/** The message, or undefined if that is none. */
export function unflattenSync(flat: unknown[]): DataMessage | undefined {
  switch (flat[0]) {
    case SYNC_HINT:
      return flat.length === 1 ? { kind: 'sync.hint' } : undefined
    case SYNC_COMPARE:
    case SYNC_SAME:
    case SYNC_DIFFERS:
      return readComparison(flat)
    default:
      return readSync(flat)
  }
}

function readSync(flat: unknown[]): DataMessage | undefined {
  const [kind, ask, content] = flat
  if (!isCount(ask)) return undefined
  if (kind === SYNC_GIVE || kind === SYNC_PROVE) return readGive(flat, ask)
  if (!isCoverageList(content)) return undefined
  return kind === SYNC_ASK ? readAsk(flat, ask, content) : readDone(flat, ask, content)
}

function readGive(flat: unknown[], ask: number): DataMessage | undefined {
  const [kind, , content, ...rest] = flat
  const batch = unflattenBatch(content)
  if (batch === undefined) return undefined
  if (kind === SYNC_GIVE) return rest.length === 0 ? { kind: 'sync.give', ask, batch } : undefined
  const proofs = unflattenProofs(rest, batch)
  return proofs && { kind: 'sync.give', ask, batch, proofs }
}

function readComparison(flat: unknown[]): DataMessage | undefined {
  const [kind, ask, digest, renewed] = flat
  if (!isCount(ask)) return undefined
  if (kind === SYNC_DIFFERS) return flat.length === 2 ? { kind: 'sync.differs', ask } : undefined
  if (flat.length !== 4 || !isDigest(digest, 16)) return undefined
  if (kind === SYNC_SAME) {
    if (!areRenewalWords(renewed)) return undefined
    return { kind: 'sync.same', ask, digest, renewals: renewed.map(kept) }
  }
  return isDigest(renewed, 16) ? { kind: 'sync.compare', ask, heard: digest, renewed } : undefined
}

function readAsk(flat: unknown[], ask: number, coverage: CoverageList): DataMessage | undefined {
  const all = flat[3]
  if (flat.length !== 4 || typeof all !== 'boolean') return undefined
  return { kind: 'sync.ask', ask, coverage, all }
}

function readDone(flat: unknown[], ask: number, coverage: CoverageList): DataMessage | undefined {
  const [, , , isPending, collected, floor, renewals] = flat
  if (flat.length < 7 || flat.length > 8 || !isCoverageList(collected) || !isCount(floor))
    return undefined
  if (typeof isPending !== 'boolean' || !areRenewalWords(renewals)) return undefined
  const told = { coverage, isPending, collected, floor, renewals: renewals.map(kept) }
  if (flat.length === 7) return { kind: 'sync.done', ask, ...told }
  const reaches = unflattenReaches(flat[7])
  return reaches && { kind: 'sync.done', ask, ...told, reaches }
}

/** What proves it outlives the memory of the frame. */
function kept([peer, run, number, through, agoMs, broadcast, stamp]: RenewalWord): RenewalWord {
  if (stamp === undefined || broadcast === undefined) return [peer, run, number, through, agoMs]
  return [peer, run, number, through, agoMs, broadcast, Uint8Array.from(stamp)]
}

function areRenewalWords(list: unknown): list is RenewalWord[] {
  return Array.isArray(list) && list.length <= ORIGINS_MAX && list.every(isRenewalWord)
}

function isRenewalWord(word: unknown): word is RenewalWord {
  if (!Array.isArray(word) || !isId(word[0]) || !isId(word[1])) return false
  const isSound = isCount(word[2]) && isCount(word[3]) && Number.isFinite(word[4]) && word[4] >= 0
  if (word.length === 5) return isSound
  return isSound && word.length === 7 && isCount(word[5]) && isBytesOf(word[6], STAMP_BYTES)
}
