/**
 * Where the peers of a measurement meet: on the simulated network, where every count is the same
 * each time, or over TCP on this machine's loopback.
 */

import { Dictionary, type DictionaryOptions, openDictionary, syncLogic } from 'holdfast'
import {
  createSimulatedNetwork,
  peerClock,
  type SimulatedNetwork,
  SteppingClock,
  seededRandom,
  tcpTransport,
} from 'holdfast/transport'
import { createActor } from 'xstate'
import { Meter } from './meter.ts'

/** As long as the ids that are made by default. */
export const ID_CHARS = 21
/** How long anything is waited for, in milliseconds. */
const UNTIL_MS_MAX = 600_000
/** How often is looked, in milliseconds. */
const LOOK_MS = 1
/** How long a packet travels on the simulated network, in milliseconds. */
export const LATENCY_MS = 10

/** Room for more than 1,000,000 keys. */
export const LIMITS = { entriesMax: 2_000_000, bytesMax: 1024 * 1024 * 1024, shareMax: 1 }

export interface Stage {
  readonly name: string
  readonly meter: Meter
  /** Time of this stage, in milliseconds. */
  now(): number
  /** Opens a peer that listens and dials nobody by itself. */
  open(peerId: string): Promise<Dictionary>
  /** Writes so many keys, a thousand with each call. */
  fill(dictionary: Dictionary, keys: number): Promise<void>
  /** Connects the first to the second. */
  connect(dictionary: Dictionary, other: Dictionary): Promise<void>
  pass(ms: number): Promise<void>
  until(condition: () => boolean): Promise<void>
  close(dictionary: Dictionary): Promise<void>
}

const ALONE: Partial<DictionaryOptions> = { maxOutgoing: 0, limits: LIMITS }

/** How many keys one call writes. */
const UPDATE_KEYS = 1_000

/** The pairs of every measurement: values of about 100 bytes. */
export function* pairsOf(keys: number): Generator<[string, unknown][]> {
  for (let first = 0; first < keys; first += UPDATE_KEYS) {
    const pairs: [string, unknown][] = []
    for (let number = first; number < Math.min(keys, first + UPDATE_KEYS); number++) {
      pairs.push([`key ${number}`, { number, text: `${number} `.padEnd(80, 'x') }])
    }
    yield pairs
  }
}

abstract class Theatre {
  readonly meter = new Meter()
  abstract pass(ms: number): Promise<void>

  async fill(dictionary: Dictionary, keys: number): Promise<void> {
    for (const pairs of pairsOf(keys)) {
      dictionary.update(pairs)
      await this.pass(0)
    }
  }
}

export class SimulatedStage extends Theatre implements Stage {
  readonly name = 'simulated'
  readonly network: SimulatedNetwork
  readonly #clock = new SteppingClock()
  readonly #random = seededRandom(1)
  #ids = 0

  constructor() {
    super()
    const latencyMs = [LATENCY_MS, LATENCY_MS] as const
    const [clock, random] = [this.#clock, this.#random]
    this.network = createSimulatedNetwork({ clock, random, latencyMs })
  }

  now(): number {
    return this.#clock.now()
  }

  async open(peerId: string): Promise<Dictionary> {
    const clock = peerClock({ clock: this.#clock })
    const input: DictionaryOptions = {
      ...ALONE,
      peerId,
      listen: [`sim://${peerId}`],
      clock,
      random: this.#random,
      makeId: () => `${++this.#ids}`.padStart(ID_CHARS, '-'),
      transports: [this.meter.attach(peerId, this.network.host(peerId, clock))],
    }
    const actor = createActor(syncLogic, { input, clock })
    const dictionary = new Dictionary(actor)
    actor.start()
    await this.pass(LATENCY_MS)
    return dictionary
  }

  async connect(dictionary: Dictionary, other: Dictionary): Promise<void> {
    await this.#during(dictionary.connect(`sim://${other.peerId}`))
  }

  /** Lets time go on, timer by timer; promises settle in between. */
  async pass(ms: number): Promise<void> {
    const clock = this.#clock
    const end = clock.now() + ms
    clock.advance(0)
    for (;;) {
      await Promise.resolve()
      const due = clock.nextDueMs
      if (due === undefined || due > end) break
      clock.runNext()
    }
    clock.advance(end - clock.now())
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(0)
  }

  async until(condition: () => boolean): Promise<void> {
    const end = this.now() + UNTIL_MS_MAX
    while (!condition()) {
      if (this.now() > end) throw new Error(`Never: ${condition}`)
      await this.pass(LOOK_MS)
    }
  }

  async close(dictionary: Dictionary): Promise<void> {
    await this.#during(dictionary.close())
  }

  async #during(promise: Promise<unknown>): Promise<void> {
    let isDone = false
    const settled = promise.then(() => {
      isDone = true
    })
    await Promise.race([settled, this.until(() => isDone)])
  }
}

export class TcpStage extends Theatre implements Stage {
  readonly name = 'TCP loopback'

  now(): number {
    return performance.now()
  }

  open(peerId: string): Promise<Dictionary> {
    const transports = [this.meter.attach(peerId, tcpTransport())]
    return openDictionary({ ...ALONE, peerId, transports, listen: ['tcp://127.0.0.1:0'] })
  }

  async connect(dictionary: Dictionary, other: Dictionary): Promise<void> {
    await dictionary.connect(String(other.listening[0]))
  }

  async pass(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms))
  }

  async until(condition: () => boolean): Promise<void> {
    const end = this.now() + UNTIL_MS_MAX
    while (!condition()) {
      if (this.now() > end) throw new Error(`Never: ${condition}`)
      await this.pass(LOOK_MS)
    }
  }

  close(dictionary: Dictionary): Promise<void> {
    return dictionary.close()
  }
}
