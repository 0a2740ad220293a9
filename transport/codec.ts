/**
 * Messages to frames and back: plain MessagePack arrays that open with a number for the kind.
 *
 * Nothing unvalidated passes. A frame is decoded whole, never as a stream; maps, extensions and
 * anything else that is not an array, a scalar or bytes is refused, and so is every field that is
 * not of its type and in its range. Values are carried flat (see `rules/flat.ts`).
 */

import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import type { Batch } from '../machines/rules/batch.ts'
import { MEMBERS_MAX, type MemberWord } from '../machines/rules/census.ts'
import { type CoverageList, isCoverageList, ORIGINS_MAX } from '../machines/rules/coverage.ts'
import { flattenValue, unflattenValue } from '../machines/rules/flat.ts'
import { publicKey, storedKey } from '../machines/rules/key.ts'
import type {
  Broadcast,
  BroadcastBody,
  ControlMessage,
  Message,
  PeerAddresses,
} from '../machines/rules/message.ts'
import { isId, type PeerId } from '../machines/rules/peer.ts'
import { WAITS_MAX, type Waits } from '../machines/rules/queue.ts'
import type { RenewalWord } from '../machines/rules/renewal.ts'
import { PEERS_TOLD_MAX } from '../machines/rules/roster.ts'
import { flattenWord, unflattenWord } from './ballotCodec.ts'
import { flattenBatch, unflattenBatch } from './batchCodec.ts'
import { areAddresses, flattenControl, isCount, unflattenControl } from './controlCodec.ts'
import { body, FRAME_HEADER_BYTES, seal } from './framing.ts'
import type { Frame } from './ports.ts'
import { shapeProblem } from './shape.ts'

const packr = new Packr({ useRecords: false, mapsAsObjects: false, int64AsType: 'number' })

/** Numbers of the data kinds; control kinds are below 32 (see `controlCodec.ts`). */
const BROADCAST = 32
const WHISPER = 33
const PEERS_ASK = 34
const PEERS_TELL = 35
const SYNC_ASK = 36
const SYNC_GIVE = 37
const SYNC_DONE = 38
const SYNC_HINT = 39
const SYNC_COMPARE = 40
const SYNC_SAME = 41
const SYNC_DIFFERS = 42
const BALLOT = 43

const ENTRIES = 0
const NOTE = 1
const LEFT = 2
const PRESENCE = 3
const RENEWAL = 4
const WAITS = 5
const BALLOT_TO = 6

/** The frame of a message, header included. */
export function encode(message: Message): Frame {
  const packed = packr.encode(flatten(message), RESERVE_START_SPACE + FRAME_HEADER_BYTES)
  return seal(packed)
}

/** The message in a frame; undefined if there is none, whatever the bytes. */
export function decode(frame: Frame): Message | undefined {
  const bytes = body(frame)
  if (shapeProblem(bytes) !== undefined) return undefined
  try {
    return unflatten(packr.decode(bytes))
  } catch {
    // What has the right shape may still be refused, such as text that is no UTF-8.
    return undefined
  }
}

function flatten(message: Message): unknown[] {
  switch (message.kind) {
    case 'broadcast': {
      const { origin, number, body: content } = message
      return [BROADCAST, origin.peer, origin.run, number, ...flattenBody(content)]
    }
    case 'whisper':
      return [WHISPER, flattenValue(message.payload)]
    case 'peers.ask':
      return [PEERS_ASK]
    case 'peers.tell':
      return [PEERS_TELL, message.peers.map(({ peerId, addresses }) => [peerId, addresses])]
    case 'sync.ask':
      return [SYNC_ASK, message.ask, message.coverage, message.all]
    case 'sync.give':
      return [SYNC_GIVE, message.ask, flattenBatch(message.batch)]
    case 'sync.done': {
      const { ask, coverage, heard, digest, collected, floor, renewals } = message
      return [SYNC_DONE, ask, coverage, heard, digest, collected, floor, renewals]
    }
    case 'sync.hint':
      return [SYNC_HINT]
    case 'ballot':
      return [BALLOT, flattenWord(message.word)]
    case 'sync.compare':
      return [SYNC_COMPARE, message.ask, message.summary, message.renewed]
    case 'sync.same':
      return [SYNC_SAME, message.ask, message.renewals]
    case 'sync.differs':
      return [SYNC_DIFFERS, message.ask]
    default:
      return flattenControl(message)
  }
}

