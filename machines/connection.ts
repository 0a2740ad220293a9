/**
 * The life of one connection.
 *
 * The dialler says hello, the other side replies, the dialler authenticates itself: three messages,
 * each with what it proves. Nothing else is listened to before that, and nobody is trusted.
 * Whether the other is welcome, and which of several connections to it is used, is for the mesh to
 * decide; this machine reports and obeys. A connection that is authenticated but not the one in use
 * is `conflicted`: held until it is chosen, demoted when another was chosen, or draining while the
 * last words come in.
 */

import { assign, fromCallback, raise, setup } from 'xstate'
import type {
  ConnectionContext,
  ConnectionEnd,
  ConnectionEvent,
  ConnectionInput,
  ConnectionOutput,
} from './rules/line.ts'
import type { ControlMessage } from './rules/message.ts'
import { unprovided } from './unprovided.ts'

/** Time limits of a connection, in milliseconds. */
export const CONNECTION_MS = {
  /** Until the bytes flow. */
  connect: 10_000,
  /** From then until the other side is authenticated. */
  handshake: 5_000,
  /** Between two heartbeats. */
  heartbeat: 5_000,
  /** Silence after which the other side is taken for dead. */
  silence: 15_000,
  /** For the last words of the other side after this one has ended. */
  drain: 2_000,
} as const

const PAIR_KINDS = ['select', 'acknowledge', 'confirm', 'resume'] as const

/** The end that an event of the wire, a message or a command brings with it. */
const byWire = {
  type: 'because',
  params: ({ event }: { event: ConnectionEvent }): { end: ConnectionEnd } => {
    const { reason, detail } = event as Extract<ConnectionEvent, { type: 'wire.closed' }>
    return { end: { cause: 'wire', reason, detail } }
  },
} as const

const byCommand = {
  type: 'because',
  params: ({ event }: { event: ConnectionEvent }): { end: ConnectionEnd } => {
    const { reason } = event as Extract<ConnectionEvent, { type: 'connection.close' }>
    return { end: { cause: 'farewell', reason, by: 'us' } }
  },
} as const

const byVerdict = {
  type: 'because',
  params: ({ event }: { event: ConnectionEvent }): { end: ConnectionEnd } => {
    const { reason } = event as Extract<ConnectionEvent, { type: 'peer.refused' }>
    return { end: { cause: 'refused', reason, by: 'us' } }
  },
} as const

const byMessage = {
  type: 'because',
  params: ({ event }: { event: ConnectionEvent }): { end: ConnectionEnd } => {
    const { message, proof } = event as Extract<ConnectionEvent, { type: 'message.received' }>
    if (message.kind === 'refuse') {
      const reason = proof?.verdict === 'refused' ? proof.reason : 'unproven'
      return { end: { cause: 'refused', reason, by: 'them' } }
    }
    const { reason } = message as Extract<ControlMessage, { kind: 'farewell' }>
    return { end: { cause: 'farewell', reason, by: 'them' } }
  },
} as const

/** The other side closed in good order and said nothing: so it does when the secret is another. */
const bySilence = {
  type: 'because',
  params: { end: { cause: 'refused', reason: 'unanswered', by: 'them' } as ConnectionEnd },
} as const

type Limit = Extract<ConnectionEnd, { cause: 'limit' }>['reason']

const byLimit = (reason: Limit) =>
  ({ type: 'because', params: { end: { cause: 'limit', reason } as ConnectionEnd } }) as const

const hears = <Kind extends ControlMessage['kind']>(...kinds: Kind[]) =>
  ({ type: 'hears', params: { kinds: kinds as readonly string[] } }) as const

