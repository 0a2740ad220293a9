/** Valid messages of every kind, small and large, as peers of ours would send them. */
import { at as columnAt } from '../../machines/rules/batch.ts'
import { gather } from '../../machines/rules/gather.ts'
import { bequeath, release } from '../../machines/rules/holding.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type {
  BroadcastBody,
  ControlMessage,
  DataMessage,
  Message,
} from '../../machines/rules/message.ts'
import type { Proofs } from '../../machines/rules/provenance.ts'
import type { Replica } from '../../machines/rules/replica.ts'
import { admitValue } from '../../machines/rules/value.ts'
import { remove } from '../../machines/rules/write.ts'
import { at, batchOf, keyOf, open, put } from '../rules/scene.ts'

const bytes = (...numbers: number[]) => Uint8Array.from(numbers)
const DIGEST = '0123456789abcdef'
const stamp = new Uint8Array(96).fill(7)
const proof = bytes(...Array.from({ length: 32 }, (_, index) => index))

const introduction = {
  network: 'сеть',
  leasing: true,
  safety: 'majority-1-2',
  rules: 'signed',
  measures: '1024 9/8 7',
  peerId: 'alice',
  run: 'V1StGXR8_Z5jdHi6B-myT',
  capabilities: ['relay', 'collect'],
  addresses: ['tcp://alice.example:4444', 'tcp://[::1]:1'],
  nonce: proof,
  publicKey: proof,
}
const evidence = { have: 'connection-1', lastSelect: 3 }
const proofs = { proof, signature: new Uint8Array(64).fill(7) }
const tag = proof.subarray(0, 8)

const control = [
  { kind: 'hello', ...introduction, versions: [1], expects: 'bob', tag },
  { kind: 'hello', ...introduction, versions: [], expects: null, tag },
  { kind: 'reply', ...introduction, leasing: false, version: 1, evidence, ...proofs },
  { kind: 'auth', evidence: { have: null, lastSelect: 0 }, ...proofs },
  { kind: 'refuse', proof: proof.subarray(0, 16) },
  { kind: 'select', number: 1 },
  { kind: 'acknowledge', number: 100 },
  { kind: 'confirm', number: Number.MAX_SAFE_INTEGER },
  { kind: 'resume' },
  { kind: 'end' },
  { kind: 'ping', sentMs: 1_234.5 },
  { kind: 'pong', sentMs: -1 },
  ...['leaving', 'duplicate', 'superseded', 'disconnected', 'slow'].map((reason) => {
    return { kind: 'farewell', reason }
  }),
]

const lacks = [
  ['bob', 'share'],
  ['carol', 'entries'],
]
const coverage = [
  ['alice', '1', 7],
  ['bob', '2', 0, 3, 3, 9, 70_000],
]

const members = [
  ['dave', 'run-1', 0],
  ['erin', 'run-2', 1234.5],
]

const payloads = [
  null,
  'text',
  1.5,
  bytes(1, 2),
  {
    __proto__own: 1,
    list: [1n, new Date(5), new Map([[1, new Set(['x'])]]), undefined, Number.NaN],
  },
].map((value) => admitValue(value).kept)

const words = [
  { act: 'prepare', run: '1', counter: 3, keys: [keyOf('door'), keyOf('lift')] },
  { act: 'release', run: '1', counter: 3, keys: [] },
  {
    act: 'propose',
    run: '1',
    counter: 3,
    proposals: [{ key: keyOf('door'), token: 7, leaseMs: 20 }],
  },
  {
    act: 'answer',
    run: '1',
    counter: 3,
    answers: [
      { verdict: 'open', token: 0 },
      { verdict: 'accepted' },
      { verdict: 'held', remainingMs: 1.5, owner: 'bob' },
      { verdict: 'outbid', counter: 9 },
      { verdict: 'abstaining', remainingMs: 0 },
      { verdict: 'unable' },
    ].map((answer) => [keyOf('door'), answer]),
  },
  { act: 'recall', run: '1' },
  { act: 'ceiling', run: '1', token: 12, isVoting: true },
]

const bodies = [
  { kind: 'left', keepsLeases: false },
  { kind: 'left', keepsLeases: true },
  ...words.map((word) => ({ kind: 'ballot', to: 'carol', word })),
  { kind: 'renewal', number: 3, through: 0 },
  { kind: 'waits', isAll: true, keys: [] },
  {
    kind: 'waits',
    isAll: false,
    keys: [[keyOf('door'), 1.5] as const, [keyOf('lift'), null] as const],
  },
  { kind: 'presence', presence: { addresses: introduction.addresses, coverage, members, lacks } },
  ...payloads.map((payload) => ({ kind: 'note', payload, to: 'carol' })),
  { kind: 'note', payload: null, to: null },
  { kind: 'entries', from: 1, to: 9, batch: ownBatch() },
]

