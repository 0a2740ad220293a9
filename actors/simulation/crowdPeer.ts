/**
 * A peer of a crowd: the relay and the rules of the view as they run in production, and of the rest
 * as much as they need to be asked the same questions at the same times.
 */

import { CONNECTION_MS } from '../../machines/connection.ts'
import { FIRST_DIAL_MS_MAX } from '../../machines/rules/backoff.ts'
import { PEERS_TOLD_MAX } from '../../machines/rules/hearsay.ts'
import type { DataMessage } from '../../machines/rules/message.ts'
import type { Origin, PeerId, RunId } from '../../machines/rules/peer.ts'
import {
  ANCHORS_MIN,
  ASKED_DEGREE,
  changeNeighbour,
  createView,
  hearView,
  holdAnchors,
  isAnchored,
  surplus,
  VIEW_MAX,
  VIEW_MIN,
  type View,
} from '../../machines/rules/view.ts'
import {
  createWaterfall,
  fallsFresh,
  hasFallen,
  type Waterfall,
} from '../../machines/rules/waterfall.ts'
import type { Clock, Timer } from '../../transport/ports.ts'
import type { AlarmEvent } from '../alarm.ts'
import { TELL_MS, VIEW_LOOK_MS } from '../neighbourhood.ts'
import { type Ground, Relay } from '../relay.ts'
import type { Crowd, CrowdBroadcast } from './crowd.ts'
import type { CrowdLine } from './crowdLink.ts'

/** How many others a peer dials by default, those that it is connected to included. */
const OUTGOING_MAX = 8
/** The application asked for no neighbour by name. */
const NOBODY: ReadonlySet<PeerId> = new Set()

/** A broadcast on its way, and how many links it has gone over. */
export interface Passing {
  readonly parcel: CrowdBroadcast
  readonly hops: number
}

export class CrowdPeer implements Ground {
  readonly peerId: PeerId
  readonly origin: Origin
  readonly clock: Clock
  /** How many links each broadcast that is still counted went over to come here. */
  readonly hops = new Map<CrowdBroadcast, number>()
  isAlive = true
  view: View
  readonly #lines = new Map<PeerId, CrowdLine>()
  readonly #crowd: Crowd
  readonly #waterfall: Waterfall = createWaterfall()
  readonly #relay: Relay
  #alarm: Timer
  #isTelling = false
  /** Connections that this peer dialled, those under way included. */
  #outgoing = 0

  constructor(crowd: Crowd, peerId: PeerId) {
    this.#crowd = crowd
    this.clock = crowd.clock
    this.peerId = peerId
    this.origin = { peer: peerId, run: 'one' as RunId }
    this.view = createView(peerId)
    this.#relay = new Relay(this, this.#waterfall)
    this.#scheduleLook()
  }

  readonly lines = {
    neighbours: () => this.#lines.values(),
    to: (peerId: PeerId) => this.#lines.get(peerId),
    broadcast: (frame: Uint8Array) => {
      for (const line of this.#lines.values()) line.send(frame)
    },
  }

  readonly tree = {
    send: ({ at }: AlarmEvent) => {
      this.clock.clearTimeout(this.#alarm)
      if (at === Number.POSITIVE_INFINITY) return
      const waitMs = Math.max(1, Math.ceil(at - this.clock.now()))
      this.#alarm = this.clock.setTimeout(() => {
        if (this.isAlive) this.#relay.catchUp()
      }, waitMs)
    },
  }

  get degree(): number {
    return this.#lines.size
  }

