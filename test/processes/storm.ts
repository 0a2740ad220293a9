/**
 * A storm over real processes: they write, delete and hold leases, each drawn from its seed, while
 * the network between them is delayed, throttled, held and cut, and they are stopped and killed.
 * Then everything heals, and what they did is judged.
 *
 * The seed draws acts and faults, but real time decides how they meet: the same seed is the same
 * storm, not the same run.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from '../../transport/codec.ts'
import { FrameReader, PreambleReader } from '../../transport/framing.ts'
import { seededRandom } from '../../transport/random.ts'
import { type Fleet, type PeerProcess, until } from './fleet.ts'
import { areEqual, findFaults, isMesh, type Peer } from './fullMesh.ts'
import { readJournal } from './journal.ts'
import { judge, type Run, type Violation } from './judge.ts'
import { KEYS } from './player.ts'
import { TcpProxy } from './proxy.ts'

export const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi']

/** The longest that healing may take, in milliseconds; the simulated scenarios have as long. */
const HEAL_MS_MAX = 180_000
/** The longest pause between two faults, in milliseconds. */
const PAUSE_MS_MAX = 350
/** How many processes are dead, and how many stopped, at a time. */
const DEAD_MAX = 2
const STOPPED_MAX = 2
/** The longest delay of a direction, in milliseconds. */
const DELAY_MS_MAX = 400
/** The least that passes a throttled direction, in bytes per second. */
const THROTTLE_BYTES_MIN = 2_000
/** The term of a key that is written without one, in milliseconds. */
const LEASE_MS = 5_000

export interface StormOptions {
  readonly seed: number
  readonly fleet: Fleet
  /** Processes in which no dictionary is open, one for each name. */
  readonly pool: readonly PeerProcess[]
  /** How long it lasts, in milliseconds. */
  readonly stormMs: number
}

export interface StormResult {
  readonly seed: number
  readonly faults: Readonly<Record<string, number>>
  readonly writes: number
  /** How often a key was taken from another that was known to have owned it. */
  readonly takeovers: number
  /** How long it took from the last healing until all were equal, in milliseconds. */
  readonly healMs: number
  readonly violations: readonly Violation[]
  /** Where the journals are, if something was violated. */
  readonly journals: string | undefined
  /** The processes as they are now, with no dictionary open. */
  readonly pool: readonly PeerProcess[]
}

interface Place {
  process: PeerProcess
  run: number
  state: 'up' | 'stopped' | 'dead' | 'starting'
}

export async function playStorm(options: StormOptions): Promise<StormResult> {
  const storm = new Storm(options)
  await storm.begin()
  await storm.rage()
  return storm.end()
}

/** Who dialled, as its hello says. */
function introduced(bytes: Uint8Array): string | undefined {
  const read = new PreambleReader().push(bytes)
  if (read.verdict !== 'right') return undefined
  const [frame] = new FrameReader().push(read.rest).frames
  const message = frame && decode(frame)
  return message?.kind === 'hello' ? message.peerId : undefined
}

class Storm {
  readonly #options: StormOptions
  readonly #random: () => number
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-storm-'))
  readonly #proxy = new TcpProxy({ identify: introduced })
  readonly #doors = new Map<string, string>()
  readonly #places = new Map<string, Place>()
  readonly #dead: { name: string; run: number }[] = []
  readonly #violations: Violation[] = []
  readonly #faults: Record<string, number> = {}
  readonly #starting = new Set<Promise<void>>()

