/**
 * All machines in the XState inspector: `inspect` passes straight through to XState, and every
 * actor of a dictionary is in one system, so one option shows them all.
 *
 * Development only: an inspector gets the whole snapshot at every event. To watch in a browser,
 * take these instead of `createInspector`. They need the internet for the page, and anybody who
 * reaches the port may read along:
 *
 *   createInspectorServer()                        // from '@statelyai/inspect/server'
 *   const { inspect } = createWebSocketInspector() // from '@statelyai/inspect'
 */

import { createInspector } from '@statelyai/inspect'
import { openDictionary } from 'holdfast'

/** Which states each machine has been in, by its id. */
const visited = new Map<string, Set<string>>()
const machines = new Map<string, string>()

// An adapter is anything that takes the inspector's messages. This one keeps them here.
const { inspect } = createInspector({
  send(message) {
    if (message.type === '@xstate.actor' && message.definition?.includes('"initial"')) {
      const { id } = JSON.parse(message.definition) as { id: string }
      machines.set(message.sessionId, id)
      visited.set(id, new Set())
    }
    if (message.type !== '@xstate.snapshot') return
    const machine = machines.get(message.sessionId)
    const { value } = message.snapshot as { value?: string | object }
    if (machine === undefined || value === undefined) return
    visited.get(machine)?.add(typeof value === 'string' ? value : Object.keys(value).join())
  },
})

const alice = await openDictionary({ peerId: 'alice', listen: ['tcp://127.0.0.1:0'], inspect })
const bob = await openDictionary({ peerId: 'bob' })
await bob.connect(alice.listening[0] as string)
await alice.close()
await bob.close()

for (const [id, states] of visited) console.log(`${id}: ${[...states].join(', ')}`)
// -> sync: opening, open, closing
// -> mesh: opening, open, closing
// -> connection: connecting, handshaking, conflicted, nominal
