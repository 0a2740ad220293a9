/**
 * The attacks that stand in test files, and for each the check that stops it, as a text that is
 * taken out to show that the attack succeeds without it.
 */

import type { Mutant } from '../scenarios/mutantList.ts'

export interface Attack extends Mutant {
  /** The line of the threat table in SECURITY.md. */
  readonly threat: string
  /** The test file whose attack must fail against the present code. */
  readonly scenario: string
}

export const ATTACKS: readonly Attack[] = [
  {
    threat: 'S1',
    invariant: 'S1',
    name: 'a frame that announces 4 GiB',
    scenario: 'test/actors/limits.test.ts',
    file: 'transport/framing.ts',
    sound: '    } else if (bodyBytes > this.#bodyBytesMax) {\n',
    broken: '    } else if (bodyBytes > 2 ** 33) {\n',
  },
  {
    threat: 'S3',
    invariant: 'S3',
    name: 'a frame nested too deeply',
    scenario: 'test/transport/shape.test.ts',
    file: 'transport/shape.ts',
    sound: "    if (++depth > FRAME_DEPTH_MAX) return 'frame.depth'\n",
    broken: '    depth++\n',
  },
  {
    threat: 'S3',
    invariant: 'S3',
    name: 'more elements than a frame may have',
    scenario: 'test/transport/shape.test.ts',
    file: 'transport/shape.ts',
    sound: "    if (++elements > FRAME_ELEMENTS_MAX) return 'frame.elements'\n",
    broken: '    elements++\n',
  },
  {
    threat: 'S4',
    invariant: 'S4',
    name: 'a member lets the values of known keys grow',
    scenario: 'test/rules/room.test.ts',
    file: 'machines/rules/merge.ts',
    sound: '  if (order > 0 && !mayGrow(replica, slot, claim)) return false\n',
    broken: '',
  },
  {
    threat: 'S9',
    invariant: 'S9',
    name: 'a member has heard what another never wrote',
    scenario: 'test/attackers/forger.test.ts',
    file: 'actors/notary.ts',
    sound: "      if (word === null) return 'not-proven'\n",
    broken: '      if (word === null) continue\n',
  },
  {
    threat: 'S6',
    invariant: 'S6',
    name: 'one address dials without end',
    scenario: 'test/rules/knock.test.ts',
    file: 'machines/rules/knock.ts',
    sound: '  if (next === undefined) return false\n',
    broken: '  if (next === undefined) return true\n',
  },
]
