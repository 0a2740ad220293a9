/**
 * What an application tells a sync actor by event: checked here, then passed to the store, the mesh
 * or the network. Nobody waits for a verdict, so what cannot be done is emitted as `entry.refused`.
 */

import { validAddress } from '../machines/rules/addressBook.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import type { Guests } from '../machines/rules/guests.ts'
import { type Key, requireKey } from '../machines/rules/key.ts'
import { isId, type PeerId } from '../machines/rules/peer.ts'
import { admitValue } from '../machines/rules/value.ts'
import { guestsAdmitted } from './guests.ts'
import { sendMessage } from './message.ts'
import { requireLeaseMs, requireLeases } from './settings.ts'
import { whyNotDial } from './shelter.ts'
import type { Switchboard } from './switchboard.ts'
import { checkedWrite, type WriteOptions } from './writing.ts'

/** What may be sent to a sync actor. What cannot be done is emitted as `entry.refused`. */
export type SyncEvent =
  | ({
      readonly type: 'entry.set'
      readonly key: Key
      readonly value: unknown
    } & HowToWrite)
  /** All entries or none. */
  | ({
      readonly type: 'entry.update'
      readonly entries: Entries<unknown>
    } & HowToWrite)
  | { readonly type: 'entry.delete'; readonly key: Key }
  /** Like a delete; the value is told in the `delete` that follows. */
  | { readonly type: 'entry.pop'; readonly key: Key }
  /** Removes the oldest pair that this peer may remove. */
  | { readonly type: 'entry.popItem' }
  | { readonly type: 'lease.acquire'; readonly key: Key; readonly leaseMs?: number }
  | { readonly type: 'lease.renew'; readonly key: Key; readonly leaseMs?: number }
  | { readonly type: 'lease.release'; readonly key: Key }
  | { readonly type: 'lease.transfer'; readonly key: Key; readonly peerId: string }
  /** How it ends is emitted as `dial.settled`, with the request that was given here. */
  | {
      readonly type: 'peer.connect'
      readonly address: string
      readonly peerId?: string
      readonly request?: string
    }
  | { readonly type: 'peer.disconnect'; readonly peerId: string }
  | { readonly type: 'peers.request' }
  /** From now on these peers may be connected; whoever may not any more is cut off. */
  | ({ readonly type: 'peers.admit' } & Guests)
  | { readonly type: 'message.send'; readonly payload: unknown; readonly to?: string }
  /** With `keepLeases` what this peer owns stays its own until it lapses. Default false. */
  | { readonly type: 'sync.close'; readonly keepLeases?: boolean }

type HowToWrite = Omit<WriteOptions, 'token'>

/** What `update` takes: an object, a Map or any iterable of pairs. */
export type Entries<V> = Readonly<Record<string, V>> | Iterable<readonly [Key, V]>

type Command<Room extends string> = Extract<SyncEvent, { type: `${Room}.${string}` }>

/** Passes a write or a lease to the store. An event that is none of those above does nothing. */
export function commandStore(board: Switchboard, event: Command<'entry' | 'lease'>): void {
  report(board, () => {
    if ('leaseMs' in event) requireLeaseMs(event.leaseMs, board.settings.leaseMsMax)
    if (event.type.startsWith('lease.')) requireLeases(board.settings)
    switch (event.type) {
      case 'entry.set': {
        const { type, key, value, ...options } = event
        const how = checkedWrite(board.settings, options)
        const assignment = { key: requireKey(key), value: admitValue(value) }
        return board.store.send({ type, ...assignment, ...how })
      }
      case 'entry.update': {
        const { type, entries, ...options } = event
        const how = checkedWrite(board.settings, options)
        return board.store.send({ type, assignments: assignmentsOf(entries), ...how })
      }
      case 'entry.delete':
      case 'entry.pop':
        return board.store.send({ type: 'entry.delete', key: requireKey(event.key) })
      case 'entry.popItem':
        return board.store.send({ type: event.type })
      case 'lease.acquire':
      case 'lease.renew': {
        const { type, key, leaseMs } = event
        return board.store.send({ type, key: requireKey(key), leaseMs })
      }
      case 'lease.release':
        return board.store.send({ type: event.type, key: requireKey(event.key) })
      case 'lease.transfer': {
        const { type, key, peerId } = event
        requireNeighbour(board, peerId)
        return board.store.send({ type, key: requireKey(key), heir: peerId as PeerId })
      }
    }
  })
}

/** Passes what concerns other peers to the mesh. */
export function commandMesh(board: Switchboard, event: Command<'peer' | 'peers'>): void {
  report(board, () => {
    switch (event.type) {
      case 'peer.connect': {
        const { address, peerId = null, request = '' } = event
        requireDialable(board, { address, peerId })
        return board.mesh.send({ type: event.type, address, peerId, request })
      }
      case 'peer.disconnect':
        requireNeighbour(board, event.peerId)
        return board.mesh.send({ type: event.type, peerId: event.peerId })
      case 'peers.request':
        return board.mesh.send({ type: event.type })
      case 'peers.admit': {
        const { type, ...lists } = event
        const guests = guestsAdmitted(board.settings, lists)
        return board.mesh.send({ type: 'guests.changed', guests })
      }
    }
  })
}

export function commandMessage(board: Switchboard, { payload, to }: Command<'message'>): void {
  report(board, () => sendMessage(board, payload, to))
}

/** Refuses what comes after the end has begun. */
export function refuseLate(board: Switchboard): void {
  report(board, () => {
    throw new HoldfastError('CLOSED', 'The dictionary is closing.')
  })
}

/** The pairs of an update, checked and in stored form. */
export function assignmentsOf(entries: Entries<unknown>) {
  if (typeof entries !== 'object' || entries === null) {
    throw new HoldfastError('VALUE_INVALID', 'An update takes an object, a Map or pairs.')
  }
  const pairs = Symbol.iterator in entries ? entries : Object.entries(entries)
  return Array.from(pairs, ([key, value]) => ({ key: requireKey(key), value: admitValue(value) }))
}

/** Throws `ADDRESS_INVALID` or `OPTION_INVALID` unless this can be dialled. */
export function requireDialable(
  board: Switchboard,
  { address, peerId }: { address: string; peerId: string | null },
): void {
  if (!validAddress(address) || board.transportFor(address) === undefined) {
    const message = `'${String(address)}' is no address that can be dialled.`
    throw new HoldfastError('ADDRESS_INVALID', message, { address: String(address) })
  }
  const exposed = whyNotDial(board.settings, address)
  if (exposed !== undefined) throw exposed
  if (peerId !== null && !isId(peerId)) {
    throw new HoldfastError('OPTION_INVALID', "'peerId' is no peer id.", { option: 'peerId' })
  }
}

/** Throws `PEER_UNKNOWN` unless that peer is connected. */
export function requireNeighbour(board: Switchboard, peerId: string): void {
  if (board.lines.to(peerId as PeerId) !== undefined) return
  throw new HoldfastError('PEER_UNKNOWN', `${String(peerId)} is not connected.`)
}

function report(board: Switchboard, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    board.clock.defer(() => board.announce({ type: 'entry.refused', error }))
  }
}
