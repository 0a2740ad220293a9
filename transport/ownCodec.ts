/**
 * What a peer wrote itself, in its shortest form: a list of keys and values behind what all of them
 * share. The origin goes without saying, for it is who sent the frame. It is how plain writes
 * travel; what is out of the ordinary in any row takes the long form of `batchCodec.ts`.
 */

import {
  ABSENT,
  BATCH_ENTRIES_MAX,
  type Batch,
  FLAGS_ALL,
  NO_ROWS,
} from '../machines/rules/batch.ts'
import { flattenValue, unflattenValue } from '../machines/rules/flat.ts'
import { publicKey, type StoredKey, storedKey } from '../machines/rules/key.ts'
import { LEASE_MS_DEFAULT, LEASE_MS_MAX } from '../machines/rules/lease.ts'
import type { Broadcast } from '../machines/rules/message.ts'
import type { Origin } from '../machines/rules/peer.ts'
import { isShortText, type Kept, textBytes } from '../machines/rules/value.ts'
import { isCount } from './controlCodec.ts'

/** Where the keys and values begin. */
export const PAIRS_AT = 6

/** What opens the frame, to tell it from the other kinds. */
export const OWN = 50

/** The broadcast in short, or undefined if it takes the long form. */
export function flattenOwn({ number, body, stamp }: Broadcast): unknown[] | undefined {
  if (body.kind !== 'entries' || stamp !== undefined) return undefined
  const { batch, from, to } = body
  const { epoch, sequence, termMs, flags, keys, values } = batch
  const isPlain = batch.heirs.length === 0 && batch.over.length === 0 && batch.remainingMs === null
  const isAll = sequence === from && to === from + keys.length - 1
  if (!isPlain || !isAll || typeof flags !== 'number' || (flags & ABSENT) !== 0) return undefined
  if (typeof epoch !== 'number' || typeof termMs !== 'number') return undefined
  const term = termMs === LEASE_MS_DEFAULT ? null : termMs
  const flat: unknown[] = [OWN, number, from, term, epoch, flags]
  for (let row = 0; row < keys.length; row++) {
    flat.push(publicKey(keys[row] as StoredKey), flattenValue(values[row]))
  }
  return flat
}

/** The broadcast of that peer, or undefined if it is none. */
export function unflattenOwn(flat: unknown[], origin: Origin): Broadcast | undefined {
  const [, number, from, term, epoch, flags] = flat
  const termMs = term === null ? LEASE_MS_DEFAULT : term
  const rows = (flat.length - PAIRS_AT) / 2
  if (!Number.isInteger(rows) || rows < 1 || rows > BATCH_ENTRIES_MAX) return undefined
  if (!isCount(number) || !isCount(from) || !isCount(epoch) || !isCount(flags)) return undefined
  if (number === 0 || from === 0 || from > Number.MAX_SAFE_INTEGER - rows) return undefined
  if (epoch === 0 || flags > FLAGS_ALL || (flags & ABSENT) !== 0) return undefined
  if (typeof termMs !== 'number' || !(termMs >= 0) || termMs > LEASE_MS_MAX) return undefined
  const cells = readPairs(flat)
  if (cells === undefined) return undefined
  // Written out, since names behind a spread are each a slow call.
  const batch: Batch = {
    keys: cells.keys,
    values: cells.values,
    sizes: cells.sizes,
    writer: 0,
    epoch,
    sequence: from,
    termMs,
    remainingMs: null,
    flags,
    heirs: NO_ROWS,
    over: NO_ROWS,
    origins: [origin],
  }
  const to = from + rows - 1
  return { kind: 'broadcast', origin, number, body: { kind: 'entries', from, to, batch } }
}

function readPairs(flat: unknown[]): Pick<Batch, 'keys' | 'values' | 'sizes'> | undefined {
  const keys: StoredKey[] = []
  const values: Kept[] = []
  const sizes: number[] = []
  for (let at = PAIRS_AT; at < flat.length; at += 2) {
    const key = storedKey(flat[at])
    if (key === undefined) return undefined
    keys.push(key)
    const value = flat[at + 1]
    if (isShortText(value)) {
      values.push(value)
      sizes.push(textBytes(value))
      continue
    }
    const admitted = unflattenValue(value)
    if (admitted === undefined) return undefined
    values.push(admitted.kept)
    sizes.push(admitted.bytes)
  }
  return { keys, values, sizes }
}
