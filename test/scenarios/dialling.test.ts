import { parseArgs } from 'node:util'
import { createSimulation, type Simulation, seededRandom } from 'holdfast/simulation'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseSeed, hear, Watch } from './scene.ts'

/**
 * How many of a hundred seeds are tried with how many peers. A large crowd takes long. More seeds:
 * npx tsx test/scenarios/dialling.test.ts --seeds 1000
 */
const SHARES_BY_PEERS = [
  [2, 40],
  [3, 30],
  [4, 16],
  [5, 6],
  [6, 4],
  [8, 2],
  [12, 1],
  [16, 1],
] as const
const SEEDS_MIN = 100

/** How long the faults go on, in milliseconds. */
const FAULTS_MS = 3_000
/** How long the peers may take to find each other when the faults are over, in milliseconds. */
const SETTLE_MS_MAX = 60_000

type Weather = 'calm' | 'lossy' | 'resets' | 'restarts'
const WEATHERS: readonly Weather[] = ['calm', 'lossy', 'resets', 'restarts']

/** Everybody dials everybody at the same moment. Returns what is wrong in the end. */
async function dialAll(seed: number, peers: number): Promise<readonly string[]> {
  const random = seededRandom(seed)
  const weather = WEATHERS[Math.floor(random() * WEATHERS.length)] as Weather
  const watch = new Watch()
  const longestMs = 1 + random() ** 2 * 300
  const simulation = createSimulation({
    seed,
    peers,
    latency: [random() * longestMs, longestMs],
    loss: weather === 'calm' ? 0 : random() * 0.2,
    inspect: watch.inspect,
  })
  const names = simulation.names
  const lost = names.flatMap((name) => hear(simulation.peer(name), 'disconnect'))
  if (weather === 'resets' || weather === 'restarts') await disturb(simulation, random, weather)
  const problems: string[] = []
  await simulation.untilQuiet(SETTLE_MS_MAX).catch(({ message }) => problems.push(message))
  for (const name of names) {
    const found = simulation.peer(name).peers.map(({ peerId }) => peerId)
    const missing = names.filter((other) => other !== name && !found.includes(other))
    if (missing.length > 0) problems.push(`${name} has no connection to ${missing}.`)
    if (found.length !== peers - 1) problems.push(`${name} has ${found.length} neighbours.`)
  }
  // Made before broken: without faults no two peers are ever without each other again.
  if (weather === 'calm' && lost.length > 0) problems.push(`${lost.length} gaps in calm weather.`)
  problems.push(...watch.complaints)
  return problems.map((problem) => `${weather}, ${peers} peers, seed ${seed}: ${problem}`)
}

/** Breaks connections, or peers, while they find each other. */
async function disturb(
  simulation: Simulation,
  random: () => number,
  weather: 'resets' | 'restarts',
): Promise<void> {
  const { names } = simulation
  const pick = () => names[Math.floor(random() * names.length)] as string
  const count = 1 + Math.floor(random() * 6)
  for (let fault = 0; fault < count; fault++) {
    await simulation.advance((random() * FAULTS_MS) / count)
    if (weather === 'restarts' && random() < 0.5) simulation.restart(pick())
    else simulation.network.reset(pick(), pick())
  }
}

const first = chooseSeed()
const { values: given } = parseArgs({ options: { seeds: { type: 'string' } } })
const times = Math.ceil(Number(given.seeds ?? SEEDS_MIN) / SEEDS_MIN)
console.log(`SEED=${first}`)
const dialling = suite('everybody dials everybody at once')

for (const [peers, share] of SHARES_BY_PEERS) {
  const count = share * times
  dialling(
    `${peers} peers end with one connection per pair, for each of ${count} seeds`,
    async () => {
      const problems: string[] = []
      for (let seed = first; seed < first + count; seed++) {
        problems.push(...(await dialAll(seed, peers)))
      }
      assert.equal(problems, [])
    },
  )
}

dialling('a crowd that cannot come together is found out', async () => {
  const simulation = createSimulation({ seed: first, peers: ['alice', 'bob', 'carol'] })
  simulation.partition(['alice'], ['bob', 'carol'])
  const error = await simulation.untilQuiet(5_000).then(
    () => undefined,
    (cause: Error) => cause,
  )
  assert.match(String(error?.message), 'alice and bob have connections')
  assert.not.match(String(error?.message), 'bob and carol have connections')
})

dialling.run()
