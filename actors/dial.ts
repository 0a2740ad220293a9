/** Connections that an application asks for by name. */

import { HoldfastError } from '../machines/rules/errors.ts'
import type { Guests } from '../machines/rules/guests.ts'
import type { PeerId } from '../machines/rules/peer.ts'
import { requireDialable, requireNeighbour } from './command.ts'
import { guestsAdmitted } from './guests.ts'
import type { Switchboard } from './switchboard.ts'

/** Dials, and resolves with the peer's id when data flows. */
export function dialPeer(
  board: Switchboard,
  { address, peerId }: { address: string; peerId?: string | undefined },
): Promise<string> {
  requireDialable(board, { address, peerId: peerId ?? null })
  const request = board.makeId()
  return new Promise((resolve, reject) => {
    const settle = (error: HoldfastError | null, reached?: PeerId | null) => {
      settled.unsubscribe()
      closed.unsubscribe()
      if (error) reject(error)
      else resolve(reached as string)
    }
    const settled = board.sync.on('dial.settled', (fact) => {
      if (fact.request === request) settle(fact.error, fact.peerId)
    })
    const gone = () => settle(new HoldfastError('CLOSED', 'The dictionary closed.', { address }))
    const closed = board.sync.subscribe({ complete: gone, error: gone })
    board.mesh.send({ type: 'peer.connect', address, peerId: peerId ?? null, request })
  })
}

/** Ends the connection to a peer. */
export function hangUp(board: Switchboard, peerId: string): void {
  requireNeighbour(board, peerId)
  board.mesh.send({ type: 'peer.disconnect', peerId })
}

/** Lets these peers be connected from now on, and cuts off whoever may not any more. */
export function admitPeers(board: Switchboard, lists: Guests): void {
  const guests = guestsAdmitted(board.settings, lists)
  board.mesh.send({ type: 'guests.changed', guests })
}
