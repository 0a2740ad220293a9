import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromCallback } from 'xstate'
import { CONNECTION_MS, connectionMachine } from '../../machines/connection.ts'
import type { ConnectionInput, ConnectionOutput } from '../../machines/rules/line.ts'
import {
  begin,
  chart,
  failureOf,
  holes,
  knowsAllEvents,
  paths,
  reachesAll,
  take,
  type Walk,
} from './chart.ts'

const hears = (message: object, proof?: object) => ({ type: 'message.received', message, proof })
const elapsed = (timer: string, state: string) => ({
  type: `xstate.after.${timer}.connection.${state}`,
})

const EVENTS = {
  'wire.opened': { type: 'wire.opened' },
  'wire.closed': { type: 'wire.closed', reason: 'reset', detail: 'gone' },
  'wire.broken': { type: 'wire.broken' },
  'wire.silent': { type: 'wire.silent' },
  'heartbeat.due': { type: 'heartbeat.due' },
  hello: hears({ kind: 'hello' }),
  reply: hears({ kind: 'reply' }),
  auth: hears({ kind: 'auth' }),
  refuse: hears({ kind: 'refuse' }, { verdict: 'refused', reason: 'network' }),
  select: hears({ kind: 'select', number: 1 }),
  acknowledge: hears({ kind: 'acknowledge', number: 1 }),
  confirm: hears({ kind: 'confirm', number: 1 }),
  resume: hears({ kind: 'resume' }),
  end: hears({ kind: 'end' }),
  ping: hears({ kind: 'ping', sentMs: 1 }),
  pong: hears({ kind: 'pong', sentMs: 1 }),
  farewell: hears({ kind: 'farewell', reason: 'leaving' }),
  'peer.welcomed': { type: 'peer.welcomed', peerId: 'bob', run: 'bob-1' },
  'peer.admitted': { type: 'peer.admitted' },
  'peer.refused': { type: 'peer.refused', reason: 'busy' },
  'pair.say': { type: 'pair.say', message: { kind: 'resume' } },
  'connection.nominate': { type: 'connection.nominate' },
  'connection.demote': { type: 'connection.demote' },
  'connection.close': { type: 'connection.close', reason: 'duplicate' },
  connectMs: elapsed('connectMs', 'connecting'),
  handshakeMs: elapsed('handshakeMs', 'handshaking'),
  drainMs: elapsed('drainMs', 'conflicted.draining'),
}

function walkOf(direction: 'outgoing' | 'incoming'): Walk<typeof connectionMachine> {
  const ends = { handle: 'a', address: 'sim://bob', expects: null, shared: {} }
  return {
    machine: connectionMachine,
    input: { ...ends, direction } as unknown as ConnectionInput,
    events: EVENTS,
    ending: ({ end }: ConnectionOutput) =>
      `${end.cause}, ${end.reason}${'by' in end ? `, by ${end.by}` : ''}`,
  }
}

const outgoing = walkOf('outgoing')
const incoming = walkOf('incoming')

const WORDS = 'hello reply auth refuse select acknowledge confirm resume end ping pong farewell'
/** All words but these. */
const wordsBut = (...known: string[]) =>
  WORDS.split(' ')
    .filter((word) => !known.includes(word))
    .join(' ')

const connecting = (opened: Record<string, string>) => ({
  ...opened,
  '→ closed (wire, reset): -connectMs, stop wire': 'wire.closed',
  '→ closed (limit, protocol): -connectMs, dropWire, stop wire': `wire.broken ${WORDS}`,
  '→ closed (limit, silence): -connectMs, dropWire, stop wire': 'wire.silent',
  'beat, +heartbeat': 'heartbeat.due',
  '→ closed (farewell, duplicate, by us): -connectMs, stop wire': 'connection.close',
  '→ closed (limit, connect): -connectMs, dropWire, stop wire': 'connectMs',
  '→ closed (refused, busy, by us): -connectMs, dropWire, stop wire': 'peer.refused',
})

const handshaking = (next: Record<string, string>, ...known: string[]) => ({
  '→ closed (wire, reset): -handshakeMs, stop wire': 'wire.closed',
  '→ closed (limit, protocol): -handshakeMs, dropWire, stop wire': [
    'wire.broken',
    wordsBut('refuse', ...known),
  ].join(' '),
  '→ closed (limit, silence): -handshakeMs, dropWire, stop wire': 'wire.silent',
  'beat, +heartbeat': 'heartbeat.due',
  ...next,
  '→ closed (refused, network, by them): -handshakeMs, stop wire': 'refuse',
  '→ closed (refused, busy, by us): -handshakeMs, sayRefuse, stop wire': 'peer.refused',
  '→ closed (farewell, duplicate, by us): -handshakeMs, stop wire': 'connection.close',
  '→ closed (limit, handshake): -handshakeMs, dropWire, stop wire': 'handshakeMs',
})

