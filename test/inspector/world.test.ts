import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { History } from '../../inspector/history.ts'
import { ACTORS_MAX, ENDED_MAX, type Message } from '../../inspector/message.ts'
import { World } from '../../inspector/world.ts'

const knowing = suite('what the inspector knows')

const actor = (source: string, sessionId: string, parentId?: string): Message => ({
  type: '@xstate.actor',
  source,
  sessionId,
  parentId,
  name: sessionId,
  createdAt: '1',
  snapshot: { status: 'active' },
})

const dictionary = (source: string, sessionId: string): Message => ({
  type: '@holdfast.dictionary',
  source,
  sessionId,
  createdAt: '1',
  peerId: source,
  size: 1,
  digest: '',
  listening: [],
  peers: [],
  isWhole: true,
  rows: [{ key: 'door', owner: source, token: 1, remainingMs: 5_000 }],
  removed: [],
})

const live = (source: string, isLive: boolean): Message => ({
  type: '@holdfast.source',
  source,
  name: source,
  isLive,
  createdAt: '2',
})

knowing('a killed process with many actors is still shown as gone', () => {
  const world = new World()
  world.apply(live('erin', true))
  world.apply(actor('erin', 'sync'))
  world.apply(dictionary('erin', 'sync'))
  for (let n = 0; n < ENDED_MAX * 2; n++) world.apply(actor('erin', `wire-${n}`, 'sync'))
  world.apply(live('erin', false))
  assert.is(world.actors.get('erin/sync')?.isEnded, true)
  assert.ok(world.dictionaries.has('erin/sync'))
  assert.is(world.actors.size, ENDED_MAX + 1)
})

knowing('who ends takes its children along', () => {
  const world = new World()
  for (const message of [actor('a', '1'), actor('a', '2', '1'), actor('a', '3', '2')]) {
    world.apply(message)
  }
  const snapshot = { status: 'done' }
  const event = { type: 'bye' }
  const end = { type: '@xstate.snapshot', source: 'a', sessionId: '1', createdAt: '2' } as const
  world.apply({ ...end, snapshot, event })
  assert.ok([...world.actors.values()].every(({ isEnded }) => isEnded))
})

knowing('there is a limit to how many it knows', () => {
  const world = new World()
  for (let n = 0; n < ACTORS_MAX + 50; n++) world.apply(actor('a', String(n)))
  assert.is(world.actors.size, ACTORS_MAX)
})

knowing('it can be told again, and is the same then', () => {
  const world = new World()
  for (const message of [live('a', true), actor('a', 'sync'), dictionary('a', 'sync')]) {
    world.apply(message)
  }
  const again = new World()
  for (const message of world.messages()) again.apply(message)
  assert.equal([...again.messages()], [...world.messages()])
})

knowing('what is forgotten of the history is known of its beginning', () => {
  const history = new History({ messagesMax: 10, charactersMax: 1_000_000 })
  for (let n = 0; n < 100; n++) history.add(actor('a', String(n)), 10)
  assert.ok(history.messages.length <= 10)
  assert.is(history.before.actors.size + history.messages.length, 100)
  const again = new World()
  for (const message of history.replay()) again.apply(message)
  assert.is(again.actors.size, 100)
})

knowing.run()