function flattenBody(content: BroadcastBody): unknown[] {
  if (content.kind === 'left') return content.keepsLeases ? [LEFT, true] : [LEFT]
  if (content.kind === 'ballot') return [BALLOT_TO, content.to, flattenWord(content.word)]
  if (content.kind === 'waits') return [WAITS, content.isAll, content.keys.map(flattenWait)]
  if (content.kind === 'renewal') return [RENEWAL, content.number, content.through]
  if (content.kind === 'presence') {
    const { addresses, coverage, members } = content.presence
    return [PRESENCE, addresses, coverage, members]
  }
  if (content.kind === 'note') return [NOTE, flattenValue(content.payload), content.to]
  return [ENTRIES, content.from, content.to, flattenBatch(content.batch)]
}

function unflatten(flat: unknown): Message | undefined {
  if (!Array.isArray(flat) || !Number.isInteger(flat[0])) return undefined
  switch (flat[0]) {
    case BROADCAST:
      return readBroadcast(flat)
    case WHISPER: {
      const payload = unflattenValue(flat[1])
      return payload && flat.length === 2 ? { kind: 'whisper', payload: payload.kept } : undefined
    }
    case PEERS_ASK:
      return flat.length === 1 ? { kind: 'peers.ask' } : undefined
    case PEERS_TELL:
      return readPeers(flat)
    case SYNC_ASK:
    case SYNC_GIVE:
    case SYNC_DONE:
      return readSync(flat)
    case SYNC_COMPARE:
    case SYNC_SAME:
    case SYNC_DIFFERS:
      return readComparison(flat)
    case BALLOT: {
      const word = flat.length === 2 ? unflattenWord(flat[1]) : undefined
      return word && { kind: 'ballot', word }
    }
    case SYNC_HINT:
      return flat.length === 1 ? { kind: 'sync.hint' } : undefined
    default:
      return unflattenControl(flat) as ControlMessage | undefined
  }
}

function readBroadcast(flat: unknown[]): Broadcast | undefined {
  const [, peer, run, number] = flat
  if (!isId(peer) || !isId(run) || !isCount(number) || number === 0) return undefined
  const content = readBody(flat.slice(4))
  if (content === undefined) return undefined
  if (content.kind === 'entries' && !isOwnBatch(content.batch, { peer, run })) return undefined
  return { kind: 'broadcast', origin: { peer, run } as Broadcast['origin'], number, body: content }
}

/** A peer broadcasts what it wrote itself and nothing else. */
function isOwnBatch({ origins, writer }: Batch, origin: { peer: string; run: string }): boolean {
  return writer === 0 && origins[0]?.peer === origin.peer && origins[0].run === origin.run
}

function readLeft(flat: unknown[]): BroadcastBody | undefined {
  const keepsLeases = flat.length === 2 && flat[1] === true
  return keepsLeases || flat.length === 1 ? { kind: 'left', keepsLeases } : undefined
}

function readBody(flat: unknown[]): BroadcastBody | undefined {
  const [kind] = flat
  if (kind === LEFT) return readLeft(flat)
  if (kind === PRESENCE) return readPresence(flat)
  if (kind === RENEWAL) return readRenewal(flat)
  if (kind === WAITS) return readWaits(flat)
  if (kind === BALLOT_TO) return readBallot(flat)
  if (kind === NOTE && flat.length === 3) {
    const [, payload, to] = flat
    const value = unflattenValue(payload)
    if (value === undefined || (to !== null && !isId(to))) return undefined
    return { kind: 'note', payload: value.kept, to: to as never }
  }
  if (kind !== ENTRIES || flat.length !== 4) return undefined
  const [, from, to, columns] = flat
  const batch = unflattenBatch(columns)
  if (batch === undefined || !isCount(from) || !isCount(to) || from < 1 || to < from)
    return undefined
  return { kind: 'entries', from, to, batch }
}

function readRenewal(flat: unknown[]): BroadcastBody | undefined {
  const [, number, through] = flat
  if (flat.length !== 3 || !isCount(number) || number === 0 || !isCount(through)) return undefined
  return { kind: 'renewal', number, through }
}

function readBallot([, to, list, ...rest]: unknown[]): BroadcastBody | undefined {
  const word = unflattenWord(list)
  if (!isId(to) || word === undefined || rest.length > 0) return undefined
  return { kind: 'ballot', to: to as PeerId, word }
}

