/**
 * The sizes of the house: a function fits a screen, a file fits a sitting, a line fits beside
 * another one.
 *
 * The lines of a function run from its first word to its closing brace; its docstring does not
 * count. The configuration of a machine, what `setup` and `createMachine` are given, is exempt.
 */
import ts from 'typescript'
import { parse, place, type Source, walk } from './sources.ts'

const FUNCTION_LINES_MAX = 40
const FILE_LINES_MAX = 300
const TEST_FILE_LINES_MAX = 400
const LINE_COLUMNS_MAX = 100

/** Everything in one file that is too large, in sentences that begin with the place. */
export function findExcesses(source: Source): string[] {
  const isTest = source.path.startsWith('test/')
  const lines = source.text.replace(/\n$/, '').split('\n')
  const excesses: string[] = []
  const linesMax = isTest ? TEST_FILE_LINES_MAX : FILE_LINES_MAX
  if (lines.length > linesMax) {
    excesses.push(`${source.path} has ${lines.length} lines; ${linesMax} are allowed.`)
  }
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length
    if (columns <= LINE_COLUMNS_MAX) continue
    excesses.push(`${source.path}:${index + 1} has ${columns} columns.`)
  }
  return isTest ? excesses : [...excesses, ...longFunctions(source)]
}

function longFunctions(source: Source): string[] {
  const excesses: string[] = []
  walk(parse(source), (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return
    const count = linesOf(node) - exemptLines(node)
    if (count <= FUNCTION_LINES_MAX) return
    const name = node.name?.getText() ?? 'a function without a name'
    excesses.push(`${place(source, node)} ${name} has ${count} lines.`)
  })
  return excesses
}

/** The lines between the outer braces of machine configurations inside a function. */
function exemptLines(node: ts.Node): number {
  if (ts.isCallExpression(node) && /(^|\.)(setup|createMachine)$/.test(calledName(node))) {
    const inner = node.arguments.reduce((sum, argument) => sum + linesOf(argument) - 1, 0)
    return inner + exemptLines(node.expression)
  }
  let sum = 0
  ts.forEachChild(node, (child) => {
    sum += exemptLines(child)
  })
  return sum
}

function calledName(call: ts.CallExpression): string {
  const called = call.expression
  return ts.isPropertyAccessExpression(called) ? `.${called.name.text}` : called.getText()
}

function linesOf(node: ts.Node): number {
  const file = node.getSourceFile()
  const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line
  const last = file.getLineAndCharacterOfPosition(node.getEnd()).line
  return last - first + 1
}
