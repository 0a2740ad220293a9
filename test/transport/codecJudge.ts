/**
 * A second opinion on what the codec lets pass, written without its code: is this a message that
 * the rules and machines may be given, and is that body plain MessagePack?
 */
import { at, atRising, type Batch } from '../../machines/rules/batch.ts'
import { publicKey, storedKey } from '../../machines/rules/key.ts'
import { LEASE_MS_MAX } from '../../machines/rules/lease.ts'
import type { PartialSeal, Proofs } from '../../machines/rules/provenance.ts'
import { admitValue, exposeValue } from '../../machines/rules/value.ts'

type Check = (value: unknown) => boolean

const isText = (max: number) => (value: unknown) => typeof value === 'string' && value.length <= max
const isFlag: Check = (value) => typeof value === 'boolean'
const bytesOf =
  (count: number): Check =>
  (value) =>
    value instanceof Uint8Array && value.length === count
const isTime: Check = (value) => Number.isFinite(value)
const isId: Check = (value) => typeof value === 'string' && /^[!-~]{1,128}$/.test(value)
const isCount: Check = (value) => isIn(value, [0, Number.MAX_SAFE_INTEGER])
const isNumber: Check = (value) => isIn(value, [1, Number.MAX_SAFE_INTEGER])
const orNull = (check: Check) => (value: unknown) => value === null || check(value)
const oneOf =
  (...words: string[]) =>
  (value: unknown) =>
    words.includes(value as string)
const listOf = (check: Check, max: number) => (value: unknown) =>
  Array.isArray(value) && value.length <= max && value.every((item) => check(item))
const record = (fields: Record<string, Check>) => (value: unknown) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const names = Object.keys(value).sort().join()
  if (names !== Object.keys(fields).sort().join()) return false
  return Object.entries(fields).every(([name, check]) => check((value as never)[name]))
}

function isIn(value: unknown, [min, max]: [number, number], whole = true): boolean {
  if (typeof value !== 'number' || !(value >= min && value <= max)) return false
  return !whole || Number.isInteger(value)
}

const isStamp: Check = (bytes) => bytes instanceof Uint8Array && bytes.length === 96
const isAddresses = listOf(isText(256), 8)
const isEvidence = record({ have: orNull(isId), lastSelect: isCount })
const isOrigin = record({ peer: isId, run: isId })
const proofs = { proof: bytesOf(32), signature: bytesOf(64) }
const introduction = {
  network: isText(256),
  leasing: isFlag,
  rules: (rules: unknown) => typeof rules === 'string' && rules.length <= 64,
  measures: (measures: unknown) => typeof measures === 'string' && measures.length <= 128,
  safety: (safety: unknown) => typeof safety === 'string' && safety.length <= 64,
  peerId: isId,
  run: isId,
  capabilities: listOf(isId, 32),
  addresses: isAddresses,
  nonce: bytesOf(32),
  publicKey: bytesOf(32),
}

const isCoverage = listOf((item) => {
  if (!Array.isArray(item) || item.length < 3 || item.length % 2 === 0) return false
  const numbers = item.slice(2)
  const rises = numbers.every((number, index) => index === 0 || number >= numbers[index - 1])
  return isId(item[0]) && isId(item[1]) && numbers.every(isCount) && rises
}, 4_096)

/** The value is one that a user could have stored, and a reader gets it frozen or as a copy. */
const isKept: Check = (value) => {
  try {
    admitValue(value)
  } catch {
    return false
  }
  const isScalar = typeof value !== 'object' || value === null
  return isScalar || Object.isFrozen(value) || exposeValue(value) !== value
}

