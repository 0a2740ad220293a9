/**
 * A service that runs at one peer at a time: the lease of a key, invoked in the service's machine.
 *
 * `leading` is active only while the lease is held. It is renewed meanwhile; when it is lost, or
 * its holder leaves or dies, the next one leads.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { leaseLogic, openDictionary, type SyncRef } from 'holdfast'
import { assign, createActor, setup, waitFor } from 'xstate'

const serviceMachine = setup({
  types: {
    input: {} as { sync: SyncRef; name: string },
    context: {} as { sync: SyncRef; name: string; token: number | null },
  },
  actors: { lease: leaseLogic },
  actions: {
    start: ({ context: { name, token } }) => console.log(`${name} leads under token ${token}`),
    stop: ({ context: { name } }) => console.log(`${name} stops`),
    noteToken: assign({ token: (_, { token }: { token: number | null }) => token }),
  },
}).createMachine({
  id: 'service',
  context: ({ input }) => ({ ...input, token: null }),
  invoke: {
    src: 'lease',
    input: ({ context: { sync } }) => ({ sync, key: 'leader', leaseMs: 2_000 }),
    onSnapshot: { actions: { type: 'noteToken', params: ({ event }) => event.snapshot.context } },
    onDone: {
      // Lost: wait for it again. Never held means that the dictionary is closed.
      guard: ({ event }) => event.output?.held === true,
      target: '#service',
      reenter: true,
      actions: { type: 'noteToken', params: { token: null } },
    },
  },
  initial: 'following',
  states: {
    following: { always: { guard: ({ context }) => context.token !== null, target: 'leading' } },
    leading: { entry: 'start', exit: 'stop' },
  },
})

const alice = await openDictionary({ peerId: 'alice', listen: ['tcp://127.0.0.1:0'] })
const bob = await openDictionary({ peerId: 'bob', join: alice.listening })
const first = createActor(serviceMachine, { input: { sync: alice.actor, name: 'alice' } }).start()
while (bob.lease('leader')?.owner !== 'alice') await sleep(10)
const second = createActor(serviceMachine, { input: { sync: bob.actor, name: 'bob' } }).start()
await alice.close()
await waitFor(second, (service) => service.matches('leading'))
// -> alice leads under token 1
// -> alice stops
// -> bob leads under token 2
first.stop()
second.stop()
await bob.close()
