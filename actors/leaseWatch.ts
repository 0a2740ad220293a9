/** What a lease actor watches while it lives, and what it gives back at its end. */

import { type AnyActorRef, type EventObject, fromCallback } from 'xstate'
import type { LeaseContext } from '../machines/lease.ts'
import { type StoredKey, storedKey } from '../machines/rules/key.ts'
import type { Switchboard } from './switchboard.ts'

/** What the actions of one lease actor and its watch share. */
export interface Holding {
  token: number | null
}

/**
 * Listens for what happens to the key, and gives the lease back if its actor is stopped while it
 * holds.
 */
export function watchLogicFor(
  { board, sync }: { readonly board: Switchboard; readonly sync: AnyActorRef },
  { holding, waiter }: { holding: Holding; waiter: number },
) {
  return fromCallback<EventObject, LeaseContext>(({ input, sendBack }) => {
    const { key } = input
    const changed = sync.on('lease.changed', (fact) => {
      if (storedKey(fact.key) === key) sendBack({ type: 'lease.changed' })
    })
    const lost = sync.on('lease.lost', (fact) => {
      if (storedKey(fact.key) !== key) return
      sendBack({ type: 'lease.lost', token: fact.token, reason: fact.reason })
    })
    // A dictionary that stops without a farewell tells no loss; who waits for it waits in vain.
    const gone = () => {
      if (holding.token === null) return sendBack({ type: 'lease.changed' })
      sendBack({ type: 'lease.lost', token: holding.token, reason: 'shutdown' })
    }
    const stopped = sync.subscribe({ complete: gone, error: gone })
    board.store.send({ type: 'lease.watch', key })
    return () => {
      changed.unsubscribe()
      lost.unsubscribe()
      stopped.unsubscribe()
      giveBack(board, { key, token: holding.token })
      board.store.send({ type: 'lease.unwait', key, waiter })
      board.store.send({ type: 'lease.unwatch', key })
    }
  })
}

export function giveBack(
  board: Switchboard,
  lease: { key: StoredKey; token: number | null },
): void {
  const { key, token } = lease
  if (token === null) return
  board.store.send({ type: 'lease.release', key, token, reply: () => {} })
}
