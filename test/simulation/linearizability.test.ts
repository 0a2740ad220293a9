/** Whether one order explains a history: planted ones, sound and broken. */

import { linearize, type Operation } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const orders = suite('simulation/linearizability')

type Given = Pick<Operation, 'act' | 'by' | 'content' | 'token'> & { from: number; to?: number }

/** A history of one key; each operation is at once unless it says until when it took. */
function judge(...given: readonly Given[]) {
  const operations = given.map(({ from, to = from + 0.5, ...rest }) => {
    const times = { calledMs: from, returnedMs: to, calledAt: from, returnedAt: to }
    return { ...rest, ...times, key: 'door' }
  })
  return linearize(operations)
}

const set = (by: string, content: string, token: number, from: number, to?: number): Given => {
  return { act: 'set', by, content, token, from, ...(to === undefined ? {} : { to }) }
}
const get = (by: string, content: string, token: number, from: number, to?: number): Given => {
  return { ...set(by, content, token, from, to), act: 'get' }
}

orders('nothing at all has an order', () => {
  assert.is(judge().verdict, 'linearizable')
})

orders('a holder that reads what it wrote', () => {
  const history = [set('alice', 'open', 1, 1), get('alice', 'open', 1, 2)]
  assert.is(judge(...history).verdict, 'linearizable')
})

orders('a holder that reads what it has overwritten', () => {
  const history = [
    set('alice', 'open', 1, 1),
    set('alice', 'shut', 1, 2),
    get('alice', 'open', 1, 3),
  ]
  const found = judge(...history)
  assert.is(found.verdict, 'not-linearizable')
  assert.is(found.verdict === 'not-linearizable' && found.stuck.calledMs, 3)
})

orders('a new owner that does not read the last write of the one before', () => {
  const [one, two] = [set('alice', 'open', 1, 1), set('alice', 'shut', 1, 2)]
  assert.is(judge(one, two, get('bob', 'shut', 2, 3)).verdict, 'linearizable')
  assert.is(judge(one, two, get('bob', 'open', 2, 3)).verdict, 'not-linearizable')
})

orders('two holders at one time', () => {
  const history = [set('alice', 'a', 1, 1), set('bob', 'b', 2, 2)]
  assert.is(judge(...history).verdict, 'linearizable')
  assert.is(judge(...history, get('alice', 'a', 1, 3)).verdict, 'not-linearizable')
  assert.is(judge(...history, set('alice', 'c', 1, 3)).verdict, 'not-linearizable')
})

orders('one token of two peers, and a token that falls', () => {
  assert.is(judge(set('alice', 'a', 3, 1), set('bob', 'b', 3, 2)).verdict, 'not-linearizable')
  assert.is(judge(set('alice', 'a', 3, 1), set('bob', 'b', 2, 2)).verdict, 'not-linearizable')
})

orders('what goes on at the same time may come in any order, what comes after may not', () => {
  const early = set('alice', 'a', 1, 1, 10)
  const late = set('bob', 'b', 2, 2, 3)
  assert.is(judge(early, late, get('bob', 'b', 2, 4)).verdict, 'linearizable')
  assert.is(judge(late, set('alice', 'a', 1, 4, 10)).verdict, 'not-linearizable')
  // Only the second of two that overlap can have come first.
  assert.is(judge(set('alice', 'a', 2, 1, 10), set('bob', 'b', 1, 2, 9)).verdict, 'linearizable')
})

orders('a delete leaves nothing, and its token counts if it is known', () => {
  const gone = { act: 'delete', by: 'alice', content: 'undefined', token: 1, from: 2 } as const
  const start = set('alice', 'open', 1, 1)
  assert.is(judge(start, gone, get('bob', 'undefined', 2, 3)).verdict, 'linearizable')
  assert.is(judge(start, gone, get('bob', 'open', 2, 3)).verdict, 'not-linearizable')
  assert.is(judge(start, { ...gone, by: 'bob' }).verdict, 'not-linearizable')
  assert.is(judge(start, { ...gone, by: 'bob', token: undefined }).verdict, 'linearizable')
})

orders('hundreds of operations at once are decided, thousands in a row as well', () => {
  const row = Array.from({ length: 5_000 }, (_, index) => set('alice', `${index}`, 1, index + 1))
  assert.is(judge(...row, get('alice', '4999', 1, 5_001)).verdict, 'linearizable')
  assert.is(judge(...row, get('alice', '4998', 1, 5_001)).verdict, 'not-linearizable')
})

orders('too many possibilities are not decided', () => {
  const all = Array.from({ length: 40 }, (_, index) => set('alice', `${index}`, 1, index + 1, 100))
  assert.is(judge(...all, get('alice', 'never', 1, 101)).verdict, 'undecided')
})

orders.run()
