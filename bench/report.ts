/** What a measurement found: rows under headings, as a table or as JSON. */

export type Cell = string | number

export interface Report {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** What must not be, in sentences. */
  readonly faults?: readonly string[]
}

/** What the measurements are asked for that can be asked for more or less. */
export interface Measuring {
  /** Rounds of each mishap, and the term of the lease: of `lease`. */
  readonly rounds: number
  readonly termMs: number
  /** How many replicas there are. */
  readonly replicas: readonly number[]
  /** Which other systems are measured, of `peers`; all if none is named. */
  readonly against: readonly string[]
  /** How many peers a simulated network has, of `scale`. */
  readonly peers: readonly number[]
  /** How many keys are written. */
  readonly keys: readonly number[]
  /** How often each system is measured, in turns. */
  readonly runs: number
  /** Where to put a CPU profile of each replica, if anywhere. */
  readonly profileFolder: string | undefined
}

/** The report as lines of text, columns aligned. Numbers stand to the right. */
export function tableOf({ title, columns, rows }: Report): string {
  const texts = [columns, ...rows].map((row) => row.map(textOf))
  const widths = columns.map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)))
  const lines = texts.map((row, number) => {
    const cells = row.map((text, at) => {
      const isNumber = number > 0 && typeof rows[number - 1]?.[at] === 'number'
      return isNumber ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)
    })
    return cells.join('  ').trimEnd()
  })
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [title, '', lines[0], rule, ...lines.slice(1), ''].join('\n')
}

/** The report as an object with one record for each row, for programs. */
export function recordsOf({ title, columns, rows, faults }: Report): object {
  const records = rows.map((row) => Object.fromEntries(row.map((cell, at) => [columns[at], cell])))
  return { title, rows: records, ...(faults && { faults }) }
}

function textOf(cell: Cell): string {
  if (typeof cell === 'string') return cell
  return Number.isInteger(cell) ? cell.toLocaleString('en') : cell.toFixed(2)
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The smallest of some numbers that so many percent of them do not exceed. */
export function percentile(numbers: readonly number[], percent: number): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}
