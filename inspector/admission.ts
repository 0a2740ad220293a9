/**
 * Takes messages in that another process sent. Whatever they are, what leaves here has the right
 * shape, is small, and shows no more than what this process would show of itself.
 */
import { admitDefinition } from './definition.ts'
import {
  type DictionaryMessage,
  type PeerRow,
  ROWS_MAX,
  type Row,
  type SnapshotView,
} from './message.ts'
import type { Unsourced } from './observer.ts'
import { cut, type Showing, show, showEvent } from './redaction.ts'

/** Texts that name something, and states that nest. */
const NAME_CHARACTERS_MAX = 200
const VALUE_CHARACTERS_MAX = 400
const STATE_CHARACTERS_MAX = 4_000
const PEERS_MAX = 256

type Fields = Readonly<Record<string, unknown>>

/** The message as it may be kept, or undefined if it is none. */
export function admit(given: unknown, showing: Showing): Unsourced | undefined {
  if (!isFields(given)) return undefined
  const { type } = given
  const sessionId = text(given.sessionId)
  if (sessionId === '') return undefined
  const base = { sessionId, createdAt: momentOf(given.createdAt) }
  switch (type) {
    case '@xstate.actor': {
      const [parentId, rootId] = [optional(given.parentId), optional(given.rootId)]
      const definition = admitDefinition(given.definition)
      const name = text(given.name) || sessionId
      return {
        ...base,
        type,
        name,
        parentId,
        rootId,
        definition,
        snapshot: snapshotOf(given, showing),
      }
    }
    case '@xstate.event': {
      const more = typeof given.more === 'number' ? { more: given.more } : {}
      const event = showEvent(given.event, showing)
      return { ...base, type, sourceId: optional(given.sourceId), event, ...more }
    }
    case '@xstate.snapshot': {
      const event = { type: showEvent(given.event, showing).type }
      return { ...base, type, snapshot: snapshotOf(given, showing), event }
    }
    case '@holdfast.dictionary':
      return { ...base, ...dictionaryOf(given, showing), type }
    default:
      return undefined
  }
}

function snapshotOf({ snapshot }: Fields, showing: Showing): SnapshotView {
  if (!isFields(snapshot)) return { status: 'active' }
  const { value, context } = snapshot
  const status = text(snapshot.status) || 'active'
  if (value === undefined || JSON.stringify(value).length > STATE_CHARACTERS_MAX) return { status }
  return { status, value, context: show(context, showing) }
}

function dictionaryOf(
  given: Fields,
  { values }: Showing,
): Omit<DictionaryMessage, 'source' | 'sessionId' | 'createdAt' | 'type'> {
  return {
    peerId: text(given.peerId),
    size: count(given.size),
    digest: text(given.digest),
    listening: list(given.listening, PEERS_MAX).map(text),
    peers: list(given.peers, PEERS_MAX).filter(isFields).map(peerOf),
    isWhole: given.isWhole === true,
    rows: list(given.rows, ROWS_MAX)
      .filter(isFields)
      .map((row) => rowOf(row, values)),
    removed: list(given.removed, ROWS_MAX * 2).map(text),
  }
}

function peerOf({ peerId, address, direction, roundTripMs }: Fields): PeerRow {
  const rest = typeof roundTripMs === 'number' ? { roundTripMs } : {}
  return { peerId: text(peerId), address: text(address), direction: text(direction), ...rest }
}

function rowOf({ key, value, owner, token, remainingMs }: Fields, values: boolean): Row {
  // A process that hides its values says what kind each is, in these marks.
  const isHidden = typeof value === 'string' && /^‹.{0,40}›$/.test(value)
  const shown = values || isHidden ? cut(String(value), VALUE_CHARACTERS_MAX) : '‹hidden›'
  return {
    key: cut(String(key), 1_024),
    ...(value !== undefined && { value: shown }),
    ...(owner !== undefined && {
      owner: text(owner),
      token: count(token),
      remainingMs: count(remainingMs),
    }),
  }
}

/** As text, or the present if it is no time of this century. */
function momentOf(given: unknown): string {
  const at = Number(given)
  return String(at > 1e12 && at < 1e13 ? Math.round(at) : Date.now())
}

function text(given: unknown): string {
  return typeof given === 'string' ? cut(given, NAME_CHARACTERS_MAX) : ''
}

function optional(given: unknown): string | undefined {
  return text(given) || undefined
}

function count(given: unknown): number {
  return typeof given === 'number' && given >= 0 ? given : 0
}

function list(given: unknown, itemsMax: number): unknown[] {
  return Array.isArray(given) ? given.slice(0, itemsMax) : []
}

function isFields(given: unknown): given is Fields {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}
