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
    threat: 'S9',
    invariant: 'S9',
    name: 'a member claims a token that cannot be',
    scenario: 'test/rules/tokens.test.ts',
    file: 'machines/rules/ingress.ts',
    sound: '    if (token > known + TOKEN_RISE_MAX) return true\n',
    broken: '',
  },
  {
    threat: 'S9',
    invariant: 'S9',
    name: 'a member tells of a floor above all that was written',
    scenario: 'test/rules/tokens.test.ts',
    file: 'machines/rules/collect.ts',
    sound: '  replica.floor = Math.max(replica.floor, Math.min(floor, FLOOR_TOLD_MAX))\n',
    broken: '  replica.floor = Math.max(replica.floor, floor)\n',
  },
  {
    threat: 'S13',
    invariant: 'S13',
    name: 'a member names writers without end',
    scenario: 'test/rules/origins.test.ts',
    file: 'machines/rules/origins.ts',
    sound: '  forgetOrigins(replica)\n  if',
    broken: '  if',
  },
  {
    threat: 'S4',
    invariant: 'S4',
    name: 'a member fills the dictionary alone',
    scenario: 'test/rules/share.test.ts',
    file: 'machines/rules/merge.ts',
    sound: '    if (exceeds(replica, key, slot, claim)) return false\n',
    broken: '',
  },
  {
    threat: 'S6',
    invariant: 'S6',
    name: 'a member says hello under names without end',
    scenario: 'test/rules/roster.test.ts',
    file: 'machines/rules/admission.ts',
    sound: '    pairs.delete(peerId)\n',
    broken: '',
  },
  {
    threat: 'S6',
    invariant: 'S6',
    name: 'one address dials without end',
    scenario: 'test/rules/knock.test.ts',
    file: 'machines/rules/pace.ts',
    sound: '  if (next === undefined) return false\n',
    broken: '  if (next === undefined) return true\n',
  },
  {
    threat: 'S25',
    invariant: 'S25',
    name: 'a member that is not admitted dials',
    scenario: 'test/actors/guests.test.ts',
    file: 'machines/rules/admission.ts',
    sound: "  if (!isAdmitted) return refuse(roster, handle, { reason: 'denied' })\n",
    broken: '',
  },
  {
    threat: 'S25',
    invariant: 'S25',
    name: 'a member that is not admitted answers a dial',
    scenario: 'test/actors/guests.test.ts',
    file: 'machines/rules/admission.ts',
    sound: "  if (!isWanted) return refuse(roster, handle, { reason: 'denied', peerId })\n",
    broken: '',
  },
  {
    threat: 'S25',
    invariant: 'S25',
    name: 'others tell where a member lives that is not admitted',
    scenario: 'test/rules/roster.test.ts',
    file: 'machines/rules/hearsay.ts',
    sound: '    if (!isGuest(roster.guests, peerId)) continue\n',
    broken: '',
  },
  {
    threat: 'S25',
    invariant: 'S25',
    name: 'a member stays connected that is not admitted any more',
    scenario: 'test/actors/guests.test.ts',
    file: 'machines/rules/admission.ts',
    sound: "    orders.push(tell(handle, { type: 'peer.refused', reason: 'denied' }))\n",
    broken: '',
  },
]
