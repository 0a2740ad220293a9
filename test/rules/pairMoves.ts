/**
 * What may happen next in the world of a pair. Connections may break (what is under way may still
 * arrive, and each end notices on its own), and a peer may crash and come back as a new run.
 */

import { ACTS } from './pairActs.ts'
import {
  ARBITER,
  FOLLOWER,
  idOf,
  NAMES,
  type Rule,
  SIDES,
  type Side,
  seen,
  type World,
} from './pairWorld.ts'

/** `must` happens sooner or later; `may` and `fault` perhaps never. */
export interface Move {
  readonly kind: 'must' | 'may' | 'fault'
  readonly act: keyof typeof ACTS
  readonly slot: number
  readonly side: Side
}

/** The world after a move; the given one stays as it is. */
export function play(world: World, move: Move, rule: Rule): World {
  const [arbiter, follower] = world.peers
  const next: World = {
    ...world,
    peers: [{ ...arbiter }, { ...follower }],
    links: [...world.links],
    offences: [],
    owned: 0,
  }
  ACTS[move.act](next, { slot: move.slot, side: move.side, rule })
  note(next)
  return next
}

/** A move in words, for the path to something that must not be. */
export function told(move: Move, world: World): string {
  const word = world.links[move.slot]?.ends[move.side].inbox[0]
  const heard = move.act === 'hear' && word ? ` ${JSON.stringify(word)}` : ''
  return `${NAMES[move.side]}: ${move.act}${heard} on c${move.slot}`
}

/** Everything that may happen next. */
export function moves(world: World, rule: Rule): Move[] {
  const found: Move[] = []
  for (let slot = 0; slot < world.links.length; slot++) linkMoves(world, slot, { rule, found })
  const pending = found.length > 0
  for (const side of SIDES) dialMoves(world, side, { pending, found })
  if (world.faults > 0) faultMoves(world, found)
  return found
}

function linkMoves(world: World, slot: number, { rule, found }: { rule: Rule; found: Move[] }) {
  const link = world.links[slot]
  if (!link) return
  for (const side of SIDES) {
    const { inbox, phase } = link.ends[side]
    if (inbox.length > 0) found.push({ kind: 'must', act: 'hear', slot, side })
    if (link.broken && phase !== 'absent') found.push({ kind: 'must', act: 'lose', slot, side })
  }
  if (link.draining) found.push({ kind: 'must', act: 'drain', slot, side: FOLLOWER })
  if (rule.holdTimer && holds(world, slot)) {
    found.push({ kind: 'must', act: 'giveUpHeld', slot, side: FOLLOWER })
  }
}

function dialMoves(
  world: World,
  side: Side,
  { pending, found }: { pending: boolean; found: Move[] },
) {
  const slot = world.links.indexOf(null)
  if (slot < 0) return
  if (!world.links.some((link) => link && seen(link.ends[side]))) {
    const eager = world.peers[side].hadOne && world.eagerRedials > 0
    if (eager) found.push({ kind: 'must', act: 'dialEagerly', slot, side })
    else if (!world.peers[side].hadOne || !pending) {
      found.push({ kind: 'must', act: 'dial', slot, side })
    }
  }
  if (world.extraDials > 0) found.push({ kind: 'may', act: 'dialOnceMore', slot, side })
}

function faultMoves(world: World, found: Move[]) {
  world.links.forEach((link, slot) => {
    if (link && !link.broken) found.push({ kind: 'fault', act: 'break', slot, side: ARBITER })
  })
  for (const side of SIDES) found.push({ kind: 'fault', act: 'restart', slot: -1, side })
}

function note(world: World): void {
  for (const side of SIDES) {
    if (world.links.some((link) => link && seen(link.ends[side]))) world.peers[side].hadOne = true
  }
  const [arbiter, follower] = world.peers
  if (arbiter.used !== null && arbiter.used === follower.used) world.joined = true
  if (arbiter.pair.lastSelect > 60) throw new Error('the arbiter never stops selecting')
}

function holds(world: World, slot: number): boolean {
  const { connections } = world.peers[FOLLOWER].pair
  const confirmed = connections.some((each) => each.state === 'confirmed')
  return (
    confirmed && connections.some((each) => each.connection === idOf(slot) && each.state === 'held')
  )
}
