/**
 * The switchboard: what the actors of one dictionary share. Who they are, through which lines they
 * reach other peers, and the world's ports: time, chance, ids and carriers.
 *
 * It holds references, no state of its own. Actors find each other here instead of by names in the
 * actor system, where two dictionaries of one application would collide.
 */

import type { AnyActorRef, InspectionEvent, Observer } from 'xstate'
import type { MeshEvent } from '../machines/mesh.ts'
import type { Census } from '../machines/rules/census.ts'
import type { Reading } from '../machines/rules/lease.ts'
import type { LimitName } from '../machines/rules/limit.ts'
import type { ConnectionBirth, Shared } from '../machines/rules/line.ts'
import type { DataMessage } from '../machines/rules/message.ts'
import { createPassage, readPassage } from '../machines/rules/passage.ts'
import type { Origin, PeerId, RunId } from '../machines/rules/peer.ts'
import { mayTell, placeOfHost } from '../machines/rules/place.ts'
import type { Replica } from '../machines/rules/replica.ts'
import { createView, type View } from '../machines/rules/view.ts'
import type { Evidence } from '../machines/rules/witness.ts'
import type { Clock, Frame, Random, Transport, WireEvents } from '../transport/ports.ts'
import type { Announcement } from './announcement.ts'
import { Audience } from './audience.ts'
import { Bounds, type Culprit } from './bounds.ts'
import { Congestion } from './congestion.ts'
import { Counts } from './counts.ts'
import { publish, type Trace } from './diagnostics.ts'
import { Line, type LineOptions } from './line.ts'
import { Lines } from './lines.ts'
import { Notary } from './notary.ts'
import type { Settings } from './settings.ts'
import { carrierOf, whyNotDial } from './shelter.ts'

/** How long a reading of the clocks may be used again, in milliseconds. */
const READING_MS = 0.25

/** A data message on its way through this peer. It shows only its kind and size to an inspector. */
export class Parcel {
  readonly line: Line
  readonly message: DataMessage
  readonly frame: Frame
  /** What proves the entries in it, when that was verified. */
  evidence: Evidence | undefined

  constructor(line: Line, message: DataMessage, frame: Frame) {
    this.line = line
    this.message = message
    this.frame = frame
  }

  toJSON(): unknown {
    return { from: this.line.peerId, kind: this.message.kind, bytes: this.frame.length }
  }
}

/** What the mesh asks of its doors: to be called later. */
export interface DoorKeeper {
  wakeAt(at: number | null): void
  after(delayMs: number, event: MeshEvent): void
}

export class Switchboard implements Shared {
  readonly settings: Settings
  readonly self: Origin
  readonly lines = new Lines()
  /** Whether the network keeps up with what is written. */
  readonly congestion = new Congestion(this)
  /** Signs and checks what peers say, in a network whose peers do. */
  readonly notary: Notary | undefined
  readonly counts = new Counts()
  readonly bounds = new Bounds()
  /** The root: hears what happened. */
  readonly sync: AnyActorRef
  /** The children of the root, from its start. */
  store!: AnyActorRef
  waterfall!: AnyActorRef
  reconcile!: AnyActorRef
  census!: AnyActorRef
  ballot!: AnyActorRef
  ephemeral!: AnyActorRef
  reminder!: AnyActorRef
  tree!: AnyActorRef
  neighbourhood!: AnyActorRef
  mesh!: AnyActorRef
  replica!: Replica
  /** The members of the network, as far as they are known here. */
  members: Census = new Map()
  /** Who the neighbours are, and with whom they are connected. */
  view: View
  /** True while the network is too large for everybody to be connected to everybody. */
  isPartial = false
  /** Neighbours that the application asked for by name or address. */
  readonly kept = new Set<PeerId>()
  /** Those of them that it asked for one by one: they are told, so that they keep this peer too. */
  readonly asked = new Set<PeerId>()
  /** Listeners and timers of the mesh, while it lives. */
  doors: DoorKeeper | undefined
  /** When this process was last seen to run, by the time that has passed (`read().wall`). */
  attentiveAt = 0
  /** True once a neighbour has told what this peer lacked. */
  isInformed = false
  /** What the leases that are acquired here are inspected with, as the dictionary itself is. */
  inspect: ((event: InspectionEvent) => void) | Observer<InspectionEvent> | undefined
  /** Where others may dial this peer. */
  addresses: readonly string[] = []
  readonly #audience: Audience
  #waiters = 0
  readonly #passage = createPassage()
  #reading: Reading = { now: Number.NEGATIVE_INFINITY, wall: 0 }
  #wall = Number.NaN
  /** Peers that the application was told of as connected. */
  readonly #present = new Set<PeerId>()
  /** Those that it is about to be told of. */
  readonly #joining = new Set<PeerId>()

  constructor(settings: Settings, sync: AnyActorRef) {
    this.settings = settings
    this.sync = sync
    this.#audience = new Audience(sync)
    this.self = { peer: settings.peerId as PeerId, run: this.makeId() as RunId }
    if (settings.integrity === 'signed') this.notary = new Notary(this)
    this.view = createView(this.self.peer)
  }

  get clock(): Clock {
    return this.settings.clock
  }

  get random(): Random {
    return this.settings.random
  }

  /** Both clocks, now. */
  read(): Reading {
    const { clock } = this.settings
    const [before, wall, after] = [clock.now(), clock.wall(), clock.now()]
    this.#wall = wall
    this.#reading = readPassage(this.#passage, { before, wall, after })
    return this.#reading
  }

