/**
 * `npm run bench -- NAME …`: measures, and prints a table for each measurement, or one JSON
 * document with `--json`. Ends with 1 if something was found that must not be. Without a name it
 * says which there are.
 */

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { parseArgs } from 'node:util'
import { broadcast } from './broadcast.ts'
import { inspect } from './inspect.ts'
import { join } from './join.ts'
import { latency } from './latency.ts'
import { lease } from './lease.ts'
import { local } from './local.ts'
import { memory } from './memory.ts'
import { peers } from './peers.ts'
import { plateau } from './plateau.ts'
import { reconcile } from './reconcile.ts'
import { rejoin } from './rejoin.ts'
import { type Measuring, type Report, recordsOf, tableOf } from './report.ts'
import { scale } from './scale.ts'
import { security } from './security.ts'
import { throughput } from './throughput.ts'

type Measure = (measuring: Measuring) => AsyncIterable<Report>

const MEASURES: Readonly<Record<string, Measure>> = {
  throughput,
  latency,
  join,
  rejoin,
  memory,
  broadcast,
  local,
  reconcile,
  plateau,
  lease,
  security,
  inspect,
  scale,
  peers,
}

const USAGE = `npm run bench -- NAME … [--json]
  NAME is one of: ${Object.keys(MEASURES).join(', ')}
  --n 2,4,8          replicas (throughput)
  --k 10000,100000   keys (throughput); the last number counts for join, rejoin, memory, local
  --runs 3           runs of each system, in turns; their median is shown
  --profile          a CPU profile of each replica, and its top functions
  --peers 100,1000,10000   peers of the simulated networks (scale); --runs is how many of each
  --against redis,gun   only these (peers); all by default
  --rounds 25        rounds of each mishap (lease)
  --term 500         term of the lease in milliseconds (lease)`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    n: { type: 'string', default: '2,4,8' },
    k: { type: 'string', default: '10000,100000' },
    runs: { type: 'string', default: '3' },
    against: { type: 'string', default: '' },
    peers: { type: 'string', default: '100,1000,10000' },
    rounds: { type: 'string', default: '25' },
    term: { type: 'string', default: '500' },
  },
})

const numbers = (text: string) => text.split(',').map(Number)
const measuring: Measuring = {
  rounds: Number(values.rounds),
  termMs: Number(values.term),
  against: values.against.split(',').filter((name) => name !== ''),
  replicas: numbers(values.n),
  peers: numbers(values.peers),
  keys: numbers(values.k),
  runs: Number(values.runs),
  profileFolder: values.profile ? mkdtempSync(joinPath(tmpdir(), 'holdfast-bench-')) : undefined,
}
const { rounds, termMs, runs, replicas, keys } = measuring
const isCounted = [rounds, termMs, runs, ...replicas, ...measuring.peers, ...keys].every(
  (value) => Number.isInteger(value) && value > 0,
)
const isKnown = positionals.every((name) => Object.hasOwn(MEASURES, name))
if (positionals.length === 0 || !isKnown || !isCounted) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  await measureAll()
}

async function measureAll(): Promise<void> {
  const reports: Report[] = []
  for (const name of positionals) {
    for await (const report of (MEASURES[name] as Measure)(measuring)) {
      reports.push(report)
      if (!values.json) console.log(tableOf(report))
      for (const fault of report.faults ?? []) console.error(fault)
      if (report.faults?.length) process.exitCode = 1
    }
  }
  if (values.json) console.log(JSON.stringify(reports.map(recordsOf), null, 2))
}
