/**
 * The waterfall actor: every broadcast, own or another's, falls over it once. A fresh one goes on
 * to all other neighbours as the very bytes that came, and to whom it concerns here.
 */

import { type ActorLogic, type AnyActorRef, fromTransition, type Snapshot } from 'xstate'
import type { Shared } from '../machines/rules/line.ts'
import type { Broadcast, BroadcastBody } from '../machines/rules/message.ts'
import { exposeValue } from '../machines/rules/value.ts'
import {
  createWaterfall,
  fallsFresh,
  hasFallen,
  type Waterfall,
} from '../machines/rules/waterfall.ts'
import { encode } from '../transport/codec.ts'
import { isRefused } from './ingress.ts'
import type { Parcel, Switchboard } from './switchboard.ts'

export type WaterfallEvent =
  /** This peer has something to say to everybody. */
  | { readonly type: 'broadcast.made'; readonly body: BroadcastBody }
  /** A neighbour passed something on. */
  | { readonly type: 'broadcast.received'; readonly parcel: Parcel }

export interface WaterfallState {
  readonly board: Switchboard
  readonly waterfall: Waterfall
}

/** The logic of the waterfall, as `inspect` meets it. */
export interface WaterfallLogic
  extends ActorLogic<Snapshot<undefined>, WaterfallEvent, { readonly shared: Shared }> {}

export const waterfallLogic = fromTransition<
  WaterfallState,
  WaterfallEvent,
  AnyActorRef['system'],
  { readonly shared: Shared }
>(
  (state, event) => {
    if (event.type === 'broadcast.made') make(state, event.body)
    else receive(state, event.parcel)
    return state
  },
  ({ input }) => ({ board: input.shared as Switchboard, waterfall: createWaterfall() }),
) as unknown as WaterfallLogic

function make({ board, waterfall }: WaterfallState, body: BroadcastBody): void {
  const number = ++waterfall.sent
  board.counts.broadcastsMade += 1
  fallsFresh(waterfall, board.self, number)
  const message = { kind: 'broadcast', origin: board.self, number, body } as const
  board.lines.broadcast(board.notary?.frameOf(message) ?? encode(message))
}

function receive({ board, waterfall }: WaterfallState, parcel: Parcel): void {
  const { origin, number } = parcel.message as Broadcast
  if (hasFallen(waterfall, origin, number)) {
    board.counts.broadcastsDuplicate += 1
    return
  }
  if (isRefused(board, parcel)) return
  fallsFresh(waterfall, origin, number)
  board.counts.broadcastsSeen += 1
  board.lines.broadcast(parcel.frame, parcel.line)
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
      board.store.send({ type: 'renewal.heard', origin, renewal: body })
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
