/**
 * The hands of the mesh: listeners, dials, timers, and the supervision of the connections. Each
 * event is stamped with the time and handed to the roster; its orders are carried out here.
 */

import { type ActorLogic, type EventObject, enqueueActions, type Snapshot } from 'xstate'
import {
  type DialAsked,
  type MeshChildEvent,
  type MeshContext,
  type MeshEvent,
  type MeshInput,
  meshMachine,
} from '../machines/mesh.ts'
import type { Moment } from '../machines/rules/addressBook.ts'
import {
  changeGuests,
  forget,
  hearAuth,
  hearHello,
  hearReply,
} from '../machines/rules/admission.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import { keepPace, learnPeers, peersToTell } from '../machines/rules/hearsay.ts'
import { OWN_ADDRESSES_MAX } from '../machines/rules/hello.ts'
import type { ConnectionOutput } from '../machines/rules/line.ts'
import { MEASURES_TEXT } from '../machines/rules/measure.ts'
import { PROTOCOL_VERSIONS } from '../machines/rules/message.ts'
import type { Handle, PeerId } from '../machines/rules/peer.ts'
import {
  accept,
  advancePair,
  createRoster,
  dial,
  dialDue,
  learn,
  memberOf,
  type Order,
  type Roster,
  type RosterStep,
  tell,
  wake,
} from '../machines/rules/roster.ts'
import { encode } from '../transport/codec.ts'
import { CAPABILITIES, connectionLogic, prepareConnections } from './connection.ts'
import { doorsLogic } from './doors.ts'
import { withHands } from './hands.ts'
import { carryOut } from './orders.ts'
import { fingerprintOf } from './permissions.ts'
import { safetyOf } from './settings.ts'
import type { Switchboard } from './switchboard.ts'

type AnyMeshEvent = MeshEvent | MeshChildEvent

export type MeshSnapshot = Snapshot<undefined> & {
  readonly value: 'opening' | 'open' | 'closing' | 'closed'
  readonly context: MeshContext
}

/**
 * The logic of the mesh, as `inspect` meets it. Spawned by a sync actor, never by an application.
 */
export interface MeshLogic extends ActorLogic<MeshSnapshot, MeshEvent, Pick<MeshInput, 'shared'>> {}

/** The logic of the mesh: supervises the connections of one dictionary. */
export const meshLogic = withHands(meshMachine, {
  input: ({ shared }: Pick<MeshInput, 'shared'>) => inputOf(shared as Switchboard),
  hands: ({ shared }) => handsOf(shared as Switchboard),
}) as unknown as MeshLogic

function inputOf(board: Switchboard): MeshInput {
  const { settings, self } = board
  const { network, leasing, limits, maxOutgoing, advertise, listen } = settings
  const { connectionsMax, learnedPortMin } = limits
  const ours = { safety: safetyOf(settings), rules: fingerprintOf(settings) }
  const measures = MEASURES_TEXT
  const identity = { network, leasing, ...ours, measures, peerId: self.peer, run: self.run }
  const roster = createRoster({
    self: { ...identity, versions: PROTOCOL_VERSIONS, capabilities: CAPABILITIES },
    limits: { connectionsMax, learnedPortMin, maxOutgoing },
    addresses: advertise.slice(0, OWN_ADDRESSES_MAX),
  })
  return { shared: board, roster: { ...roster, guests: settings.guests }, listen }
}

