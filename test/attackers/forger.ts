/**
 * The forger: a member of the network with a key of its own, which speaks the protocol and tells of
 * entries, renewals and goodbyes as if others had said them, or says again what they said once.
 *
 * `npx tsx test/attackers/forger.ts [--count 100000] [--seed 1]` tries so many and prints how many
 * of each kind were accepted. None may be.
 */
import { parseArgs } from 'node:util'
import { Notary } from '../../actors/notary.ts'
import { Parcel, type Switchboard } from '../../actors/switchboard.ts'
import type { Batch } from '../../machines/rules/batch.ts'
import { conclude } from '../../machines/rules/conclusion.ts'
import { gather, gatherUnsent } from '../../machines/rules/gather.ts'
import { coverageList } from '../../machines/rules/heard.ts'
import { mergeBatch } from '../../machines/rules/merge.ts'
import type { Broadcast, DataMessage } from '../../machines/rules/message.ts'
import type { Origin } from '../../machines/rules/peer.ts'
import { type ReachWord, reachWords } from '../../machines/rules/reach.ts'
import { hearRenewal, renewalToSend } from '../../machines/rules/renewal.ts'
import {
  createReplica,
  indexOrigin,
  REPLICA_LIMITS,
  type Replica,
} from '../../machines/rules/replica.ts'
import { decode, encode } from '../../transport/codec.ts'
import { createCredentials } from '../../transport/credentials.ts'
import type { Credentials } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import { sealStatement } from '../../transport/sealCodec.ts'
import { at, dump, put } from '../rules/scene.ts'

const NETWORK = 'lab'
const SECRETS = [new Uint8Array(32).fill(1)]
const LEASE_MS = 60_000
const KEYS = 12
const MOMENT = at(1_000)

/** One peer without actors: what it knows, and its notary. */
export interface Peer {
  readonly self: Origin
  readonly replica: Replica
  readonly notary: Notary
  readonly credentials: Credentials
}

export function peerOf(
  seed: number,
  mend: (honest: Credentials) => Credentials = (one) => one,
): Peer {
  const identity = new Uint8Array(32).fill(seed)
  const credentials = mend(createCredentials({ network: NETWORK, secrets: SECRETS, identity }))
  const self = { peer: credentials.peerId, run: `run-${seed}` } as Origin
  const settings = { network: NETWORK, credentials }
  const rules = {
    leasing: true,
    leaseMs: LEASE_MS,
    takeover: 'any',
    limits: REPLICA_LIMITS,
  } as const
  const replica = createReplica({ self, isSigned: true, ...rules })
  const board = { settings, self, replica, read: () => MOMENT } as unknown as Switchboard
  return { self, replica, credentials, notary: new Notary(board) }
}

/** What the forger starts from: true words of alice, as they came by. */
export interface World {
  readonly alice: Peer
  readonly mallory: Peer
  readonly victim: Peer
  /** Alice's broadcasts, oldest first; what she wrote first she has overwritten since. */
  readonly said: readonly Broadcast[]
  readonly given: Extract<DataMessage, { kind: 'sync.give' }>
  readonly done: Extract<DataMessage, { kind: 'sync.done' }>
}

