/**
 * The state diagrams of the documents, drawn from the real machines. What `toMermaid` makes of the
 * machine stands between `<!-- diagram: mesh -->` and `<!-- end of diagram -->`.
 *
 * `npm run diagrams` writes them anew; a test fails when a document differs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  connectionMachine,
  leaseMachine,
  meshMachine,
  syncMachine,
  toMermaid,
} from '../../machines/index.ts'

export const DOCUMENT = 'docs/explanation/machines.md'

export const machines = {
  sync: syncMachine,
  mesh: meshMachine,
  connection: connectionMachine,
  lease: leaseMachine,
}

const block = /(<!-- diagram: (\w+) -->\n)[\s\S]*?(<!-- end of diagram -->)/g

/** The document as it should be. Throws when it asks for a machine that there is not. */
export function redraw(text: string): string {
  return text.replace(block, (_, opening: string, name: keyof typeof machines, end: string) => {
    const machine = machines[name]
    if (machine === undefined) throw new Error(`There is no machine '${name}' to draw.`)
    return `${opening}\`\`\`mermaid\n${toMermaid(machine)}\`\`\`\n${end}`
  })
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(DOCUMENT, redraw(readFileSync(DOCUMENT, 'utf8')))
}
