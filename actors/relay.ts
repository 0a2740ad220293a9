/**
 * The hands of the tree: passes broadcasts on, tells lazy neighbours what came, and asks for what
 * did not. What to do is decided in `rules/plumtree.ts`.
 */

import type { DataMessage, Message } from '../machines/rules/message.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import {
  type Arrival,
  type BroadcastRange,
  broadcastKey,
  createTree,
  graftDueAt,
  graftsDue,
  HAVE_MS,
  havesToTell,
  hearGraft,
  hearHave,
  hearPrune,
  loseNeighbour,
  noteAgain,
  noteFresh,
} from '../machines/rules/plumtree.ts'
import { Recent } from '../machines/rules/recent.ts'
import type { View } from '../machines/rules/view.ts'
import { hasFallen, type Waterfall } from '../machines/rules/waterfall.ts'
import type { Clock, Frame } from '../transport/ports.ts'
import type { AlarmEvent } from './alarm.ts'

type TreeWord = Extract<DataMessage, { kind: `tree.${string}` }>

/** A line to a neighbour, as far as a tree needs one. */
export interface Branch {
  readonly peerId: PeerId | null
  send(frame: Frame): boolean
  say(message: Message): void
}

/** What a tree stands on: a switchboard has more. */
export interface Ground {
  readonly lines: {
    neighbours(): Iterable<Branch>
    to(peerId: PeerId): Branch | undefined
    broadcast(frame: Frame): unknown
  }
  readonly clock: Pick<Clock, 'now'>
  readonly view: Pick<View, 'isClique'>
  /** Rings when `catchUp` is due. */
  readonly tree: { send(event: AlarmEvent): void }
}

const NEVER = Number.POSITIVE_INFINITY

export class Relay {
  readonly #board: Ground
  readonly #waterfall: Waterfall
  readonly #tree = createTree()
  readonly #recent = new Recent<Frame>()
  #tellAt = NEVER
  #wakeAt = NEVER

  constructor(board: Ground, waterfall: Waterfall) {
    this.#board = board
    this.#waterfall = waterfall
  }

  /** Own words: to all neighbours if they are direct, or all know all; else along the tree. */
  tell(arrival: Arrival, frame: Frame, isDirect = false): void {
    const { view, lines } = this.#board
    if (view.isClique) {
      // Whoever was pruned while others had to relay would miss what it grafts later.
      if (this.#tree.lazy.size > 0) this.#tree.lazy.clear()
    } else if (!isDirect) return this.pass(arrival, frame)
    lines.broadcast(frame)
  }

  /** A fresh broadcast goes on to the eager neighbours, but not back. */
  pass(arrival: Arrival, frame: Frame, source?: Branch): void {
    const tree = this.#tree
    noteFresh(tree, arrival)
    this.#recent.keep(broadcastKey(arrival.origin, arrival.number), frame)
    for (const line of this.#board.lines.neighbours()) {
      if (line.peerId === source?.peerId || tree.lazy.has(line.peerId as PeerId)) continue
      line.send(frame)
    }
    if (tree.untold.length > 0 && this.#tellAt === NEVER) {
      this.#tellAt = this.#board.clock.now() + HAVE_MS
      this.#plan()
    }
  }

  /** It fell before. Where its origin tells all directly, that is chance and changes nothing. */
  refuse(line: Branch, isDirect = false): void {
    if (this.#board.view.isClique || isDirect) return
    noteAgain(this.#tree, line.peerId as PeerId)
    line.say({ kind: 'tree.prune' })
  }

  hear({ line, message }: { line: Branch; message: DataMessage }): void {
    const from = line.peerId as PeerId
    const word = message as TreeWord
    if (word.kind === 'tree.prune') hearPrune(this.#tree, from)
    else if (word.kind === 'tree.graft') this.#give(line, word.ranges)
    else {
      const heard = { from, ranges: word.ranges, now: this.#board.clock.now() }
      hearHave(this.#tree, heard, (origin, number) => hasFallen(this.#waterfall, origin, number))
      this.#plan()
    }
  }

  lose(peerId: PeerId): void {
    loseNeighbour(this.#tree, peerId)
  }

  /** Tells and asks whatever is due. */
  catchUp(): void {
    const { lines, clock } = this.#board
    this.#wakeAt = NEVER
    if (this.#tellAt <= clock.now()) {
      this.#tellAt = NEVER
      for (const [peer, ranges] of havesToTell(this.#tree)) {
        lines.to(peer)?.say({ kind: 'tree.have', ranges })
      }
    }
    const isNeighbour = (peer: PeerId) => lines.to(peer) !== undefined
    for (const [peer, ranges] of graftsDue(this.#tree, { now: clock.now(), isNeighbour })) {
      lines.to(peer)?.say({ kind: 'tree.graft', ranges })
    }
    this.#plan()
  }

  #give(line: Branch, ranges: readonly BroadcastRange[]): void {
    hearGraft(this.#tree, line.peerId as PeerId)
    let isLost = false
    for (const { origin, first, last } of ranges) {
      for (let number = first; number <= last; number++) {
        const frame = this.#recent.get(broadcastKey(origin, number))
        if (frame === undefined) isLost = true
        else line.send(frame)
      }
    }
    // What is not kept any more can still be found by comparing.
    if (isLost) line.say({ kind: 'sync.hint' })
  }

  #plan(): void {
    const at = Math.min(this.#tellAt, graftDueAt(this.#tree))
    if (at === this.#wakeAt) return
    this.#wakeAt = at
    this.#board.tree.send({ type: 'alarm.set', at })
  }
}
