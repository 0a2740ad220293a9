/**
 * A service that runs at one peer at a time: the lease of a key, invoked in a machine of one's own.
 *
 * The service is invoked in `leading`, which is active only while the lease is held. The lease is
 * renewed meanwhile; when it is lost, or its holder leaves or dies, the next one leads.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { leaseLogic, openDictionary, type SyncRef } from 'holdfast'
import { assign, createActor, type EventObject, fromCallback, setup, waitFor } from 'xstate'

type Post = { readonly sync: SyncRef; readonly name: string; readonly token: number | null }
/** The service itself. What it returns stops it, whatever ends the leadership. */
const service = fromCallback<EventObject, Post>(({ input: { name, token } }) => {
  console.log(`${name} serves under token ${token}`)
  return () => console.log(`${name} stops`)
})

const leaderMachine = setup({
  types: { input: {} as Post, context: {} as Post },
  actors: { lease: leaseLogic, service },
  actions: { noteToken: assign({ token: (_, { token }: Pick<Post, 'token'>) => token }) },
}).createMachine({
  id: 'leader',
  context: ({ input }) => input,
  invoke: {
    src: 'lease',
    input: ({ context: { sync } }) => ({ sync, key: 'leader', leaseMs: 2_000 }),
    onSnapshot: { actions: { type: 'noteToken', params: ({ event }) => event.snapshot.context } },
    onDone: {
      // Lost: wait for it again. Never held means that the dictionary is closed.
      guard: ({ event }) => event.output?.held === true,
      target: '#leader',
      reenter: true,
      actions: { type: 'noteToken', params: { token: null } },
    },
  },
  initial: 'following',
  states: {
    following: { always: { guard: ({ context }) => context.token !== null, target: 'leading' } },
    leading: { invoke: { src: 'service', input: ({ context }) => context } },
  },
})

const run = (sync: SyncRef, name: string) =>
  createActor(leaderMachine, { input: { sync, name, token: null } }).start()
const alice = await openDictionary({ peerId: 'alice', listen: ['tcp://127.0.0.1:0'] })
const bob = await openDictionary({ peerId: 'bob', join: alice.listening })
const first = run(alice.actor, 'alice')
while (bob.lease('leader')?.owner !== 'alice') await sleep(10)
const second = run(bob.actor, 'bob')
await alice.close()
await waitFor(second, (leader) => leader.matches('leading'))
// -> alice serves under token 1
// -> alice stops
// -> bob serves under token 2
for (const leader of [first, second]) leader.stop()
// -> bob stops
await bob.close()