  /**
   * Both clocks, now or a moment ago: for what comes by the thousand. Not for what a timer woke,
   * which would find that it is not yet time.
   */
  readLately(): Reading {
    const { clock } = this.settings
    const sinceMs = clock.now() - this.#reading.now
    const isLate = sinceMs >= 0 && sinceMs < READING_MS && clock.wall() === this.#wall
    return isLate ? this.#reading : this.read()
  }

  /** False while nobody would hear of changed values. */
  get areChangesHeard(): boolean {
    return this.inspect !== undefined || this.#audience.isThere
  }

  /** A number for one who waits for a lease; they rise in the order of coming. */
  nextWaiter(): number {
    return ++this.#waiters
  }

  makeId(): string {
    return this.settings.makeId()
  }

  transportFor(address: string): Transport | undefined {
    return carrierOf(this.settings, address)
  }

  /** A new line without a wire. */
  openLine(which: Pick<LineOptions, 'handle' | 'direction' | 'address'>): Line {
    const { clock, counts, settings } = this
    const queueBytesMax = settings.limits.sendQueueBytesMax
    const ports = { clock, counts, pour: this.#pour, reach: this.#reachOn }
    return this.lines.add(new Line({ ...which, ...ports, queueBytesMax }))
  }

  /**
   * Dials. An address that no transport serves, or that another peer told of and may not be dialled
   * from here, ends like one where nobody answers.
   */
  dial(
    { address, toldFrom }: Pick<ConnectionBirth, 'address' | 'toldFrom'>,
    events: WireEvents,
  ): ReturnType<Transport['dial']> | undefined {
    const transport = this.transportFor(address)
    const isExposed = whyNotDial(this.settings, address) !== undefined
    if (transport !== undefined && !isExposed) {
      if (toldFrom === null) return transport.dial(address, events)
      const mayReach = (host: string) => mayTell({ told: placeOfHost(host), teller: toldFrom })
      return transport.dial(address, events, mayReach)
    }
    this.clock.defer(() => events.closed({ code: 'unsupported', detail: address }))
    return undefined
  }

  /** A limit was reached: counts it, and tells it unless it was told a moment ago. */
  reach(limit: LimitName, who: Culprit = {}): void {
    const fact = this.bounds.reach(limit, who, this.clock.now())
    if (fact !== undefined) this.announce(fact)
  }

  /** Lets the application hear of something, through the root. */
  announce(...announcements: Announcement[]): void {
    this.announceAll(announcements)
  }

  /** The same of a list, which may be longer than a call can have arguments. */
  announceAll(announcements: readonly Announcement[]): void {
    if (announcements.length === 0) return
    for (const each of announcements) {
      this.counts.note(each)
      this.trace(each)
    }
    this.sync.send({ type: 'facts.told', facts: announcements })
  }

  /** Lets those hear of it who diagnose this process. */
  trace(fact: Announcement | Trace): void {
    publish(this, fact)
  }

  get peerId(): PeerId {
    return this.self.peer
  }

  get network(): string {
    return this.settings.network
  }

  /** A connection to this peer came into use, perhaps in place of another one. */
  joined(peerId: PeerId): void {
    if (this.#present.has(peerId) || this.#joining.has(peerId)) return
    this.#joining.add(peerId)
    // Whoever hears of it may send at once, so the line has to be in use by then.
    this.clock.defer(() => {
      if (!this.#joining.delete(peerId)) return
      this.#present.add(peerId)
      this.announce({ type: 'connect', peerId })
    })
  }

  /** The last connection to this peer is gone. */
  parted({ peerId, hasLeft }: { peerId: PeerId; hasLeft: boolean }): void {
    this.kept.delete(peerId)
    this.asked.delete(peerId)
    this.#joining.delete(peerId)
    if (this.#present.delete(peerId)) this.announce({ type: 'disconnect', peerId, hasLeft })
  }

  toJSON(): unknown {
    return { peerId: this.self.peer, network: this.settings.network }
  }

  readonly #reachOn = (limit: LimitName, line: Line): void => this.reach(limit, line)

  readonly #pour = (line: Line, message: DataMessage, frame: Frame): void => {
    switch (message.kind) {
      case 'broadcast':
        this.waterfall.send({
          type: 'broadcast.received',
          parcel: new Parcel(line, message, frame),
        })
        break
      case 'tree.prune':
      case 'tree.have':
      case 'tree.graft':
        this.waterfall.send({ type: 'tree.heard', parcel: new Parcel(line, message, frame) })
        break
      case 'view.tell':
        this.neighbourhood.send({ type: 'view.heard', peerId: line.peerId, view: message })
        break
      case 'whisper':
        this.announce({
          type: 'message',
          payload: message.payload,
          from: line.peerId as PeerId,
          isWhisper: true,
        })
        break
      case 'ballot':
        this.ballot.send({ type: 'ballot.heard', from: line.peerId, word: message.word })
        break
      case 'peers.ask':
        this.mesh.send({ type: 'peers.asked', peerId: line.peerId })
        break
      case 'peers.tell':
        this.mesh.send({ type: 'peers.told', ...message, teller: line.peerId, place: line.place })
        break
      default:
        this.reconcile.send({
          type: 'sync.received',
          parcel: new Parcel(line, message, frame),
        })
    }
  }
}
