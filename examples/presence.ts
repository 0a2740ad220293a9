/**
 * Presence: who is here. Nobody has to sign off, for who leaves or dies is gone everywhere.
 */
import { openDictionary } from 'holdfast'

async function enter(name: string, join: readonly string[] = []) {
  const room = await openDictionary({ peerId: name, listen: ['tcp://127.0.0.1:0'], join })
  room.set(name, 'is here', { ephemeral: true, leaseMs: 2_000, renew: true })
  return room
}
const alice = await enter('alice')
const bob = await enter('bob', alice.listening)
await new Promise((resolve) => alice.on('update', ({ key }) => key === 'bob' && resolve(key)))
console.log(`alice sees ${[...alice.keys()].join(' and ')}`)
// -> alice sees alice and bob
void bob.close() // If he died instead, it would take until the two seconds are over.
const gone = await new Promise<{ owner: string }>((resolve) => alice.on('expired', resolve))
console.log(`${gone.owner} is gone, and ${alice.size} remains`)
// -> bob is gone, and 1 remains
await alice.close()
