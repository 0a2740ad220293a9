/**
 * Messages to frames and back: plain MessagePack arrays that open with a number for the kind.
 *
 * Nothing unvalidated passes. A frame is decoded whole, never as a stream; maps, extensions and
 * anything else that is not an array, a scalar or bytes is refused, and so is every field that is
 * not of its type and in its range. Values are carried flat (see `rules/flat.ts`).
 */

import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import type { Batch } from '../machines/rules/batch.ts'
import { flattenValue, unflattenValue } from '../machines/rules/flat.ts'
import { PEERS_TOLD_MAX } from '../machines/rules/hearsay.ts'
import type { LimitName } from '../machines/rules/limit.ts'
import type { Broadcast, BroadcastBody, Message } from '../machines/rules/message.ts'
import { isId, type Origin, type PeerId } from '../machines/rules/peer.ts'
import { isBytesOf } from '../machines/rules/proof.ts'
import { STAMP_BYTES } from '../machines/rules/provenance.ts'
import { flattenWord, unflattenWord } from './ballotCodec.ts'
import { flattenBatch, unflattenBatch } from './batchCodec.ts'
import { flattenControl, isCount, unflattenControl } from './controlCodec.ts'
import {
  type Cells,
  cellsOfBatch,
  cellsOfPairs,
  cellsOfWaits,
  excessOf,
  NO_CELLS,
} from './excess.ts'
import { body, FRAME_HEADER_BYTES, seal } from './framing.ts'
import { flattenOwn, OWN, PAIRS_AT, unflattenOwn } from './ownCodec.ts'
import { readPeers, readPresence } from './peersCodec.ts'
import type { Frame } from './ports.ts'
import { shapeProblem } from './shape.ts'
import { flattenSync, isSync, SYNC_GIVE, SYNC_PROVE, unflattenSync } from './syncCodec.ts'
import { flattenTree, isTree, unflattenTree } from './treeCodec.ts'
import { flattenWait, readWaits } from './waitsCodec.ts'

const packr = new Packr({ useRecords: false, mapsAsObjects: false, int64AsType: 'number' })

/** Bytes that open an array of more than 15 elements, in MessagePack. */
const ARRAY_16 = 0xdc
const ARRAY_32 = 0xdd

/** A view of the body alone would have to be made for each frame. */
const BEHIND_HEADER = { start: FRAME_HEADER_BYTES }

/** Numbers of the data kinds; control kinds are below 32 (see `controlCodec.ts`). */
const BROADCAST = 32
const WHISPER = 33
const PEERS_ASK = 34
const PEERS_TELL = 35
/** From 36 to 42, and 45: see `syncCodec.ts`; from 46 to 49: see `treeCodec.ts`. */
const BALLOT = 43
/** A broadcast with the stamp of its origin behind it. */
const STAMPED = 44
/** What another one passes on of what a sender wrote itself; that is 50, see `ownCodec.ts`. */
const RELAYED = 51

const ENTRIES = 0
const NOTE = 1
const LEFT = 2
const PRESENCE = 3
const RENEWAL = 4
const WAITS = 5
const BALLOT_TO = 6

/** The frame of a message, header included. */
export function encode(message: Message): Frame {
  return frameOf(flatten(message))
}

/**
 * The frame of a broadcast for the peers that hear it from its origin itself: where that is
 * enough, it does not name the origin, and says once what is the same in all rows.
 */
export function encodeOwn(broadcast: Broadcast): Frame {
  const flat = flattenOwn(broadcast)
  return flat === undefined ? encode(broadcast) : frameOf(flat)
}

/** The frame to pass on: the very one that came, or one around it that names its origin. */
export function encodeRelayed(frame: Frame, { peer, run }: Origin): Frame {
  return kindOf(frame) === OWN ? frameOf([RELAYED, peer, run, body(frame)]) : frame
}

/**
 * The message in a frame; undefined if there is none, whatever the bytes. `from` is who sent it, if
 * that is known: a broadcast need not name its origin then.
 */
export function decode(frame: Frame, from?: Origin): Message | undefined {
  if (shapeProblem(frame, FRAME_HEADER_BYTES) !== undefined) return undefined
  try {
    const flat = packr.unpack(frame, BEHIND_HEADER)
    if (flat[0] === OWN) return from && unflattenOwn(flat, from)
    return flat[0] === RELAYED ? readRelayed(flat) : unflatten(flat)
  } catch {
    // What has the right shape may still be refused, such as text that is no UTF-8.
    return undefined
  }
}

/** Which limit a frame went beyond that holds no message. */
export function problemOf(frame: Frame): LimitName {
  return problemIn(body(frame))
}