export function createWorld(mend?: (honest: Credentials) => Credentials): World {
  const [alice, mallory, victim] = [peerOf(1), peerOf(2), peerOf(3, mend)]
  const said: Broadcast[] = []
  const say = (body: Broadcast['body']) => {
    const message = {
      kind: 'broadcast',
      origin: alice.self,
      number: said.length + 1,
      body,
    } as const
    said.push(decode(alice.notary.frameOf(message)) as Broadcast)
  }
  for (const round of [1, 2]) {
    for (let key = 0; key < KEYS; key++) put(alice.replica, [`key${key}`, { round, key }], MOMENT)
    for (const writes of gatherUnsent(alice.replica, MOMENT)) say({ kind: 'entries', ...writes })
  }
  alice.replica.isRenewalUnsent = true
  const renewal = renewalToSend(alice.replica, MOMENT)
  if (renewal !== undefined) say({ kind: 'renewal', ...renewal })
  say({ kind: 'left', keepsLeases: false })
  say({ kind: 'waits', isAll: true, keys: [] })
  for (const message of said.slice(0, 3)) {
    hear(mallory, message)
    hear(victim, message)
  }
  const slots = [...mallory.replica.table.slots.values()]
  const batch = gather(mallory.replica, slots.slice(2), MOMENT)
  const proofs = mallory.notary.prove(batch)
  const [, , renewed] = said
  const proof = [renewed?.number ?? 0, renewed?.stamp ?? new Uint8Array()] as const
  const { peer, run } = alice.self
  const renewals = [[peer, run, 1, 2 * KEYS, 0, ...proof] as const]
  const nothing = { isPending: false, collected: [], floor: 0 }
  const coverage = coverageList(mallory.replica)
  const reaches = reachWords(mallory.replica, { asked: [], told: [coverage] })
  const end = { ...nothing, coverage, renewals, ...(reaches && { reaches }) }
  const done = { kind: 'sync.done', ask: 1, ...end } as const
  return { alice, mallory, victim, said, given: { kind: 'sync.give', ask: 1, batch, proofs }, done }
}

/** True if the peer believed it: it was not refused, and something changed by it. */
export function hear(peer: Peer, message: DataMessage, frame = encode(message)): boolean {
  const heard = decode(frame) as DataMessage | undefined
  if (heard === undefined) return false
  const parcel = new Parcel({ peerId: 'mallory' } as never, heard, frame)
  if (peer.notary.judge(parcel) !== undefined) return false
  const before = stateOf(peer.replica)
  apply(peer, parcel)
  return stateOf(peer.replica) !== before
}

function stateOf(replica: Replica): string {
  const renewals = [...replica.renewals].map(([, each]) => each.number)
  const collected = [...replica.collected]
  return dump(replica, MOMENT) + JSON.stringify([renewals, coverageList(replica), collected])
}

/** What the actors do with what was not refused, as far as it matters here. */
function apply({ replica, notary }: Peer, parcel: Parcel): void {
  const { message } = parcel
  const merge = (batch: Batch, teller: never) => {
    mergeBatch(replica, batch, MOMENT, teller)
    notary.file(batch, parcel)
  }
  if (message.kind === 'sync.give') merge(message.batch, 'mallory' as never)
  else if (message.kind === 'sync.done') {
    const told = coverageList(replica)
    conclude(replica, { done: message, told, isFresh: false, isAll: false }, MOMENT)
  } else if (message.kind === 'broadcast') {
    const { origin, body, number, stamp } = message
    if (body.kind === 'entries') {
      merge(body.batch, null as never)
      replica.coverage[indexOrigin(replica, origin)]?.add(body.from, body.to)
    } else if (body.kind === 'renewal') {
      const proof = stamp && ([number, stamp] as const)
      hearRenewal(replica, { origin, renewal: body, proof }, MOMENT)
    } else if (body.kind === 'left' || body.kind === 'waits') {
      // It changes more than the table: to have passed is to be believed.
      replica.renewals.set(1_000_000, { number: 1, through: 1, at: 0 })
    }
  }
}

type Draw = (count: number) => number
/** Makes one lie out of what is true, with its frame if that is not the codec's. */
type Lie = (world: World, draw: Draw) => { message: DataMessage; frame?: Uint8Array }

