/** `holdfast peers`: lists the peers of the network. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Dictionary } from 'holdfast'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { type Flags, readWords, requireWords } from './flag.ts'
import { drawGrid } from './grid.ts'
import { linesOf, printLines } from './listing.ts'
import { VISIT_FLAGS, visit } from './visit.ts'

/** So long does a peer take at most until it tells a new neighbour of itself and of others. */
const CENSUS_MS = 1_200
/** How many others it connects to. */
const OUTGOING_MAX = 8

const FLAGS = {
  json: { help: 'a JSON object for each peer, one a line' },
  ...VISIT_FLAGS,
} as const satisfies Flags

export const peersCommand: Command = {
  name: 'peers',
  usage: '',
  summary: 'list the peers of the network',
  story: `
Joins, listens for a second to who tells of whom, and prints all peers but this one: those that it
could connect to itself, and those that others know. Who is out of reach is listed for an hour.`,
  flags: FLAGS,
  examples: [
    { line: 'holdfast peers', does: 'prints a table' },
    { line: 'holdfast peers --json', does: 'prints JSON' },
  ],
  exits: [EXIT.usage, EXIT.unavailable],
  async act(words) {
    const given = readWords({ name: 'peers', flags: FLAGS, words })
    requireWords(given, { name: 'peers', usage: '[flags]', min: 0, max: 0 })
    const work = async ({
      dictionary,
      signal,
    }: {
      dictionary: Dictionary
      signal: AbortSignal
    }) => {
      dictionary.requestPeers()
      await sleep(CENSUS_MS, undefined, { signal })
      // The confirmation is measured on its way, so that the round trip is known.
      await dictionary.untilDelivered({ waitMs: CENSUS_MS }).catch(() => {})
      const rows = listPeers(dictionary)
      await printLines(linesOf(rows, { isJson: given.has('json'), draw: drawPeers }), signal)
      return 0
    }
    return visit(given, work, { maxOutgoing: OUTGOING_MAX })
  },
}

interface PeerRow {
  readonly peerId: string
  readonly state: 'connected' | 'known' | 'unreachable'
  readonly roundTripMs: number | null
  readonly addresses: readonly string[]
}

function listPeers({ members, peers }: Dictionary): PeerRow[] {
  const rows = members.map(({ peerId, isReachable, addresses }): PeerRow => {
    const line = peers.find((each) => each.peerId === peerId)
    const state = line ? 'connected' : isReachable ? 'known' : 'unreachable'
    return { peerId, state, roundTripMs: line?.roundTripMs ?? null, addresses }
  })
  return rows.sort((one, other) => (one.peerId < other.peerId ? -1 : 1))
}

function drawPeers(peers: readonly PeerRow[]): string[] {
  const rows = peers.map(({ peerId, state, roundTripMs, addresses }) => {
    const trip = roundTripMs === null ? '–' : `${roundTripMs.toFixed(1)} ms`
    return [peerId, state, trip, addresses.join(', ') || '–']
  })
  return drawGrid({ heading: ['PEER', 'STATE', 'ROUND TRIP', 'ADDRESSES'], rows })
}