const isBatch: Check = (value) => {
  if (value === undefined) return false
  const batch = value as Batch
  const rows = batch.keys.length
  const lists = [batch.values, batch.sizes]
  if (rows > 2_000 || lists.some((list) => list.length !== rows)) return false
  const columns = [batch.writer, batch.epoch, batch.sequence, batch.termMs, batch.flags]
  for (const column of [...columns, batch.remainingMs ?? 0]) {
    if (Array.isArray(column) && column.length !== rows) return false
  }
  const isRow: Check = (row) => isIn(row, [0, rows - 1])
  const isWriter: Check = (index) => isIn(index, [0, batch.origins.length - 1])
  return (
    batch.origins.every(isOrigin) &&
    batch.heirs.every(([row, heir]) => isRow(row) && isId(heir)) &&
    batch.over.every(([row, writer, last]) => isRow(row) && isWriter(writer) && isCount(last)) &&
    batch.keys.every((_, row) => isSoundRow(batch, row))
  )
}

function isSoundRow(batch: Batch, row: number): boolean {
  const key = batch.keys[row] as never
  const time: [number, number] = [0, LEASE_MS_MAX]
  const isAbsent = (at(batch.flags, row) & 1) === 1
  return (
    storedKey(publicKey(key)) === key &&
    isIn(at(batch.writer, row), [0, batch.origins.length - 1]) &&
    isNumber(at(batch.epoch, row)) &&
    isNumber(atRising(batch.sequence, row)) &&
    isIn(at(batch.termMs, row), time, false) &&
    isIn(batch.remainingMs === null ? 0 : at(batch.remainingMs, row), time, false) &&
    isIn(at(batch.flags, row), [0, 127]) &&
    (isAbsent ? batch.values[row] === null : isKept(batch.values[row])) &&
    isCount(batch.sizes[row])
  )
}

const isMembers: Check = (list) =>
  Array.isArray(list) &&
  list.every(
    ([peer, run, silentMs, ...rest]) =>
      isId(peer) && isId(run) && silentMs >= 0 && Number.isFinite(silentMs) && rest.length === 0,
  )

const areRenewalWords = listOf(
  (word) =>
    Array.isArray(word) &&
    (word.length === 5 || (word.length === 7 && isCount(word[5]) && isStamp(word[6]))) &&
    word.slice(0, 2).every(isId) &&
    word.slice(2, 4).every(isCount) &&
    isIn(word[4], [0, Number.MAX_VALUE], false),
  4_096,
)

const isWait: Check = (wait) =>
  Array.isArray(wait) &&
  wait.length === 2 &&
  storedKey(publicKey(wait[0] as never)) === wait[0] &&
  orNull((value) => isIn(value, [0, Number.MAX_VALUE], false))(wait[1])

const isLack: Check = (lack) =>
  Array.isArray(lack) &&
  lack.length === 2 &&
  isId(lack[0]) &&
  ['entries', 'bytes', 'share', 'origins'].includes(lack[1])

const isBody: Check = (value) => {
  if (value === undefined) return false
  const { kind, ...fields } = value as { kind: string }
  if (kind === 'left') return record({ keepsLeases: isFlag })(fields)
  if (kind === 'note') return record({ payload: isKept, to: orNull(isId) })(fields)
  if (kind === 'ballot') return record({ to: isId, word: isWord })(fields)
  if (kind === 'waits') return record({ isAll: isFlag, keys: listOf(isWait, 1_000) })(fields)
  if (kind === 'renewal') return record({ number: isNumber, through: isCount })(fields)
  if (kind === 'presence') {
    const claims = { addresses: isAddresses, coverage: isCoverage, members: isMembers }
    const presence = record({ ...claims, lacks: listOf(isLack, 64) })
    return record({ presence })(fields)
  }
  const { from, to } = fields as never
  return (
    kind === 'entries' &&
    to >= from &&
    record({ from: isNumber, to: isNumber, batch: isBatch })(fields)
  )
}

const isDigest = (length: number): Check => {
  return (value) => typeof value === 'string' && new RegExp(`^[0-9a-f]{${length}}$`).test(value)
}