/** The batch with one row told otherwise. */
function falsified(batch: Batch, { mallory }: World, draw: Draw): Batch {
  const rows = batch.keys.length
  const row = draw(rows)
  const told = <Item>(list: readonly Item[], item: Item) =>
    list.map((each, at) => (at === row ? item : each))
  const column = (value: Batch['epoch'], by: number) => {
    return told(
      Array.from({ length: rows }, (_, at) =>
        typeof value === 'number' ? value : (value[at] as number),
      ),
      by,
    )
  }
  const kinds: readonly (() => Batch)[] = [
    () => ({ ...batch, values: told(batch.values, `lie ${draw(1e9)}` as never) }),
    () => ({ ...batch, keys: told(batch.keys, `lie${draw(1e9)}` as never) }),
    () => ({ ...batch, epoch: column(batch.epoch, 2 + draw(1e9)) }),
    () => ({ ...batch, sequence: column(batch.epoch, 100 + draw(1e9)) }),
    () => ({ ...batch, termMs: column(batch.termMs, LEASE_MS + 1 + draw(1e6)), remainingMs: null }),
    () => ({
      ...batch,
      epoch: column(batch.epoch, 9),
      flags: column(batch.flags, 1 + draw(127)),
      values: told(batch.values, null),
    }),
    () => ({ ...batch, epoch: column(batch.epoch, 9), heirs: [[row, mallory.self.peer]] }),
    () => ({ ...batch, epoch: column(batch.epoch, 9), over: [[row, 0, draw(1e6)]] }),
  ]
  return (kinds[draw(kinds.length)] as () => Batch)()
}

function stampBy(peer: Peer, message: Broadcast): Uint8Array {
  const frame = peer.notary.frameOf(message)
  return frame.subarray(frame.length - 96)
}

function stampReach({ credentials }: Peer, word: ReachWord): Uint8Array {
  const statement = sealStatement(NETWORK, { ...word, origin: word })
  return Buffer.concat([credentials.publicKey, credentials.sign('batch', statement)])
}

