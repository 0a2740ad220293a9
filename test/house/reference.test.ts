import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FACT_FILES, factsIn, referencePages } from './reference.ts'
import { parse } from './sources.ts'

const reference = suite('reference')

reference('the pages say what the code says; `npm run docs` writes them anew', () => {
  for (const [path, text] of referencePages()) assert.is(readFileSync(path, 'utf8'), text, path)
})

reference('every fact that on offers is on the page, whatever file declares it', () => {
  const described = new Set(FACT_FILES.flatMap(factsIn).map(({ name }) => name))
  const unions = [
    membersOf('machines/rules/fact.ts', 'Fact'),
    membersOf('actors/announcement.ts', 'Announcement'),
  ].flat()
  assert.ok(unions.length > 15, 'the unions are found')
  assert.equal(
    unions.filter((name) => name !== 'Fact' && !described.has(name)),
    [],
  )
})

/** The names of the types that make a union. */
function membersOf(path: string, union: string): string[] {
  const file = parse({ path, text: readFileSync(path, 'utf8') })
  const declared = file.statements.find(
    (each) => ts.isTypeAliasDeclaration(each) && each.name.text === union,
  )
  return [...(declared?.getText() ?? '').matchAll(/\| (\w+)/g)].map(([, name = '']) => name)
}

reference.run()
