/**
 * Ephemeral values: gone for everybody when their lease is.
 *
 * Passing time changes no entry. Each peer finds by its own clock that the lease is over, shows the
 * value no more and tells so once: the owner early, the others late, all of them at once if the
 * owner left in good order. So that nothing stays in memory for ever, somebody writes it down
 * afterwards, as a trace that is collected like that of any deletion. The owner does so at once,
 * under the token that it had. If it is not there to do it, another peer does after a while of
 * random length, if it may take the key over; it uses the next token, and whoever takes such a key
 * for itself the one after that (`judgeWrite`), so a trace never wins over what somebody wrote.
 */

import { ABSENT, EPHEMERAL, RELEASED } from './batch.ts'
import { formerOf, tellExpired } from './change.ts'
import { deny, judgeWrite, writeOwn } from './grant.ts'
import type { StoredKey } from './key.ts'
import type { Reading } from './lease.ts'
import { loseLease } from './loss.ts'
import type { Origin } from './peer.ts'
import { operationsOf } from './permission.ts'
import { foreignLapseAt, isMine, keyAt, type Replica, readValue, viewLease } from './replica.ts'
import type { Table } from './table.ts'

/** The most traces that are written in one go. */
export const TRACES_MAX = 500
/** What a wall clock may gain on the monotonic one before own leases are looked at, in ms. */
const WALL_STEP_MS = 20
/** When to look again at what may have been renewed while this process was held up, in ms. */
const HELD_UP_MS = 250

/** What is left of an ephemeral value that came to its end, in flags. */
const TRACE = ABSENT | RELEASED | EPHEMERAL

export interface Moment {
  readonly reading: Reading
  /** How long to leave the trace of another peer's value to others, in milliseconds. */
  readonly traceMs: number
  /** False while this process may not have read what came in: others' leases may go on. */
  readonly isCurrent: boolean
}

/** When there is something to do about ephemeral values next, by the monotonic clock. */
export function dueAt({ lapsing, gone }: Table): number {
  return Math.min(lapsing.nextAt, gone.nextAt)
}

/** True if something may have lapsed. */
export function isLapseDue(table: Table, reading: Reading): boolean {
  if (table.lapsing.size === 0) return false
  const hasStepped = Math.abs(wallStepMs(table, reading)) > WALL_STEP_MS
  return hasStepped || table.lapsing.nextAt <= reading.now
}

/** Finds what is gone by now, and tells it. */
export function lapseDue(replica: Replica, moment: Moment): void {
  const { table } = replica
  const { now } = moment.reading
  noteWallStep(table, moment.reading)
  while (table.lapsing.nextAt <= now) {
    const slot = table.lapsing.first as number
    if (table.gone.has(slot)) {
      // It came with nothing left.
      table.lapsing.delete(slot)
      table.gone.set(slot, traceAt(replica, slot, moment))
      continue
    }
    const lookAt = now + (viewLease(replica, slot, moment.reading)?.remainingMs ?? 0)
    if (lookAt > now) table.lapsing.set(slot, lookAt)
    else if (moment.isCurrent || isMine(replica, slot)) end(replica, slot, moment)
    else table.lapsing.set(slot, now + HELD_UP_MS)
  }
}

/** True if this value came when its lease was over already. */
export function isOverOnArrival(replica: Replica, slot: number, { now }: Reading): boolean {
  const flags = replica.table.flags[slot] as number
  if ((flags & (EPHEMERAL | ABSENT)) !== EPHEMERAL) return false
  return (flags & RELEASED) !== 0 || foreignLapseAt(replica, slot) <= now
}

/** Shows again what its owner, out of reach for a while, has renewed all the time. */
export function reviveRenewed(replica: Replica, { now }: Reading): void {
  const { table, facts } = replica
  for (const slot of [...table.gone.slots()]) {
    const isReleased = ((table.flags[slot] as number) & RELEASED) !== 0
    if (isReleased || isMine(replica, slot) || foreignLapseAt(replica, slot) <= now) continue
    table.gone.delete(slot)
    table.lapsing.set(slot, Number.NEGATIVE_INFINITY)
    const { peer: owner } = replica.origins[table.writer[slot] as number] as Origin
    const token = table.epoch[slot] as number
    const value = readValue(replica, slot)
    const key = keyAt(replica, slot)
    facts.push({ type: 'update', key, value, previous: undefined, owner, token, local: false })
  }
}

