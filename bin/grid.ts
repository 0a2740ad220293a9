/** Columns of text, each as wide as its widest cell, and no line wider than the terminal. */

export interface Grid {
  readonly heading: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Longer lines are cut. Default no limit. */
  readonly columnsMax?: number
}

const GAP = '  '
/** A cell that is not the last in its line is not wider than this. */
const CELL_COLUMNS_MAX = 40

/** The heading and the rows, as lines. */
export function drawGrid({ heading, rows, columnsMax = Infinity }: Grid): string[] {
  const all = [heading, ...rows].map((row) =>
    row.map((cell, column) => {
      const text = oneLine(cell)
      return column === heading.length - 1 ? text : cut(text, CELL_COLUMNS_MAX)
    }),
  )
  const widths = heading.map((_, column) =>
    Math.max(...all.map((row) => widthOf(row[column] ?? ''))),
  )
  return all.map((row) => {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? cell : pad(cell, widths[column] as number),
    )
    return cut(cells.join(GAP).trimEnd(), columnsMax)
  })
}

/** A text that fits, with a mark where it was cut. */
export function cut(text: string, columnsMax: number): string {
  if (text.length <= columnsMax / 2 || widthOf(text) <= columnsMax) return text
  let kept = ''
  let width = 0
  for (const character of text) {
    width += widthOf(character)
    if (width > columnsMax - 1) break
    kept += character
  }
  return `${kept}…`
}

/** How many columns a text takes: most characters one, those of East Asia and emoji two. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : ZERO.test(character) ? 0 : 1
  return width
}

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60]/u
const ZERO = /\p{Mn}/u

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

/** What others wrote must not move the cursor or colour the screen. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\u00b7')
}
