/** Names that others told of, looked up so that they lead nowhere that they may not. */

import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { PLACE_REFUSED } from './tcpError.ts'

/** What `Socket.connect` takes to dial only those numeric addresses of a name that may be. */
export function within(mayReach: ((host: string) => boolean) | undefined): {
  lookup?: LookupFunction
} {
  if (mayReach === undefined) return {}
  return {
    lookup: (name, options, tell) => {
      lookup(name, { ...options, all: true }, (error, found) => {
        const allowed = error ? [] : found.filter(({ address }) => mayReach(address))
        const [first] = allowed as [LookupAddress?]
        if (error || first === undefined) tell(error ?? refusal(name), [])
        else if (options.all) tell(null, allowed)
        else tell(null, first.address, first.family)
      })
    },
  }
}

function refusal(name: string): NodeJS.ErrnoException {
  const error = new Error(`${name} leads where the peer that told of it may not send others`)
  return Object.assign(error, { code: PLACE_REFUSED })
}