  get livingNeighbours(): number {
    let count = 0
    for (const { peer } of this.#lines.values()) if (peer.isAlive) count += 1
    return count
  }

  has({ origin, number }: CrowdBroadcast): boolean {
    return hasFallen(this.#waterfall, origin, number)
  }

  /** Says something to everybody. */
  say(): CrowdBroadcast {
    const parcel = this.#crowd.write(this, ++this.#waterfall.sent)
    const { origin, number, frame } = parcel
    fallsFresh(this.#waterfall, origin, number)
    this.hops.set(parcel, 0)
    this.#relay.tell({ origin, number, from: null }, frame)
    return parcel
  }

  receive(line: CrowdLine, { parcel, hops }: Passing): void {
    const { origin, number, frame } = parcel
    if (hasFallen(this.#waterfall, origin, number)) return this.#relay.refuse(line)
    fallsFresh(this.#waterfall, origin, number)
    this.hops.set(parcel, hops)
    parcel.note(hops, this.clock.now())
    const isTold = line.peerId === origin.peer && this.view.isClique
    if (!isTold) this.#relay.pass({ origin, number, from: line.peerId }, frame, line)
  }

  hear(line: CrowdLine, message: DataMessage): void {
    if (message.kind === 'view.tell') {
      this.view = hearView(this.view, { ...message, peerId: line.peerId, now: this.clock.now() })
    } else this.#relay.hear({ line, message })
  }

  /** A connection came into use. */
  join(line: CrowdLine): void {
    this.#lines.set(line.peerId, line)
    this.#note(line.peerId, { isNeighbour: true, isChosen: line.isDialler })
    // Each asks the other what it has missed, as soon as they are connected.
    this.clock.setTimeout(() => this.#reconcile(line), 2 * line.link.latencyMs)
  }

  /** A connection is gone. */
  lose(line: CrowdLine): void {
    if (!line.isOpen) return
    line.isOpen = false
    if (line.isDialler) this.#outgoing -= 1
    this.#lines.delete(line.peerId)
    this.#relay.lose(line.peerId)
    this.#note(line.peerId, { isNeighbour: false, isChosen: false })
  }

  /** Dies without a word. Its neighbours find out by the silence, each at its own heartbeat. */
  die(): void {
    this.isAlive = false
    for (const line of this.#lines.values()) {
      const there = line.link.across(line)
      const { silence, heartbeat } = CONNECTION_MS
      const waitMs = this.#crowd.isReset
        ? line.link.latencyMs
        : silence + this.#crowd.random() * heartbeat
      this.clock.setTimeout(() => there.owner.isAlive && there.owner.lose(there), waitMs)
    }
    this.#lines.clear()
  }

  #reconcile({ isOpen, peer }: CrowdLine): void {
    if (!isOpen || !peer.isAlive) return
    for (const parcel of this.#crowd.counted) {
      if (!peer.has(parcel) || this.has(parcel)) continue
      fallsFresh(this.#waterfall, parcel.origin, parcel.number)
      parcel.noteGiven(this.clock.now())
    }
  }

  #note(peerId: PeerId, change: { isNeighbour: boolean; isChosen: boolean }): void {
    const now = this.clock.now()
    this.view = changeNeighbour(this.view, { peerId, ...change, now })
    this.#crowd.changedAt = now
    if (!change.isNeighbour) this.#tell()
    if (this.#isTelling) return
    this.#isTelling = true
    this.clock.setTimeout(() => {
      this.#isTelling = false
      if (this.isAlive) this.#tell()
    }, TELL_MS)
  }

  #tell(): void {
    const { digest, neighbours } = this.view
    for (const line of this.#lines.values()) {
      const isHeld = neighbours.get(line.peerId)?.isAnchor === true
      line.say({ kind: 'view.tell', digest, degree: isHeld ? ASKED_DEGREE : neighbours.size })
    }
  }

  #scheduleLook(): void {
    const { random } = this.#crowd
    this.clock.setTimeout(
      () => {
        if (!this.isAlive) return
        this.#look()
        this.#scheduleLook()
      },
      VIEW_LOOK_MS * (0.5 + random()),
    )
  }

  /** As the neighbourhood actor looks; whom it finds is dialled as the mesh would dial. */
  #look(): void {
    const crowd = this.#crowd
    const { random } = crowd
    const others = crowd.known - 1
    this.view = holdAnchors(this.view, this.clock.now())
    if (others > VIEW_MAX && this.#lacks) {
      for (const stranger of crowd.strangers(this, PEERS_TOLD_MAX)) {
        this.clock.setTimeout(() => this.#dial(stranger), random() * FIRST_DIAL_MS_MAX)
      }
    }
    const peerId = surplus(this.view, { others, kept: NOBODY, random, now: this.clock.now() })
    if (peerId !== null) this.#lines.get(peerId)?.spare()
  }

  /** True if it has too few neighbours, or too few that it has dialled. */
  get #lacks(): boolean {
    return this.degree < VIEW_MIN || !isAnchored(this.view)
  }

  #dial(stranger: CrowdPeer): void {
    const most = this.degree >= VIEW_MIN ? ANCHORS_MIN : OUTGOING_MAX
    const isNeedless = !this.#lacks || this.#outgoing >= most
    if (!this.isAlive || isNeedless || this.#lines.has(stranger.peerId)) return
    const crowd = this.#crowd
    const latencyMs = crowd.latency()
    this.#outgoing += 1
    crowd.tally.dials += 1
    // TCP, the handshake, and the choice of the connection: five ways in all.
    this.clock.setTimeout(() => {
      const isThere = this.isAlive && stranger.isAlive
      if (isThere && !this.#lines.has(stranger.peerId)) crowd.connect([this, stranger], latencyMs)
      else this.#outgoing -= 1
    }, 5 * latencyMs)
  }
}