  constructor(options: StormOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async begin(): Promise<void> {
    for (const name of NAMES) this.#doors.set(name, await this.#proxy.open(name))
    for (const [index, name] of NAMES.entries()) {
      const process = this.#options.pool[index] as PeerProcess
      this.#places.set(name, { process, run: 0, state: 'starting' })
      await this.#open(name)
    }
    await until(() => isMesh(this.#peers()), 'a full mesh before the storm', HEAL_MS_MAX)
    for (const name of NAMES) await this.#play(name)
  }

  async rage(): Promise<void> {
    const end = performance.now() + this.#options.stormMs
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, this.#random() * PAUSE_MS_MAX))
      await this.#fault()
    }
  }

  async end(): Promise<StormResult> {
    this.#proxy.heal()
    for (const name of NAMES) this.#continue(name)
    for (const name of NAMES) this.#restart(name)
    await Promise.all(this.#starting)
    const from = performance.now()
    await Promise.all(NAMES.map((name) => this.#place(name).process.call('rest')))
    const peers = this.#peers()
    const isHealed = async () => (await areEqual(peers)) && (await isMesh(peers))
    let healMs = Number.NaN
    try {
      await until(isHealed, 'all to be equal', HEAL_MS_MAX)
      healMs = performance.now() - from
      await this.#judgePeers(peers)
    } catch (error) {
      this.#violations.push({ invariant: 'C2', what: await this.#complain(peers, error) })
    }
    const held = new Map((await peers[0]?.process.call('entries')) as [string, unknown][])
    await Promise.all(peers.map(({ process }) => process.call('close')))
    await this.#proxy.close()
    return this.#conclude(held, healMs)
  }

  #conclude(held: ReadonlyMap<string, unknown>, healMs: number): StormResult {
    const runs = NAMES.flatMap((name) => this.#runsOf(name))
    const { violations, writes, takeovers } = judge(runs, held)
    this.#violations.push(...violations)
    const isClean = this.#violations.length === 0
    if (isClean) rmSync(this.#folder, { recursive: true })
    return {
      seed: this.#options.seed,
      faults: this.#faults,
      writes,
      takeovers,
      healMs,
      violations: this.#violations,
      journals: isClean ? undefined : this.#folder,
      pool: NAMES.map((name) => this.#place(name).process),
    }
  }

  /** What all peers hold the same must be the same, whatever digests say, and have one holder. */
  async #judgePeers(peers: readonly Peer[]): Promise<void> {
    const contents = await Promise.all(peers.map(({ process }) => process.call('content')))
    if (new Set(contents).size > 1) {
      this.#violations.push({ invariant: 'C2', what: 'equal digests of unequal contents' })
    }
    const leases = await Promise.all(peers.map(({ process }) => process.call('leases')))
    for (const key of KEYS) {
      const holders = leases.flat().filter((lease) => lease.key === key && lease.mine)
      if (holders.length > 1)
        this.#violations.push({ invariant: 'L6', what: `${key} is held twice` })
    }
    for (const { name, process } of peers) {
      const isTold = async () => (await process.call('countUntold')) === 0
      await until(isTold, `${name} to be told of every lease that it lost`)
    }
  }

  async #complain(peers: readonly Peer[], error: unknown): Promise<string> {
    const digests = await Promise.all(peers.map(({ process }) => process.call('digest')))
    const faults = await findFaults(peers)
    return `${(error as Error).message} digests ${digests.join(' ')}; ${faults.join('; ')}`
  }

  async #fault(): Promise<void> {
    const one = this.#draw(NAMES)
    const other = this.#draw(NAMES.filter((name) => name !== one))
    const ways = [
      { from: one, to: other },
      { from: other, to: one },
    ] as const
    const delayMs = this.#random() * DELAY_MS_MAX
    const bytesPerSecond = THROTTLE_BYTES_MIN * (1 + this.#pick(20))
    const faults: Record<string, () => boolean | Promise<boolean>> = {
      delay: () => this.#impose(ways, { delayMs }),
      throttle: () => this.#impose(ways, { bytesPerSecond }),
      'stall of a pair': () => this.#impose(ways, { isHeld: true }),
      'one-way cut': () => this.#impose([ways[0]], { isHeld: true }),
      'stall of a peer': () => this.#impose(this.#waysOf([one]), { isHeld: true }),
      RST: () => this.#proxy.cut(one, other, 'reset') > 0,
      FIN: () => this.#proxy.cut(one, other, 'end') > 0,
      'refused pair': () => this.#refuse([one], [other]),
      'split by silence': () => this.#impose(this.#waysOf(this.#side()), { isHeld: true }),
      'split by RST': () => this.#split(this.#side()),
      heal: () => this.#heal(),
      'kill -9': () => this.#kill(one),
      restart: () => this.#restart(this.#draw(NAMES)),
      SIGSTOP: () => this.#stop(one),
      SIGCONT: () => NAMES.filter((name) => this.#continue(name)).length > 0,
    }
    // Without a preference for mending everything would be broken soon.
    const more = [
      'kill -9',
      'SIGSTOP',
      'heal',
      'heal',
      'SIGCONT',
      'SIGCONT',
      'restart',
      'restart',
      'restart',
    ]
    const kind = this.#draw([...Object.keys(faults), ...more])
    if (await faults[kind]?.()) this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
  }

  #impose(
    ways: readonly { from: string; to: string }[],
    condition: Parameters<TcpProxy['impose']>[1],
  ): boolean {
    for (const way of ways) this.#proxy.impose(way, condition)
    return ways.length > 0
  }

  #refuse(side: readonly string[], rest: readonly string[]): boolean {
    for (const one of side) for (const other of rest) this.#proxy.refuse(one, other)
    return true
  }

  #split(side: readonly string[]): boolean {
    return this.#refuse(
      side,
      NAMES.filter((name) => !side.includes(name)),
    )
  }

  #side(): string[] {
    const count = 1 + this.#pick(NAMES.length - 1)
    return NAMES.map((name) => ({ name, order: this.#random() }))
      .sort((one, other) => one.order - other.order)
      .slice(0, count)
      .map(({ name }) => name)
  }

  /** Every direction between one of these and one of the others. */
  #waysOf(side: readonly string[]): { from: string; to: string }[] {
    const rest = NAMES.filter((name) => !side.includes(name))
    return side.flatMap((one) => {
      return rest.flatMap((other) => [
        { from: one, to: other },
        { from: other, to: one },
      ])
    })
  }

  #heal(): boolean {
    this.#proxy.heal()
    return true
  }

  #stop(name: string): boolean {
    const place = this.#place(name)
    if (place.state !== 'up' || this.#count('stopped') >= STOPPED_MAX) return false
    place.process.signal('SIGSTOP')
    place.state = 'stopped'
    return true
  }

  #continue(name: string): boolean {
    const place = this.#place(name)
    if (place.state !== 'stopped') return false
    place.process.signal('SIGCONT')
    place.state = 'up'
    return true
  }

  async #kill(name: string): Promise<boolean> {
    const place = this.#place(name)
    const isKillable = place.state === 'up' || place.state === 'stopped'
    if (!isKillable || this.#count('dead') + this.#count('starting') >= DEAD_MAX) return false
    place.state = 'dead'
    this.#proxy.lead(name, undefined)
    this.#dead.push({ name, run: place.run })
    await place.process.kill()
    return true
  }

  /** Starts a dead peer again, under its name, while the storm goes on. */
  #restart(name: string): boolean {
    const place = this.#place(name)
    if (place.state !== 'dead') return false
    place.state = 'starting'
    const started = (async () => {
      place.process = await this.#options.fleet.start()
      await this.#open(name)
      await this.#play(name)
    })()
    this.#starting.add(started)
    return true
  }