function handsOf(board: Switchboard): Parameters<typeof meshMachine.provide>[0] {
  const moment = (): Moment => ({ now: board.clock.now(), random: board.random })
  prepareConnections(board)
  return {
    actors: { connection: connectionLogic as never, doors: doorsLogic },
    actions: {
      tellOpen: ({ context }) =>
        board.sync.send({ type: 'mesh.opened', listening: context.listening }),
      tellFailed: ({ event }) => board.sync.send(event),
      tellClosed: () => board.sync.send({ type: 'mesh.closed' }),
      join: enqueueActions(({ context, enqueue }) => {
        const heard = { addresses: board.settings.join, source: 'join' } as const
        const step = learn(context.roster, heard, moment())
        enqueue.assign({ roster: step.roster })
        enqueue(() => carryOut(board, step))
      }),
      sayGoodbye: enqueueActions(({ context, enqueue }) => {
        enqueue.assign({ roster: { ...context.roster, isClosing: true } })
        for (const handle of context.roster.members.keys()) {
          enqueue.sendTo(handle, { type: 'connection.close', reason: 'leaving' } as EventObject)
        }
      }),
      follow: enqueueActions(({ context, event, enqueue }) => {
        const step = decide(board, context, { event: event as AnyMeshEvent, moment: moment() })
        enqueue.assign({ roster: step.roster })
        const gone = goneHandle(event as AnyMeshEvent)
        if (gone !== undefined) enqueue.stopChild(gone)
        for (const order of step.orders) {
          if (order.type === 'connection.spawn') {
            const input = { ...order.input, shared: board }
            enqueue.spawnChild('connection', { id: input.handle, input })
          } else if (order.type === 'connection.tell') {
            enqueue.sendTo(order.handle, order.command)
          }
        }
        enqueue(() => carryOut(board, step))
      }),
    },
  }
}

/** What the roster makes of an event. */
function decide(
  board: Switchboard,
  { roster }: MeshContext,
  { event, moment }: { event: AnyMeshEvent; moment: Moment },
): RosterStep {
  const makeId = () => board.makeId()
  switch (event.type) {
    case 'listener.bound':
      return bound(board, roster, event.address)
    case 'wire.accepted':
      return accept(roster, event)
    case 'hello.received':
      return hearHello(roster, event)
    case 'reply.received':
      return hearReply(roster, event, moment)
    case 'auth.received':
      return hearAuth(roster, event, moment)
    case 'pair.said':
      return hearPair(roster, event)
    case 'dial.due':
      return dialDue(roster, moment, makeId)
    case 'drain.elapsed':
      return advancePair(roster, event.peerId, event)
    case 'acknowledge.elapsed':
      return hearNoAcknowledge(roster, event)
    case 'peer.connect':
      return dial(roster, wantedBy(event), { moment, makeId })
    case 'peer.disconnect':
    case 'peer.spare':
      return part(roster, event)
    case 'view.looked':
      return wake({ ...roster, view: event })
    default:
      if (isEnd(event)) return hearEnd(board, roster, { event, moment })
      return hearCompany(board, roster, { event, moment })
  }
}

function wantedBy({ address, peerId, request }: DialAsked) {
  return { address, expects: peerId, requests: [request] }
}

function isEnd(event: AnyMeshEvent): event is MeshChildEvent {
  return goneHandle(event) !== undefined
}

function bound(board: Switchboard, roster: Roster, address: string): RosterStep {
  const addresses = advertised(board, roster, address)
  board.addresses = addresses
  return { roster: { ...roster, addresses }, orders: [] }
}

function hearPair(
  roster: Roster,
  { handle, message }: Extract<MeshEvent, { type: 'pair.said' }>,
): RosterStep {
  const member = roster.members.get(handle)
  if (member?.peerId == null || member.connection === null || !member.isAuthenticated) {
    return { roster, orders: [] }
  }
  const { connection, peerId } = member
  switch (message.kind) {
    case 'resume':
      return advancePair(roster, peerId, { type: 'resume.received', connection })
    case 'end':
      return { roster, orders: [] }
    default: {
      const { kind, number } = message
      return advancePair(roster, peerId, { type: `${kind}.received`, connection, number })
    }
  }
}

