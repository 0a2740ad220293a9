/** Who waits for which keys, as it travels. See `codec.ts`. */

import { publicKey, storedKey } from '../machines/rules/key.ts'
import type { BroadcastBody } from '../machines/rules/message.ts'
import { WAITS_MAX, type Waits } from '../machines/rules/queue.ts'

export function flattenWait([key, waitedMs]: Waits['keys'][number]): unknown[] {
  return [publicKey(key), waitedMs]
}

export function readWaits(flat: unknown[]): BroadcastBody | undefined {
  const [, isAll, list] = flat
  if (flat.length !== 3 || typeof isAll !== 'boolean') return undefined
  if (!Array.isArray(list) || list.length > WAITS_MAX) return undefined
  const keys: Waits['keys'][number][] = []
  for (const item of list) {
    if (!Array.isArray(item) || item.length !== 2) return undefined
    const [key, waitedMs] = [storedKey(item[0]), item[1]]
    const isWait = waitedMs === null || (Number.isFinite(waitedMs) && waitedMs >= 0)
    if (key === undefined || !isWait) return undefined
    keys.push([key, waitedMs])
  }
  return { kind: 'waits', isAll, keys }
}
