/** How long to wait before dialling, again or at all. */

/** The longest wait before the first attempt, in milliseconds. */
export const FIRST_DIAL_MS_MAX = 250

/** The shortest and the longest wait after a failure, in milliseconds. */
export const BACKOFF_MS_MIN = 100
export const BACKOFF_MS_MAX = 30_000

/**
 * How long to wait before a dial, in milliseconds. Attempt 0, the first one: 0 to 250. Attempt n:
 * 100 to 100 · 2ⁿ, at most 30,000. Evenly drawn (full jitter).
 */
export function backoffMs({ attempt, random }: { attempt: number; random: () => number }): number {
  if (attempt <= 0) return Math.round(random() * FIRST_DIAL_MS_MAX)
  const longest = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** attempt)
  return Math.round(BACKOFF_MS_MIN + random() * (longest - BACKOFF_MS_MIN))
}
