/**
 * The supervisor: a small process between holdfast and its command, which ends the command in time
 * when holdfast cannot.
 *
 * It leads a process group of its own, and the command and what that starts are in it, so one
 * signal reaches them all. It reads the deadline itself: if holdfast is stopped, no new deadline
 * comes, and the command is told to end and then killed. If holdfast is killed, the pipe closes,
 * and the same happens at once. When the command has ended, whatever it left behind in the group is
 * killed too, and the supervisor with it: the lease is given back only when nobody works under it
 * any more.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { type Deadline, deadlineIn, earlier, remainingMs } from './deadline.ts'
import { type Order, type Report, signalGroup } from './order.ts'

/** The longest time between two looks at the clocks: so late is a suspension noticed at most. */
const LOOK_MS_MAX = 100
/** Sent to the whole group, and so to this process too, which is not who they are meant for. */
const FOR_THE_COMMAND = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const

let child: ChildProcess | undefined
let deadline: Deadline = deadlineIn(Number.POSITIVE_INFINITY)
let graceMs = 0
let isLost = false
let timer: NodeJS.Timeout | undefined

for (const signal of FOR_THE_COMMAND) process.on(signal, () => {})
process.on('message', (order: Order) => {
  // After a stop the timers come first, but an order that lay in the pipe must not come before.
  look()
  obey(order)
})
process.on('disconnect', outlive)
tell({ report: 'ready' })

function obey(order: Order): void {
  switch (order.order) {
    case 'start':
      deadline = order.deadline
      graceMs = order.graceMs
      return start(order)
    case 'extend':
      // Who was told to end is not called back.
      if (!isLost) deadline = order.deadline
      return look()
    case 'forward':
      signalGroup(process.pid, order.signal)
      return
    case 'kill':
      isLost = true
      if (child === undefined) endGroup()
      deadline = deadlineIn(0)
      return look()
  }
}

function start({ command, environment }: Extract<Order, { order: 'start' }>): void {
  const [file = '', ...words] = command
  child = spawn(file, words, { stdio: 'inherit', env: { ...process.env, ...environment } })
  child.once('spawn', () => tell({ report: 'started' }))
  child.once('error', ({ code = 'UNKNOWN' }: NodeJS.ErrnoException) => {
    if (child?.pid === undefined) tell({ report: 'refused', code }, endGroup)
  })
  child.once('exit', (code, signal) => {
    tell({ report: 'ended', code, signal, isLost }, endGroup)
  })
  look()
}

/** Reads the clocks: warns the command when its time is short, kills it when it is over. */
function look(): void {
  if (child === undefined) return
  clearTimeout(timer)
  const leftMs = remainingMs(deadline)
  if (leftMs <= 0) {
    isLost = true
    tell({ report: 'ended', code: null, signal: 'SIGKILL', isLost })
    // Holdfast may be stopped and its pipe full: the end does not wait for the word to arrive.
    return endGroup()
  }
  if (leftMs <= graceMs && !isLost) stop()
  const nextMs = isLost ? leftMs : leftMs - graceMs
  timer = setTimeout(look, Math.min(LOOK_MS_MAX, Math.max(1, nextMs)))
}

function stop(): void {
  isLost = true
  tell({ report: 'stopping' })
  signalGroup(process.pid, 'SIGTERM')
  // One that is stopped could not hear it.
  signalGroup(process.pid, 'SIGCONT')
}

/** Holdfast is gone without a word, so nobody renews the lease any more. */
function outlive(): void {
  if (child === undefined) return endGroup()
  deadline = earlier(deadline, deadlineIn(graceMs))
  look()
}

/** Ends whoever is left of the group, this process as well. */
function endGroup(): void {
  signalGroup(process.pid, 'SIGKILL')
  // Where there are no groups, the command alone is ended.
  child?.kill('SIGKILL')
  process.exit()
}

/** Nobody is left to be told when holdfast is dead; then only what follows is done. */
function tell(report: Report, then: () => void = () => {}): void {
  if (!process.connected) return then()
  process.send?.(report, undefined, undefined, then)
}
