/** Messages from the application to others. */

import type { PeerId } from '../machines/rules/peer.ts'
import { admitValue } from '../machines/rules/value.ts'
import { encode } from '../transport/codec.ts'
import type { Switchboard } from './switchboard.ts'

/**
 * To everybody, or to one peer: directly if it is a neighbour, else by way of the others. Returns
 * how many neighbours took it.
 */
export function sendMessage(board: Switchboard, payload: unknown, to?: string): number {
  const { kept } = admitValue(payload)
  const direct = to === undefined ? undefined : board.lines.to(to as PeerId)
  if (direct) return direct.send(encode({ kind: 'whisper', payload: kept })) ? 1 : 0
  const body = { kind: 'note', payload: kept, to: (to ?? null) as PeerId | null } as const
  board.waterfall.send({ type: 'broadcast.made', body })
  return board.lines.count
}
