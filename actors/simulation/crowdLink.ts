/** A link of a crowd: one connection, with a line at either end. What it carries stays in order. */

import type { DataMessage, Message } from '../../machines/rules/message.ts'
import type { PeerId } from '../../machines/rules/peer.ts'
import type { Frame } from '../../transport/ports.ts'
import type { Branch } from '../relay.ts'
import type { Crowd } from './crowd.ts'
import type { CrowdPeer } from './crowdPeer.ts'

export class CrowdLink {
  readonly crowd: Crowd
  /** How long a packet travels, in milliseconds. */
  readonly latencyMs: number
  readonly #ends: readonly [CrowdLine, CrowdLine]

  constructor(crowd: Crowd, [one, other]: readonly [CrowdPeer, CrowdPeer], latencyMs: number) {
    this.crowd = crowd
    this.latencyMs = latencyMs
    this.#ends = [
      new CrowdLine(this, { owner: one, peer: other, isDialler: true }),
      new CrowdLine(this, { owner: other, peer: one, isDialler: false }),
    ]
    for (const end of this.#ends) end.owner.join(end)
  }

  /** The end at the other side. */
  across(end: CrowdLine): CrowdLine {
    return this.#ends[0] === end ? this.#ends[1] : this.#ends[0]
  }
}

/** One end of a link, as the peer there knows it. */
export class CrowdLine implements Branch {
  readonly owner: CrowdPeer
  readonly peer: CrowdPeer
  readonly link: CrowdLink
  /** True at the end that dialled. */
  readonly isDialler: boolean
  /** True until the peer at this end knows that it is gone. */
  isOpen = true

  constructor(
    link: CrowdLink,
    { owner, peer, isDialler }: Pick<CrowdLine, 'owner' | 'peer' | 'isDialler'>,
  ) {
    this.link = link
    this.owner = owner
    this.peer = peer
    this.isDialler = isDialler
  }

  get peerId(): PeerId {
    return this.peer.peerId
  }

  send(frame: Frame): boolean {
    const { crowd } = this.link
    const parcel = crowd.broadcastOf(frame)
    const hops = (this.owner.hops.get(parcel) ?? 0) + 1
    crowd.tally.payloads += 1
    crowd.tally.payloadBytes += frame.length
    this.#travel((there) => there.owner.receive(there, { parcel, hops }))
    return true
  }

  say(message: Message): void {
    this.link.crowd.tally.count(message)
    this.#travel((there) => there.owner.hear(there, message as DataMessage))
  }

  /** Ends the link in good order: the other side learns of it as soon as word of it arrives. */
  spare(): void {
    this.#travel((there) => there.owner.lose(there))
    this.owner.lose(this)
  }

  /** Calls back at the other end, unless one of the two is dead or has parted by then. */
  #travel(arrive: (there: CrowdLine) => void): void {
    const there = this.link.across(this)
    this.link.crowd.clock.setTimeout(() => {
      if (there.isOpen && there.owner.isAlive) arrive(there)
    }, this.link.latencyMs)
  }
}
