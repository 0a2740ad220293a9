/**
 * `npm run simulate -- --seeds N [--seed FIRST] [--peers P] [--minutes M] [--jobs J]`: random runs
 * on the simulated network. Exit code 1 if a promise was broken, with the seeds that show it and
 * the shortest schedules that were found to break the same.
 */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Integrity } from '../../actors/settings.ts'
import { playLeases } from './leaseRun.ts'
import { drawPlan, playSeed, type RunResult, shortenPlan } from './random.ts'
import { printSummary } from './summary.ts'

const HELP = `npm run simulate -- [--seeds N] [--seed FIRST] [--peers P] [--minutes M] [--jobs J]
  --seeds N    how many runs; default 200
  --seed S     the first seed; default 1
  --peers P    how many peers; default 2 to 6, drawn
  --minutes M  how long faults go on in each run, in simulated minutes; default 3
  --jobs J     how many processes share the work; default 1
  --tries T    how many shorter schedules to try for a seed that breaks something; default 200
  --integrity I  'signed' if peers sign what they write; default channel
  --leases     runs about leases alone, judged by every promise about them
  --first      stop at the first such seed, and try none`

/** For so many seeds the shortest schedule is looked for. */
const SHORTENED_COUNT_MAX = 3
/** Progress is shown after every so many seeds. */
const PROGRESS_COUNT = 100

interface Options {
  readonly seeds: number
  readonly seed: number
  readonly peers: number | undefined
  readonly minutes: number | undefined
  readonly jobs: number
  readonly tries: number
  readonly first: boolean
  readonly leases: boolean
  readonly integrity: Integrity
}

async function simulate(options: Options): Promise<number> {
  const startedAt = performance.now()
  const results: RunResult[] = []
  const broken: number[] = []
  const runs = options.jobs > 1 ? playInChildren(options) : playHere(options)
  for await (const result of runs) {
    results.push(result)
    for (const { invariant, what } of result.violations) {
      console.log(`seed ${result.seed}: ${invariant} ${what}`)
    }
    if (result.violations.length > 0) broken.push(result.seed)
    if (options.first && broken.length > 0) break
    if (results.length % PROGRESS_COUNT === 0) {
      process.stderr.write(`${results.length} of ${options.seeds} seeds\n`)
    }
  }
  printSummary(results, (performance.now() - startedAt) / 1000)
  if (options.tries > 0) {
    for (const seed of broken.slice(0, SHORTENED_COUNT_MAX)) {
      console.log(
        `\nSeed ${seed}: ${await shortenPlan(drawPlan({ ...options, seed }), options.tries)}`,
      )
    }
  }
  return results.length === options.seeds && broken.length === 0 ? 0 : 1
}

function playOne(options: Options, seed: number): Promise<RunResult> {
  return options.leases ? playLeases({ seed }) : playSeed({ ...options, seed })
}

async function* playHere(options: Options): AsyncGenerator<RunResult> {
  for (let count = 0; count < options.seeds; count++) {
    yield await playOne(options, options.seed + count)
  }
}

/** Each child plays every so manieth seed, and prints a line of JSON for each. */
async function* playInChildren(options: Options): AsyncGenerator<RunResult> {
  const waiting: RunResult[] = []
  let wake = () => {}
  let running = options.jobs
  const children = Array.from({ length: options.jobs }, (_, job) => {
    const words = ['--import', 'tsx', 'test/scenarios/simulate.ts', '--job', String(job)]
    if (options.leases) words.push('--leases')
    for (const name of ['seeds', 'seed', 'peers', 'minutes', 'jobs', 'integrity'] as const) {
      if (options[name] !== undefined) words.push(`--${name}`, String(options[name]))
    }
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      waiting.push(JSON.parse(line) as RunResult)
      wake()
    })
    lines.on('close', () => {
      running -= 1
      wake()
    })
    return child
  })
  try {
    while (running > 0 || waiting.length > 0) {
      const result = waiting.shift()
      if (result !== undefined) yield result
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    for (const child of children) child.kill()
  }
}

/** One of several processes. */
async function playJob(options: Options, job: number): Promise<void> {
  for (let count = job; count < options.seeds; count += options.jobs) {
    const result = await playOne(options, options.seed + count)
    console.log(JSON.stringify(result))
  }
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    peers: { type: 'string' },
    minutes: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    job: { type: 'string' },
    tries: { type: 'string' },
    first: { type: 'boolean', default: false },
    leases: { type: 'boolean', default: false },
    integrity: { type: 'string', default: 'channel' },
    help: { type: 'boolean', default: false },
  },
})
const count = (text: string | undefined) => (text === undefined ? undefined : Number(text))
const options: Options = {
  seeds: Number(values.seeds),
  seed: Number(values.seed),
  peers: count(values.peers),
  minutes: count(values.minutes),
  jobs: Number(values.jobs),
  tries: count(values.tries) ?? (values.first || values.leases ? 0 : 200),
  first: values.first,
  leases: values.leases,
  integrity: values.integrity === 'signed' ? 'signed' : 'channel',
}
if (values.help) console.log(HELP)
else if (values.job !== undefined) await playJob(options, Number(values.job))
else process.exitCode = await simulate(options)
