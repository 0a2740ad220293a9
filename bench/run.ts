/**
 * `npm run bench -- NAME … [--json] [--rounds N] [--term MS]`: measures, and prints a table for
 * each measurement, or one JSON document. Rounds and term are those of `lease`. Ends with 1 if
 * something was found that must not be. Without a name it says which there are.
 */

import { parseArgs } from 'node:util'
import { join } from './join.ts'
import { lease } from './lease.ts'
import { plateau } from './plateau.ts'
import { reconcile } from './reconcile.ts'
import { type Measuring, type Report, recordsOf, tableOf } from './report.ts'

type Measure = (measuring: Measuring) => AsyncIterable<Report>

const MEASURES: Readonly<Record<string, Measure>> = { reconcile, join, plateau, lease }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '25' },
    term: { type: 'string', default: '500' },
  },
})

const measuring: Measuring = { rounds: Number(values.rounds), termMs: Number(values.term) }
const unknown = positionals.filter((name) => !Object.hasOwn(MEASURES, name))
const isCounted = Object.values(measuring).every((value) => Number.isInteger(value) && value > 0)
if (positionals.length === 0 || unknown.length > 0 || !isCounted) {
  const names = Object.keys(MEASURES)
  console.error(`npm run bench -- NAME … [--json] [--rounds N] [--term MS], NAME is: ${names}`)
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
