/** What commands list: as JSON for machines, or as a table for people. */

import { print } from './output.ts'
import { paint } from './paint.ts'

export interface ListingOptions<Row> {
  readonly isJson: boolean
  /** The rows as a table; the first line is its heading. */
  readonly draw: (rows: readonly Row[]) => readonly string[]
}

/** A JSON object for each row, one a line, or the table. */
export function linesOf<Row extends object>(
  rows: readonly Row[],
  { isJson, draw }: ListingOptions<Row>,
): string[] {
  if (isJson) return rows.map((row) => JSON.stringify(row))
  const [heading = '', ...lines] = draw(rows)
  return [paint('dim', heading), ...lines]
}

/** Prints lines until the signal aborts. */
export async function printLines(lines: readonly string[], signal: AbortSignal): Promise<void> {
  for (const line of lines) {
    if (signal.aborted) return
    await print(line)
  }
}