  async #open(name: string): Promise<void> {
    const place = this.#place(name)
    const { listening } = await place.process.call('open', {
      network: `storm ${this.#options.seed}`,
      // The proxy stands between all of them, so the addresses at both ends differ.
      insecure: 'plain-text-on-this-network',
      peerId: name,
      leaseMs: LEASE_MS,
      listen: ['tcp://127.0.0.1:0'],
      advertise: [this.#doors.get(name) as string],
      join: NAMES.filter((other) => other !== name).map(
        (other) => this.#doors.get(other) as string,
      ),
    })
    this.#proxy.lead(name, Number(new URL(listening[0] as string).port))
    place.run += 1
  }

  async #play(name: string): Promise<void> {
    const place = this.#place(name)
    const seed = this.#options.seed * 1_000 + NAMES.indexOf(name) * 50 + place.run
    const journal = this.#journalOf(name, place.run)
    await place.process.call('play', { seed, name: `${name}#${place.run}`, journal })
    place.state = 'up'
  }

  #runsOf(name: string): Run[] {
    return Array.from({ length: this.#place(name).run }, (_, index) => {
      const run = index + 1
      const isDead = this.#dead.some((dead) => dead.name === name && dead.run === run)
      return { name, run, isDead, journal: readJournal(this.#journalOf(name, run)) }
    })
  }

  #journalOf(name: string, run: number): string {
    return join(this.#folder, `${name}-${run}.jsonl`)
  }

  #peers(): Peer[] {
    return NAMES.map((name) => ({ name, process: this.#place(name).process, address: '' }))
  }

  #place(name: string): Place {
    return this.#places.get(name) as Place
  }

  #count(state: Place['state']): number {
    return [...this.#places.values()].filter((place) => place.state === state).length
  }

  #draw<Item>(items: readonly Item[]): Item {
    return items[this.#pick(items.length)] as Item
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count)
  }
}
