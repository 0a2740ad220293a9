/**
 * Whether deletions leave anything behind: sets and deletes go on and on over a hundred keys, and
 * the memory that both peers hold is looked at now and then.
 */

import { heldBytes } from './heap.ts'
import { nameOf } from './reconcile.ts'
import type { Report } from './report.ts'
import { SimulatedStage } from './stage.ts'

const CYCLES = 1_000_000
const CYCLES_PER_LOOK = 100_000
const KEYS = 100
/** Long enough for both to tell of themselves, so that deletions are collected. Milliseconds. */
const COLLECT_MS = 60_000

export async function* plateau(): AsyncGenerator<Report> {
  yield await measure('the same 100 keys again and again', (cycle) => `key ${cycle % KEYS}`)
  yield await measure('a new key each time', (cycle) => `key ${cycle}`)
}

async function measure(title: string, keyOf: (cycle: number) => string): Promise<Report> {
  const stage = new SimulatedStage()
  const alice = await stage.open(nameOf('alice'))
  const bob = await stage.open(nameOf('bob'))
  await stage.connect(bob, alice)
  await stage.pass(COLLECT_MS)
  const before = heldBytes()
  const rows: (string | number)[][] = []
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0]
  let token = 0
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    // Turn by turn, so that keys change owners as well.
    const peer = Math.floor(cycle / KEYS) % 2 === 0 ? alice : bob
    token = peer.set(keyOf(cycle), { cycle, text: 'x'.repeat(50) }).token
    lowest = Math.min(lowest, token)
    highest = Math.max(highest, token)
    peer.delete(keyOf(cycle))
    if ((cycle + 1) % KEYS === 0) await stage.pass(25)
    if ((cycle + 1) % (CYCLES_PER_LOOK / 10) === 0) await stage.pass(COLLECT_MS)
    if ((cycle + 1) % CYCLES_PER_LOOK !== 0) continue
    rows.push([cycle + 1, heldBytes() - before, alice.size + bob.size, lowest, highest])
    ;[lowest, highest] = [Number.POSITIVE_INFINITY, 0]
  }
  await stage.close(alice)
  await stage.close(bob)
  const columns = ['cycles', 'bytes held more by both', 'keys', 'lowest token', 'highest token']
  return { title: `Sets and deletes, ${title}`, columns, rows }
}
