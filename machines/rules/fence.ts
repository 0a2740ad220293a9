/**
 * A fence: what guards a resource from holders that do not know yet that they are none. It
 * remembers the greatest token that it has seen for each key, and refuses smaller ones. (Kleppmann,
 * How to do distributed locking, 2016; the sequencers of Burrows, The Chubby lock service, 2006.)
 */

import type { StoredKey } from './key.ts'

/** The greatest token seen, by key. */
export type Fence = Map<StoredKey, number>

/** How many keys a fence remembers when nothing else is asked for. */
export const FENCE_KEYS_MAX = 100_000

export type FenceVerdict =
  | { readonly verdict: 'admitted' }
  | { readonly verdict: 'invalid' }
  | { readonly verdict: 'stale'; readonly greatest: number }
  | { readonly verdict: 'full'; readonly limit: number }

/**
 * Whether who comes with this token may pass; if so, nobody with a smaller one may any more. No key
 * is forgotten to make room: the next one who comes with an old token for it would pass.
 */
export function judgeToken(
  fence: Fence,
  key: StoredKey,
  { token, keysMax }: { token: number; keysMax: number },
): FenceVerdict {
  if (!Number.isSafeInteger(token) || token < 0) return { verdict: 'invalid' }
  const greatest = fence.get(key)
  if (greatest === undefined && fence.size >= keysMax) return { verdict: 'full', limit: keysMax }
  if (greatest !== undefined && token < greatest) return { verdict: 'stale', greatest }
  fence.set(key, token)
  return { verdict: 'admitted' }
}
