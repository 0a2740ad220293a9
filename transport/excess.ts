/**
 * What was too much in a frame that holds no message. It is looked for after the frame was refused,
 * so that whoever reads the counts learns which limit was reached; it decides nothing.
 */

import { isTooLarge } from '../machines/rules/flat.ts'
import { KEY_BYTES_MAX, utf8Bytes } from '../machines/rules/key.ts'
import type { LimitName } from '../machines/rules/limit.ts'

/** What stands in a frame where keys and values stand, whatever it is. */
export interface Cells {
  readonly keys: readonly unknown[]
  readonly values: readonly unknown[]
}

export const NO_CELLS: Cells = { keys: [], values: [] }

/** The cells of a batch in its columns: see `batchCodec.ts`. */
export function cellsOfBatch(flat: unknown): Cells {
  const [, keys, values] = listOf(flat)
  return { keys: listOf(keys), values: listOf(values) }
}

/** The cells of what a peer wrote itself: see `ownCodec.ts`. */
export function cellsOfPairs(pairs: readonly unknown[]): Cells {
  const isKey = (_: unknown, at: number) => at % 2 === 0
  return { keys: pairs.filter(isKey), values: pairs.filter((_, at) => !isKey(_, at)) }
}

/** The cells of a list of those who wait. */
export function cellsOfWaits(waits: unknown): Cells {
  return { keys: listOf(waits).map((wait) => listOf(wait)[0]), values: [] }
}

/** Which limit one of the cells went beyond, if one did. */
export function excessOf({ keys, values }: Cells): LimitName | undefined {
  if (keys.some(isTooLong)) return 'frame.key'
  return values.some(isTooLarge) ? 'frame.value' : undefined
}

function isTooLong(key: unknown): boolean {
  if (typeof key === 'string') return utf8Bytes(key) > KEY_BYTES_MAX
  return key instanceof Uint8Array && key.length > KEY_BYTES_MAX
}

function listOf(flat: unknown): readonly unknown[] {
  return Array.isArray(flat) ? flat : []
}