const data = [
  ...bodies.map((body) => {
    return { kind: 'broadcast', origin: { peer: 'alice', run: '1' }, number: 64, body }
  }),
  ...bodies.slice(0, 6).map((body) => {
    return { kind: 'broadcast', origin: { peer: 'alice', run: '1' }, number: 65, body, stamp }
  }),
  { kind: 'view.tell', digest: '0123456789abcdef', degree: 8 },
  { kind: 'tree.prune' },
  { kind: 'tree.have', ranges: [{ origin: { peer: 'bob', run: '2' }, first: 3, last: 70 }] },
  { kind: 'tree.graft', ranges: [] },
  ...payloads.map((payload) => ({ kind: 'whisper', payload })),
  ...words.map((word) => ({ kind: 'ballot', word })),
  { kind: 'peers.ask' },
  { kind: 'peers.tell', peers: [] },
  { kind: 'peers.tell', peers: [{ peerId: 'bob', addresses: ['tcp://bob:1'] }] },
  { kind: 'sync.ask', ask: 1, coverage, all: false },
  { kind: 'sync.ask', ask: 2, coverage: [], all: true },
  { kind: 'sync.give', ask: 1, batch: mixedBatch() },
  { kind: 'sync.give', ask: 1, batch: mixedBatch(), proofs: proofsOf(mixedBatch()) },
  { kind: 'sync.give', ask: 2, batch: ownBatch(), proofs: proofsOf(ownBatch()) },
  { kind: 'sync.give', ask: 1, batch: gather(open('alice'), [], at(0)) },
  ...[false, true].map((isPending) => {
    return {
      kind: 'sync.done',
      ask: 3,
      coverage,
      isPending,
      collected: coverage.slice(0, 1),
      floor: 4,
      renewals: [['bob', 'run2', 3, 17, 1.5] as const] as never,
    }
  }),
  {
    ...{ kind: 'sync.done', ask: 3, coverage, isPending: false },
    ...{ collected: [], floor: 0, renewals: [] },
    reaches: [
      {
        ...{ peer: 'bob', run: 'run2', number: 4, from: 1, to: 2 ** 40 },
        ...{ left: stamp.subarray(0, 16), root: stamp.subarray(0, 32), stamp },
      },
    ],
  },
  { kind: 'sync.hint' },
  { kind: 'sync.compare', ask: 1, heard: DIGEST, renewed: 'f'.repeat(16) },
  { kind: 'sync.same', ask: 1, digest: DIGEST, renewals: [] },
  {
    kind: 'sync.same',
    ask: 1,
    digest: DIGEST,
    renewals: [['bob', 'run2', 3, 17, 1.5] as const] as never,
  },
  {
    kind: 'sync.same',
    ask: 1,
    digest: DIGEST,
    renewals: [['bob', 'run2', 3, 17, 0, 9, stamp] as const] as never,
  },
  { kind: 'sync.differs', ask: 2 ** 40 },
]

/** Plain objects are compared with what is decoded, so the ids are branded only here. */
export const controlMessages = control as unknown as readonly ControlMessage[]
export const dataMessages = data as unknown as readonly DataMessage[]
export const messages: readonly Message[] = [...controlMessages, ...dataMessages]
export const bodyKinds = bodies.map(({ kind }) => kind) as BroadcastBody['kind'][]

/** What a peer wrote itself, of every shape that an entry can have. */
function ownBatch(): ReturnType<typeof gather> {
  const alice = open('alice')
  mergeBatch(
    alice,
    batchOf([{ key: 'taken', writer: 'zoe', epoch: 9, sequence: 8, released: true }]),
    at(0),
  )
  write(alice)
  return gather(alice, [...alice.table.slots.values()], at(1.5))
}

/** What several peers wrote, as it is passed on. */
function mixedBatch(): ReturnType<typeof gather> {
  const carol = open('carol')
  mergeBatch(carol, ownBatch(), at(0))
  const claim = { key: 'bobs', writer: 'bob', epoch: 2, sequence: 5, value: { x: [1n] } }
  mergeBatch(carol, batchOf([claim, { ...claim, key: 'heir', heir: 'dave', termMs: 0.5 }]), at(0))
  return gather(carol, [...carol.table.slots.values()], at(2_000))
}

/** Each writer has one seal here, of which two rows are not shown. */
function proofsOf(batch: ReturnType<typeof gather>): Proofs {
  const writers = batch.keys.map((_, row) => columnAt(batch.writer, row))
  const rows = writers.map(
    (writer, row) => writers.slice(0, row).filter((each) => each === writer).length,
  )
  const seals = batch.origins.map((_, writer) => {
    const count = writers.filter((each) => each === writer).length + 2
    const told = { number: 3, from: 1, to: 9, left: bytes(), missing: new Uint8Array(32) }
    return { ...told, writer, rows: count, stamp }
  })
  return { seals, seal: writers, row: rows }
}

function write(alice: Replica): void {
  const now = { reading: at(0) }
  for (const payload of payloads) put(alice, [`key ${String(payload)}`, payload], at(0))
  put(alice, ['taken', 1], at(0), 60_000)
  put(alice, ['__proto__', '鍵'], at(0), 20)
  put(alice, ['released', 1], at(0))
  release(alice, keyOf('released'), now)
  put(alice, ['gone', 1], at(0))
  remove(alice, keyOf('gone'), now)
  put(alice, ['left', 1], at(0))
  bequeath(alice, { key: keyOf('left'), heir: 'bob' as never }, now)
}
