import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DOCUMENT, machines, redraw } from './diagrams.ts'

const diagrams = suite('diagrams')

const text = readFileSync(DOCUMENT, 'utf8')

diagrams('the documents show the machines as they are', () => {
  assert.is(redraw(text), text, `${DOCUMENT} is stale: npm run diagrams`)
})

diagrams('every machine has one', () => {
  for (const name of Object.keys(machines)) {
    assert.ok(text.includes(`<!-- diagram: ${name} -->\n\`\`\`mermaid\n`), name)
  }
})

diagrams('an arrow that was changed by hand is noticed', () => {
  const bent = text.replace('mesh_opening --> mesh_open ', 'mesh_opening --> mesh_closed ')
  assert.is.not(bent, text)
  assert.is(redraw(bent), text)
})

diagrams('a machine that there is not is asked for in vain', () => {
  assert.throws(() => redraw('<!-- diagram: door -->\n<!-- end of diagram -->'), /'door'/)
})

diagrams.run()
