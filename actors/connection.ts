/** The hands of a connection: its wire as a callback actor, and the words it says. */

import { type ActorLogic, fromCallback, type Snapshot, sendParent } from 'xstate'
import { connectionMachine } from '../machines/connection.ts'
import { HoldfastError } from '../machines/rules/errors.ts'
import type {
  ConnectionContext,
  ConnectionEvent,
  ConnectionInput,
  ConnectionOutput,
  ConnectionReport,
} from '../machines/rules/line.ts'
import { MEASURES_TEXT } from '../machines/rules/measure.ts'
import {
  type ControlMessage,
  type Introduction,
  PROTOCOL_VERSIONS,
} from '../machines/rules/message.ts'
import type { PairMessage } from '../machines/rules/pair.ts'
import type { Origin, PeerId, RunId } from '../machines/rules/peer.ts'
import type { Place } from '../machines/rules/place.ts'
import type { ProofVerdict } from '../machines/rules/proof.ts'
import { withHands } from './hands.ts'
import { Handshake } from './handshake.ts'
import type { Line } from './line.ts'
import { fingerprintOf } from './permissions.ts'
import { safetyOf } from './settings.ts'
import type { Switchboard } from './switchboard.ts'

/** What both sides must have for a feature to be used. None yet. */
export const CAPABILITIES: readonly string[] = []

/** The messages that prove something. */
const PROVING: ReadonlySet<string> = new Set<ControlMessage['kind']>([
  'hello',
  'reply',
  'auth',
  'refuse',
])

export type ConnectionSnapshot = Snapshot<ConnectionOutput> & {
  readonly value:
    | 'connecting'
    | { readonly handshaking: string }
    | { readonly conflicted: 'held' | 'demoted' | 'draining' }
    | 'nominal'
    | 'closed'
  readonly context: ConnectionContext
}

/** The logic of one connection, as `inspect` meets it. */
export interface ConnectionLogic
  extends ActorLogic<ConnectionSnapshot, ConnectionEvent, ConnectionInput> {}

const logic = withHands(connectionMachine, {
  input: (input: ConnectionInput): Pick<ConnectionInput, 'shared'> => input,
  hands: ({ shared }) => handsOf(shared as Switchboard),
  perShared: ({ shared }) => shared,
})

/** The logic of one connection. Spawned by the mesh, never by an application. */
export const connectionLogic = logic as unknown as ConnectionLogic

/** Makes what all connections of a dictionary share, so that the first one need not wait for it. */
export function prepareConnections(board: Switchboard): void {
  logic.prepare({ shared: board })
}

function handsOf(board: Switchboard): Parameters<typeof connectionMachine.provide>[0] {
  const lineOf = ({ handle }: ConnectionContext) => board.lines.get(handle) as Line
  return {
    actors: { wire: wireLogicFor(board) },
    actions: {
      ...handshakeWords(board),
      sayFarewell: ({ context }) => {
        if (context.end?.cause !== 'farewell') return
        lineOf(context).say({ kind: 'farewell', reason: context.end.reason })
        lineOf(context).close()
      },
      sayToPair: ({ context, event }) => lineOf(context).say((event as Told<'pair.say'>).message),
      trust: ({ context }) => lineOf(context).trust(originOf(context)),
      useLine: ({ context }) => {
        board.lines.use(lineOf(context))
        lineOf(context).say({ kind: 'peers.ask' })
        board.reconcile.send({ type: 'line.used', handle: context.handle })
        noteNeighbour(board, lineOf(context))
      },
      leaveLine: ({ context }) => {
        board.lines.leave(lineOf(context))
        board.reconcile.send({ type: 'line.left', handle: context.handle })
        noteNeighbour(board, lineOf(context))
      },
      beat: ({ context }) => lineOf(context).beat(),
      dropWire: ({ context }) => {
        const isLate = context.end?.reason === 'handshake' && context.direction === 'incoming'
        if (isLate) board.reach('handshake.time', context)
        lineOf(context).destroy()
      },
      report: sendParent(({ context, event }) => reportOf(context, event, lineOf(context).place)),
    },
  }
}

