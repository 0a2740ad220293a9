/**
 * A pace: so many at once, and then so many each second. Plain data; it is spent by whoever acts.
 */

/** How fast something may happen. */
export interface PaceRule {
  /** How many may come at once after a quiet time. */
  readonly atOnce: number
  /** How many more in each second. */
  readonly perSecond: number
}

export interface Pace {
  /** How many may come now; grows with time. */
  readonly left: number
  /** When that was so, in milliseconds. */
  readonly at: number
}

/** The pace after one more; undefined if that one comes too soon. */
export function spend(pace: Pace | undefined, rule: PaceRule, now: number): Pace | undefined {
  const left = leftAt(pace, rule, now)
  return left < 1 ? undefined : { left: left - 1, at: now }
}

/** True if nothing of it is remembered that a new one would not have. */
export function isRested(pace: Pace, rule: PaceRule, now: number): boolean {
  return leftAt(pace, rule, now) >= rule.atOnce
}

/** How long until one more may come, in milliseconds. */
export function waitOf(pace: Pace | undefined, rule: PaceRule, now: number): number {
  return (Math.max(0, 1 - leftAt(pace, rule, now)) * 1_000) / rule.perSecond
}

function leftAt(pace: Pace | undefined, rule: PaceRule, now: number): number {
  if (pace === undefined) return rule.atOnce
  const gained = (Math.max(0, now - pace.at) * rule.perSecond) / 1_000
  return Math.min(rule.atOnce, pace.left + gained)
}
