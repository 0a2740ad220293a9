/**
 * The public types: what is right compiles without a cast, and what is wrong does not. The
 * compiler reads `uses.ts` and `mistakes.ts` as `npm run typecheck` does, and two changed copies of
 * the mistakes which show that the check is awake.
 */
import { resolve } from 'node:path'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { walk } from '../house/sources.ts'

const declarations = suite('declarations')

const uses = resolve('test/declarations/uses.ts')
const mistakes = resolve('test/declarations/mistakes.ts')
/** The mistakes without the comments that expect them. */
const bare = resolve('test/declarations/bare.ts')
/** The mistakes, but for one that was mended and has its comment still. */
const mended = resolve('test/declarations/mended.ts')

const text = ts.sys.readFile(mistakes) as string
const expectation = /\/\/ @ts-expect-error/g
const copies = new Map([
  [bare, text.replaceAll(expectation, '// No more expected:')],
  [mended, text.replace('openDictionary({ network: 7 })', "openDictionary({ network: '7' })")],
])

const program = compile([uses, mistakes, bare, mended])

declarations('what is right compiles without a cast', () => {
  assert.equal(complaints(uses), [])
  const casts: string[] = []
  walk(sourceOf(uses), (node) => {
    if (!ts.isAsExpression(node)) return
    const isDeclared = node.expression.getText() === '{}' || node.type.getText() === 'const'
    if (!isDeclared) casts.push(node.getText())
  })
  assert.equal(casts, [])
  assert.not.match(sourceOf(uses).text, /@ts-|: any\b/)
})

declarations('every mistake is found', () => {
  assert.equal(complaints(mistakes), [])
})

declarations('a mistake whose comment is gone is an error in its place', () => {
  const expected = [...text.matchAll(expectation)].map(
    ({ index }) => text.slice(0, index).split('\n').length + 1,
  )
  assert.ok(expected.length >= 50, `${expected.length} mistakes`)
  const found = new Set(complaints(bare).map((complaint) => Number.parseInt(complaint, 10)))
  assert.equal([...found], expected)
})

declarations('a line that is no mistake is found under its comment', () => {
  assert.is.not(copies.get(mended), text)
  assert.equal(complaints(mended), ["28: Unused '@ts-expect-error' directive."])
})

function compile(files: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, resolve('.'))
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile
  host.getSourceFile = (name, target, ...how) => {
    const copy = copies.get(resolve(name))
    return copy === undefined
      ? read(name, target, ...how)
      : ts.createSourceFile(name, copy, target, true)
  }
  return ts.createProgram(files, { ...options, noEmit: true }, host)
}

/** Every complaint about one file, as `line: text`. */
function complaints(file: string): string[] {
  const source = sourceOf(file)
  return ts.getPreEmitDiagnostics(program, source).map(({ messageText, start = 0 }) => {
    const { line } = source.getLineAndCharacterOfPosition(start)
    return `${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

function sourceOf(file: string): ts.SourceFile {
  return program.getSourceFile(file) as ts.SourceFile
}

declarations.run()
