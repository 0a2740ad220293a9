import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  CANDIDATES_MAX,
  createPair,
  evidence,
  mayAuthenticate,
  nominalConnection,
  type Pair,
  type PairCommand,
  type PairEvent,
  stepPair,
} from '../../machines/rules/pair.ts'
import type { ConnectionId, PeerId, RunId } from '../../machines/rules/peer.ts'

const alice = 'alice' as PeerId
const bob = 'bob' as PeerId
const first = 'alice.1' as RunId
const second = 'alice.2' as RunId
const red = 'red' as ConnectionId
const blue = 'blue' as ConnectionId
const green = 'green' as ConnectionId
const nothing = { have: null, lastSelect: 0 }

const pairs = suite('pair')

/** Tells a pair one event after the other; gives the pair and what the last event made it do. */
function tell(pair: Pair, ...events: PairEvent[]): { pair: Pair; doing: string[] } {
  let step = { pair, commands: [] as readonly PairCommand[] }
  for (const event of events) step = stepPair(step.pair, event)
  return { pair: step.pair, doing: step.commands.map(inWords) }
}

function inWords(command: PairCommand): string {
  const { connection } = command
  if (command.type === 'connection.close') return `close ${connection}: ${command.reason}`
  if (command.type !== 'message.send') return `${command.type} ${connection}`
  const { message } = command
  return `${message.kind}${'number' in message ? ` ${message.number}` : ''} on ${connection}`
}

const authenticated = (
  connection: ConnectionId,
  run: RunId = first,
  said: typeof nothing | { have: ConnectionId; lastSelect: number } = nothing,
): PairEvent => ({ type: 'connection.authenticated', connection, run, evidence: said })
const select = (connection: ConnectionId, number: number): PairEvent => ({
  type: 'select.received',
  connection,
  number,
})
const acknowledge = (connection: ConnectionId, number: number): PairEvent => ({
  type: 'acknowledge.received',
  connection,
  number,
})
const confirm = (connection: ConnectionId, number: number): PairEvent => ({
  type: 'confirm.received',
  connection,
  number,
})
const resume = (connection: ConnectionId): PairEvent => ({ type: 'resume.received', connection })
const lost = (connection: ConnectionId): PairEvent => ({ type: 'connection.lost', connection })
const drained = (connection: ConnectionId): PairEvent => ({ type: 'drain.elapsed', connection })

const arbiter = createPair({ self: bob, other: alice })
const follower = createPair({ self: alice, other: bob })
/** Bob uses red and has selected it as number 1. */
const settledArbiter = tell(arbiter, authenticated(red), acknowledge(red, 1)).pair
/** Alice uses red, has left it for blue (number 2), and has not heard that bob follows. */
const turningFollower = tell(
  follower,
  authenticated(red),
  select(red, 1),
  confirm(red, 1),
  authenticated(blue),
  select(blue, 2),
).pair

pairs('the greater id is the arbiter', () => {
  assert.is(arbiter.role, 'arbiter')
  assert.is(follower.role, 'follower')
})

pairs('the arbiter selects the first connection, uses it once acknowledged, and confirms', () => {
  const selected = tell(arbiter, authenticated(red))
  assert.equal(selected.doing, ['select 1 on red'])
  assert.is(nominalConnection(selected.pair), null)
  const used = tell(selected.pair, acknowledge(red, 1))
  assert.equal(used.doing, ['confirm 1 on red', 'connection.nominate red'])
  assert.is(nominalConnection(used.pair), red)
})

pairs('a second connection waits while the choice is under way, and ends as a duplicate', () => {
  const waiting = tell(arbiter, authenticated(red), authenticated(blue))
  assert.equal(waiting.doing, [])
  const settled = tell(waiting.pair, acknowledge(red, 1))
  assert.equal(settled.doing, [
    'confirm 1 on red',
    'connection.nominate red',
    'close blue: duplicate',
  ])
  assert.equal(tell(settled.pair, authenticated(green)).doing, ['close green: duplicate'])
})

pairs('a restarted follower replaces its leftover at once, made before broken', () => {
  const selected = tell(settledArbiter, authenticated(blue, second))
  assert.equal(selected.doing, ['select 2 on blue'])
  assert.is(nominalConnection(selected.pair), red)
  assert.equal(tell(selected.pair, acknowledge(blue, 2)).doing, [
    'confirm 2 on blue',
    'connection.nominate blue',
    'close red: superseded',
  ])
})

pairs('evidence of the same run counts only after it acknowledged the current choice', () => {
  const said = (have: ConnectionId | null, lastSelect: number) =>
    tell(settledArbiter, authenticated(blue, first, { have, lastSelect } as typeof nothing)).doing
  assert.equal(said(null, 1), ['select 2 on blue'])
  assert.equal(said(green, 1), ['select 2 on blue'])
  assert.equal(said(red, 1), ['close blue: duplicate'])
  assert.equal(said(null, 0), ['close blue: duplicate'])
})

