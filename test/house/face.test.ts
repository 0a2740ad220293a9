/** The README names all that a user can give and be told. */
import { readFileSync } from 'node:fs'
import { ERRORS } from 'holdfast'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from './sources.ts'

const face = suite('the face')

const readme = readFileSync('README.md', 'utf8')

/** The names of `names` that the README does not show as code. */
const missing = (names: readonly string[], text = readme) =>
  names.filter((name) => !new RegExp(`\`[^\`\n]*\\b${name}\\b[^\`\n]*\``).test(text))

function optionsIn(path: string, name: string): string[] {
  const file = parse({ path, text: readFileSync(path, 'utf8') })
  const declared = file.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  )
  return (declared?.members ?? []).map((member) => member.name?.getText() ?? '')
}

face('every option is in the README', () => {
  const options = [
    ...optionsIn('actors/settings.ts', 'DictionaryOptions'),
    ...optionsIn('actors/identity.ts', 'Proving'),
    ...optionsIn('machines/rules/guests.ts', 'Guests'),
  ]
  assert.ok(options.length > 20, options.join())
  assert.equal(missing(options), [])
})

face('every error code is in the README', () => {
  assert.equal(missing(Object.keys(ERRORS)), [])
})

face('what is not there is noticed', () => {
  assert.equal(missing(['secret', 'nosuch'], 'The option `secret`.'), ['nosuch'])
})

face.run()