const isStoredKey: Check = (key) =>
  typeof key === 'string' && storedKey(publicKey(key as never)) === key
const isSpan: Check = (ms) => Number.isFinite(ms) && (ms as number) >= 0
const answers: Record<string, Record<string, Check>> = {
  ...{ open: { token: isCount }, accepted: {}, unable: {}, outbid: { counter: isCount } },
  ...{ held: { owner: isId, remainingMs: isSpan }, abstaining: { remainingMs: isSpan } },
}
const words: Record<string, Record<string, Check>> = {
  prepare: { keys: listOf(isStoredKey, 2_000) },
  release: { keys: listOf(isStoredKey, 2_000) },
  propose: {
    proposals: listOf(
      record({ key: isStoredKey, token: isNumber, leaseMs: (ms) => (ms as number) >= 20 }),
      2_000,
    ),
  },
  answer: { answers: listOf(isAnswer, 2_000) },
  ...{ recall: {}, ceiling: { token: isCount, isVoting: isFlag } },
}

function isAnswer(row: unknown): boolean {
  const [key, answer] = Array.isArray(row) ? row : []
  const { verdict, ...fields } = (answer ?? {}) as { verdict: string }
  const checks = Object.hasOwn(answers, verdict) ? answers[verdict] : undefined
  return checks !== undefined && isStoredKey(key) && record(checks)(fields)
}

function isWord(word: unknown): boolean {
  const { act, ...fields } = (word ?? {}) as { act: string }
  const counter: Record<string, Check> = 'counter' in fields ? { counter: isCount } : {}
  return Object.hasOwn(words, act) && record({ run: isId, ...counter, ...words[act] })(fields)
}

const select = { number: isCount }
const kinds: Record<string, Record<string, Check>> = {
  hello: {
    ...introduction,
    versions: listOf(isCount, 32),
    expects: orNull(isId),
    tag: bytesOf(8),
  },
  reply: { ...introduction, version: isCount, evidence: isEvidence, ...proofs },
  auth: { evidence: isEvidence, ...proofs },
  refuse: { proof: bytesOf(16) },
  farewell: {
    reason: oneOf('leaving', 'duplicate', 'superseded', 'disconnected', 'slow', 'surplus'),
  },
  ...{ select, acknowledge: select, confirm: select, resume: {}, end: {} },
  ...{ ping: { sentMs: isTime }, pong: { sentMs: isTime } },
  broadcast: { origin: isOrigin, number: isNumber, body: isBody },
  'view.tell': { digest: isDigest(16), degree: isCount },
  'tree.prune': {},
  'tree.have': { ranges: areRanges },
  'tree.graft': { ranges: areRanges },
  whisper: { payload: isKept },
  ballot: { word: isWord },
  'peers.ask': {},
  'peers.tell': { peers: listOf(record({ peerId: isId, addresses: isAddresses }), 16) },
  'sync.ask': { ask: isCount, coverage: isCoverage, all: isFlag },
  'sync.give': { ask: isCount, batch: isBatch },
  'sync.done': {
    ask: isCount,
    coverage: isCoverage,
    isPending: isFlag,
    ...{ collected: isCoverage, floor: isCount, renewals: areRenewalWords },
  },
  'sync.hint': {},
  'sync.compare': { ask: isCount, heard: isDigest(16), renewed: isDigest(16) },
  'sync.same': { ask: isCount, digest: isDigest(16), renewals: areRenewalWords },
  'sync.differs': { ask: isCount },
}

function areRanges(value: unknown): boolean {
  const isRange = record({ origin: isOrigin, first: isNumber, last: isNumber })
  if (!listOf(isRange, 512)(value)) return false
  return (value as { first: number; last: number }[]).every(({ first, last }) => {
    return last >= first && last - first <= 4_096
  })
}

/**
 * True for a message of a known kind that has all fields of that kind, sound ones, and no other.
 */
