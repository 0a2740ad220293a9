/**
 * The graph of peers. A connection has two ends, and each is drawn by itself, from its peer to the
 * middle, in the state that this end believes it is in.
 */
import { html } from 'htm/preact'
import { useEffect, useReducer, useState } from 'preact/hooks'
import type { ActorRecord, World } from '../world.ts'
import { Field } from './field.ts'
import { colourOf, contextOf, machineOf, peerOf, stateText, syncOf } from './naming.ts'

/** How long the end of a connection stays to be seen. Milliseconds. */
const GONE_MS = 4_000
/** The least that is in view, so that a few peers are not drawn huge. */
const VIEW = { width: 500, height: 400 }
/** Peers that are drawn. */
const PEERS_MAX = 150

export interface End {
  readonly uid: string
  readonly from: string
  readonly to: string
  readonly state: string
  readonly phase: string
  readonly address: string
  readonly direction: string
  readonly roundTripMs: number | undefined
}

interface Peer {
  readonly id: string
  readonly isSeen: boolean
  readonly isGone: boolean
  readonly size: number
  readonly digest: string
  readonly owned: number
  readonly x: number
  readonly y: number
}

/** Every end of a connection that is, or was a moment ago. */
export function endsOf(world: World, now: number): End[] {
  const ends: End[] = []
  for (const actor of world.actors.values()) {
    if (machineOf(actor) !== 'connection') continue
    const sync = syncOf(world, actor)
    const from = peerOf(world, sync)
    if (from === undefined) continue
    const isOver = actor.isEnded || actor.snapshot.value === 'closed'
    if (isOver && now - actor.changedAt > GONE_MS) continue
    const { peerId, address = '', direction = '' } = contextOf(actor)
    const to = peerId ?? peerAt(world, address)
    const state = isOver ? 'closed' : stateText(actor.snapshot.value)
    const rows = sync && world.dictionaries.get(sync.uid)?.summary.peers
    const roundTripMs = rows?.find((row) => row.peerId === to)?.roundTripMs
    const rest = { address, direction, roundTripMs }
    ends.push({
      uid: actor.uid,
      from,
      to: to ?? address,
      state,
      phase: phaseOf(state, actor),
      ...rest,
    })
  }
  return ends
}

function phaseOf(state: string, { isEnded }: ActorRecord): string {
  return isEnded ? 'closed' : (state.split('.')[0] ?? '')
}

/** Who listens at an address, if that is known. */
function peerAt(world: World, address: string): string | undefined {
  for (const { summary } of world.dictionaries.values()) {
    if (summary.listening.includes(address)) return summary.peerId
  }
  return undefined
}

function peersOf(world: World, ends: readonly End[]): Map<string, Omit<Peer, 'x' | 'y'>> {
  const peers = new Map<string, Omit<Peer, 'x' | 'y'>>()
  const nobody = { isSeen: false, isGone: false, size: 0, digest: '', owned: 0 }
  for (const { uid, summary, rows } of world.dictionaries.values()) {
    const { peerId: id, size, digest } = summary
    const isGone = world.actors.get(uid)?.isEnded !== false
    // A peer that came back is known by its newer run.
    if (isGone && peers.get(id)?.isGone === false) continue
    const owned = [...rows.values()].filter(({ owner }) => owner === id).length
    peers.set(id, { id, isSeen: true, isGone, size, digest, owned })
  }
  for (const { from, to, phase } of ends) {
    for (const id of [from, to]) {
      if (!peers.has(id) && phase !== 'closed') peers.set(id, { ...nobody, id })
    }
  }
  return peers
}

/** The peers, each at its place. */
function usePlaces(
  peers: ReadonlyMap<string, Omit<Peer, 'x' | 'y'>>,
  ends: readonly End[],
): Map<string, Peer> {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0)
  const [field] = useState(() => new Field(() => redraw(undefined)))
  useEffect(() => () => field.stop(), [field])
  const ids = [...peers.keys()].slice(0, PEERS_MAX)
  const pairs = new Map(
    ends.map(({ from, to }) => [[from, to].sort().join(' '), [from, to] as const]),
  )
  const spots = field.arrange(ids, [...pairs.values()])
  return new Map(
    ids.flatMap((id) => {
      const [told, spot] = [peers.get(id), spots.get(id)]
      return told && spot ? [[id, { ...told, x: spot.x, y: spot.y }] as const] : []
    }),
  )
}

interface PaneInput {
  readonly world: World
  readonly now: number
  readonly scope: string
  readonly isCompact?: boolean
}

export function MeshPane({ world, now, scope, isCompact = false }: PaneInput) {
  const ends = endsOf(world, now)
  const peers = peersOf(world, ends)
  const nodes = usePlaces(peers, ends)
  if (peers.size === 0) return html`<p class="empty">No dictionary is open yet.</p>`
  return html`<div class="mesh">
    <figure class="graph">
      <svg viewBox=${viewOf([...nodes.values()])} role="img"
        aria-label=${describe(peers, ends)}>
        ${ends.map((end) => drawEnd(end, { ends, nodes }))}
        ${[...nodes.values()].map((peer) => drawPeer(peer, scope))}
      </svg>
      <figcaption>
        <span>${agreement(peers)}</span>
        <span class="legend">
          ${['connecting', 'handshaking', 'conflicted', 'nominal', 'closed'].map(
            (phase) => html`<span class=${`phase ${phase}`}>${phase}</span>`,
          )}
        </span>
      </figcaption>
    </figure>
    ${!isCompact && html`<${Connections} ends=${ends} scope=${scope} />`}
  </div>`
}