/** What is said until both know each other. */
function handshakeWords(board: Switchboard) {
  const say = (context: ConnectionContext, word: (by: Handshake) => ControlMessage | undefined) => {
    const line = board.lines.get(context.handle) as Line
    const message = word(line.handshake as Handshake)
    if (message !== undefined) line.say(message)
  }
  return {
    sayHello: ({ context }: Moved) => {
      const { expects } = context
      const words = { ...introduction(board), versions: PROTOCOL_VERSIONS, expects }
      say(context, (handshake) => handshake.hello(words))
    },
    sayReply: ({ context, event }: Moved) => {
      const { version, evidence } = event as Told<'peer.welcomed'>
      const words = { ...introduction(board), version, evidence }
      say(context, (handshake) => handshake.reply(words))
    },
    sayAuth: ({ context, event }: Moved) => {
      const { evidence } = event as Told<'peer.welcomed'>
      say(context, (handshake) => handshake.auth({ evidence }))
    },
    // Who has not shown that it knows the secret is not told anything, not even that.
    sayRefuse: ({ context, event }: Moved) => {
      const { reason } = event as Told<'peer.refused'>
      say(context, (handshake) => handshake.refuse(reason))
    },
  }
}

interface Moved {
  readonly context: ConnectionContext
  readonly event: ConnectionEvent
}

type Told<Type extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: Type }>

/** Who is at the other end, once the handshake has told. */
function originOf({ peerId, run }: ConnectionContext): Origin {
  return { peer: peerId as PeerId, run: run as RunId }
}

/** The wire lives as long as its connection, however that ends. */
function wireLogicFor(board: Switchboard) {
  return fromCallback<ConnectionEvent, ConnectionContext>(({ input, sendBack }) => {
    const { handle, direction, address } = input
    const line =
      direction === 'incoming'
        ? board.lines.get(handle)
        : board.openLine({ handle, direction, address })
    if (line === undefined) return
    const handshake = handshakeOn(line, board)
    line.serve({
      opened: () => sendBack({ type: 'wire.opened' }),
      heard: (message, frame) => {
        const proof = PROVING.has(message.kind) ? { proof: handshake.hear(message, frame) } : {}
        sendBack({ type: 'message.received', message, ...proof })
      },
      broken: () => sendBack({ type: 'wire.broken' }),
      silent: () => sendBack({ type: 'wire.silent' }),
      failed: (cause) => {
        const error = new HoldfastError('ACTOR_FAILED', `The carrier of ${address} threw.`, {
          cause,
        })
        board.announce({ type: 'error', error })
        sendBack({ type: 'wire.closed', reason: 'reset', detail: String(cause) })
      },
      closed: ({ code, detail }) => sendBack({ type: 'wire.closed', reason: code, detail }),
    })
    if (direction === 'outgoing') {
      const wire = board.dial(input, line)
      if (wire) line.carry(wire)
    }
    return () => {
      line.close()
      board.lines.remove(handle)
      board.reconcile.send({ type: 'line.left', handle })
      if (line.peerId !== null) noteNeighbour(board, line)
    }
  })
}

function handshakeOn(line: Line, { settings }: Switchboard): Handshake {
  const { credentials, network } = settings
  const role = line.direction === 'incoming' ? 'acceptor' : 'dialler'
  line.handshake = new Handshake({ credentials, network, role, binding: () => line.binding })
  return line.handshake
}

/** Whether this peer is a neighbour now, by this connection or by another. */
function noteNeighbour(board: Switchboard, { peerId, isSpared }: Line): void {
  const isNeighbour = board.lines.to(peerId as PeerId) !== undefined
  const isChosen = board.lines.to(peerId as PeerId)?.direction === 'outgoing'
  const noted = { type: 'neighbour.noted', peerId, isNeighbour, isChosen, isSpared } as const
  board.neighbourhood.send(noted)
  board.waterfall.send(noted)
  board.census.send(noted)
}

function introduction(board: Switchboard): Omit<Introduction, 'nonce' | 'publicKey'> {
  const { network, leasing } = board.settings
  const { peer, run } = board.self
  return {
    network,
    leasing,
    safety: safetyOf(board.settings),
    rules: fingerprintOf(board.settings),
    measures: MEASURES_TEXT,
    peerId: peer,
    run,
    capabilities: CAPABILITIES,
    addresses: board.addresses,
  }
}

function reportOf(
  { handle }: ConnectionContext,
  event: ConnectionEvent,
  place: Place,
): ConnectionReport {
  const { message, proof: given } = event as Told<'message.received'>
  const proof = given as ProofVerdict
  switch (message.kind) {
    case 'hello':
      return { type: 'hello.received', handle, hello: message, proof, place }
    case 'reply':
      return { type: 'reply.received', handle, reply: message, proof, place }
    case 'auth':
      return { type: 'auth.received', handle, auth: message, proof }
    case 'farewell':
      return { type: 'farewell.received', handle, reason: message.reason }
    default:
      return { type: 'pair.said', handle, message: message as PairMessage }
  }
}
