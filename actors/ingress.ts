/** The door for data: what no honest peer sends goes no further, and neither does who sent it. */

import { judgeIngress, type Offence } from '../machines/rules/ingress.ts'
import type { Parcel, Switchboard } from './switchboard.ts'

/** True if this must not be taken in or passed on. Its sender is cut off then. */
export function isRefused(board: Switchboard, parcel: Parcel): boolean {
  const { notary, replica } = board
  const { message, line } = parcel
  const offence = judgeIngress(replica, { message, teller: line.peerId }) ?? notary?.judge(parcel)
  if (offence === undefined) return false
  refuse(board, parcel, offence)
  return true
}

/** Tells what was done, and ends the connection that it came by. */
export function refuse(board: Switchboard, { line, message }: Parcel, reason: Offence): void {
  board.announce({ type: 'offence', peerId: line.peerId, reason, message: message.kind })
  line.break()
}
