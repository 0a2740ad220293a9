/** Colours, where somebody looks at them: not with `NO_COLOR`, not in a pipe unless `FORCE_COLOR`. */

import { styleText } from 'node:util'

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function paint(
  colour: Colour,
  text: string,
  stream: NodeJS.WritableStream = process.stdout,
) {
  return styleText(colour, text, { stream })
}
