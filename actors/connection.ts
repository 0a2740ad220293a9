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
import {
  type ControlMessage,
  type Introduction,
  PROTOCOL_VERSIONS,
} from '../machines/rules/message.ts'
import type { PairMessage } from '../machines/rules/pair.ts'
import type { ConnectionId, PeerId } from '../machines/rules/peer.ts'
import { withHands } from './hands.ts'
import type { Line } from './line.ts'
import { fingerprintOf } from './permissions.ts'
import { safetyOf } from './settings.ts'
import type { Switchboard } from './switchboard.ts'

/** What both sides must have for a feature to be used. None yet. */
export const CAPABILITIES: readonly string[] = []

const NOTHING = new Uint8Array(0)
const NONCE_BYTES = 32

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

/** The logic of one connection. Spawned by the mesh, never by an application. */
export const connectionLogic = withHands(connectionMachine, {
  input: (input: ConnectionInput) => input,
  hands: ({ shared }) => handsOf(shared as Switchboard),
  perShared: ({ shared }) => shared,
}) as unknown as ConnectionLogic

function handsOf(board: Switchboard): Parameters<typeof connectionMachine.provide>[0] {
  const lineOf = ({ handle }: ConnectionContext) => board.lines.get(handle) as Line
  return {
    actors: { wire: wireLogicFor(board) },
    actions: {
      sayHello: ({ context }) => lineOf(context).say(hello(board, context)),
      sayReply: ({ context, event }) => lineOf(context).say(reply(board, event)),
      sayAuth: ({ context, event }) => lineOf(context).say(auth(event)),
      sayRefuse: ({ context, event }) => {
        const { reason } = event as Told<'peer.refused'>
        lineOf(context).say({ kind: 'refuse', reason })
      },
      sayFarewell: ({ context }) => {
        if (context.end?.cause !== 'farewell') return
        lineOf(context).say({ kind: 'farewell', reason: context.end.reason })
        lineOf(context).close()
      },
      sayToPair: ({ context, event }) => lineOf(context).say((event as Told<'pair.say'>).message),
      trust: ({ context }) => lineOf(context).trust(context.peerId as PeerId),
      useLine: ({ context }) => {
        board.lines.use(lineOf(context))
        lineOf(context).say({ kind: 'peers.ask' })
        board.reconcile.send({ type: 'line.used', handle: context.handle })
        noteNeighbour(board, context)
      },
      leaveLine: ({ context }) => {
        board.lines.leave(lineOf(context))
        board.reconcile.send({ type: 'line.left', handle: context.handle })
        noteNeighbour(board, context)
      },
      beat: ({ context }) => lineOf(context).beat(),
      dropWire: ({ context }) => {
        const isLate = context.end?.reason === 'handshake' && context.direction === 'incoming'
        if (isLate) board.reach('handshake.time', context)
        lineOf(context).destroy()
      },
      report: sendParent(({ context, event }) => reportOf(context, event)),
    },
  }
}

type Told<Type extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: Type }>

/** The wire lives as long as its connection, however that ends. */
function wireLogicFor(board: Switchboard) {
  return fromCallback<ConnectionEvent, ConnectionContext>(({ input, sendBack }) => {
    const { handle, direction, address } = input
    const line =
      direction === 'incoming'
        ? board.lines.get(handle)
        : board.openLine({ handle, direction, address })
    if (line === undefined) return
    line.serve({
      opened: () => sendBack({ type: 'wire.opened' }),
      heard: (message) => sendBack({ type: 'message.received', message }),
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
      const wire = board.dial(address, line)
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

/** Whether this peer is a neighbour now, by this connection or by another. */
function noteNeighbour(board: Switchboard, { peerId }: { peerId: PeerId | null }): void {
  const isNeighbour = board.lines.to(peerId as PeerId) !== undefined
  board.census.send({ type: 'neighbour.noted', peerId, isNeighbour })
}

function hello(board: Switchboard, { connection, expects }: ConnectionContext) {
  return {
    kind: 'hello',
    ...introduction(board),
    versions: PROTOCOL_VERSIONS,
    connection: connection as ConnectionId,
    expects,
    tag: NOTHING,
  } as const
}

function reply(board: Switchboard, event: ConnectionEvent): ControlMessage {
  const { version, evidence } = event as Told<'peer.welcomed'>
  const proofs = { proof: NOTHING, signature: NOTHING }
  return { kind: 'reply', ...introduction(board), version, evidence, ...proofs }
}

function auth(event: ConnectionEvent): ControlMessage {
  const { evidence } = event as Told<'peer.welcomed'>
  return { kind: 'auth', evidence, proof: NOTHING, signature: NOTHING }
}

function introduction(board: Switchboard): Introduction {
  const { network, leasing } = board.settings
  const { peer, run } = board.self
  const nonce = Uint8Array.from({ length: NONCE_BYTES }, () => Math.floor(board.random() * 256))
  return {
    network,
    leasing,
    safety: safetyOf(board.settings),
    rules: fingerprintOf(board.settings),
    peerId: peer,
    run,
    capabilities: CAPABILITIES,
    addresses: board.addresses,
    nonce,
    publicKey: NOTHING,
  }
}

function reportOf({ handle }: ConnectionContext, event: ConnectionEvent): ConnectionReport {
  const { message } = event as Told<'message.received'>
  switch (message.kind) {
    case 'hello':
      return { type: 'hello.received', handle, hello: message }
    case 'reply':
      return { type: 'reply.received', handle, reply: message }
    case 'auth':
      return { type: 'auth.received', handle, auth: message }
    case 'farewell':
      return { type: 'farewell.received', handle, reason: message.reason }
    default:
      return { type: 'pair.said', handle, message: message as PairMessage }
  }
}
