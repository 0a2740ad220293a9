/**
 * A world as text, the same for worlds that differ only in the names of their connections. Every
 * number is written as one character, since half a million of these texts are kept.
 */

import type { Link, Side, Word, World } from './pairWorld.ts'
import { ARBITER, FOLLOWER, GONE, slotOf } from './pairWorld.ts'

export function keyOf(world: World): string {
  const ranked: { slot: number; key: string }[] = []
  for (let slot = 0; slot < world.links.length; slot++) {
    const link = world.links[slot]
    if (link) ranked.push({ slot, key: linkKey(world, link, slot) })
  }
  ranked.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.slot - b.slot))
  const [arbiter, follower] = world.peers
  let text = char(world.extraDials * 8 + world.faults) + char(world.eagerRedials)
  text += char(+world.joined + 2 * +arbiter.hadOne + 4 * +follower.hadOne)
  text += char(arbiter.run * 8 + follower.run)
  text += char(arbiter.pair.lastSelect) + char(follower.pair.lastSelect)
  text += follower.pair.arbiterRun?.at(-1) ?? '-'
  for (const { slot, key } of ranked) {
    text += key + references(world, slot, ranked)
  }
  return text
}

function linkKey(world: World, link: Link, slot: number): string {
  let text = char(link.dialler + 2 * +link.broken + 4 * +link.draining)
  for (const side of SIDES) {
    const { phase, run, inbox } = link.ends[side]
    text += char(PHASES.indexOf(phase) * 8 + run) + connectionKey(world, side, slot)
    text += char(inbox.length)
    for (const word of inbox) text += wordKey(word)
  }
  return text
}

/** Of the order in a pair, only that among connections in the same state can matter. */
function connectionKey(world: World, side: Side, slot: number): string {
  const { connections } = world.peers[side].pair
  const index = connections.findIndex((each) => slotOf(each.connection) === slot)
  const found = connections[index]
  if (!found) return '-'
  let before = 0
  for (let i = 0; i < index; i++) if (connections[i]?.state === found.state) before++
  // Evidence is read of what is held; afterwards it is of no consequence.
  const said = found.state === 'held' && side === ARBITER ? char(found.evidence.lastSelect) : ''
  return char(STATES.indexOf(found.state) * 8 + before) + char(found.number) + said
}

function wordKey(word: Word): string {
  const kind = char(WORDS.indexOf(word.kind))
  if ('evidence' in word) return kind + char(word.evidence.lastSelect)
  return 'number' in word ? kind + char(word.number) : kind
}

/** The connections that the evidence on this one speaks of, by their rank. */
function references(world: World, slot: number, ranked: { slot: number }[]): string {
  let text = ''
  for (const { inbox } of world.links[slot]?.ends ?? []) {
    for (const word of inbox) if ('evidence' in word) text += reference(word.evidence.have, ranked)
  }
  for (const { connection, state, evidence } of world.peers[ARBITER].pair.connections) {
    if (state === 'held' && slotOf(connection) === slot) text += reference(evidence.have, ranked)
  }
  return text
}

function reference(have: string | null, ranked: { slot: number }[]): string {
  if (have === null) return '-'
  if (have === GONE) return '+'
  return char(ranked.findIndex(({ slot }) => `c${slot}` === have) + 1)
}

function char(number: number): string {
  return String.fromCharCode(48 + number)
}

const SIDES: readonly Side[] = [ARBITER, FOLLOWER]
const PHASES = ['absent', 'unseen', 'dialling', 'accepted', 'authenticated']
const STATES = ['held', 'candidate', 'nominal', 'reselected', 'confirmed', 'demoted']
const WORDS = [
  'hello',
  'reply',
  'auth',
  'gone',
  'select',
  'acknowledge',
  'confirm',
  'resume',
  'end',
]
