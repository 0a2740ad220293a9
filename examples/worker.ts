/**
 * A nightly job that runs once, whoever starts it: a lease around the work, its outcome in the
 * dictionary, and a fencing token for the storage.
 *
 * The token is what makes it safe. A worker that is suspended in the middle of the job may wake up
 * after its lease has lapsed and go on; the storage knows a greater token by then and refuses.
 */

import { type Dictionary, HoldfastError, openDictionary } from 'holdfast'

/** Storage that takes no write under an older token than the last one. */
const storage = {
  token: 0,
  report: '',
  write(report: string, token: number): void {
    if (token < this.token) throw new Error(`Token ${token} is older than ${this.token}.`)
    this.token = token
    this.report = report
  },
}

async function runNightly(worker: Dictionary<string>, date: string): Promise<string> {
  const key = `nightly/${date}`
  try {
    return await worker.withLease(key, { leaseMs: 60_000, waitMs: 10_000 }, async (lease) => {
      if (worker.get(key) === 'done') return 'finds it done'
      // The lease is renewed meanwhile; `lease.signal` aborts if it is lost all the same.
      await new Promise((resolve) => setTimeout(resolve, 50))
      storage.write(`report of ${worker.peerId}`, lease.token)
      worker.set(key, 'done', { token: lease.token })
      return `does it under token ${lease.token}`
    })
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'TIMEOUT') return 'leaves it to others'
    throw error
  }
}

const alice = await openDictionary<string>({ peerId: 'alice', listen: ['tcp://127.0.0.1:0'] })
const bob = await openDictionary<string>({ peerId: 'bob' })
await bob.connect(alice.listening[0] as string)

const early = runNightly(alice, '2031-05-01')
while (!bob.lease('nightly/2031-05-01')) await new Promise((resolve) => setTimeout(resolve, 5))
console.log(`bob ${await runNightly(bob, '2031-05-01')}, alice ${await early}`)
// -> bob finds it done, alice does it under token 1
console.log(`${storage.report}, token ${storage.token}`)
// -> report of alice, token 1

await Promise.all([alice.close(), bob.close()])
