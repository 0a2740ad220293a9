/** Who may be connected, when the application says so anew. */

import { HoldfastError } from '../machines/rules/errors.ts'
import { type GuestList, type Guests, guestListOf } from '../machines/rules/guests.ts'
import { admitsKeysOnly, areGuests } from './identity.ts'
import type { Settings } from './settings.ts'
import { requireSheltered } from './shelter.ts'

const LISTS: ReadonlySet<string> = new Set<keyof Guests>(['allow', 'deny'])

/**
 * The lists that take the place of those before. Throws `OPTION_UNKNOWN` or `OPTION_INVALID`, and
 * `ADDRESS_EXPOSED` if an address could be listened at only for the list that is given up.
 */
export function guestsAdmitted(settings: Settings, lists: Guests): GuestList {
  if (typeof lists !== 'object' || lists === null) {
    throw new HoldfastError('OPTION_INVALID', 'The lists are no object.', { option: 'allow' })
  }
  for (const [option, list] of Object.entries(lists)) {
    if (!LISTS.has(option)) {
      throw new HoldfastError('OPTION_UNKNOWN', `There is no list '${option}'.`, { option })
    }
    if (list === undefined || areGuests(list)) continue
    const message = `'${option}' is no list of different peer ids.`
    throw new HoldfastError('OPTION_INVALID', message, { option })
  }
  const protection = { ...settings.protection, hasAllowList: admitsKeysOnly(lists) }
  requireSheltered({ ...settings, protection })
  return guestListOf(lists)
}
