/**
 * A scenario test, as an application would write it: the network splits while a worker holds a
 * lease, nobody takes its place on the small side, and after healing everybody agrees.
 *
 * The dictionaries are those of production; network, clocks and chance are simulated. The same seed
 * gives the same run, and hours pass in milliseconds.
 */

import { strict as assert } from 'node:assert'
import type { HoldfastError } from 'holdfast'
import { createSimulation } from 'holdfast/simulation'

const simulation = createSimulation({ seed: 7, peers: ['alice', 'bob', 'carol'], loss: 0.05 })
await simulation.untilQuiet()

const alice = simulation.peer('alice')
const bob = simulation.peer('bob')
const carol = simulation.peer('carol')
assert.equal(alice.set('printer', 'alice prints', { leaseMs: 60_000 }).token, 1)
await simulation.untilQuiet()

// Carol is cut off. The lease lapses on both sides, for alice does not renew it.
simulation.partition(['carol'], ['alice', 'bob'])
await simulation.advance(120_000)
const refusal = { code: 'NO_MAJORITY' } satisfies Partial<HoldfastError>
assert.throws(() => carol.set('printer', 'carol prints'), refusal)
assert.equal(bob.set('printer', 'bob prints').token, 2)
console.log(`cut off, carol still reads '${carol.get('printer')}'`)
// -> cut off, carol still reads 'alice prints'

simulation.heal()
await simulation.untilQuiet()
simulation.check()
assert.ok(simulation.oneHolder('printer'))
console.log(`healed, carol reads '${carol.get('printer')}' of ${carol.lease('printer')?.owner}`)
// -> healed, carol reads 'bob prints' of bob

// A process that dies frees nothing; its key is taken over when the lease has lapsed.
simulation.crash('bob')
await simulation.advance(3_600_000 * 1.1)
console.log(`alice takes over under token ${alice.set('printer', 'alice prints again').token}`)
// -> alice takes over under token 3

await simulation.close()
