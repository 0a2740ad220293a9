/**
 * The carrier `sim`: a network of simulated hosts, driven by a stepping clock and a random function
 * alone, so that the same seed gives the same run byte for byte.
 *
 * A connection behaves as TCP does: reliable and in order, with a window that fills when the
 * receiver does not read. What goes wrong goes wrong as it does there. A lost packet is a delay; a
 * partition is silence, not an error; a reset answers whatever arrives for a connection that the
 * host does not know.
 */

import type { Clock, Frame, Random, Transport } from './ports.ts'
import type { Delivery, Exchange, SimulatedConnection } from './simulatedConnection.ts'
import { SimulatedHost } from './simulatedHost.ts'
import type { Path } from './simulatedLink.ts'
import {
  type Disturbances,
  type Slowness,
  Weather,
  type WeatherOptions,
} from './simulatedWeather.ts'
import type { SteppingClock } from './stepping.ts'

/** How many bytes may be under way or unread in one direction of a connection. */
const WINDOW_BYTES = 256 * 1024

/** A send queue that grows past this many bytes reports when it is empty again. */
const QUEUE_BYTES_HIGH = 4 * 1024 * 1024

export interface SimulatedNetworkOptions extends WeatherOptions {
  /** The clock that drives everything. */
  readonly clock: SteppingClock
  /** Draws latencies and losses, for instance `seededRandom(1)`. */
  readonly random: Random
  /** What may be under way or unread in one direction of a connection. Bytes, default 256 KiB. */
  readonly windowBytes?: number
  /** A send queue that grew past this reports `drained` when it is empty. Bytes, default 4 MiB. */
  readonly queueBytesHigh?: number
  /** Gets a line for every frame that is read and every fault, to compare runs. */
  readonly record?: (line: string) => void
}

/** What was read so far. */
export interface Traffic {
  readonly frames: number
  readonly bytes: number
}

export interface PartitionOptions {
  /** Blocks only what the first group sends to the second. Default false. */
  readonly oneWay?: boolean
}

/**
 * A network of simulated hosts.
 *
 * @example
 * const clock = new SteppingClock()
 * const network = createSimulatedNetwork({ clock, random: seededRandom(1) })
 * const alice = network.host('alice', clock)
 * const bob = network.host('bob', peerClock({ clock }))
 * bob.listen('sim://bob', listenerEvents)
 * const wire = alice.dial('sim://bob', wireEvents)
 * clock.advance(1_000)
 */
export interface SimulatedNetwork extends Traffic {
  /**
   * Starts a process called `name` (letters, digits, `.`, `_`, `-`) and returns its transport. It
   * listens and dials under `sim://name` and `sim://name:port`; port 0 is one that the host
   * chooses. Everything the process does goes through `clock`. Throws when one of that name runs;
   * after `crash` the name is free.
   */
  host(name: string, clock: Clock): Transport
  /**
   * Blocks all bytes between two groups: they wait in silence, and so do dials. Adds to what is
   * blocked.
   */
  partition(groupA: readonly string[], groupB: readonly string[], options?: PartitionOptions): void
  /** Ends all partitions. What waited arrives after the usual latency. */
  heal(): void
  /** Breaks all connections between two hosts at both ends, at once. */
  reset(hostA: string, hostB: string): void
  /**
   * Ends a process: it hears of nothing any more and nobody listens there. The others get a reset,
   * or, behind a partition, when they next send something after it. Stop the process's `PeerClock`
   * too.
   */
  crash(host: string): void
  /** A host stops reading: the queues of those who send to it grow. Its timers go on. */
  stall(host: string): void
  unstall(host: string): void
  /**
   * Makes all that goes to and from a host slow, ten times unless said otherwise, until it is
   * called without a slowness. A restart changes nothing about it.
   */
  slow(host: string, slowness?: Slowness): void
  /** What was lost, repeated and held back so far. */
  readonly disturbances: Readonly<Disturbances>
  /** Frames and bytes that `target` has read from `source`. */
  traffic(source: string, target: string): Traffic
}

/** Makes an empty network. See `SimulatedNetwork`. */
export function createSimulatedNetwork(options: SimulatedNetworkOptions): SimulatedNetwork {
  return new Network(options)
}

