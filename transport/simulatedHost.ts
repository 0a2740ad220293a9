import type {
  Clock,
  Listener,
  ListenerEvents,
  ListenFailure,
  Transport,
  Wire,
  WireEvents,
} from './ports.ts'
import { type Exchange, SimulatedConnection } from './simulatedConnection.ts'
import type { Weather } from './simulatedWeather.ts'
import type { WireHost } from './simulatedWire.ts'

/** Ports that the host chooses itself begin here. */
const PORT_MIN = 49_152

const SIMULATED_ADDRESS = /^sim:\/\/([\w.-]+)(?::(\d{1,5}))?$/

export interface SimulatedHostOptions {
  readonly exchange: Exchange
  readonly name: string
  readonly clock: Clock
  readonly queueBytesHigh: number
  readonly onConnection: (connection: SimulatedConnection) => void
  readonly countConnection: () => number
}

/** One process on the simulated network, and the transport that it is given. */
export class SimulatedHost implements Transport, WireHost {
  readonly scheme = 'sim'
  readonly name: string
  readonly clock: Clock
  readonly queueBytesHigh: number
  readonly weather: Weather
  isStalled = false
  isAlive = true
  readonly #options: SimulatedHostOptions
  readonly #listeners = new Map<string, ListenerEvents>()
  #portNext = PORT_MIN

  constructor(options: SimulatedHostOptions) {
    this.#options = options
    this.name = options.name
    this.clock = options.clock
    this.queueBytesHigh = options.queueBytesHigh
    this.weather = options.exchange.weather
  }

  dial(address: string, events: WireEvents): Wire {
    const targetHost = SIMULATED_ADDRESS.exec(address)?.[1]
    const connection = new SimulatedConnection({
      exchange: this.#options.exchange,
      number: this.#options.countConnection(),
      host: this,
      sourceAddress: `sim://${this.name}:${this.#choosePort()}`,
      targetAddress: address,
      targetHost: targetHost ?? '',
    })
    const wire = connection.dialler
    if (!this.isAlive) {
      // A process that died does nothing and hears nothing.
      wire.vanish()
      return wire
    }
    wire.attend(events)
    if (targetHost === undefined) {
      wire.finish({ code: 'unsupported', detail: `${address} is no simulated address` })
    } else {
      this.#options.onConnection(connection)
      wire.dial()
    }
    return wire
  }

  listen(address: string, events: ListenerEvents): Listener {
    const [, host, port] = SIMULATED_ADDRESS.exec(address) ?? []
    const place = port === '0' ? `sim://${host}:${this.#choosePort()}` : address
    const failure = this.#judge(host, place)
    if (failure !== undefined) {
      this.clock.defer(() => events.failed(failure))
      return { close: (done) => this.#later(done) }
    }
    if (!this.isAlive) return { close() {} }
    this.#listeners.set(place, events)
    this.clock.defer(() => {
      if (this.#listeners.get(place) === events) events.listening(place)
    })
    return {
      close: (done) => {
        if (this.#listeners.get(place) === events) this.#listeners.delete(place)
        this.#later(done)
      },
    }
  }

  listens(address: string): boolean {
    return this.#listeners.has(address)
  }

  /** Tells the listener of a wire. Without a listener the wire is turned away. */
  accept(address: string, wire: Wire): WireEvents | undefined {
    return this.#listeners.get(address)?.accepted(wire)
  }

  /** The process is gone, and with it everything it listened to. */
  crash(): void {
    this.isAlive = false
    this.#listeners.clear()
  }

  #judge(host: string | undefined, place: string): ListenFailure | undefined {
    if (host !== this.name) {
      return { code: 'address-invalid', detail: `${place} is no address of ${this.name}` }
    }
    if (this.#listeners.has(place)) {
      return { code: 'address-in-use', detail: `${place} is in use` }
    }
    return undefined
  }

  #later(done: (() => void) | undefined): void {
    if (done !== undefined) this.clock.defer(done)
  }

  #choosePort(): number {
    this.#portNext += 1
    return this.#portNext - 1
  }
}
