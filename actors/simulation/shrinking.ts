/**
 * Makes a list that fails shorter while it still fails: delta debugging, `ddmin` of A. Zeller and
 * R. Hildebrandt, "Simplifying and isolating failure-inducing input" (IEEE Transactions on Software
 * Engineering 28, 2002).
 */

/** So many shorter lists are tried unless said otherwise. */
const TRIES_MAX = 300

export interface ShrinkOptions {
  /** How many shorter lists are tried at most. Default 300. */
  readonly triesMax?: number
}

/**
 * The shortest list that was found which still fails, in the order of the given one. It leaves out
 * ever smaller parts; when no single item can be left out any more, or the tries are used up, it
 * ends. A list that does not fail at all is returned as it is.
 *
 * `fails` – true for a list that shows the failure. It must say the same whenever it is asked.
 *
 * @example
 * const shortest = await shrink(schedule, async (steps) => {
 *   return (await playSchedule(steps, { seed: 7 })).problems.length > 0
 * })
 */
export async function shrink<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => boolean | Promise<boolean>,
  { triesMax = TRIES_MAX }: ShrinkOptions = {},
): Promise<Item[]> {
  let current = [...items]
  let parts = 2
  let tries = 0
  while (current.length > 0 && tries < triesMax) {
    let shorter: Item[] | undefined
    for (const candidate of withoutOnePart(current, parts)) {
      if (tries >= triesMax) break
      tries += 1
      if (!(await fails(candidate))) continue
      shorter = candidate
      break
    }
    if (shorter !== undefined) {
      current = shorter
      parts = Math.max(2, parts - 1)
    } else if (parts >= current.length) {
      break
    } else {
      parts = Math.min(current.length, parts * 2)
    }
  }
  return current
}

/** The list without each of so many parts of about equal length. */
function* withoutOnePart<Item>(items: readonly Item[], parts: number): Generator<Item[]> {
  for (let part = 0; part < parts; part++) {
    const from = Math.floor((part * items.length) / parts)
    const to = Math.floor(((part + 1) * items.length) / parts)
    if (to > from) yield [...items.slice(0, from), ...items.slice(to)]
  }
}
