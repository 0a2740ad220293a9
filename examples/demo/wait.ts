/** Waiting with a limit: who waits in vain says for what. */

import { setTimeout as sleep } from 'node:timers/promises'

/** The longest wait of the demonstration, in milliseconds. */
export const WAIT_MS_MAX = 30_000
/** How long to wait between two looks, in milliseconds. */
const LOOK_MS = 40

/** Looks again and again until `look` finds nothing missing any more. Returns the milliseconds. */
export async function until(
  wanted: string,
  look: () => Promise<string | undefined>,
  waitMsMax: number = WAIT_MS_MAX,
): Promise<number> {
  const startMs = performance.now()
  for (;;) {
    const missing = await within(`a look whether ${wanted}`, look(), waitMsMax)
    const elapsedMs = performance.now() - startMs
    if (missing === undefined) return Math.round(elapsedMs)
    if (elapsedMs > waitMsMax) throw inVain(`${wanted}; ${missing}`, waitMsMax)
    await sleep(LOOK_MS)
  }
}

/** The promise's result, unless it takes too long. */
export async function within<Result>(
  wanted: string,
  promise: Promise<Result>,
  waitMsMax: number = WAIT_MS_MAX,
): Promise<Result> {
  const limit = new AbortController()
  const late = sleep(waitMsMax, undefined, limit).then(() => {
    throw inVain(wanted, waitMsMax)
  })
  // Whoever loses the race must not be reported as unheard.
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    limit.abort()
  }
}

function inVain(wanted: string, waitMsMax: number): Error {
  return new Error(`Waited ${waitMsMax} ms in vain: ${wanted}.`)
}
