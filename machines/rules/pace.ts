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

/** What the sums of fractions may miss of a whole. */
const ROUNDING = 1e-6

/** The pace after one more; undefined if that one comes too soon. */
export function spend(pace: Pace | undefined, rule: PaceRule, now: number): Pace | undefined {
  const left = leftAt(pace, rule, now)
  return left < 1 - ROUNDING ? undefined : { left: Math.max(0, left - 1), at: now }
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

/**
 * One more of that name. False if it comes too soon; else notes it in `paces`, and forgets who has
 * rested, and the one that came longest ago where there are more than so many.
 */
export function keepsPace<Name>(
  paces: Map<Name, Pace>,
  { name, rule, now, namesMax }: { name: Name; rule: PaceRule; now: number; namesMax: number },
): boolean {
  const next = spend(paces.get(name), rule, now)
  if (next === undefined) return false
  // Deleting first moves the name to the end, so the first one is who came longest ago.
  paces.delete(name)
  paces.set(name, next)
  for (const [other, pace] of paces) {
    if (paces.size <= namesMax && !isRested(pace, rule, now)) break
    if (other !== name) paces.delete(other)
  }
  return true
}
