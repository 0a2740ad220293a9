/**
 * A process that holds a lease or waits for it: `contender.ts PEER_ID`. It obeys the commands
 * below, tells what it notices, and ends when the channel to who started it closes. Its times are
 * by a clock that all processes of this machine share.
 */

import { type Dictionary, type Lease, leaseLogic, openDictionary } from 'holdfast'
import { type Actor, createActor } from 'xstate'
import { sharedNow } from './clock.ts'

const KEY = 'leader'
/** How long anything is waited for, in milliseconds. */
const WAIT_MS_MAX = 60_000
/** How often is looked, in milliseconds. */
const LOOK_MS = 1

export type Commands = typeof commands

/** What it tells without being asked for it. */
export interface Notices {
  readonly ready: { readonly address: string }
  /** The lease that was held is lost, and why. */
  readonly lost: { readonly at: number; readonly reason: string }
  /** The lease that was waited for is granted. */
  readonly held: { readonly at: number; readonly token: number }
  /** From now on it looks at its lease and does nothing else. */
  readonly looking: Record<string, never>
}

/** A lease as its holder knew it when it had just got it. */
export interface Held {
  readonly token: number
  /** When its holder stops believing in it: not later than this. */
  readonly deadline: number
}

let lease: Lease
let waiter: Actor<typeof leaseLogic>

const commands = {
  async connect(address: string): Promise<void> {
    await dictionary.connect(address)
  },
  async hold({ termMs }: { termMs: number }): Promise<Held> {
    lease = await dictionary.acquire(KEY, { leaseMs: termMs, waitMs: WAIT_MS_MAX })
    // Comes after the signal was aborted, so what is measured from here is rather too short.
    lease.on('lost', ({ reason }) => tell('lost', { at: sharedNow(), reason }))
    const { token, remainingMs } = lease
    return { token, deadline: sharedNow() + remainingMs }
  },
  /** Waits for the lease as soon as it has heard who holds it. */
  async wait({ token, deadline, termMs }: Held & { termMs: number }): Promise<void> {
    await until(() => dictionary.lease(KEY)?.token === token || sharedNow() > deadline)
    const input = { sync: dictionary.actor, key: KEY, leaseMs: termMs, isRenewing: false }
    waiter = createActor(leaseLogic, { input: { ...input, waitMs: WAIT_MS_MAX } })
    // Nobody in this process can know of the grant any earlier.
    waiter.on('held', (fact) => tell('held', { at: sharedNow(), token: fact.token }))
    waiter.start()
  },
  /** Resolves when this peer has heard that somebody waits, or cannot hand over any more. */
  async knowWaiter(): Promise<void> {
    await until(async () => (await dictionary.locks.query()).pending.length > 0 || !lease.valid)
  },
  async release(): Promise<void> {
    lease.release()
  },
  async giveBack(): Promise<void> {
    waiter.send({ type: 'lease.release' })
  },
  /**
   * Looks at the lease until it is found to be lost, all in one go, so that no timer and no message
   * can tell it. Resolves with when the last look began that found it valid.
   */
  async look(): Promise<{ lastValidAt: number }> {
    tell('looking', {})
    let lastValidAt = 0
    for (;;) {
      const at = sharedNow()
      if (!lease.valid) return { lastValidAt }
      lastValidAt = at
    }
  },
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

function tell<Name extends keyof Notices>(name: Name, result: Notices[Name]): void {
  process.send?.({ name, result })
}

const dictionary: Dictionary = await openDictionary({
  peerId: String(process.argv[2]),
  listen: ['tcp://127.0.0.1:0'],
  maxOutgoing: 0,
})
process.on('disconnect', () => process.exit())
process.on('message', async ({ name, input }: { name: keyof Commands; input: never }) => {
  process.send?.({ name, result: await commands[name](input) })
})
tell('ready', { address: String(dictionary.listening[0]) })