class Network implements SimulatedNetwork, Exchange {
  readonly clock: SteppingClock
  readonly weather: Weather
  readonly windowBytes: number
  readonly #options: SimulatedNetworkOptions
  readonly #hosts = new Map<string, SimulatedHost>()
  readonly #connections = new Set<SimulatedConnection>()
  #connectionCount = 0
  readonly #blocked = new Set<string>()
  readonly #traffic = new Map<string, { frames: number; bytes: number }>()
  frames = 0
  bytes = 0

  constructor(options: SimulatedNetworkOptions) {
    this.#options = options
    this.clock = options.clock
    this.weather = new Weather(options.random, options)
    this.windowBytes = options.windowBytes ?? WINDOW_BYTES
  }

  host(name: string, clock: Clock): Transport {
    if (!/^[\w.-]+$/.test(name)) throw new Error(`A host cannot be called '${name}'.`)
    if (this.#hosts.has(name)) throw new Error(`A host called ${name} runs already.`)
    const host = new SimulatedHost({
      exchange: this,
      name,
      clock,
      queueBytesHigh: this.#options.queueBytesHigh ?? QUEUE_BYTES_HIGH,
      onConnection: (connection) => this.#connections.add(connection),
      countConnection: () => {
        this.#connectionCount += 1
        return this.#connectionCount
      },
    })
    this.#hosts.set(name, host)
    return host
  }

  partition(
    groupA: readonly string[],
    groupB: readonly string[],
    options?: PartitionOptions,
  ): void {
    const oneWay = options?.oneWay === true
    for (const source of groupA) {
      for (const target of groupB) {
        this.#blocked.add(pathKey({ source, target }))
        if (!oneWay) this.#blocked.add(pathKey({ source: target, target: source }))
      }
    }
    this.#record(`partition ${groupA.join(',')} ${oneWay ? '>' : '|'} ${groupB.join(',')}`)
  }

  heal(): void {
    this.#record('heal')
    this.#blocked.clear()
    for (const connection of this.#connections) connection.heal()
  }

  reset(hostA: string, hostB: string): void {
    this.#record(`reset ${hostA} ${hostB}`)
    for (const connection of this.#connections) {
      if (connection.joins(hostA, hostB)) connection.reset()
    }
  }

  crash(host: string): void {
    this.#record(`crash ${host}`)
    this.#hosts.get(host)?.crash()
    this.#hosts.delete(host)
    for (const connection of this.#connections) connection.crash(host)
  }

  stall(host: string): void {
    this.#setStalled(host, true)
  }

  unstall(host: string): void {
    this.#setStalled(host, false)
    for (const connection of this.#connections) connection.awaitRead(host)
  }

  slow(host: string, slowness?: Slowness): void {
    this.#record(`slow ${host} ${JSON.stringify(slowness ?? null)}`)
    this.weather.slow(host, slowness)
  }

  get disturbances(): Readonly<Disturbances> {
    return this.weather.disturbances
  }

  traffic(source: string, target: string): Traffic {
    return { frames: 0, bytes: 0, ...this.#traffic.get(pathKey({ source, target })) }
  }

  hostNamed(name: string): SimulatedHost | undefined {
    return this.#hosts.get(name)
  }

  isBlocked(path: Path): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(pathKey(path))
  }

  noteFrames({ connection, source, target, frames }: Delivery): void {
    const traffic = this.#traffic.get(pathKey({ source, target })) ?? { frames: 0, bytes: 0 }
    this.#traffic.set(pathKey({ source, target }), traffic)
    for (const frame of frames) {
      this.frames += 1
      this.bytes += frame.length
      traffic.frames += 1
      traffic.bytes += frame.length
      if (this.#options.record !== undefined) {
        const text = `frame ${source} > ${target} #${connection}`
        this.#record(`${text} ${frame.length} bytes ${checksum(frame)}`)
      }
    }
  }

  noteClosed(connection: SimulatedConnection): void {
    this.#connections.delete(connection)
  }

  #setStalled(name: string, isStalled: boolean): void {
    this.#record(`${isStalled ? 'stall' : 'unstall'} ${name}`)
    const host = this.#hosts.get(name)
    if (host !== undefined) host.isStalled = isStalled
  }

  #record(text: string): void {
    this.#options.record?.(`${this.clock.now().toFixed(3)} ${text}`)
  }
}

/** Host names have no spaces. */
function pathKey({ source, target }: Path): string {
  return `${source} ${target}`
}

/** FNV-1a over all bytes, so that traces differ where contents do. */
function checksum(frame: Frame): string {
  let hash = 0x811c_9dc5
  for (const byte of frame) hash = Math.imul(hash ^ byte, 0x0100_0193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
