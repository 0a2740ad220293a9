/**
 * The measures by which everybody accepts: how large a key, a value and a frame may be, and how
 * long a term. What goes beyond ends its connection, so a peer that took more than another would
 * hold what the other can never be given. They are told in the handshake, and peers that differ
 * refuse one another. How much a peer has room for is its own affair.
 */

import { BATCH_ENTRIES_MAX, BATCH_ORIGINS_MAX } from './batch.ts'
import { KEY_BYTES_MAX } from './key.ts'
import { LEASE_MS_MAX } from './lease.ts'
import { FRAME_BYTES_MAX } from './message.ts'
import { BIGINT_DIGITS_MAX, VALUE_BYTES_MAX, VALUE_DEPTH_MAX, VALUE_PARTS_MAX } from './value.ts'

/** What of it can differ. */
export type Measure = 'key' | 'value' | 'term' | 'frame'

/** The numbers of each measure, in the order in which they are told. */
const MEASURES: Readonly<Record<Measure, readonly number[]>> = {
  key: [KEY_BYTES_MAX],
  value: [VALUE_BYTES_MAX, VALUE_DEPTH_MAX, VALUE_PARTS_MAX, BIGINT_DIGITS_MAX],
  term: [LEASE_MS_MAX],
  frame: [FRAME_BYTES_MAX, BATCH_ENTRIES_MAX, BATCH_ORIGINS_MAX],
}

/** All of them in one text: `1024 524288/32/65536/4096 …`. */
export const MEASURES_TEXT: string = Object.values(MEASURES)
  .map((numbers) => numbers.join('/'))
  .join(' ')

/** The longest text of measures that is looked at, in characters. */
export const MEASURES_CHARS_MAX = 128

/** The first measure in which two texts differ, if they do. */
export function differingMeasure(ours: string, theirs: string): Measure | undefined {
  const other = theirs.split(' ')
  const names = Object.keys(MEASURES) as Measure[]
  const differing = ours.split(' ').findIndex((numbers, index) => other[index] !== numbers)
  if (differing >= 0) return names[differing]
  return ours === theirs ? undefined : names.at(-1)
}