/** The follower did not answer a select in time: the connection counts as broken. */
function hearNoAcknowledge(
  roster: Roster,
  event: Extract<MeshEvent, { type: 'acknowledge.elapsed' }>,
): RosterStep {
  const { peerId, connection, number } = event
  const found = roster.pairs.get(peerId)?.connections.find((each) => each.connection === connection)
  const isAwaited = found?.state === 'candidate' || found?.state === 'reselected'
  const member = memberOf(roster, connection)
  if (!isAwaited || found.number !== number || member === undefined) return { roster, orders: [] }
  return { roster, orders: [tell(member.handle, { type: 'wire.silent' })] }
}

function part(
  roster: Roster,
  { type, peerId }: Extract<MeshEvent, { type: 'peer.disconnect' | 'peer.spare' }>,
): RosterStep {
  const reason = type === 'peer.spare' ? 'surplus' : 'disconnected'
  const orders: Order[] = []
  for (const { handle, peerId: other } of roster.members.values()) {
    if (other !== peerId) continue
    orders.push(tell(handle, { type: 'connection.close', reason }))
  }
  return { roster, orders }
}

/** A connection ended, in good order or by a crash. It takes nobody along. */
function hearEnd(
  board: Switchboard,
  roster: Roster,
  { event, moment }: { event: AnyMeshEvent; moment: Moment },
): RosterStep {
  const handle = goneHandle(event)
  const member = handle && roster.members.get(handle)
  if (member === undefined) return { roster, orders: [] }
  if ('output' in event) {
    tellEnd(board, event.output)
    return forget(roster, event.output, moment)
  }
  const { error: cause } = event as { error: unknown }
  const error = new HoldfastError('ACTOR_FAILED', 'A connection actor crashed.', { cause })
  board.announce({ type: 'error', error })
  const end = { cause: 'defect', reason: 'failed' } as const
  const { address, peerId } = member
  return forget(roster, { handle: member.handle, peerId, address, end }, moment)
}

function tellEnd(board: Switchboard, { end, address, peerId }: ConnectionOutput): void {
  const { cause, reason } = end
  const by = 'by' in end ? end.by : null
  board.announce({ type: 'connection.closed', address, peerId, cause, reason, by })
  if (end.cause === 'refused') {
    board.announce({ type: 'refused', address, peerId, reason: end.reason, by: end.by })
  }
}

/** The connection whose end the event tells, if it tells one. */
function goneHandle(event: AnyMeshEvent): Handle | undefined {
  const [, kind, , handle] = event.type.split(/xstate\.(done|error)\.(actor)\./)
  return kind === undefined ? undefined : (handle as Handle)
}

/** Who may be here, and who is where. */
function hearCompany(
  board: Switchboard,
  roster: Roster,
  { event, moment }: { event: AnyMeshEvent; moment: Moment },
): RosterStep {
  if (event.type === 'guests.changed') return changeGuests(roster, event.guests)
  if (event.type === 'peers.told') return learnPeers(roster, event, moment)
  if (event.type === 'peers.asked') return answerPeers(board, roster, { ...event, moment })
  if (event.type === 'peers.request') board.lines.broadcast(encode({ kind: 'peers.ask' }))
  return { roster, orders: [] }
}

/** "Whom do you know?" */
function answerPeers(
  board: Switchboard,
  roster: Roster,
  { peerId, moment }: { peerId: PeerId; moment: Moment },
): RosterStep {
  const step = keepPace(roster, peerId, moment)
  if (step.orders.length > 0) return step
  const peers = peersToTell(roster).filter((each) => each.peerId !== peerId)
  board.lines.to(peerId)?.say({ kind: 'peers.tell', peers })
  return step
}

/**
 * Where others may dial this peer: what the app says, else where it listens if that is one place.
 * Of very many addresses it names the first ones.
 */
function advertised(board: Switchboard, roster: Roster, bound: string): readonly string[] {
  const { advertise } = board.settings
  const isEverywhere = /\/\/(0\.0\.0\.0|\[::\]):/.test(bound)
  if (advertise.length > 0 || isEverywhere) return roster.addresses
  return [...roster.addresses, bound].slice(0, OWN_ADDRESSES_MAX)
}
