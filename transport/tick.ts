/** Wires that were written to, until the tick ends. */

/** What holds back what is written in a tick, but for the first of it. */
export interface Writing {
  /** What was held back leaves. */
  endTick(): void
}

let writing: Writing[] = []
const NOW = Promise.resolve()

/** Has `endTick` called when the code that runs now is done: once for all wires of this process. */
export function endWithTick(wire: Writing): void {
  // A promise of the language costs less than Node's own ticks, which each make a resource.
  if (writing.push(wire) === 1) NOW.then(endTick)
}

function endTick(): void {
  const ended = writing
  writing = []
  for (const wire of ended) wire.endTick()
}
