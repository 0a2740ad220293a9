/**
 * What a process with one replica is told to do, and does. It ends when the channel to who started
 * it closes.
 */

import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { sharedNow } from './clock.ts'
import { keyOf, type Pair, pairsOf, type Sent, type System, textOf } from './system.ts'

/** How many keys are written between two looks at the network. */
const BURST_KEYS = 1_000

/** How long the last of some values may take, in milliseconds. */
const WATCH_MS_MAX = 5_000

/** The pause between two handshakes, in milliseconds. */
const REST_MS = 5

let system: System
let peer = ''
let pairs: Pair[] = []
let cpu = process.cpuUsage()
let sent: Sent = { frames: 0, bytes: 0 }
let profiler: Session | undefined
let probes: number[] = []

/** What a replica did since it was last marked. */
export interface Used {
  readonly cpuMicroseconds: number
  readonly frames: number
  readonly bytes: number
}

/** How much memory a process holds after a full collection, in bytes. */
export interface Held {
  readonly heap: number
  readonly resident: number
}

/** Times of handshakes, in milliseconds. */
export interface Handshakes {
  readonly opened: readonly number[]
  readonly connected: readonly number[]
}

export type Commands = typeof commands

/** From now on this process is a replica of that system, under this name. */
export function obey(which: System, name: string): void {
  system = which
  peer = name
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ name, input }: { name: keyof Commands; input: never }) => {
    process.send?.({ name, result: await commands[name](input) })
  })
  process.send?.({ name: 'ready' })
}

const commands = {
  async open(): Promise<string> {
    return system.open(peer)
  },
  async connect(address: string): Promise<void> {
    await system.connect(address)
  },
  async part(): Promise<void> {
    await system.part()
  },
  /** How long it takes again and again until a wire is open, and until a peer is connected. */
  async handshakes(input: { address: string; count: number }): Promise<Handshakes> {
    const opened: number[] = []
    const connected: number[] = []
    for (let round = 0; round < input.count; round++) {
      opened.push((await system.knock?.(input.address)) ?? Number.NaN)
      await rest()
      const start = performance.now()
      await system.connect(input.address)
      connected.push(performance.now() - start)
      await system.part()
      while (system.neighbours > 0) await rest()
    }
    return { opened, connected }
  },
  async neighbours(): Promise<number> {
    return system.neighbours
  },
  /** Makes the pairs that are to be written, so that the making is not measured. */
  async prepare(which: { keys: number; round?: number }): Promise<void> {
    pairs = pairsOf(which)
  },
  async mark({ isProfiled = false }: { isProfiled?: boolean }): Promise<void> {
    sent = system.sent
    cpu = process.cpuUsage()
    if (!isProfiled) return
    profiler = new Session()
    profiler.connect()
    await profiler.post('Profiler.enable')
    await profiler.post('Profiler.start')
  },
  async used({ profilePath }: { profilePath?: string | undefined }): Promise<Used> {
    const { user, system: kernel } = process.cpuUsage(cpu)
    const [before, after] = [sent, system.sent]
    if (profiler !== undefined && profilePath !== undefined) {
      const { profile } = await profiler.post('Profiler.stop')
      writeFileSync(profilePath, JSON.stringify(profile))
      profiler.disconnect()
      profiler = undefined
    }
    const frames = after.frames - before.frames
    return { cpuMicroseconds: user + kernel, frames, bytes: after.bytes - before.bytes }
  },
  /** Writes what was prepared. Resolves with when it began, by the clock that all share. */
  async write({ by }: { by: 'set' | 'update' }): Promise<number> {
    const startedAt = sharedNow()
    for (let from = 0; from < pairs.length; from += BURST_KEYS) {
      const burst = pairs.slice(from, from + BURST_KEYS)
      if (by === 'update') system.update(burst)
      else for (const [key, value] of burst) system.set(key, value)
      await system.room()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return startedAt
  },
  /** Resolves with when so many keys were there. */
  async expect({ size }: { size: number }): Promise<number> {
    return arrived(() => system.size >= size)
  },
  /** Resolves with when the first so many keys had the values of a round. */
  async expectRound({ keys, round }: { keys: number; round: number }): Promise<number> {
    let known = 0
    return arrived(() => {
      while (known < keys && system.get(keyOf(known)) === textOf(known, round)) known++
      return known === keys
    })
  },
  /** Sets one key again and again. Resolves with when each set began. */
  async ping({ count, pauseMs }: { count: number; pauseMs: number }): Promise<number[]> {
    const times: number[] = []
    for (let round = 0; round < count; round++) {
      const value = textOf(round, 1)
      times.push(sharedNow())
      system.set('probe', value)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    return times
  },
  /** From now on notes when each value of that key came. */
  async watch({ count }: { count: number }): Promise<void> {
    probes = Array.from({ length: count }, () => 0)
    let next = 0
    system.onArrival = () => {
      const at = sharedNow()
      const value = system.get('probe')
      // A value that came together with a later one came at the same time.
      while (typeof value === 'string' && next < count && roundOf(value) >= next)
        probes[next++] = at
    }
  },
  /** Resolves when the last one has come, or nothing more is to be hoped for. */
  async watched(): Promise<number[]> {
    const end = performance.now() + WATCH_MS_MAX
    while (probes.at(-1) === 0 && performance.now() < end) await rest()
    return probes
  },
  async held(): Promise<Held> {
    for (let round = 0; round < 3; round++) global.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heap: heapUsed + external, resident: rss }
  },
  /** How long each kind of local call takes for one key, in microseconds. */
  async local({ keys }: { keys: number }): Promise<Record<'insert' | 'overwrite' | 'get', number>> {
    const insert = await timePerKey(keys, pairsOf({ keys }), (key, value) => system.set(key, value))
    const again = pairsOf({ keys, round: 1 })
    const overwrite = await timePerKey(keys, again, (key, value) => system.set(key, value))
    let found = 0
    // A compiler leaves out a look whose result nobody uses.
    const get = await timePerKey(keys, again, (key) => {
      if (system.get(key) !== undefined) found++
    })
    if (found !== keys) throw new Error(`Only ${found} of ${keys} keys were there.`)
    return { insert, overwrite, get }
  },
}

/** Lets the other side come to rest, so that one handshake is not measured with another's end. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS))
}

function roundOf(value: string): number {
  return Number(value.slice(value.indexOf(':') + 1, value.indexOf(' ')))
}

function arrived(isThere: () => boolean): Promise<number> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isThere()) return
      system.onArrival = () => {}
      resolve(sharedNow())
    }
    system.onArrival = look
    look()
  })
}

/** In bursts, since what was written is handed on in between. */
async function timePerKey(
  keys: number,
  all: readonly Pair[],
  act: (key: string, value: string) => void,
): Promise<number> {
  let spentMs = 0
  for (let from = 0; from < keys; from += BURST_KEYS) {
    const burst = all.slice(from, from + BURST_KEYS)
    const start = performance.now()
    for (const [key, value] of burst) act(key, value)
    await Promise.resolve()
    spentMs += performance.now() - start
    await new Promise((resolve) => setImmediate(resolve))
  }
  return (spentMs * 1_000) / keys
}