export const LIES: Readonly<Record<string, Lie>> = {
  'alice’s entries, falsified under her own stamp': (world, draw) => {
    const [, latest] = world.said as [Broadcast, Broadcast]
    const body = latest.body as Extract<Broadcast['body'], { kind: 'entries' }>
    return {
      message: {
        ...latest,
        number: 50,
        body: { ...body, batch: falsified(body.batch, world, draw) },
      },
    }
  },
  'the same under the stamp of the forger': (world, draw) => {
    const [, latest] = world.said as [Broadcast, Broadcast]
    const body = latest.body as Extract<Broadcast['body'], { kind: 'entries' }>
    const lie = {
      ...latest,
      number: 50,
      body: { ...body, batch: falsified(body.batch, world, draw) },
    }
    return { message: { ...lie, stamp: stampBy(world.mallory, lie) } }
  },
  'the same with her key and the signature of the forger': (world, draw) => {
    const { message } = (LIES['the same under the stamp of the forger'] as Lie)(world, draw)
    const stamp = Uint8Array.from((message as Broadcast).stamp as Uint8Array)
    stamp.set(world.alice.credentials.publicKey)
    return { message: { ...message, stamp } as DataMessage }
  },
  'her frame with one byte changed': ({ said }, draw) => {
    const message = said[1] as Broadcast
    const frame = Uint8Array.from(encode(message))
    const at = 4 + draw(frame.length - 4)
    frame[at] = (frame[at] as number) ^ (1 + draw(255))
    return { message, frame }
  },
  'an answer with one of her entries falsified': (world, draw) => {
    const { given } = world
    return { message: { ...given, batch: falsified(given.batch, world, draw) } }
  },
  'an answer with her entries under a seal of the forger': (world, draw) => {
    const { given, mallory } = world
    const batch = falsified(given.batch, world, draw)
    const body = { kind: 'entries', from: 1, to: 99, batch } as const
    const stamp = stampBy(mallory, { kind: 'broadcast', origin: world.alice.self, number: 7, body })
    const told = {
      writer: 0,
      number: 7,
      from: 1,
      to: 99,
      left: new Uint8Array(),
      missing: new Uint8Array(),
    }
    const proofs = { seals: [{ ...told, rows: batch.keys.length, stamp }], seal: 0, row: 0 }
    return { message: { ...given, batch, proofs } }
  },
  'an answer with other leaves than those that she signed': (world, draw) => {
    const { given } = world
    const seals = (given.proofs?.seals ?? []).map((seal) => {
      const missing = Uint8Array.from(seal.missing)
      missing[draw(missing.length)] = draw(256)
      return { ...seal, missing }
    })
    const batch = falsified(given.batch, world, draw)
    return { message: { ...given, batch, proofs: { seals, seal: 0, row: 2 } } }
  },
  'an answer without any proof': (world, draw) => {
    const { kind, ask, batch } = world.given
    return { message: { kind, ask, batch: falsified(batch, world, draw) } }
  },
  'a renewal that she never made, in the word of the forger': ({ done, alice, mallory }, draw) => {
    const [word] = done.renewals
    const [peer, run, , , , number = 0, stamp = new Uint8Array()] = word as NonNullable<typeof word>
    const body = { kind: 'renewal', number: 2 + draw(1e6), through: draw(1e6) } as const
    const said = { kind: 'broadcast', origin: alice.self, number, body } as const
    const shown = [stamp, stampBy(mallory, said)][draw(2)] as Uint8Array
    const lie = [peer, run, body.number, body.through, 0, number, shown] as const
    const bare = [peer, run, body.number, body.through, 0] as const
    return { message: { ...done, renewals: [draw(3) === 0 ? bare : lie] } }
  },
  'an end that has heard more of her than she has written': ({ done, alice, mallory }, draw) => {
    const { peer, run } = alice.self
    const to = 2 * KEYS + 1 + draw(1e9)
    const claim = [[peer, run, to]] as const
    const [word] = done.reaches ?? []
    const seal = { ...(word as NonNullable<typeof word>), to }
    const shown = [
      [],
      done.reaches ?? [],
      [seal],
      [{ ...seal, stamp: stampReach(mallory, seal) }],
    ] as const
    const reaches = shown[draw(shown.length)] as typeof done.reaches
    const lie = { ...done, ...(reaches && { reaches }) }
    const told = draw(2) === 0 ? { coverage: claim } : { coverage: [], collected: claim }
    return { message: { ...lie, ...told } }
  },
  'her goodbye, waits or renewal, said by the forger': ({ alice, mallory, said }, draw) => {
    const kinds: readonly Broadcast['body'][] = [
      { kind: 'left', keepsLeases: false },
      { kind: 'waits', isAll: true, keys: [['key0' as never, draw(1e6)]] },
      { kind: 'renewal', number: 2 + draw(1e6), through: draw(1e6) },
    ]
    const body = kinds[draw(kinds.length)] as Broadcast['body']
    const message: Broadcast = {
      kind: 'broadcast',
      origin: alice.self,
      number: 60 + draw(1e6),
      body,
    }
    const stamps = [stampBy(mallory, message), (said[3] as Broadcast).stamp as Uint8Array]
    return { message: { ...message, stamp: stamps[draw(2)] as Uint8Array } }
  },
  'what she said once, again': ({ said, given, done }, draw) => {
    const truths: readonly DataMessage[] = [said[0], said[1], said[2], given, done] as DataMessage[]
    return { message: truths[draw(truths.length)] as DataMessage }
  },
}

export interface Tally {
  readonly kind: string
  readonly tried: number
  readonly accepted: number
}

/** Tries so many lies of each kind in turn. */
export function forge(world: World, { count, seed }: { count: number; seed: number }): Tally[] {
  const random = seededRandom(seed)
  const draw: Draw = (most) => Math.floor(random() * most)
  const kinds = Object.entries(LIES)
  return kinds.map(([kind, lie], index) => {
    const tried = Math.floor(count / kinds.length) + (index < count % kinds.length ? 1 : 0)
    let accepted = 0
    for (let each = 0; each < tried; each++) {
      const { message, frame } = lie(world, draw)
      if (hear(world.victim, message, frame ?? encode(message))) accepted++
    }
    return { kind, tried, accepted }
  })
}

if (process.argv[1]?.endsWith('forger.ts')) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const tallies = forge(createWorld(), { count: Number(values.count), seed: Number(values.seed) })
  for (const { kind, tried, accepted } of tallies)
    console.log(`${tried} ${kind}: ${accepted} accepted`)
  const accepted = tallies.reduce((sum, each) => sum + each.accepted, 0)
  console.log(`${values.count} in all: ${accepted} accepted`)
  process.exitCode = accepted === 0 ? 0 : 1
}
