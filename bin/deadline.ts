/**
 * The moment by which a command must have ended, as two processes of one machine can both read it.
 *
 * The monotonic clock of a machine is the same for all its processes, so a deadline travels between
 * them as a moment, not as a rest. A rest that waits in a pipe, or between two lines of a process
 * that is stopped there, would begin anew when it is read at last. The wall clock goes along for
 * machines whose monotonic clock rests while they are suspended: whichever clock went further
 * counts.
 */

export interface Deadline {
  /** By `process.hrtime`, in milliseconds. */
  readonly monotonicMs: number
  /** By `Date.now`, in milliseconds. */
  readonly wallMs: number
}

/** The moment so many milliseconds from now, or from a moment that was read before. */
export function deadlineIn(ms: number, from: Deadline = readMoment()): Deadline {
  return { monotonicMs: from.monotonicMs + ms, wallMs: from.wallMs + ms }
}

export function readMoment(): Deadline {
  return { monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now() }
}

/** What is left until then, in milliseconds; zero or less when it has passed. */
export function remainingMs(deadline: Deadline): number {
  const now = readMoment()
  return Math.min(deadline.monotonicMs - now.monotonicMs, deadline.wallMs - now.wallMs)
}

export function earlier(one: Deadline, other: Deadline): Deadline {
  return remainingMs(one) < remainingMs(other) ? one : other
}