const waiting = {
  '→ closed (wire, reset): stop wire': 'wire.closed',
  '→ closed (limit, protocol): dropWire, stop wire': 'wire.broken hello reply auth ping pong',
  '→ closed (refused, network, by them): stop wire': 'refuse',
  '→ closed (limit, silence): dropWire, stop wire': 'wire.silent',
  'beat, +heartbeat': 'heartbeat.due',
  report: 'select acknowledge confirm resume',
  '(ignored)': 'end connection.demote',
  '→ closed (farewell, leaving, by them): report, stop wire': 'farewell',
  sayToPair: 'pair.say',
  '→ nominal: useLine': 'connection.nominate',
  '→ conflicted.draining: sayFarewell, +drainMs': 'connection.close',
  '→ closed (refused, busy, by us): dropWire, stop wire': 'peer.refused',
}

/** What both sides have in common once they know each other. */
const AUTHENTICATED = {
  'conflicted.held': waiting,
  'conflicted.demoted': waiting,
  'conflicted.draining': {
    '→ closed (farewell, duplicate, by us): -drainMs, stop wire':
      'wire.closed end farewell drainMs',
    '→ closed (farewell, duplicate, by us): -drainMs, dropWire, stop wire':
      'wire.broken wire.silent peer.refused',
    '(ignored)': [
      'heartbeat.due',
      wordsBut('end', 'farewell'),
      'pair.say connection.nominate connection.demote connection.close',
    ].join(' '),
  },
  nominal: {
    '→ closed (wire, reset): leaveLine, stop wire': 'wire.closed',
    '→ closed (limit, protocol): leaveLine, dropWire, stop wire':
      'wire.broken hello reply auth refuse ping pong',
    '→ closed (limit, silence): leaveLine, dropWire, stop wire': 'wire.silent',
    'beat, +heartbeat': 'heartbeat.due',
    report: 'select acknowledge confirm resume',
    '(ignored)': 'end connection.nominate',
    '→ closed (farewell, leaving, by them): leaveLine, report, stop wire': 'farewell',
    sayToPair: 'pair.say',
    '→ conflicted.demoted: leaveLine': 'connection.demote',
    '→ conflicted.draining: leaveLine, sayFarewell, +drainMs': 'connection.close',
    '→ closed (refused, busy, by us): leaveLine, dropWire, stop wire': 'peer.refused',
  },
  closed: {},
}

const connection = suite('machines/connection')

connection('who dials says hello, hears the reply and ends with auth', () => {
  const authenticates = '→ conflicted.held: -handshakeMs, sayAuth, trust, +heartbeat'
  assert.equal(begin(outgoing).asked, ['spawn wire', '+connectMs'])
  assert.equal(chart(outgoing), {
    connecting: connecting({
      '→ handshaking.awaitingReply: -connectMs, +handshakeMs, sayHello': 'wire.opened',
    }),
    'handshaking.awaitingReply': handshaking({ '→ handshaking.judged: report': 'reply' }, 'reply'),
    'handshaking.judged': handshaking({ [authenticates]: 'peer.welcomed' }),
    ...AUTHENTICATED,
  })
})

connection('who is dialled waits for the hello, replies, and trusts after the auth', () => {
  const trusts = '→ conflicted.held: -handshakeMs, trust, +heartbeat'
  const welcomes = '→ handshaking.awaitingAuth: sayReply'
  assert.equal(begin(incoming).asked, ['spawn wire', '+connectMs'])
  assert.equal(chart(incoming), {
    connecting: connecting({
      '→ handshaking.awaitingHello: -connectMs, +handshakeMs': 'wire.opened',
    }),
    'handshaking.awaitingHello': handshaking({ '→ handshaking.judged: report': 'hello' }, 'hello'),
    'handshaking.judged': handshaking({ [welcomes]: 'peer.welcomed' }),
    'handshaking.awaitingAuth': handshaking({ '→ handshaking.proved: report': 'auth' }, 'auth'),
    'handshaking.proved': handshaking({ [trusts]: 'peer.admitted' }),
    ...AUTHENTICATED,
  })
})

connection('all states are reached, and all events are tried in each', () => {
  for (const walk of [outgoing, incoming]) knowsAllEvents(walk)
  // It is left in the step that enters it, so no walk rests there.
  const passing = ['connection.handshaking.greeting']
  reachesAll(connectionMachine, [outgoing, incoming], passing)
})

