/** How a move changes the world of a pair: the handshake, the commands of the rule, the faults. */

import type { PairEvidence } from '../../machines/rules/message.ts'
import type { PairCommand, PairEvent } from '../../machines/rules/pair.ts'
import {
  ARBITER,
  blame,
  createPeer,
  type End,
  FOLLOWER,
  forget,
  IN_USE,
  idOf,
  linkAt,
  NO_EVIDENCE,
  other,
  type Place,
  type Rule,
  runOf,
  type Side,
  say,
  seen,
  slotOf,
  type World,
} from './pairWorld.ts'

type Act = (world: World, place: Place & { rule: Rule }) => void

export const ACTS = {
  hear,
  lose,
  drain: drained,
  giveUpHeld,
  dial,
  dialEagerly(world, place) {
    world.eagerRedials--
    dial(world, place)
  },
  dialOnceMore(world, place) {
    world.extraDials--
    dial(world, place)
  },
  break: breakLink,
  restart,
} satisfies Record<string, Act>

function hear(world: World, place: Place & { rule: Rule }): void {
  const link = linkAt(world, place.slot)
  const end = link.ends[place.side]
  const word = end.inbox.shift()
  const connection = idOf(place.slot)
  switch (word?.kind) {
    case 'gone':
      lose(world, place)
      return
    case 'hello':
      Object.assign(end, { phase: 'accepted', run: world.peers[place.side].run })
      say(world, place, { kind: 'reply', evidence: evidenceOf(world, place) })
      return
    case 'reply':
      say(world, place, { kind: 'auth', evidence: evidenceOf(world, place) })
      authenticated(world, place, word.evidence)
      return
    case 'auth':
      authenticated(world, place, word.evidence)
      return
    case 'resume':
      step(world, place, { type: 'resume.received', connection })
      return
    case 'select':
    case 'acknowledge':
    case 'confirm':
      step(world, place, { type: `${word.kind}.received`, connection, number: word.number })
  }
}

function authenticated(world: World, place: Place & { rule: Rule }, evidence: PairEvidence): void {
  const { ends } = linkAt(world, place.slot)
  ends[place.side].phase = 'authenticated'
  const far = other(place.side)
  const run = runOf(far, ends[far].run)
  const connection = idOf(place.slot)
  step(world, place, { type: 'connection.authenticated', connection, run, evidence })
}

function evidenceOf(world: World, { slot, side, rule }: Place & { rule: Rule }): PairEvidence {
  if (side === ARBITER) return NO_EVIDENCE
  return rule.evidence(
    world.peers[FOLLOWER].pair,
    runOf(ARBITER, linkAt(world, slot).ends[ARBITER].run),
  )
}

function step(world: World, { side, rule }: Place & { rule: Rule }, event: PairEvent): void {
  const peer = world.peers[side]
  const { pair, commands } = rule.step(peer.pair, event)
  peer.pair = pair
  for (const command of commands) obey(world, side, command)
  const inUse = pair.connections.filter(({ state }) => IN_USE.has(state))
  if (inUse.length > 1) blame(world, 'two nominal')
  if (peer.used !== (inUse[0]?.connection ?? null)) blame(world, 'commands differ from state')
}

function obey(world: World, side: Side, command: PairCommand): void {
  const place = { slot: slotOf(command.connection), side }
  const peer = world.peers[side]
  switch (command.type) {
    case 'message.send':
      // `end` orders the data of two connections, which is no concern of the choice.
      if (command.message.kind !== 'end') say(world, place, command.message)
      return
    case 'connection.nominate':
      peer.used = command.connection
      return
    case 'connection.demote':
      if (peer.used !== command.connection) blame(world, 'demoted what was not used')
      peer.used = null
      return
    case 'drain.start':
      linkAt(world, place.slot).draining = true
      return
    case 'connection.close':
      if (peer.used === command.connection) blame(world, 'closed what it uses')
      giveUp(world, place)
  }
}

/** Ends a connection on purpose. */
function giveUp(world: World, place: Place): void {
  const link = linkAt(world, place.slot)
  const theirs = world.peers[other(place.side)].pair.connections
  const used = theirs.some((each) => each.connection === idOf(place.slot) && IN_USE.has(each.state))
  if (used && !link.broken) blame(world, 'live close')
  say(world, place, { kind: 'gone' })
  forget(world, place)
}

function lose(world: World, place: Place & { rule: Rule }): void {
  const { slot, side } = place
  const connection = idOf(slot)
  if (world.peers[side].used === connection) world.peers[side].used = null
  forget(world, place)
  step(world, place, { type: 'connection.lost', connection })
}

function drained(world: World, place: Place & { rule: Rule }): void {
  linkAt(world, place.slot).draining = false
  step(world, place, { type: 'drain.elapsed', connection: idOf(place.slot) })
}

function giveUpHeld(world: World, place: Place & { rule: Rule }): void {
  giveUp(world, place)
  step(world, place, { type: 'connection.lost', connection: idOf(place.slot) })
}

function dial(world: World, { slot, side }: Place): void {
  const near: End = { phase: 'dialling', run: world.peers[side].run, inbox: [] }
  const far: End = { phase: 'unseen', run: 0, inbox: [] }
  const ends: [End, End] = side === ARBITER ? [near, far] : [far, near]
  world.owned |= 1 << slot
  world.links[slot] = { dialler: side, broken: false, draining: false, ends }
  say(world, { slot, side }, { kind: 'hello' })
}

function breakLink(world: World, { slot }: Place): void {
  world.faults--
  const link = linkAt(world, slot)
  link.broken = true
  for (const end of link.ends) {
    if (end.phase === 'unseen' && end.inbox.length === 0) end.phase = 'absent'
  }
}

function restart(world: World, { side }: Place): void {
  world.faults--
  const { run } = world.peers[side]
  world.peers[side] = { ...createPeer(side, run + 1), hadOne: world.peers[side].hadOne }
  world.links.forEach((link, slot) => {
    if (!link || !seen(link.ends[side])) return
    linkAt(world, slot).broken = true
    forget(world, { slot, side })
  })
}
