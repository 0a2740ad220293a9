import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, setup } from 'xstate'
import { realClock } from '../../transport/clock.ts'
import { peerClock } from '../../transport/peerClock.ts'
import type { Clock } from '../../transport/ports.ts'
import { seededRandom } from '../../transport/random.ts'
import { SteppingClock } from '../../transport/stepping.ts'

const DAY_MS = 86_400_000

/** Sets timers that note their names and times. */
function notesOf(clock: Clock): {
  notes: string[]
  note: (name: string, delayMs: number) => unknown
} {
  const notes: string[] = []
  const note = (name: string, delayMs: number): unknown =>
    clock.setTimeout(() => notes.push(`${name} ${clock.now()}`), delayMs)
  return { notes, note }
}

const stepping = suite('stepping clock')

stepping('timers fire in order of due time, then of creation', () => {
  const clock = new SteppingClock()
  const { notes, note } = notesOf(clock)
  note('c', 30)
  note('a', 10)
  note('b', 20)
  note('a again', 10)
  clock.advance(20)
  assert.equal(notes, ['a 10', 'a again 10', 'b 20'])
  assert.is(clock.pendingTimers, 1)
  assert.is(clock.nextDueMs, 30)
  clock.advance(100)
  assert.is(clock.now(), 120)
  assert.is(clock.nextDueMs, undefined)
})

stepping('a timer that a timer sets fires in its turn', () => {
  const clock = new SteppingClock()
  const { notes, note } = notesOf(clock)
  clock.setTimeout(() => {
    note('chained', 100)
    note('chained at once', 0)
  }, 100)
  note('between', 150)
  clock.advance(250)
  assert.equal(notes, ['chained at once 100', 'between 150', 'chained 200'])
})

stepping('deferred callbacks run before the next timer', () => {
  const clock = new SteppingClock()
  const { notes, note } = notesOf(clock)
  clock.defer(() => notes.push('deferred outside'))
  clock.setTimeout(() => {
    clock.defer(() => {
      notes.push('deferred')
      clock.defer(() => notes.push('deferred by deferred'))
    })
    notes.push('first')
  }, 10)
  note('second', 10)
  assert.equal(notes, [])
  clock.advance(10)
  const order = ['deferred outside', 'first', 'deferred', 'deferred by deferred', 'second 10']
  assert.equal(notes, order)
})

stepping('a cancelled timer never fires, and cancelling twice is nothing', () => {
  const clock = new SteppingClock()
  const { notes, note } = notesOf(clock)
  const timers = Array.from({ length: 1_000 }, (_, index) => note(`${index}`, index))
  for (const [index, timer] of timers.entries()) if (index % 100 !== 7) clock.clearTimeout(timer)
  clock.clearTimeout(timers[0])
  clock.clearTimeout(undefined)
  assert.is(clock.pendingTimers, 10)
  clock.advance(1_000)
  assert.equal(
    notes,
    [7, 107, 207, 307, 407, 507, 607, 707, 807, 907].map((due) => `${due} ${due}`),
  )
})

stepping('random timers fire as a sorted list would', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`SEED=${seed}`)
  const random = seededRandom(seed)
  const clock = new SteppingClock()
  const fired: number[] = []
  const expected: { dueMs: number; index: number }[] = []
  for (let index = 0; index < 2_000; index += 1) {
    const dueMs = Math.floor(random() * 300)
    const timer = clock.setTimeout(() => fired.push(index), dueMs)
    if (random() < 0.6) clock.clearTimeout(timer)
    else expected.push({ dueMs, index })
  }
  clock.advance(300)
  expected.sort((one, other) => one.dueMs - other.dueMs || one.index - other.index)
  assert.equal(
    fired,
    expected.map(({ index }) => index),
  )
})

stepping('runNext goes from timer to timer', () => {
  const clock = new SteppingClock({ nowMs: 1_000, wallMs: 5_000_000 })
  const { notes, note } = notesOf(clock)
  note('a', 7)
  note('b', DAY_MS)
  assert.ok(clock.runNext())
  assert.is(clock.now(), 1_007)
  assert.ok(clock.runNext())
  assert.not(clock.runNext())
  assert.equal(notes, ['a 1007', `b ${1_000 + DAY_MS}`])
  assert.is(clock.wall(), 5_000_000 + DAY_MS)
})

