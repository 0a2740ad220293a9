/**
 * Which test files run beside which, and in what order.
 *
 * Some files compute as fast as they can; others start processes, or wait for real time to pass,
 * and leave the processor idle. Each kind has workers of its own, so that they fill each other's
 * gaps, and who has nothing left helps the others. The longest come first, since a long one that
 * starts late runs alone at the end.
 */

/** Those that mostly wait, the longest first. A wait of a second or two is not worth a line. */
export const WAITING: readonly string[] = [
  'test/bin/overlap.test.ts',
  'test/processes/partition.test.ts',
  'test/processes/mesh.test.ts',
  'test/bin/commands.test.ts',
  'test/house/readme.test.ts',
  'test/processes/storm.test.ts',
  'test/bin/run.test.ts',
  'test/examples/examples.test.ts',
  'test/inspector/page.test.ts',
  'test/examples/demo.test.ts',
  'test/processes/stops.test.ts',
  'test/house/runner.test.ts',
  'test/attackers/siege.test.ts',
  'test/actors/slow.test.ts',
  'test/bin/recipe.test.ts',
  'test/processes/tls.test.ts',
  'test/adapters/cron.test.ts',
  'test/actors/keyFile.test.ts',
  'test/package/browser.test.ts',
  'test/processes/proxy.test.ts',
  'test/inspector/serve.test.ts',
  'test/bin/inspect.test.ts',
]

/** Those of the others that take long, the longest first. */
export const COMPUTING: readonly string[] = [
  'test/scenarios/random.test.ts',
  'test/rules/pairExploration.test.ts',
  'test/declarations/declarations.test.ts',
  'test/scenarios/ephemeral.test.ts',
  'test/scenarios/relay.test.ts',
  'test/scenarios/dialling.test.ts',
  'test/rules/merge.test.ts',
  'test/scenarios/majority.test.ts',
  'test/scenarios/antiEntropy.test.ts',
  'test/rules/value.test.ts',
  'test/rules/ballots.test.ts',
  'test/house/errors.test.ts',
  'test/transport/codec.test.ts',
  'test/scenarios/splits.test.ts',
  'test/scenarios/messages.test.ts',
  'test/house/floors.test.ts',
  'test/actors/handshake.test.ts',
  'test/simulation/schedule.test.ts',
]

export interface Lanes {
  readonly waiting: string[]
  readonly computing: string[]
}

/** Parts and sorts test files, which are given by their paths in the project. */
export function lanesOf(paths: readonly string[]): Lanes {
  const isWaiting = new Set(WAITING)
  return {
    waiting: inOrder(
      paths.filter((path) => isWaiting.has(path)),
      WAITING,
    ),
    computing: inOrder(
      paths.filter((path) => !isWaiting.has(path)),
      COMPUTING,
    ),
  }
}

function inOrder(paths: readonly string[], longest: readonly string[]): string[] {
  const place = new Map(longest.map((path, index) => [path, index]))
  const placeOf = (path: string) => place.get(path) ?? longest.length
  return paths.toSorted((one, other) => placeOf(one) - placeOf(other) || (one < other ? -1 : 1))
}