function flattenWait([key, waitedMs]: Waits['keys'][number]): unknown[] {
  return [publicKey(key), waitedMs]
}

function readWaits(flat: unknown[]): BroadcastBody | undefined {
  const [, isAll, list] = flat
  if (flat.length !== 3 || typeof isAll !== 'boolean') return undefined
  if (!Array.isArray(list) || list.length > WAITS_MAX) return undefined
  const keys: Waits['keys'][number][] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 2) return undefined
    const [key, waitedMs] = [storedKey(item[0]), item[1]]
    const isWait = waitedMs === null || (Number.isFinite(waitedMs) && waitedMs >= 0)
    if (key === undefined || !isWait) return undefined
    keys.push([key, waitedMs])
  }
  return { kind: 'waits', isAll, keys }
}

function readPeers(flat: unknown[]): Message | undefined {
  const [, list] = flat
  if (flat.length !== 2 || !Array.isArray(list) || list.length > PEERS_TOLD_MAX) return undefined
  const peers: PeerAddresses[] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 2) return undefined
    const [peerId, addresses] = item
    if (!isId(peerId) || !areAddresses(addresses)) return undefined
    peers.push({ peerId: peerId as PeerId, addresses })
  }
  return { kind: 'peers.tell', peers }
}

function readPresence(flat: unknown[]): BroadcastBody | undefined {
  const [, addresses, coverage, members] = flat
  if (flat.length !== 4 || !areAddresses(addresses) || !isCoverageList(coverage)) return undefined
  if (!Array.isArray(members) || members.length > MEMBERS_MAX) return undefined
  if (!members.every(isMemberWord)) return undefined
  return { kind: 'presence', presence: { addresses, coverage, members } }
}

function isMemberWord(word: unknown): word is MemberWord {
  if (!Array.isArray(word) || word.length !== 3 || !isId(word[0]) || !isId(word[1])) return false
  return Number.isFinite(word[2]) && word[2] >= 0
}

function readSync(flat: unknown[]): Message | undefined {
  const [kind, ask, content] = flat
  if (!isCount(ask)) return undefined
  if (kind === SYNC_GIVE) {
    const batch = flat.length === 3 ? unflattenBatch(content) : undefined
    return batch && { kind: 'sync.give', ask, batch }
  }
  if (!isCoverageList(content)) return undefined
  return kind === SYNC_ASK ? readAsk(flat, ask, content) : readDone(flat, ask, content)
}

function readComparison(flat: unknown[]): Message | undefined {
  const [kind, ask, content, renewed] = flat
  if (!isCount(ask)) return undefined
  if (kind === SYNC_DIFFERS) return flat.length === 2 ? { kind: 'sync.differs', ask } : undefined
  if (kind === SYNC_SAME) {
    const isSound = flat.length === 3 && areRenewalWords(content)
    return isSound ? { kind: 'sync.same', ask, renewals: content } : undefined
  }
  if (flat.length !== 4 || !isDigest(content, 32) || !isDigest(renewed, 16)) return undefined
  return { kind: 'sync.compare', ask, summary: content, renewed }
}

function readAsk(flat: unknown[], ask: number, coverage: CoverageList): Message | undefined {
  const all = flat[3]
  if (flat.length !== 4 || typeof all !== 'boolean') return undefined
  return { kind: 'sync.ask', ask, coverage, all }
}

function readDone(flat: unknown[], ask: number, coverage: CoverageList): Message | undefined {
  const [, , , heard, digest, collected, floor, renewals] = flat
  if (flat.length !== 8 || !isCoverageList(collected) || !isCount(floor)) return undefined
  if (!isDigest(heard, 16) || (digest !== '' && !isDigest(digest, 16))) return undefined
  if (!areRenewalWords(renewals)) return undefined
  return { kind: 'sync.done', ask, coverage, heard, digest, collected, floor, renewals }
}

function areRenewalWords(list: unknown): list is RenewalWord[] {
  return Array.isArray(list) && list.length <= ORIGINS_MAX && list.every(isRenewalWord)
}

function isRenewalWord(word: unknown): word is RenewalWord {
  if (!Array.isArray(word) || word.length !== 5 || !isId(word[0]) || !isId(word[1])) return false
  return isCount(word[2]) && isCount(word[3]) && Number.isFinite(word[4]) && word[4] >= 0
}

function isDigest(text: unknown, length: number): text is string {
  return typeof text === 'string' && text.length === length && /^[0-9a-f]+$/.test(text)
}