export function isMessage(message: unknown): boolean {
  const { kind, ...fields } = message as { kind: string }
  const checks = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (checks === undefined) return false
  const { stamp, proofs, reaches, ...others } = fields as { [field: string]: unknown }
  const isStamped = !('stamp' in fields) || (kind === 'broadcast' && isStamp(stamp))
  const isProven = !('proofs' in fields) || (kind === 'sync.give' && areProofs(proofs, others))
  const isReached = !('reaches' in fields) || (kind === 'sync.done' && areReaches(reaches))
  return isStamped && isProven && isReached && record(checks)(others)
}

const areReaches = listOf(
  record({
    ...{ peer: isId, run: isId, number: isCount, from: isCount, to: isCount },
    left: (left) => left instanceof Uint8Array && left.length <= 16,
    ...{ root: bytesOf(32), stamp: bytesOf(96) },
  }),
  8_192,
)

/** What proves a batch: as many rows as it has, each under a seal that is there. */
function areProofs(value: unknown, { batch }: { batch?: unknown }): boolean {
  if (typeof value !== 'object' || value === null || batch === undefined) return false
  const { seals, seal, row } = value as Proofs
  const rows = (batch as Batch).keys.length
  const isRow = (index: number) => at(seal, index) < Math.max(1, seals.length)
  const isColumn = (column: unknown) => !Array.isArray(column) || column.length === rows
  const isSeal = (each: PartialSeal) =>
    [each.number, each.from, each.to].every(isCount) &&
    each.rows <= 128 &&
    each.missing.length <= each.rows * 16 &&
    isStamp(each.stamp) &&
    each.left.length <= 16 &&
    isIn(each.writer, [0, (batch as Batch).origins.length - 1])
  return (
    seals.every(isSeal) &&
    isColumn(seal) &&
    isColumn(row) &&
    Array.from({ length: rows }, (_, index) => isRow(index)).every(Boolean)
  )
}

/**
 * The kinds of MessagePack items in these bytes, in order; undefined if they are no single item.
 */
export function itemKinds(bytes: Uint8Array): string[] | undefined {
  const found: string[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let offset = 0
  for (let left = 1; left > 0; left--) {
    if (offset >= bytes.length) return undefined
    const head = view.getUint8(offset++)
    const [kind, skip, items] = itemAt(view, head, offset)
    found.push(kind)
    offset += skip
    left += items
  }
  return offset === bytes.length ? found : undefined
}

/** What an item is, how many bytes follow its head, and how many items it opens. */
function itemAt(view: DataView, head: number, offset: number): [string, number, number] {
  if (head < 0x80 || head >= 0xe0) return ['integer', 0, 0]
  if (head < 0x90) return ['map', 0, 2 * (head & 15)]
  if (head < 0xa0) return ['array', 0, head & 15]
  if (head < 0xc0) return ['text', head & 31, 0]
  if (head >= 0xca && head <= 0xd3) {
    const sizes = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]
    return [head < 0xcc ? 'float' : 'integer', sizes[head - 0xca] as number, 0]
  }
  const length = (size: number) =>
    size === 1
      ? view.getUint8(offset)
      : size === 2
        ? view.getUint16(offset)
        : view.getUint32(offset)
  if (head <= 0xc3) return [head === 0xc0 ? 'nil' : head === 0xc1 ? 'none' : 'boolean', 0, 0]
  if (head <= 0xc6) return ['bytes', 2 ** (head - 0xc4) + length(2 ** (head - 0xc4)), 0]
  if (head >= 0xd9 && head <= 0xdb) {
    return ['text', 2 ** (head - 0xd9) + length(2 ** (head - 0xd9)), 0]
  }
  if (head === 0xdc || head === 0xdd)
    return ['array', head === 0xdc ? 2 : 4, length(head === 0xdc ? 2 : 4)]
  return [head >= 0xde ? 'map' : 'extension', 0, 0]
}
