/** How much memory this process holds on to. */

/** What is held after a full collection, outside memory of buffers included. Bytes. */
export function heldBytes(): number {
  if (global.gc === undefined) throw new Error('Run with --expose-gc, as `npm run bench` does.')
  // What the first round frees outside the heap is only counted as free in the second.
  for (let round = 0; round < 3; round++) global.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
