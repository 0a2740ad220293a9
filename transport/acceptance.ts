/**
 * What every carrier has to pass. The checks know no test runner: each is a title and a function
 * that throws an `AssertionError`. They know no time either: the scene lets it go on, real or
 * simulated.
 */

import { END_CHECKS } from './acceptanceEnds.ts'
import { FRAME_CHECKS } from './acceptanceFrames.ts'
import { PLACE_CHECKS } from './acceptancePlaces.ts'
import type { TransportScene } from './acceptanceScene.ts'

export type { TransportScene } from './acceptanceScene.ts'

/** One check, for any test runner. */
export interface TransportCheck {
  readonly title: string
  run(): Promise<void>
}

/**
 * The acceptance suite for a carrier. `setup` makes a fresh scene for each check.
 *
 * @example
 * for (const { title, run } of transportChecks(() => tcpScene())) test(title, run)
 */
export function transportChecks(
  setup: () => TransportScene | Promise<TransportScene>,
): readonly TransportCheck[] {
  return Object.entries({ ...PLACE_CHECKS, ...FRAME_CHECKS, ...END_CHECKS }).map(
    ([title, check]) => ({
      title,
      run: async () => {
        const scene = await setup()
        try {
          await check(scene)
        } finally {
          await scene.close()
        }
      },
    }),
  )
}
