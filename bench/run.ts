/**
 * `npm run bench -- NAME … [--json]`: measures, and prints a table for each measurement, or one
 * JSON document. Without a name it says which there are.
 */

import { parseArgs } from 'node:util'
import { join } from './join.ts'
import { plateau } from './plateau.ts'
import { reconcile } from './reconcile.ts'
import { type Report, recordsOf, tableOf } from './report.ts'

type Measure = () => AsyncIterable<Report>

const MEASURES: Readonly<Record<string, Measure>> = { reconcile, join, plateau }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
})

const reports: Report[] = []
const unknown = positionals.filter((name) => !Object.hasOwn(MEASURES, name))
if (positionals.length === 0 || unknown.length > 0) {
  console.error(`npm run bench -- NAME … [--json], where NAME is: ${Object.keys(MEASURES)}`)
  process.exitCode = 2
} else {
  for (const name of positionals) {
    for await (const report of (MEASURES[name] as Measure)()) {
      reports.push(report)
      if (!values.json) console.log(tableOf(report))
    }
  }
  if (values.json) console.log(JSON.stringify(reports.map(recordsOf), null, 2))
}
