/**
 * Reads a dictionary: straight from the table, without asking an actor. It never changes anything,
 * and what it hands out cannot be used to change the dictionary either.
 */

import { digestOf } from '../machines/rules/digest.ts'
import { type Key, publicKey, requireKey, type StoredKey } from '../machines/rules/key.ts'
import type { RoomLimit } from '../machines/rules/lacking.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import {
  keyAt,
  type LeaseView,
  liveSlots,
  readValue,
  viewLease,
} from '../machines/rules/replica.ts'
import type { LimitCounts } from './bounds.ts'
import { sweepToRead } from './ephemeral.ts'
import type { Switchboard } from './switchboard.ts'

/** A connected peer. */
export interface PeerView {
  readonly peerId: string
  /** Where it was dialled, or from where it called. */
  readonly address: string
  readonly direction: 'incoming' | 'outgoing'
  readonly state: 'nominal'
  /** From a heartbeat to its echo, in milliseconds; undefined before the first. */
  readonly roundTripMs: number | undefined
}

/** A peer of the network, connected to this one or not, as far as it is known here. */
export interface MemberView {
  readonly peerId: string
  /** False if it has been silent for too long; it is forgotten after an hour. */
  readonly isReachable: boolean
  /** True if this peer is connected to it. */
  readonly isNeighbour: boolean
  /** Where it can be dialled, if it has told. */
  readonly addresses: readonly string[]
  /** Which limit of it is in the way of what this peer wrote; null if none is, as it tells. */
  readonly lack: RoomLimit | null
}

export class Reader {
  readonly #board: Switchboard

  constructor(board: Switchboard) {
    this.#board = board
  }

  get peerId(): string {
    return this.#board.self.peer
  }

  /** How often each limit was reached since the dictionary was opened. */
  get limitsReached(): LimitCounts {
    return this.#board.bounds.counts
  }

  /** The value of a key, or undefined. Throws `KEY_INVALID`. */
  get(key: Key): unknown {
    const { table } = this.#board.replica
    // What is found is a key, so it need not be looked at; nothing is gone that nobody was told of.
    const slot = table.lapsing.size === 0 ? table.slots.get(key as StoredKey) : undefined
    if (slot !== undefined) return readValue(this.#board.replica, slot)
    const { replica } = this.#swept
    return readValue(replica, replica.table.find(requireKey(key)))
  }

  has(key: Key): boolean {
    const { table } = this.#swept.replica
    const slot = table.find(requireKey(key))
    return slot >= 0 && table.shows(slot)
  }

  get size(): number {
    const { table } = this.#swept.replica
    return table.size - table.gone.size
  }

  /** All pairs, oldest key first. Safe while the dictionary changes. */
  *entries(): Generator<[Key, unknown]> {
    const { replica } = this.#swept
    for (const slot of liveSlots(replica)) yield [keyAt(replica, slot), readValue(replica, slot)]
  }

  *keys(): Generator<Key> {
    const { replica } = this.#swept
    for (const slot of liveSlots(replica)) yield keyAt(replica, slot)
  }

  *values(): Generator<unknown> {
    const { replica } = this.#swept
    for (const slot of liveSlots(replica)) yield readValue(replica, slot)
  }

  /** The lease of a key that is in force, or undefined if it is free. */
  lease(key: Key): LeaseView | undefined {
    const { replica } = this.#board
    const slot = replica.table.find(requireKey(key))
    if (slot < 0) return undefined
    return viewLease(replica, slot, this.#board.read())
  }

  /** All leases that are in force, with their keys. */
  *leases(): Generator<LeaseView & { readonly key: Key }> {
    const { replica } = this.#board
    const reading = this.#board.read()
    for (const slot of replica.table.slotsInUse()) {
      const lease = viewLease(replica, slot, reading)
      if (lease) yield { key: publicKey(replica.table.keys[slot] as StoredKey), ...lease }
    }
  }

  /** 16 hexadecimal digits, equal at all peers that hold the same data. */
  digest(): string {
    return digestOf(this.#board.replica)
  }

  /** The peers that data flows to and from. */
  peers(): PeerView[] {
    return [...this.#board.lines.neighbours()].map((line) => ({
      peerId: line.peerId as PeerId,
      address: line.address,
      direction: line.direction,
      state: 'nominal',
      roundTripMs: line.roundTripMs,
    }))
  }

  /** All peers of the network that this one has heard of, but for itself. */
  members(): MemberView[] {
    return [...this.#board.members.values()].map((member) => {
      const { peerId, isReachable, isNeighbour, presence } = member
      const { addresses = [], lacks = [] } = presence ?? {}
      return { peerId, isReachable, isNeighbour, addresses, lack: lacks[0]?.[1] ?? null }
    })
  }

  /** The same, after what is gone by now was told. */
  get #swept(): Switchboard {
    sweepToRead(this.#board)
    return this.#board
  }

  /** The summary that a snapshot shows. */
  toJSON(): unknown {
    if (this.#board.replica === undefined) return { peerId: this.peerId }
    const peers = this.peers().map(({ peerId }) => peerId)
    return { peerId: this.peerId, size: this.size, digest: this.digest(), peers }
  }
}
