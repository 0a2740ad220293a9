/** How an answer is poured into a line, where the network takes all there is. */

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Answers } from '../../actors/answer.ts'
import type { Line } from '../../actors/line.ts'
import type { Switchboard } from '../../actors/switchboard.ts'
import { boards } from '../../actors/sync.ts'
import { nameOf } from '../../bench/reconcile.ts'
import { SimulatedStage } from '../../bench/stage.ts'
import type { Message } from '../../machines/rules/message.ts'
import { encode } from '../../transport/codec.ts'

const KEYS = 20_000
/** One turn, and the batch that went beyond it. */
const TURN_BYTES_MAX = (512 + 256 + 16) * 1024

const answers = suite('actors/answer')

answers('a long answer lets others have their turn, and nothing is left out', async () => {
  const stage = new SimulatedStage()
  const alice = await stage.open(nameOf('alice'))
  const carol = await stage.open(nameOf('carol'))
  await stage.connect(carol, alice)
  await stage.fill(alice, KEYS)
  await stage.pass(1_000)
  const board = boards.get(alice.actor) as Switchboard
  const turns: number[] = []
  let [bytes, keys, isDone] = [0, 0, false]
  const say = (message: Message) => {
    const frame = encode(message)
    board.counts.bytesOut += frame.length
    bytes += frame.length
    if (message.kind === 'sync.give') keys += message.batch.keys.length
    if (message.kind === 'sync.done') isDone = true
  }
  const line = { handle: 'bob', peerId: 'bob', queuedBytes: 0, leftOut: 0, madeGood: -1, say }
  const question = { kind: 'sync.ask', ask: 1, coverage: [], all: false } as const
  new Answers(board).hear(line as unknown as Line, question)
  while (!isDone) {
    turns.push(bytes)
    bytes = 0
    await stage.pass(1)
  }
  assert.is(keys, KEYS)
  assert.ok(turns.length >= 3, `${turns.length} turns`)
  assert.ok(Math.max(...turns) <= TURN_BYTES_MAX, `${turns} bytes`)
})

answers.run()