/** As near as all peers allow. */
function viewOf(peers: readonly Peer[]): string {
  const xs = peers.map(({ x }) => x)
  const ys = peers.map(({ y }) => y)
  const [left, top] = [Math.min(...xs) - 74, Math.min(...ys) - 52]
  const width = Math.max(...xs) + 74 - left
  const height = Math.max(...ys) + 80 - top
  const [more, higher] = [Math.max(0, VIEW.width - width), Math.max(0, VIEW.height - height)]
  const view = [left - more / 2, top - higher / 2, width + more, height + higher]
  return view.map(Math.round).join(' ')
}

function describe(peers: ReadonlyMap<string, unknown>, ends: readonly End[]): string {
  const nominal = ends.filter(({ phase }) => phase === 'nominal').length
  return `${peers.size} peers, ${ends.length} ends of connections, ${nominal} of them nominal`
}

/** Peers that hold the same have the same digest. */
function agreement(peers: ReadonlyMap<string, Omit<Peer, 'x' | 'y'>>) {
  const seen = [...peers.values()].filter(({ isSeen, isGone }) => isSeen && !isGone)
  const digests = new Set(seen.map(({ digest }) => digest))
  if (seen.length < 2) return html`${seen.length} peer open here`
  return digests.size === 1
    ? html`<b class="good">All ${seen.length} peers hold the same</b>
        <code> ${[...digests][0]?.slice(0, 8)}</code>`
    : html`<b class="odd">${digests.size} different states</b> among ${seen.length} peers`
}

interface Scene {
  readonly ends: readonly End[]
  readonly nodes: ReadonlyMap<string, Peer>
}

/** Half of a line; where several connect the same two, each bends another way. */
function drawEnd(end: End, { ends, nodes }: Scene) {
  const [one, other] = [nodes.get(end.from), nodes.get(end.to)]
  if (!one || !other) return null
  const beside = ends.filter(({ from, to }) => from === end.from && to === end.to)
  const bend = (beside.indexOf(end) - (beside.length - 1) / 2) * 26
  const isSeenThere = ends.some(({ from, to }) => from === end.to && to === end.from)
  const across = { x: other.x - one.x, y: other.y - one.y }
  const length = Math.max(1, Math.hypot(across.x, across.y))
  // The same way for both ends, so that their halves meet.
  const side = end.from < end.to ? 1 : -1
  const normal = { x: (-across.y / length) * bend * side, y: (across.x / length) * bend * side }
  const middle = { x: one.x + across.x / 2 + normal.x, y: one.y + across.y / 2 + normal.y }
  const control = { x: one.x + across.x / 4 + normal.x, y: one.y + across.y / 4 + normal.y }
  const half = `M${one.x} ${one.y}Q${control.x} ${control.y} ${middle.x} ${middle.y}`
  const path = isSeenThere ? half : `${half}L${other.x} ${other.y}`
  return html`<path key=${end.uid} class=${`link ${end.phase}`} d=${path}
    data-link=${`${end.from} ${end.to}`} data-state=${end.state}>
    <title>${`${end.from} says of ${end.to}: ${end.state}`}</title></path>`
}

function drawPeer(peer: Peer, scope: string) {
  const { id, x, y, isSeen, isGone, size, owned } = peer
  const radius = 21 + Math.min(14, Math.sqrt(owned) * 1.6)
  const marks = [
    colourOf(id),
    isSeen ? 'seen' : 'heard',
    isGone ? 'gone' : '',
    scope === id ? 'chosen' : '',
  ]
  const told = isGone ? 'closed' : isSeen ? `${size} keys, owns ${owned}` : 'not inspected'
  return html`<g key=${id} class=${`peer ${marks.join(' ')}`} data-peer=${id}
    transform=${`translate(${x} ${y})`}>
    <circle class="halo" r=${radius + 6} /><circle class="core" r=${radius} />
    <text class="initial" y="6">${[...id][0]?.toUpperCase()}</text>
    <text class="name" y=${radius + 22}>${id.length > 18 ? `${id.slice(0, 17)}…` : id}</text>
    <text class="told" y=${radius + 37}>${told}</text>
    <title>${`${id}: ${told}`}</title>
  </g>`
}

function Connections({ ends, scope }: { ends: readonly End[]; scope: string }) {
  const shown = ends.filter(({ from, to }) => scope === '' || from === scope || to === scope)
  const head = ['Peer', '', 'Other end', 'State', 'Address']
  return html`<div class="scroll"><table>
    <caption class="unseen">Connections, each end by itself</caption>
    <thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}
      <th scope="col" class="number">Round trip</th></tr></thead>
    <tbody>${shown.map((end) => html`<${Connection} key=${end.uid} end=${end} />`)}</tbody>
  </table></div>`
}

function Connection({ end }: { end: End }) {
  const { from, to, state, phase, direction, address, roundTripMs } = end
  const isOut = direction === 'outgoing'
  return html`<tr>
    <td><span class=${`chip ${colourOf(from)}`}>${from}</span></td>
    <td title=${direction} aria-label=${direction}>${isOut ? '→' : '←'}</td>
    <td><span class=${`chip ${colourOf(to)}`}>${to}</span></td>
    <td><span class=${`phase ${phase}`}>${state}</span></td>
    <td><code>${address.replace(/^tcp:\/\//, '')}</code></td>
    <td class="number">${roundTripMs === undefined ? '' : `${roundTripMs.toFixed(1)} ms`}</td>
  </tr>`
}
