/** The fence as an application has it: in the process that owns what a lease protects. */

import { HoldfastError } from '../machines/rules/errors.ts'
import {
  FENCE_KEYS_MAX,
  type FenceVerdict,
  judgeToken,
  type Fence as Tokens,
} from '../machines/rules/fence.ts'
import { type Key, requireKey, type StoredKey } from '../machines/rules/key.ts'

export interface FenceOptions {
  /** How many keys are remembered; one more is refused with `FENCE_FULL`. Default 100,000. */
  readonly keysMax?: number
}

/** Who wants to pass: a lease, a receipt, or a token and its key, which is '' if left out. */
export interface Pass {
  readonly token: number
  readonly key?: Key
}

/** Keeps out whoever comes with a smaller token than the greatest that was seen for that key. */
export class Fence {
  readonly #keysMax: number
  readonly #tokens: Tokens = new Map()

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  /**
   * Lets a token pass, and from then on no smaller one. An equal one is its holder, come again.
   *
   * Throws `TOKEN_STALE` (with `key` and `token`, the greatest that was seen), `FENCE_FULL`,
   * `OPTION_INVALID` for what is no token, `KEY_INVALID`.
   *
   * @example guard.check(lease)
   */
  check(pass: number | Pass): void {
    const { token, key = '' } = typeof pass === 'number' ? { token: pass } : pass
    const stored = requireKey(key)
    const verdict = judgeToken(this.#tokens, stored, { token, keysMax: this.#keysMax })
    if (verdict.verdict !== 'admitted') throw refusal(verdict, { token, key })
  }

  /**
   * Runs a function if the token passes, and returns what it returns. Where that is a promise, the
   * token is checked again at its end: it rejects with `TOKEN_STALE` if somebody passed with a
   * greater one meanwhile, since the work of both may then be mixed. Throws what `check` throws.
   *
   * @example await guard.run(lease, () => storage.write(report))
   */
  run<R>(pass: number | Pass, work: () => R): R {
    this.check(pass)
    const result = work()
    if (!isPromise(result)) return result
    return result.then((value) => {
      this.check(pass)
      return value
    }) as R
  }

  /** The greatest token that was seen for a key; undefined if none was. Throws `KEY_INVALID`. */
  greatest(key: Key = ''): number | undefined {
    return this.#tokens.get(requireKey(key))
  }

  /** Forgets a key that is no more; older tokens for it pass then. True if it was known. */
  forget(key: Key = ''): boolean {
    return this.#tokens.delete(requireKey(key) as StoredKey)
  }
}

/**
 * A fence for a resource in this process: the last line against a holder that was stopped, and
 * wakes up when its lease is another's. It lives in the one process that owns the resource, and
 * knows nothing after a restart; where the resource is a database, keep the token there.
 *
 * Throws `OPTION_INVALID`.
 *
 * @example
 * const guard = fence()
 * server.on('request', ({ token, key, work }) => guard.run({ token, key }, work))
 */
export function fence({ keysMax = FENCE_KEYS_MAX }: FenceOptions = {}): Fence {
  if (Number.isSafeInteger(keysMax) && keysMax >= 1) return new Fence(keysMax)
  const message = 'keysMax must be a whole number of at least 1.'
  throw new HoldfastError('OPTION_INVALID', message, { option: 'keysMax' })
}

function refusal(
  verdict: Exclude<FenceVerdict, { verdict: 'admitted' }>,
  { token, key }: Required<Pass>,
): HoldfastError {
  switch (verdict.verdict) {
    case 'stale': {
      const { greatest } = verdict
      const message = `Token ${token} came after ${greatest} had passed.`
      return new HoldfastError('TOKEN_STALE', message, { key, token: greatest })
    }
    case 'full':
      return new HoldfastError('FENCE_FULL', `The fence knows ${verdict.limit} keys.`, {
        key,
        limit: verdict.limit,
      })
    case 'invalid':
      return new HoldfastError('OPTION_INVALID', `${String(token)} is no token.`, {
        option: 'token',
      })
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}
