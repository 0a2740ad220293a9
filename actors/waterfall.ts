/**
 * The waterfall actor: every broadcast, own or another's, falls over it once. A fresh one goes to
 * whom it concerns here, and on as the very bytes that came: to nobody if its origin has told all
 * neighbours itself, else along the tree.
 */

import type { ActorLogic, Snapshot } from 'xstate'
import type { Shared } from '../machines/rules/line.ts'
import type { Broadcast, BroadcastBody } from '../machines/rules/message.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import type { RenewalProof } from '../machines/rules/renewal.ts'
import { exposeValue } from '../machines/rules/value.ts'
import {
  createWaterfall,
  fallsFresh,
  hasFallen,
  type Waterfall,
} from '../machines/rules/waterfall.ts'
import { encodeOwn, encodeRelayed } from '../transport/codec.ts'
import { isRefused } from './ingress.ts'
import { Relay } from './relay.ts'
import { steadyLogic } from './steadyLogic.ts'
import type { Parcel, Switchboard } from './switchboard.ts'

export type WaterfallEvent =
  /** This peer has something to say to everybody. */
  | { readonly type: 'broadcast.made'; readonly body: BroadcastBody }
  /** A neighbour passed something on. */
  | { readonly type: 'broadcast.received'; readonly parcel: Parcel }
  /** A neighbour speaks of the tree. */
  | { readonly type: 'tree.heard'; readonly parcel: Parcel }
  /** Something is to be told or asked for. */
  | { readonly type: 'tree.due' }
  | { readonly type: 'neighbour.noted'; readonly peerId: PeerId; readonly isNeighbour: boolean }

export interface WaterfallState {
  readonly board: Switchboard
  readonly waterfall: Waterfall
  readonly relay: Relay
}

/** The logic of the waterfall, as `inspect` meets it. */
export interface WaterfallLogic
  extends ActorLogic<Snapshot<undefined>, WaterfallEvent, { readonly shared: Shared }> {}

export const waterfallLogic: WaterfallLogic = steadyLogic<
  WaterfallState,
  WaterfallEvent,
  { shared: Shared }
>(({ shared }) => {
  const board = shared as Switchboard
  const waterfall = createWaterfall()
  return { board, waterfall, relay: new Relay(board, waterfall) }
}, fall)

function fall(state: WaterfallState, event: WaterfallEvent): void {
  switch (event.type) {
    case 'broadcast.made':
      return make(state, event.body)
    case 'broadcast.received':
      return receive(state, event.parcel)
    case 'tree.heard':
      return state.relay.hear(event.parcel)
    case 'tree.due':
      return state.relay.catchUp()
    case 'neighbour.noted':
      if (!event.isNeighbour) state.relay.lose(event.peerId)
  }
}

/** What proves to others that the origin has said this, where peers sign. */
function stamped({ message }: Parcel): RenewalProof | undefined {
  const { number, stamp } = message as Broadcast
  return stamp && [number, stamp]
}

function make({ board, waterfall, relay }: WaterfallState, body: BroadcastBody): void {
  const number = ++waterfall.sent
  board.counts.broadcastsMade += 1
  fallsFresh(waterfall, board.self, number)
  const message = { kind: 'broadcast', origin: board.self, number, body } as const
  const frame = board.notary?.frameOf(message) ?? encodeOwn(message)
  relay.tell({ origin: board.self, number, from: null }, frame, isDirect(board, body))
}

/**
 * Among few a renewal goes to all neighbours: a tree that is changing, because one of them came,
 * may leave somebody out for longer than a lease lasts. Others relay it all the same.
 */
function isDirect({ isPartial }: Switchboard, { kind }: BroadcastBody): boolean {
  return kind === 'renewal' && !isPartial
}

function receive({ board, waterfall, relay }: WaterfallState, parcel: Parcel): void {
  const { origin, number, body } = parcel.message as Broadcast
  const { line, frame } = parcel
  if (hasFallen(waterfall, origin, number)) {
    board.counts.broadcastsDuplicate += 1
    return relay.refuse(line, isDirect(board, body))
  }
  if (isRefused(board, parcel)) return
  fallsFresh(waterfall, origin, number)
  if (waterfall.reached !== null) board.reach(waterfall.reached, line)
  board.counts.broadcastsSeen += 1
  // The origin has told all whom this peer could tell.
  const isTold = line.peerId === origin.peer && board.view.isClique
  if (!isTold) {
    const arrival = { origin, number, from: line.peerId }
    relay.pass(arrival, encodeRelayed(frame, origin), line)
  }
  deliver(board, parcel)
}

/** Hands a fresh broadcast to whom it concerns here. */
function deliver(board: Switchboard, parcel: Parcel): void {
  const { origin, body } = parcel.message as Broadcast
  switch (body.kind) {
    case 'entries':
      board.store.send({ type: 'batch.received', origin, parcel })
      break
    case 'renewal':
      board.store.send({ type: 'renewal.heard', origin, renewal: body, proof: stamped(parcel) })
      break
    case 'waits':
      board.store.send({ type: 'waits.heard', peer: origin.peer, waits: body })
      break
    case 'ballot':
      if (body.to !== board.self.peer) return
      board.ballot.send({ type: 'ballot.heard', from: origin.peer, word: body.word })
      break
    case 'left':
      if (!body.keepsLeases) board.store.send({ type: 'origin.left', origin })
      board.census.send({ type: 'origin.left', origin })
      break
    case 'presence':
      board.census.send({ type: 'presence.heard', origin, presence: body.presence })
      break
    case 'note':
      if (body.to !== null && body.to !== board.self.peer) return
      board.announce({
        type: 'message',
        payload: exposeValue(body.payload),
        from: origin.peer,
        isWhisper: body.to !== null,
      })
  }
}
