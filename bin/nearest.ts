/** What somebody may have meant who wrote something else. */

/** The candidate that is fewest changes away, if those are few; undefined if none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const changesMax = Math.max(1, Math.floor(word.replace(/^-+/, '').length / 3))
  let best: { candidate: string; changes: number } | undefined
  for (const candidate of candidates) {
    const changes = distance(word, candidate)
    if (changes <= changesMax && changes < (best?.changes ?? Number.POSITIVE_INFINITY)) {
      best = { candidate, changes }
    }
  }
  return best?.candidate
}

/** Letters to add, drop, change, or swap with the next: the optimal string alignment distance. */
function distance(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwap = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      next[column] = Math.min(
        (last[column] as number) + 1,
        (next[column - 1] as number) + 1,
        (last[column - 1] as number) + (isSame ? 0 : 1),
        row > 1 && column > 1 && isSwap ? (before[column - 2] as number) + 1 : Infinity,
      )
    }
    before = last
    last = next
  }
  return last[other.length] as number
}
