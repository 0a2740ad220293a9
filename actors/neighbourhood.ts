/**
 * The neighbourhood actor: tells the neighbours of this peer's view, lets the mesh know how many
 * neighbours are wanted and where others can be found, and lets one go where there are too many.
 */

import { fromCallback } from 'xstate'
import { countMembers } from '../machines/rules/census.ts'
import { PEERS_TOLD_MAX } from '../machines/rules/hearsay.ts'
import type { Shared } from '../machines/rules/line.ts'
import type { DataMessage, PeerAddresses } from '../machines/rules/message.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import { farthest } from '../machines/rules/place.ts'
import {
  ASKED_DEGREE,
  type Change,
  changeNeighbour,
  hearView,
  holdAnchors,
  isAnchored,
  surplus,
  VIEW_MAX,
  VIEW_MIN,
  type View,
} from '../machines/rules/view.ts'
import { encode } from '../transport/codec.ts'
import type { Frame, Timer } from '../transport/ports.ts'
import type { Switchboard } from './switchboard.ts'

/**
 * How often a peer looks whether it has too many neighbours or too few, in milliseconds; each time
 * is drawn from half to one and a half, so that two do not let each other go and find none.
 */
export const VIEW_LOOK_MS = 2_000

/** How long changes are collected before the neighbours are told of them, in milliseconds. */
export const TELL_MS = 50

export type NeighbourhoodEvent =
  /** The census has changed. */
  | { readonly type: 'members.counted' }
  | {
      readonly type: 'neighbour.noted'
      readonly peerId: PeerId
      readonly isNeighbour: boolean
      readonly isChosen: boolean
    }
  /** The application asked for one of them. */
  | { readonly type: 'neighbour.asked' }
  | {
      readonly type: 'view.heard'
      readonly peerId: PeerId
      readonly view: Extract<DataMessage, { kind: 'view.tell' }>
    }

export const neighbourhoodLogic = fromCallback<NeighbourhoodEvent, { readonly shared: Shared }>(
  ({ input, receive }) => {
    const board = input.shared as Switchboard
    const looking = new Looking(board)
    receive((event) => {
      if (event.type === 'neighbour.noted') looking.note(event)
      else if (event.type === 'neighbour.asked') looking.tellSoon()
      else if (event.type === 'members.counted') looking.count()
      else
        board.view = hearView(board.view, {
          ...event.view,
          peerId: event.peerId,
          now: board.clock.now(),
        })
    })
    return () => looking.stop()
  },
)

class Looking {
  readonly #board: Switchboard
  #timer: Timer
  #tellTimer: Timer
  #isTelling = false

  constructor(board: Switchboard) {
    this.#board = board
  }

  stop(): void {
    this.#board.clock.clearTimeout(this.#timer)
    this.#board.clock.clearTimeout(this.#tellTimer)
  }

  /** A neighbour that does not know of a change yet relays what it need not: no harm is done. */
  note(change: Omit<Change, 'now'>): void {
    const board = this.#board
    board.view = changeNeighbour(board.view, { ...change, now: board.clock.now() })
    // Who still counts on this peer's word to reach the one that is gone must not do so any more.
    if (!change.isNeighbour) this.#tell()
    this.tellSoon()
  }

  tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    this.#tellTimer = this.#board.clock.setTimeout(() => {
      this.#isTelling = false
      this.#tell()
    }, TELL_MS)
  }

  #tell(): void {
    const { lines, view, asked } = this.#board
    const { digest } = view
    const frames = [view.neighbours.size, ASKED_DEGREE].map((degree) =>
      encode({ kind: 'view.tell', digest, degree }),
    )
    for (const line of lines.neighbours()) {
      const peerId = line.peerId as PeerId
      const isHeld = asked.has(peerId) || view.neighbours.get(peerId)?.isAnchor === true
      line.send(frames[isHeld ? 1 : 0] as Frame)
    }
  }

  /** In a small network there is nothing to look after. */
  count(): void {
    if (this.#board.isPartial || countMembers(this.#board.members).connected <= VIEW_MAX) return
    this.#board.isPartial = true
    this.#schedule()
  }

  #schedule(): void {
    const { clock, random } = this.#board
    const waitMs = VIEW_LOOK_MS * (0.5 + random())
    this.#timer = clock.setTimeout(() => {
      this.#look()
      if (this.#board.isPartial) this.#schedule()
    }, waitMs)
  }

  #look(): void {
    this.#board.view = holdAnchors(this.#board.view, this.#board.clock.now())
    const { view, members, mesh, random, kept, clock, lines } = this.#board
    const others = countMembers(members).connected
    const isPartial = others > VIEW_MAX
    this.#board.isPartial = isPartial
    const wanted = isPartial ? VIEW_MIN : null
    const reachable = new Set<PeerId>()
    for (const { peerId, isReachable } of members.values()) if (isReachable) reachable.add(peerId)
    const hasAnchors = isAnchored(view)
    mesh.send({ type: 'view.looked', wanted, reachable, isAnchored: hasAnchors })
    if (wanted !== null && (view.neighbours.size < wanted || !hasAnchors)) {
      const place = farthest([...lines.neighbours()].map((line) => line.place))
      mesh.send({ type: 'peers.told', peers: this.#strangers(view), teller: null, place })
    }
    const peerId = surplus(view, { others, kept, random, now: clock.now() })
    const line = peerId === null ? undefined : lines.to(peerId)
    if (line === undefined) return
    line.isSpared = true
    mesh.send({ type: 'peer.spare', peerId })
  }

  /** Some members that are in reach and no neighbours, drawn by chance. */
  #strangers({ neighbours }: View): PeerAddresses[] {
    const { members, random } = this.#board
    const strangers: PeerAddresses[] = []
    for (const { peerId, isReachable, presence } of members.values()) {
      if (!isReachable || presence === null || neighbours.has(peerId)) continue
      if (presence.addresses.length > 0) strangers.push({ peerId, ...presence })
    }
    const drawn: PeerAddresses[] = []
    while (strangers.length > 0 && drawn.length < PEERS_TOLD_MAX) {
      drawn.push(...strangers.splice(Math.floor(random() * strangers.length), 1))
    }
    return drawn.map(({ peerId, addresses }) => ({ peerId, addresses }))
  }
}