stepping('a delay that is no number counts as 0', () => {
  const clock = new SteppingClock()
  const { notes, note } = notesOf(clock)
  note('nothing', Number.NaN)
  note('past', -5)
  clock.advance(0)
  assert.equal(notes, ['nothing 0', 'past 0'])
})

stepping('a loop without end is an error, not a hang', () => {
  const clock = new SteppingClock()
  const again = (): void => clock.defer(again)
  again()
  assert.throws(() => clock.advance(1), /without end/)
})

stepping('a callback cannot advance the clock, and one that throws leaves it usable', () => {
  const clock = new SteppingClock()
  const { notes, note } = notesOf(clock)
  clock.setTimeout(() => clock.advance(1), 10)
  note('next', 10)
  assert.throws(() => clock.advance(20), /cannot advance/)
  clock.advance(0)
  assert.equal(notes, ['next 10'])
})

/** Two delayed transitions in a row, which XState's own simulated clock jumps over. */
const lamp = setup({ delays: { short: 100 } }).createMachine({
  initial: 'red',
  states: {
    red: { after: { short: 'amber' } },
    amber: { after: { short: 'green' } },
    green: {},
  },
})

stepping('it is a clock for XState, and so is a view of it', () => {
  const clock = new SteppingClock()
  const slow = peerClock({ clock, rate: 0.5 })
  const exact = createActor(lamp, { clock }).start()
  const late = createActor(lamp, { clock: slow }).start()
  const stopped = createActor(lamp, { clock }).start()
  stopped.stop()
  clock.advance(250)
  assert.is(exact.getSnapshot().value, 'green')
  assert.is(late.getSnapshot().value, 'amber')
  assert.is(stopped.getSnapshot().value, 'red')
  clock.advance(150)
  assert.is(late.getSnapshot().value, 'green')
})

stepping.run()

const peers = suite('peer clock')

peers('the wall clock steps without moving a timer', () => {
  const clock = new SteppingClock({ wallMs: 1_000_000 })
  const bob = peerClock({ clock, wallOffsetMs: 500 })
  const { notes, note } = notesOf(bob)
  note('timer', 100)
  assert.is(bob.wall(), 1_000_500)
  bob.wallOffsetMs = -DAY_MS
  assert.is(bob.wall(), 1_000_000 - DAY_MS)
  clock.advance(100)
  assert.equal(notes, ['timer 100'])
})

peers('a fast clock runs ahead, with its timers, also when the rate changes', () => {
  const clock = new SteppingClock()
  const bob = peerClock({ clock, rate: 2 })
  const { notes, note } = notesOf(bob)
  note('early', 100)
  note('late', 300)
  clock.advance(49)
  assert.equal(notes, [])
  clock.advance(1)
  assert.equal(notes, ['early 100'])
  bob.rate = 0.5
  clock.advance(399)
  assert.is(notes.length, 1)
  clock.advance(1)
  assert.equal(notes, ['early 100', 'late 300'])
  assert.is(bob.now(), 300)
  assert.throws(() => peerClock({ clock, rate: 0 }), /rate of 0/)
})

peers('a timer never sees a time before its own, whatever the rate rounds', () => {
  let firedCount = 0
  for (const rate of [0.999_7, 1.000_013_7, 1.1, 3]) {
    const clock = new SteppingClock({ nowMs: 0.1 })
    const bob = peerClock({ clock, rate })
    const again = (dueMs: number): void => {
      assert.ok(bob.now() >= dueMs, `${bob.now()} is before ${dueMs} at a rate of ${rate}`)
      firedCount += 1
      bob.setTimeout(() => again(nextDueMs), 0.37)
      const nextDueMs = bob.now() + 0.37
    }
    again(0)
    clock.advance(1_000)
  }
  assert.ok(firedCount > 10_000)
})

peers('a paused process runs what it missed, in order, when it resumes', () => {
  const clock = new SteppingClock()
  const bob = peerClock({ clock })
  const { notes, note } = notesOf(bob)
  note('b', 20)
  note('a', 10)
  note('later', 200)
  bob.setTimeout(() => bob.defer(() => notes.push('deferred by c')), 30)
  note('d', 40)
  bob.defer(() => notes.push('deferred'))
  bob.pause()
  clock.advance(100)
  assert.equal(notes, [])
  assert.is(bob.now(), 100)
  bob.resume()
  assert.equal(notes, [])
  clock.advance(0)
  assert.equal(notes, ['deferred', 'a 100', 'b 100', 'deferred by c', 'd 100'])
  clock.advance(100)
  assert.is(notes.at(-1), 'later 200')
})