export const connectionMachine = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput,
    output: {} as ConnectionOutput,
  },
  actors: {
    wire: fromCallback<ConnectionEvent, ConnectionContext>(unprovided('wire')),
  },
  guards: {
    isOutgoing: ({ context }) => context.direction === 'outgoing',
    isInOrder: ({ event }) => event.type === 'wire.closed' && event.reason === 'ended',
    hears: ({ event }, { kinds }: { kinds: readonly string[] }) =>
      event.type === 'message.received' && kinds.includes(event.message.kind),
  },
  actions: {
    sayHello: unprovided('sayHello'),
    sayReply: unprovided('sayReply'),
    sayAuth: unprovided('sayAuth'),
    sayRefuse: unprovided('sayRefuse'),
    sayFarewell: unprovided('sayFarewell'),
    sayToPair: unprovided('sayToPair'),
    report: unprovided('report'),
    trust: unprovided('trust'),
    useLine: unprovided('useLine'),
    leaveLine: unprovided('leaveLine'),
    beat: unprovided('beat'),
    dropWire: unprovided('dropWire'),
    beatLater: raise({ type: 'heartbeat.due' }, { delay: 'heartbeatMs', id: 'heartbeat' }),
    know: assign(({ event }) => {
      const { peerId, run } = event as Extract<ConnectionEvent, { type: 'peer.welcomed' }>
      return { peerId, run }
    }),
    knowRefused: assign({
      peerId: ({ context, event }) => {
        const { peerId } = event as Extract<ConnectionEvent, { type: 'peer.refused' }>
        return peerId ?? context.peerId
      },
    }),
    because: assign({
      end: ({ context }, { end }: { end: ConnectionEnd }) => context.end ?? end,
    }),
  },
  delays: {
    connectMs: CONNECTION_MS.connect,
    handshakeMs: CONNECTION_MS.handshake,
    heartbeatMs: CONNECTION_MS.heartbeat,
    drainMs: CONNECTION_MS.drain,
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ ...input, peerId: null, run: null, end: null }),
  output: ({ context }) => ({
    handle: context.handle,
    peerId: context.peerId,
    address: context.address,
    end: context.end ?? { cause: 'limit', reason: 'protocol' },
  }),
  invoke: { id: 'wire', src: 'wire', input: ({ context }) => context },
  initial: 'connecting',
  on: {
    'wire.closed': { target: '.closed', actions: byWire },
    'wire.broken': { target: '.closed', actions: [byLimit('protocol'), 'dropWire'] },
    // Whoever was let in and is not wanted any more is cut off without a word.
    'peer.refused': { target: '.closed', actions: [byVerdict, 'dropWire'] },
    'wire.silent': { target: '.closed', actions: [byLimit('silence'), 'dropWire'] },
    'connection.close': { target: '.closed', actions: byCommand },
    'heartbeat.due': { actions: ['beat', 'beatLater'] },
    // A stranger that speaks out of turn is not talked to; its own link ends and no other.
    'message.received': { target: '.closed', actions: [byLimit('protocol'), 'dropWire'] },
  },
  states: {
    connecting: {
      on: { 'wire.opened': 'handshaking' },
      after: { connectMs: { target: 'closed', actions: [byLimit('connect'), 'dropWire'] } },
    },
    handshaking: {
      initial: 'greeting',
      on: {
        'message.received': [
          { guard: hears('refuse'), target: 'closed', actions: byMessage },
          { target: 'closed', actions: [byLimit('protocol'), 'dropWire'] },
        ],
        'peer.refused': { target: 'closed', actions: ['knowRefused', byVerdict, 'sayRefuse'] },
      },
      after: { handshakeMs: { target: 'closed', actions: [byLimit('handshake'), 'dropWire'] } },
      states: {
        greeting: {
          always: [
            { guard: 'isOutgoing', target: 'awaitingReply', actions: 'sayHello' },
            { target: 'awaitingHello' },
          ],
        },
        awaitingHello: {
          on: {
            'message.received': { guard: hears('hello'), target: 'judged', actions: 'report' },
          },
        },
        awaitingReply: {
          on: {
            'message.received': { guard: hears('reply'), target: 'judged', actions: 'report' },
            'wire.closed': { guard: 'isInOrder', target: '#connection.closed', actions: bySilence },
          },
        },
        // The mesh answers at once: it knows who else is connected, this machine does not.
        judged: {
          on: {
            'peer.welcomed': [
              {
                guard: 'isOutgoing',
                target: '#connection.conflicted',
                actions: ['know', 'sayAuth', 'trust', 'beatLater'],
              },
              { target: 'awaitingAuth', actions: ['know', 'sayReply'] },
            ],
          },
        },
        awaitingAuth: {
          on: {
            'message.received': { guard: hears('auth'), target: 'proved', actions: 'report' },
          },
        },
        proved: {
          on: {
            'peer.admitted': {
              target: '#connection.conflicted',
              actions: ['trust', 'beatLater'],
            },
          },
        },
      },
    },
    conflicted: {
      initial: 'held',
      states: {
        held: {},
        demoted: {},
        draining: {
          entry: 'sayFarewell',
          on: {
            'message.received': [
              { guard: hears('end', 'farewell'), target: '#connection.closed' },
              {},
            ],
            'connection.close': {},
            'connection.nominate': {},
            'pair.say': {},
            'heartbeat.due': {},
          },
          after: { drainMs: '#connection.closed' },
        },
      },
      on: {
        'connection.nominate': 'nominal',
        'connection.demote': {},
        'connection.close': { target: '.draining', actions: byCommand },
        'pair.say': { actions: 'sayToPair' },
        'message.received': [
          { guard: hears('farewell'), target: 'closed', actions: [byMessage, 'report'] },
          { guard: hears(...PAIR_KINDS), actions: 'report' },
          { guard: hears('end') },
          // The dialler may have said its last word and not convinced.
          { guard: hears('refuse'), target: 'closed', actions: byMessage },
          { target: 'closed', actions: [byLimit('protocol'), 'dropWire'] },
        ],
      },
    },
    nominal: {
      entry: 'useLine',
      exit: 'leaveLine',
      on: {
        'connection.nominate': {},
        'connection.demote': 'conflicted.demoted',
        'connection.close': { target: 'conflicted.draining', actions: byCommand },
        'pair.say': { actions: 'sayToPair' },
        'message.received': [
          { guard: hears('farewell'), target: 'closed', actions: [byMessage, 'report'] },
          { guard: hears(...PAIR_KINDS), actions: 'report' },
          { guard: hears('end') },
          { target: 'closed', actions: [byLimit('protocol'), 'dropWire'] },
        ],
      },
    },
    closed: { type: 'final' },
  },
})
