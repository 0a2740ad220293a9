import { createSimulation, seededRandom } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseSeed, Watch } from './scene.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave'] as const

/** A run with everything that can go wrong; returns every line that the network noted. */
async function run(seed: number): Promise<readonly string[]> {
  const trace: string[] = []
  const watch = new Watch()
  const simulation = createSimulation({
    seed,
    peers: NAMES,
    loss: 0.05,
    duplicate: 0.1,
    reorder: 0.1,
    options: { leaseMs: 5_000 },
    record: (line) => trace.push(line),
    inspect: watch.inspect,
  })
  const random = seededRandom(seed)
  const pick = () => NAMES[Math.floor(random() * NAMES.length)] as string
  const acts: readonly (() => unknown)[] = [
    () => simulation.partition([pick()], [pick()]),
    () => simulation.partition([pick()], [pick()], { oneWay: true }),
    () => simulation.heal(),
    () => simulation.reset(pick(), pick()),
    () => simulation.slow(pick(), { factor: 1 + random() * 10, bytesPerMs: 100 }),
    () => simulation.unslow(pick()),
    () => simulation.stall(pick()),
    () => simulation.unstall(pick()),
    () => simulation.drift(pick(), 0.995 + random() / 100),
    () => simulation.stepClock(pick(), random() * 1e8 - 5e7),
    () => simulation.restart(pick()),
    () => simulation.suspend(pick(), 2_000),
    () => simulation.peer(pick()).send('hello'),
    () => simulation.peer(pick()).acquire('lease', { waitMs: 3_000 }).catch(String),
  ]
  for (let step = 0; step < 60; step++) {
    acts[Math.floor(random() * acts.length)]?.()
    for (const name of NAMES) {
      const dictionary = simulation.peer(name)
      const lease = dictionary.lease(`key ${step % 7}`)
      const isFree = lease === undefined || lease.mine
      if (isFree && dictionary.actor.getSnapshot().value === 'open') {
        try {
          dictionary.set(`key ${step % 7}`, `${name} ${step}`)
        } catch (error) {
          trace.push(`refused ${name} ${(error as { code: string }).code}`)
        }
      }
    }
    await simulation.advance(random() * 1_000)
  }
  simulation.recover()
  await simulation.untilQuiet()
  const { losses, duplicates, reorders } = simulation.network.disturbances
  trace.push(`disturbances ${losses} ${duplicates} ${reorders}`)
  assert.ok(losses > 0 && duplicates > 0 && reorders > 0)
  for (const name of NAMES) trace.push(`digest ${name} ${simulation.peer(name).digest()}`)
  assert.equal(watch.complaints, [], `seed ${seed}`)
  await simulation.close()
  return trace
}

const replay = suite('a run is repeated by its seed')
const seed = chooseSeed()
console.log(`SEED=${seed}`)

replay('the same seed gives the same trace, byte for byte', async () => {
  const first = await run(seed)
  const kinds = ['frame', 'partition', 'heal', 'reset', 'crash', 'slow', 'stall', 'digest']
  for (const kind of kinds) {
    const is = (line: string) => line.split(' ').slice(0, 2).includes(kind)
    if (kind === 'frame') assert.ok(first.filter(is).length > 300)
    if (kind === 'digest') assert.is(first.filter(is).length, NAMES.length)
  }
  assert.is((await run(seed)).join('\n'), first.join('\n'))
})

replay('another seed gives another trace', async () => {
  assert.is.not((await run(seed + 1)).join('\n'), (await run(seed)).join('\n'))
})

replay.run()
