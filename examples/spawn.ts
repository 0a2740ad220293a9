/**
 * A dictionary as an actor of the application's own machine: spawned, watched and told what to
 * write, typed without casts. It lives and ends with the machine.
 */

import { type SyncRef, syncLogic } from 'holdfast'
import { assign, createActor, sendTo, setup, waitFor } from 'xstate'

const doorMachine = setup({
  types: {
    context: {} as { sync: SyncRef; opened: number },
    events: {} as { type: 'door.open' } | { type: 'door.shut' },
  },
  actors: { sync: syncLogic },
  actions: {
    tell: sendTo(
      ({ context }) => context.sync,
      (_, { door }: { door: string }) => ({ type: 'entry.set', key: 'door', value: door }) as const,
    ),
    count: assign({ opened: ({ context }) => context.opened + 1 }),
  },
}).createMachine({
  id: 'door',
  context: ({ spawn }) => ({
    sync: spawn('sync', { id: 'sync', input: { network: 'doors', peerId: 'alice' } }),
    opened: 0,
  }),
  initial: 'shut',
  states: {
    shut: { on: { 'door.open': 'open' } },
    open: {
      entry: ['count', { type: 'tell', params: { door: 'open' } }],
      exit: { type: 'tell', params: { door: 'shut' } },
      on: { 'door.shut': 'shut' },
    },
  },
})

const app = createActor(doorMachine).start()
const { sync } = app.getSnapshot().context
sync.on('update', ({ key, previous, value }) => console.log(`${key}: ${previous} -> ${value}`))
await waitFor(sync, ({ value }) => value === 'open')

app.send({ type: 'door.open' })
app.send({ type: 'door.shut' })
await new Promise((resolve) => sync.on('update', resolve))
// -> door: undefined -> open
// -> door: open -> shut

const { reader } = sync.getSnapshot().context
console.log(JSON.stringify([reader.get('door'), reader.lease('door')?.mine, reader.size]))
// -> ["shut",true,1]
app.stop()