peers('a suspended machine stands still while the wall goes on', () => {
  const clock = new SteppingClock({ wallMs: 0 })
  const bob = peerClock({ clock })
  const { notes, note } = notesOf(bob)
  note('timer', 100)
  clock.advance(60)
  bob.suspend(1_000)
  bob.defer(() => notes.push('deferred'))
  clock.advance(500)
  assert.is(bob.now(), 60)
  assert.is(bob.wall(), 560)
  assert.equal(notes, [])
  clock.advance(539)
  assert.equal(notes, ['deferred'])
  clock.advance(1)
  assert.equal(notes, ['deferred', 'timer 100'])
  assert.is(clock.now(), 1_100)
})

peers('a stopped process never runs anything again', () => {
  const clock = new SteppingClock()
  const bob = peerClock({ clock })
  const { notes, note } = notesOf(bob)
  note('before', 10)
  bob.defer(() => notes.push('deferred'))
  bob.stop()
  note('after', 10)
  bob.resume()
  clock.advance(1_000)
  assert.equal(notes, [])
  assert.is(clock.pendingTimers, 0)
})

peers('cancelling the first timer does not hurry the second', () => {
  const clock = new SteppingClock()
  const bob = peerClock({ clock })
  const { notes, note } = notesOf(bob)
  const first = note('first', 10)
  note('second', 20)
  bob.clearTimeout(first)
  clock.advance(15)
  assert.equal(notes, [])
  clock.advance(5)
  assert.equal(notes, ['second 20'])
})

peers.run()

// The real clock is tried in real time, for a few milliseconds.
const real = suite('real clock')

real('it defers before timers, keeps a short delay, and cancels', async () => {
  const clock = realClock()
  const startMs = clock.now()
  assert.ok(Math.abs(clock.wall() - Date.now()) < 1_000)
  const order: string[] = []
  await new Promise<void>((resolve) => {
    const cancelled = clock.setTimeout(() => order.push('cancelled'), 1)
    clock.setTimeout(() => order.push('timer'), 2)
    clock.setTimeout(resolve, 10)
    clock.defer(() => order.push('deferred'))
    clock.clearTimeout(cancelled)
    clock.clearTimeout(undefined)
  })
  assert.equal(order, ['deferred', 'timer'])
  assert.ok(clock.now() - startMs >= 9)
})

real('what deferred work throws is uncaught, and no rejection', async () => {
  const caught: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.once('uncaughtException', (error, origin) => caught.push(error.message, origin))
  realClock().defer(() => {
    throw new Error('a defect')
  })
  await new Promise((resolve) => setTimeout(resolve, 5))
  for (const listener of listeners) process.on('uncaughtException', listener)
  assert.equal(caught, ['a defect', 'uncaughtException'])
})

real('a delay of years does not fire at once', async () => {
  const clock = realClock()
  const fired: string[] = []
  const years = clock.setTimeout(() => fired.push('years'), 2 ** 40)
  const forever = clock.setTimeout(() => fired.push('forever'), Number.POSITIVE_INFINITY)
  await new Promise((resolve) => setTimeout(resolve, 20))
  clock.clearTimeout(years)
  clock.clearTimeout(forever)
  assert.equal(fired, [])
})

real.run()

const chance = suite('seeded random')

chance('the same seed gives the same numbers, spread over [0, 1)', () => {
  const [one, same, other] = [seededRandom(1), seededRandom(1), seededRandom(2)]
  const numbers = Array.from({ length: 10_000 }, one)
  assert.equal(Array.from({ length: 10_000 }, same), numbers)
  assert.is.not(other(), numbers[0])
  assert.ok(numbers.every((number) => number >= 0 && number < 1))
  const mean = numbers.reduce((sum, number) => sum + number) / numbers.length
  assert.ok(Math.abs(mean - 0.5) < 0.02, `${mean}`)
})

chance.run()