/** Writes down what is gone, as far as it is time and this peer may. */
export function traceDue(replica: Replica, { reading, traceMs }: Moment): void {
  const { gone } = replica.table
  for (let count = 0; count < TRACES_MAX && gone.nextAt <= reading.now; count++) {
    const slot = gone.first as number
    const epoch = traceEpoch(replica, slot, reading)
    if (epoch === undefined) gone.set(slot, reading.now + traceMs)
    else writeTrace(replica, slot, { epoch, reading })
  }
}

/** The dictionary closes: its ephemeral values are over. */
export function traceOwn(replica: Replica, reading: Reading): void {
  const { table } = replica
  for (const slot of [...table.lapsing.slots(), ...table.gone.slots()]) {
    if (!isMine(replica, slot)) continue
    writeTrace(replica, slot, { epoch: table.epoch[slot] as number, reading })
  }
}

/** True if the value in this slot does not go on under a lease with this token. */
export function endsUnder({ table, heirs }: Replica, slot: number, epoch: number): boolean {
  const isEphemeral = ((table.flags[slot] as number) & (EPHEMERAL | ABSENT)) === EPHEMERAL
  if (!isEphemeral || table.gone.has(slot)) return isEphemeral
  // It goes along with a lease that is handed over, but not with one that is stolen.
  return table.epoch[slot] !== epoch && !heirs.has(slot)
}

/** The same as a trace, for what its owner gives up itself. */
export function endFlags(flags: number): number {
  return (flags & EPHEMERAL) === 0 ? flags : TRACE
}

function end(replica: Replica, slot: number, moment: Moment): void {
  const { table } = replica
  tellExpired(replica, slot, formerOf(replica, slot))
  if (isMine(replica, slot)) loseLease(replica, slot, 'expired')
  table.lapsing.delete(slot)
  table.gone.set(slot, traceAt(replica, slot, moment))
}

function traceAt(replica: Replica, slot: number, { reading, traceMs }: Moment): number {
  return isMine(replica, slot) ? reading.now : reading.now + traceMs
}

/** Under which token the end of this value may be written down here and now, if it may. */
function traceEpoch(replica: Replica, slot: number, reading: Reading): number | undefined {
  const epoch = replica.table.epoch[slot] as number
  if (isMine(replica, slot)) return epoch
  const key = replica.table.keys[slot] as StoredKey
  if (deny(replica, { key, operations: operationsOf(TRACE), termMs: 0 })) return undefined
  return typeof judgeWrite(replica, slot, reading) === 'number' ? epoch + 1 : undefined
}

function writeTrace(
  replica: Replica,
  slot: number,
  { epoch, reading }: { epoch: number; reading: Reading },
): void {
  const entry = { value: null, bytes: 0, flags: TRACE, termMs: 0, epoch }
  writeOwn(replica, replica.table.keys[slot] as StoredKey, entry, reading)
}

/**
 * Own leases end by whichever clock went further, and deadlines are kept by the monotonic one: a
 * wall clock that stepped ahead, as after a suspension, is a reason to look at all of them.
 */
function noteWallStep(table: Table, reading: Reading): void {
  const stepMs = wallStepMs(table, reading)
  if (Math.abs(stepMs) <= WALL_STEP_MS) return
  table.wallAheadMs = reading.wall - reading.now
  if (stepMs < 0) return
  for (const slot of [...table.lapsing.slots()]) table.lapsing.set(slot, Number.NEGATIVE_INFINITY)
}

function wallStepMs({ wallAheadMs }: Table, { now, wall }: Reading): number {
  return wall - now - wallAheadMs
}