pairs('the arbiter that loses its candidate calls the follower back to the current one', () => {
  const { pair, doing } = tell(settledArbiter, authenticated(blue, second), lost(blue))
  assert.equal(doing, ['select 3 on red'])
  assert.is(nominalConnection(pair), red)
  assert.equal(tell(pair, acknowledge(red, 3)).doing, ['confirm 3 on red'])
})

pairs('the arbiter that loses everything selects what is held, the newest first', () => {
  const { doing } = tell(
    arbiter,
    authenticated(red),
    authenticated(blue),
    authenticated(green),
    lost(red),
  )
  assert.equal(doing, ['select 2 on green'])
})

pairs('a resume ends the candidate of the same run and selects the current one again', () => {
  const turning = tell(
    settledArbiter,
    authenticated(blue, first, { have: null, lastSelect: 1 } as const),
  )
  const { doing } = tell(turning.pair, resume(red))
  assert.equal(doing, ['close blue: superseded', 'select 3 on red'])
  assert.equal(tell(settledArbiter, resume(red)).doing, ['select 2 on red'])
})

pairs('a resume said by a run that has ended does not cost the new run its candidate', () => {
  const { pair } = tell(settledArbiter, authenticated(blue, second))
  assert.equal(tell(pair, resume(red)), { pair, doing: [] })
})

pairs('the follower turns to what is selected, and keeps reading what it leaves', () => {
  const start = tell(follower, authenticated(red))
  assert.equal(start.doing, [])
  const used = tell(start.pair, select(red, 1))
  assert.equal(used.doing, ['acknowledge 1 on red', 'connection.nominate red'])
  const turned = tell(used.pair, confirm(red, 1), authenticated(blue), select(blue, 2))
  assert.equal(turned.doing, [
    'end on red',
    'connection.demote red',
    'acknowledge 2 on blue',
    'connection.nominate blue',
  ])
})

pairs('the follower lets go of the older connection only after the confirm', () => {
  assert.equal(tell(turningFollower, drained(red)).doing, [])
  const confirmed = tell(turningFollower, confirm(blue, 2))
  assert.equal(confirmed.doing, ['drain.start red'])
  assert.equal(tell(confirmed.pair, drained(red)).doing, ['close red: superseded'])
})

pairs('the follower never ends what is merely held', () => {
  const { pair } = tell(turningFollower, confirm(blue, 2), authenticated(green))
  assert.equal(tell(pair, drained(green)), { pair, doing: [] })
})

pairs('a late select of the same run is ignored, one of another run is obeyed', () => {
  assert.equal(tell(turningFollower, select(red, 1)), { pair: turningFollower, doing: [] })
  const other = 'bob.2' as RunId
  const { doing } = tell(turningFollower, authenticated(green, other), select(green, 1))
  assert.equal(doing.slice(2), ['acknowledge 1 on green', 'connection.nominate green'])
})

pairs('the follower that loses what it turned to goes back and says so', () => {
  const back = tell(turningFollower, lost(blue))
  assert.equal(back.doing, ['resume on red', 'connection.nominate red'])
  const late = tell(back.pair, confirm(red, 1))
  assert.equal(late.doing, [])
  assert.is(late.pair.connections[0]?.state, 'nominal', 'a late confirm does not confirm it')
  const again = tell(back.pair, select(red, 3))
  assert.equal(again.doing, ['acknowledge 3 on red'])
})

pairs(
  'the evidence names the connection in use, and numbers of that run of the arbiter only',
  () => {
    assert.equal(evidence(turningFollower, first), { have: blue, lastSelect: 2 })
    assert.equal(evidence(turningFollower, second), { have: blue, lastSelect: 0 })
    assert.equal(evidence(follower, first), nothing)
  },
)

pairs('four connections may wait beside the one in use', () => {
  let pair = tell(follower, authenticated(red), select(red, 1)).pair
  for (let i = 0; i < CANDIDATES_MAX; i++) {
    assert.ok(mayAuthenticate(pair))
    assert.not(mayAuthenticate(pair, CANDIDATES_MAX - i))
    pair = tell(pair, authenticated(`wait-${i}` as ConnectionId)).pair
  }
  assert.not(mayAuthenticate(pair))
})

pairs('words of the other role, unknown connections and wrong numbers change nothing', () => {
  const strange = [select(red, 9), confirm(red, 1), drained(red), acknowledge(red, 9), lost(blue)]
  for (const event of strange) {
    assert.equal(tell(settledArbiter, event), { pair: settledArbiter, doing: [] })
  }
  for (const event of [acknowledge(blue, 2), resume(red), confirm(blue, 1), confirm(green, 2)]) {
    assert.equal(tell(turningFollower, event), { pair: turningFollower, doing: [] })
  }
  const again = tell(settledArbiter, authenticated(red))
  assert.equal(again, { pair: settledArbiter, doing: [] })
})

pairs('the numbers of a pair that was forgotten go on', () => {
  const pair = createPair({ self: bob, other: alice, numbersFrom: 41 })
  assert.equal(tell(pair, authenticated(red)).doing, ['select 42 on red'])
})

pairs.run()
