/**
 * Two peers in one process: a write, a refusal, and a key that is freed.
 *
 * They meet over loopback TCP, as they would from two machines. What alice writes is hers until her
 * lease lapses, or until she leaves.
 */

import { HoldfastError, openDictionary } from 'holdfast'

const alice = await openDictionary<string>({ peerId: 'alice', listen: ['tcp://127.0.0.1:0'] })
const bob = await openDictionary<string>({ peerId: 'bob' })
await bob.connect(alice.listening[0] as string)

// A write is decided at once and returns a receipt; others hear of it a moment later.
const { token } = alice.set('door', 'open')
await new Promise((resolve) => bob.on('update', resolve))
console.log(`bob reads ${bob.get('door')}, written under token ${token}`)
// -> bob reads open, written under token 1

try {
  bob.set('door', 'shut')
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error
  console.log(`${error.code}: ${error.owner} has it for another ${error.remainingMs} ms`)
  // -> LEASE_HELD: alice has it for another 3600000 ms
}

// Who leaves in good order frees its keys at once.
await alice.close()
console.log(`bob shuts it under token ${bob.set('door', 'shut').token}`)
// -> bob shuts it under token 2
await bob.close()
