/** Colours, where somebody looks: not with `NO_COLOR`, nor in a pipe unless `FORCE_COLOR`. */

import { styleText } from 'node:util'

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function paint(
  colour: Colour,
  text: string,
  stream: NodeJS.WritableStream = process.stdout,
) {
  return styleText(colour, text, { stream })
}
