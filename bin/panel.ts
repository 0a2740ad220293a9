/** What `up` shows: this peer, the others, and the keys with their owners and what is left. */

import type { Dictionary } from 'holdfast'
import { showCountdown } from './duration.ts'
import { cut, drawGrid } from './grid.ts'
import { showKey, writeLiteral } from './literal.ts'
import type { Colour } from './paint.ts'

/** How many of the last happenings are shown. */
export const NEWS_MAX = 3
const PEERS_MAX = 8

export interface PanelOptions {
  readonly network: string
  readonly columns: number
  readonly rows: number
  /** What happened last, oldest first. */
  readonly news: readonly string[]
  readonly paint: (colour: Colour, text: string) => string
}

/** The lines of the panel, as many as fit. */
export function drawPanel(dictionary: Dictionary, options: PanelOptions): string[] {
  const { columns, rows, news, network, paint } = options
  const { peerId, listening, size } = dictionary
  const where = listening.length > 0 ? ` at ${listening.join(', ')}` : ''
  const title = cut(`${peerId} in '${network}'${where}`, columns)
  const peers = drawPeers(dictionary, columns)
  const tail = [...news.map((line) => cut(line, columns)), cut('Ctrl-C leaves.', columns)]
  // The title, two headings, three empty lines, and perhaps one that others are left out.
  const left = Math.max(0, rows - peers.length - tail.length - 6)
  const keys = drawKeys(dictionary, { columns, rowsMax: left })
  const hidden = size - (keys.length - 1)
  const more =
    hidden > 0 ? [paint('dim', cut(`… and ${hidden} more: holdfast ls -l`, columns))] : []
  const [peersHeading = '', ...peerRows] = peers
  const [keysHeading = '', ...keyRows] = keys
  const lines = [
    paint('bold', title),
    '',
    paint('dim', peersHeading),
    ...(peerRows.length > 0 ? peerRows : [cut('nobody yet: holdfast up --join …', columns)]),
    '',
    paint('dim', keysHeading),
    ...keyRows,
    ...more,
    '',
    ...tail.map((line) => paint('dim', line)),
  ]
  return lines.slice(0, Math.max(1, rows))
}

function drawPeers({ peers }: Dictionary, columnsMax: number): string[] {
  const heading = ['PEER', 'DIRECTION', 'ROUND TRIP', 'ADDRESS']
  const shown = peers.slice(0, PEERS_MAX).map(({ peerId, direction, roundTripMs, address }) => {
    const trip = roundTripMs === undefined ? '–' : `${roundTripMs.toFixed(1)} ms`
    return [peerId, direction, trip, address]
  })
  const lines = drawGrid({ heading, rows: shown, columnsMax })
  const hidden = peers.length - shown.length
  return hidden > 0 ? [...lines, cut(`… and ${hidden} more`, columnsMax)] : lines
}

function drawKeys(
  dictionary: Dictionary,
  { columns, rowsMax }: { columns: number; rowsMax: number },
): string[] {
  const rows: string[][] = []
  // Those with a lease come first: they are what is about to change.
  const all = [...dictionary].map(([key, value]) => ({ key, value, lease: dictionary.lease(key) }))
  const order = (row: (typeof all)[number]) => row.lease?.remainingMs ?? Number.POSITIVE_INFINITY
  all.sort((one, other) => order(one) - order(other) || 0)
  for (const { key, value, lease } of all.slice(0, rowsMax)) {
    const owner = lease === undefined ? '–' : lease.mine ? 'this peer' : lease.owner
    const left = lease === undefined ? 'free' : showCountdown(lease.remainingMs)
    const token = lease === undefined ? '–' : String(lease.token)
    rows.push([showKey(key), owner, left, token, writeLiteral(value)])
  }
  const heading = ['KEY', 'OWNER', 'LEFT', 'TOKEN', 'VALUE']
  return drawGrid({ heading, rows, columnsMax: columns })
}
