/** What the mesh is ordered to do that concerns neither a connection nor the roster. */

import type { RosterStep } from '../machines/rules/roster.ts'
import { connectError } from './refusal.ts'
import type { Switchboard } from './switchboard.ts'

export function carryOut(board: Switchboard, { orders }: RosterStep): void {
  for (const order of orders) {
    switch (order.type) {
      case 'timer.start': {
        const { timer, delayMs, peerId, connection, number } = order
        board.doors?.after(delayMs, { type: `${timer}.elapsed`, peerId, connection, number })
        break
      }
      case 'dial.wake':
        board.doors?.wakeAt(order.at)
        break
      case 'peer.joined':
        if (order.isKept) board.kept.add(order.peerId)
        board.joined(order.peerId)
        break
      case 'limit.reached':
        board.reach(order.limit, order)
        break
      case 'peer.lost':
        board.parted(order)
        break
      case 'request.settled':
        board.kept.add(order.peerId)
        board.asked.add(order.peerId)
        board.neighbourhood.send({ type: 'neighbour.asked' })
        board.announce({ ...settled(order.request), peerId: order.peerId, error: null })
        break
      case 'request.failed': {
        const error = connectError(order.output.end, order.output.address)
        board.announce({ ...settled(order.request), peerId: null, error })
      }
    }
  }
}

function settled(request: string) {
  return { type: 'dial.settled', request } as const
}