function problemIn(bytes: Uint8Array): LimitName {
  const problem = shapeProblem(bytes)
  if (problem !== undefined) return problem
  try {
    const flat = packr.decode(bytes)
    if (flat[0] === RELAYED) return problemIn(flat[3])
    const isCrowd = flat[0] === PEERS_TELL && flat[1].length > PEERS_TOLD_MAX
    return isCrowd ? 'exchange.peers' : (excessOf(cellsOf(flat)) ?? 'frame.content')
  } catch {
    return 'frame.content'
  }
}

function cellsOf(flat: unknown[]): Cells {
  const [kind, , second] = flat
  if (kind === OWN) return cellsOfPairs(flat.slice(PAIRS_AT))
  if (kind === SYNC_GIVE || kind === SYNC_PROVE) return cellsOfBatch(second)
  if (kind === WHISPER) return { keys: [], values: [flat[1]] }
  if (kind !== BROADCAST && kind !== STAMPED) return NO_CELLS
  const [content, first, , third] = flat.slice(4)
  if (content === NOTE) return { keys: [], values: [first] }
  if (content === WAITS) return cellsOfWaits(flat[6])
  return content === ENTRIES ? cellsOfBatch(third) : NO_CELLS
}

function frameOf(flat: unknown[]): Frame {
  return seal(packr.encode(flat, RESERVE_START_SPACE + FRAME_HEADER_BYTES))
}

/** The number that opens the array in a frame. */
function kindOf(frame: Frame): number | undefined {
  const head = frame[FRAME_HEADER_BYTES] as number
  const headBytes = head === ARRAY_16 ? 3 : head === ARRAY_32 ? 5 : 1
  return frame[FRAME_HEADER_BYTES + headBytes]
}

function flatten(message: Message): unknown[] {
  switch (message.kind) {
    case 'broadcast': {
      const { origin, number, body: content, stamp } = message
      const flat = [origin.peer, origin.run, number, ...flattenBody(content)]
      return stamp === undefined ? [BROADCAST, ...flat] : [STAMPED, ...flat, stamp]
    }
    case 'whisper':
      return [WHISPER, flattenValue(message.payload)]
    case 'peers.ask':
      return [PEERS_ASK]
    case 'peers.tell':
      return [PEERS_TELL, message.peers.map(({ peerId, addresses }) => [peerId, addresses])]
    case 'ballot':
      return [BALLOT, flattenWord(message.word)]
    case 'sync.ask':
    case 'sync.give':
    case 'sync.done':
    case 'sync.hint':
    case 'sync.compare':
    case 'sync.same':
    case 'sync.differs':
      return flattenSync(message)
    case 'view.tell':
    case 'tree.prune':
    case 'tree.have':
    case 'tree.graft':
      return flattenTree(message)
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
    const { addresses, coverage, members, lacks } = content.presence
    return [PRESENCE, addresses, coverage, members, lacks]
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
    case STAMPED:
      return readStamped(flat)
    case BALLOT: {
      const word = flat.length === 2 ? unflattenWord(flat[1]) : undefined
      return word && { kind: 'ballot', word }
    }
    default:
      if (isSync(flat[0])) return unflattenSync(flat)
      return isTree(flat[0]) ? unflattenTree(flat) : unflattenControl(flat)
  }
}

/** What another peer's neighbour passes on. It names the origin of what does not name it itself. */
function readRelayed(flat: unknown[]): Message | undefined {
  const [, peer, run, bytes] = flat
  if (flat.length !== 4 || !isId(peer) || !isId(run) || !(bytes instanceof Uint8Array)) {
    return undefined
  }
  if (shapeProblem(bytes) !== undefined) return undefined
  const own: unknown = packr.decode(bytes)
  if (!Array.isArray(own) || own[0] !== OWN) return undefined
  return unflattenOwn(own, { peer, run } as Origin)
}

function readBroadcast(flat: unknown[]): Broadcast | undefined {
  const [, peer, run, number] = flat
  if (!isId(peer) || !isId(run) || !isCount(number) || number === 0) return undefined
  const content = readBody(flat.slice(4))
  if (content === undefined) return undefined
  if (content.kind === 'entries' && !isOwnBatch(content.batch, { peer, run })) return undefined
  return { kind: 'broadcast', origin: { peer, run } as Broadcast['origin'], number, body: content }
}

/** The stamp is the last of all bytes, so that it can be made and checked over those before it. */
function readStamped(flat: unknown[]): Broadcast | undefined {
  const stamp = flat.pop()
  if (!isBytesOf(stamp, STAMP_BYTES)) return undefined
  const message = readBroadcast(flat)
  // It outlives the memory of the frame.
  return message && { ...message, stamp: Uint8Array.from(stamp) }
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
