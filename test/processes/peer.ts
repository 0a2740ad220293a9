/**
 * A peer in a process of its own, for the tests in this folder.
 *
 * It is started with one argument, its orders as JSON. With `once` it opens a dictionary, writes,
 * closes, prints what happened and must then end by itself. Otherwise it obeys the commands below,
 * which come over the IPC channel, and ends when that closes, so that it never outlives its test.
 */

import { createHash } from 'node:crypto'
import {
  type AcquireOptions,
  type Dictionary,
  HoldfastError,
  type Lease,
  type OpenOptions,
  openDictionary,
} from 'holdfast'
import { boards } from '../../actors/sync.ts'
import '../secret.ts'
import { sharedNow } from './journal.ts'
import { type Play, Player } from './player.ts'
import { Resource, type ResourceOptions } from './resource.ts'

/** How often a lease that is watched is read, in milliseconds. */
const SAMPLE_MS = 2
/** How long the work between a look at the lease and the write under it takes, in milliseconds. */
const WORK_MS = 5

export interface Orders {
  /** Opens a dictionary, writes one key, closes, and is done; all without the IPC channel. */
  readonly once?: OpenOptions
}

/** How a command went. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } }

export type Commands = typeof commands

/** What is counted from the opening of a dictionary on. */
interface Counts {
  disconnects: number
  /** Why connections ended, in order. */
  readonly ends: string[]
}

let dictionary: Dictionary | undefined
let counts: Counts = { disconnects: 0, ends: [] }
let lease: Lease | undefined
let lastValidAt = 0
let sampler: NodeJS.Timeout | undefined
let player: Player | undefined

function current(): Dictionary {
  if (dictionary === undefined) throw new Error('No dictionary is open.')
  return dictionary
}

const commands = {
  async open(options: OpenOptions) {
    dictionary = await openDictionary(options)
    const counting: Counts = { disconnects: 0, ends: [] }
    counts = counting
    dictionary.on('disconnect', () => {
      counting.disconnects += 1
    })
    dictionary.on('connection.closed', ({ cause, reason, by, address }) => {
      counting.ends.push(`${cause} ${reason} by ${by} ${address}`)
    })
    return { peerId: dictionary.peerId, listening: [...dictionary.listening] }
  },
  set: (key: string, value: unknown) => current().set(key, value),
  update: (entries: Record<string, unknown>) => current().update(entries),
  get: (key: string) => current().get(key),
  pop: (key: string) => current().pop(key),
  entries: () => [...current().entries()],
  leases: () => current().leases(),
  size: () => current().size,
  digest: () => current().digest(),
  /** Sets so many keys, one by one. */
  fill(prefix: string, count: number) {
    for (let number = 0; number < count; number += 1) {
      current().set(`${prefix}${number}`, { number, text: `value ${number}` })
    }
  },
  /** A hash of all pairs that knows nothing of the library's digest. */
  content() {
    const pairs = [...current().entries()].sort(([one], [other]) => (one < other ? -1 : 1))
    return createHash('sha256').update(JSON.stringify(pairs)).digest('hex')
  },
  peers: () => current().peers,
  /** The agreed ids of all connections by peer, whatever their state; and how many there are. */
  mesh() {
    const { roster } = boards.get(current().actor)?.mesh.getSnapshot().context ?? {}
    const pairs: Record<string, string[]> = {}
    for (const [peerId, pair] of roster.pairs) {
      pairs[peerId] = pair.connections.map((each: { connection: string }) => each.connection)
    }
    const nominal = current().peers.map(({ peerId }) => peerId)
    return { pairs, nominal, connections: roster.members.size as number, ...counts }
  },
  lease: (key: string) => current().lease(key),
  /** Acquires a lease and keeps it, to be asked for by `holding`. */
  async acquire(key: string, options: AcquireOptions) {
    lease = await current().acquire(key, options)
    return { token: lease.token, remainingMs: lease.remainingMs, at: sharedNow() }
  },
  holding: () => ({ valid: lease?.valid, remainingMs: lease?.remainingMs }),
  /** Reads the lease again and again, and notes when it was valid last. */
  watchLease() {
    sampler = setInterval(() => {
      const at = sharedNow()
      if (lease?.valid) lastValidAt = at
    }, SAMPLE_MS)
  },
  lastValidAt: () => lastValidAt,
  renew: () => lease?.renew(),
  giveBack: () => lease?.release(),
  /**
   * Looks at the lease, works, and writes, again and again until it finds the lease lost. All in
   * one go, so that no timer and no message can tell it.
   */
  guard({ msMax, ...options }: ResourceOptions & { msMax: number }) {
    const resource = new Resource(options)
    const end = sharedNow() + msMax
    const seen = { lastValidAt: 0, accepted: 0, refused: 0 }
    while (lease !== undefined && sharedNow() < end) {
      const at = sharedNow()
      if (!lease.valid) return { ...seen, lostAt: at }
      seen.lastValidAt = at
      while (sharedNow() < at + WORK_MS);
      if (resource.write({ token: lease.token, by: current().peerId })) seen.accepted += 1
      else seen.refused += 1
    }
    // It never found the lease lost.
    return { ...seen, lostAt: null }
  },
  /** Writes under the token of the lease, whatever has become of that. */
  strike(options: ResourceOptions) {
    return new Resource(options).write({ token: lease?.token ?? 0, by: current().peerId })
  },
  connect: (address: string) => current().connect(address),
  /** Dials all these addresses at the same moment of the wall clock, which all processes share. */
  async dialAll({ addresses, times, at }: { addresses: string[]; times: number; at: number }) {
    await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
    const dials = addresses.flatMap((address) => Array(times).fill(address) as string[])
    const settled = await Promise.allSettled(dials.map((address) => current().connect(address)))
    return settled.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []))
  },
  /** Plays its part of a storm until it is told to rest. */
  play(play: Play) {
    player = new Player(current(), play)
  },
  rest: () => player?.rest(),
  countUntold: () => player?.countUntold() ?? 0,
  async close() {
    clearInterval(sampler)
    player?.end()
    player = undefined
    await dictionary?.close()
    dictionary = undefined
  },
  /** From now on only what the library left open keeps this process alive. */
  letGo() {
    process.channel?.unref()
  },
}

async function obey({ id, name, input }: { id: number; name: keyof Commands; input: unknown[] }) {
  const answer = (text: Answer) => process.send?.(text)
  try {
    const command = commands[name] as (...all: unknown[]) => unknown
    answer({ id, result: await command(...input) })
  } catch (error) {
    const code = error instanceof HoldfastError ? error.code : 'UNEXPECTED'
    answer({ id, error: { code, message: String(error) } })
  }
}

async function act(options: OpenOptions) {
  try {
    await using opened = await openDictionary(options)
    opened.set('door', 'open')
    console.log(JSON.stringify({ done: opened.get('door') }))
  } catch (error) {
    console.log(JSON.stringify({ failed: error instanceof HoldfastError && error.code }))
  }
}

const orders: Orders = JSON.parse(process.argv[2] ?? '{}')
if (orders.once) {
  await act(orders.once)
} else {
  process.on('message', obey)
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}
