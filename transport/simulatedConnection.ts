import type { Frame, WireEvents } from './ports.ts'
import type { SimulatedHost } from './simulatedHost.ts'
import { type Medium, type Packet, SimulatedLink } from './simulatedLink.ts'
import { SimulatedWire } from './simulatedWire.ts'

/** What a connection asks of the network. */
export interface Exchange extends Medium {
  hostNamed(name: string): SimulatedHost | undefined
  noteFrames(delivery: Delivery): void
  noteClosed(connection: SimulatedConnection): void
}

/** Frames that one host read from another. */
export interface Delivery {
  readonly connection: number
  readonly source: string
  readonly target: string
  readonly frames: readonly Frame[]
}

export interface SimulatedConnectionOptions {
  readonly exchange: Exchange
  /** Counts the connections of the network, for traces. */
  readonly number: number
  readonly host: SimulatedHost
  /** Where the dialler sends from, as a URL. */
  readonly sourceAddress: string
  readonly targetAddress: string
  readonly targetHost: string
}

/** Two wires and the links between them; one wire until the other host has accepted. */
export class SimulatedConnection {
  readonly dialler: SimulatedWire
  #acceptor: SimulatedWire | undefined
  #dialArrived = false
  readonly #options: SimulatedConnectionOptions
  readonly #forward: SimulatedLink
  readonly #backward: SimulatedLink

  constructor(options: SimulatedConnectionOptions) {
    this.#options = options
    const { exchange, host, targetAddress, targetHost } = options
    const path = { source: host.name, target: targetHost }
    const wayBack = { source: targetHost, target: host.name }
    this.#forward = new SimulatedLink(exchange, path, (packet) => this.#arrive(packet))
    this.#backward = new SimulatedLink(exchange, wayBack, (packet) => this.dialler.arrive(packet))
    this.dialler = new SimulatedWire({
      host,
      remoteAddress: targetAddress,
      outgoing: this.#forward,
      incoming: this.#backward,
      onFrames: (frames) => this.#noteFrames(this.#backward, frames),
      onClosed: () => this.#noteClosed(),
    })
  }

  joins(hostA: string, hostB: string): boolean {
    const { source, target } = this.#forward.path
    return (source === hostA && target === hostB) || (source === hostB && target === hostA)
  }

  heal(): void {
    this.#forward.heal()
    this.#backward.heal()
  }

  /** Breaks at both ends, and what was under way is lost. */
  reset(): void {
    for (const link of [this.#forward, this.#backward]) link.cut()
    for (const wire of [this.dialler, this.#acceptor]) wire?.arrive({ kind: 'reset' })
  }

  /**
   * The process on that host is gone. The other host gets a reset, behind what is under way
   * already.
   */
  crash(host: string): void {
    if (this.#forward.path.source === host) {
      this.#forward.orphan()
      if (!this.dialler.isClosed) this.#forward.send({ kind: 'reset' })
      this.dialler.vanish()
    }
    if (this.#forward.path.target === host) {
      this.#backward.orphan()
      const isKnown = this.#dialArrived && this.#acceptor?.isClosed !== true
      if (isKnown) this.#backward.send({ kind: 'reset' })
      this.#acceptor?.vanish()
    }
  }

  /** Has the processes on that host look for what arrived while they did not read. */
  awaitRead(host: string): void {
    if (this.#forward.path.source === host) this.dialler.awaitRead()
    if (this.#forward.path.target === host) this.#acceptor?.awaitRead()
  }

  #arrive(packet: Packet): void {
    if (this.#acceptor !== undefined) {
      this.#acceptor.arrive(packet)
      return
    }
    if (packet.kind !== 'dial') return
    this.#dialArrived = true
    const { exchange, targetHost, targetAddress } = this.#options
    const host = exchange.hostNamed(targetHost)
    if (host?.listens(targetAddress) !== true) this.#backward.send({ kind: 'refused' })
    else host.clock.setTimeout(() => this.#accept(host), 0)
  }

  #accept(host: SimulatedHost): void {
    // The dialler may have given up, and the process may have stopped listening or have died
    // meanwhile.
    if (this.dialler.isClosed || !host.isAlive) return
    const { sourceAddress, targetAddress } = this.#options
    const wire = new SimulatedWire({
      host,
      remoteAddress: sourceAddress,
      outgoing: this.#backward,
      incoming: this.#forward,
      onFrames: (frames) => this.#noteFrames(this.#forward, frames),
      onClosed: () => this.#noteClosed(),
    })
    this.#acceptor = wire
    const events: WireEvents | undefined = host.accept(targetAddress, wire)
    if (events === undefined) {
      wire.turnAway()
    } else {
      wire.attend(events)
      wire.accept()
    }
  }

  #noteFrames({ path }: SimulatedLink, frames: readonly Frame[]): void {
    this.#options.exchange.noteFrames({ connection: this.#options.number, ...path, frames })
  }

  #noteClosed(): void {
    if (!this.dialler.isClosed || this.#acceptor?.isClosed === false) return
    this.#options.exchange.noteClosed(this)
  }
}