connection('on every path the words come in order and the line is in use while nominal', () => {
  for (const walk of [outgoing, incoming]) {
    const all = paths(walk)
    assert.ok(all.length > 100, `${all.length} paths`)
    for (const path of all) {
      const asked = path.flatMap((step) => step.asked)
      const last = path.at(-1)?.snapshot
      const uses = asked.filter((name) => name === 'useLine').length
      const leaves = asked.filter((name) => name === 'leaveLine').length
      assert.is(uses - leaves, last?.value === 'nominal' ? 1 : 0)
      const speech = asked.filter((name) => name.startsWith('say') || name === 'trust')
      const order =
        walk === outgoing
          ? ['sayHello', 'sayRefuse', 'sayAuth', 'trust', 'sayFarewell']
          : ['sayReply', 'sayRefuse', 'trust', 'sayFarewell']
      const places = speech.map((name) => order.indexOf(name))
      assert.equal(places, [...new Set(places)].sort(), speech.join(' '))
      const cut = asked.indexOf('dropWire')
      const after = cut < 0 ? [] : asked.slice(cut + 1)
      assert.equal(after, cut < 0 ? [] : ['stop wire'])
      assert.is(asked.at(-1) === 'stop wire', last?.status === 'done')
      assert.is(last?.status === 'done', last?.context.end !== null && last?.value === 'closed')
    }
  }
})

connection('the other peer is known from its welcome on, and in the output', () => {
  const { snapshot: opened } = take(begin(outgoing).snapshot, EVENTS['wire.opened'])
  const { snapshot: judged } = take(opened, EVENTS.reply)
  const { snapshot: held } = take(judged, EVENTS['peer.welcomed'])
  assert.is(opened.context.peerId, null)
  assert.equal([held.context.peerId, held.context.run], ['bob', 'bob-1'])
  const { snapshot: closed } = take(held, EVENTS['wire.closed'])
  const end = { cause: 'wire', reason: 'reset', detail: 'gone' }
  assert.equal(closed.output, { handle: 'a', peerId: 'bob', address: 'sim://bob', end })
})

connection('who is refused for what it is, is known as well', () => {
  const { snapshot: opened } = take(begin(outgoing).snapshot, EVENTS['wire.opened'])
  const { snapshot: judged } = take(opened, EVENTS.reply)
  const denied = { type: 'peer.refused', reason: 'denied', peerId: 'bob' }
  const end = { cause: 'refused', reason: 'denied', by: 'us' }
  const output = { handle: 'a', peerId: 'bob', address: 'sim://bob', end }
  assert.equal(take(judged, denied).snapshot.output, output)
  assert.is(take(judged, EVENTS['peer.refused']).snapshot.output.peerId, null)
})

connection('who closes in order instead of a reply has another secret, as far as is known', () => {
  const ended = { type: 'wire.closed', reason: 'ended' }
  const { snapshot: greeting } = take(begin(outgoing).snapshot, EVENTS['wire.opened'])
  const end = { cause: 'refused', reason: 'unanswered', by: 'them' }
  assert.equal(take(greeting, ended).snapshot.output.end, end)
  const { snapshot: judged } = take(greeting, EVENTS.reply)
  assert.is(take(judged, ended).snapshot.output.end.cause, 'wire')
  const { snapshot: waiting } = take(begin(incoming).snapshot, EVENTS['wire.opened'])
  assert.is(take(waiting, ended).snapshot.output.end.cause, 'wire')
})

connection('a refusal that proves no reason is told as such', () => {
  const { snapshot: greeting } = take(begin(outgoing).snapshot, EVENTS['wire.opened'])
  const bare = { type: 'message.received', message: { kind: 'refuse' } }
  const end = { cause: 'refused', reason: 'unproven', by: 'them' }
  assert.equal(take(greeting, bare).snapshot.output.end, end)
})

connection('the time limits are the ones that it tells', () => {
  assert.equal(connectionMachine.implementations.delays, {
    connectMs: CONNECTION_MS.connect,
    handshakeMs: CONNECTION_MS.handshake,
    heartbeatMs: CONNECTION_MS.heartbeat,
    drainMs: CONNECTION_MS.drain,
  })
})

connection('a hole without hands says its name', () => {
  const words = ['sayHello', 'sayReply', 'sayAuth', 'sayRefuse', 'sayFarewell', 'sayToPair']
  const deeds = ['report', 'trust', 'useLine', 'leaveLine', 'beat', 'dropWire', 'wire']
  assert.equal(holes(connectionMachine), [...words, ...deeds])
  assert.is(failureOf(connectionMachine, outgoing.input), "provide 'wire'")
  const wired = connectionMachine.provide({ actors: { wire: fromCallback(() => {}) } })
  assert.is(failureOf(wired, outgoing.input, EVENTS['wire.opened']), "provide 'sayHello'")
})

connection.run()
